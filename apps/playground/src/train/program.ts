/** The program that trains what the page trains. */

import type { TrainSettings } from './settings.ts';
import { EPOCHS } from './settings.ts';

const dropoutOf = ({ dropout }: TrainSettings) => (dropout > 0 ? `  new nn.Dropout(${dropout}),\n` : '');

const nets: Record<TrainSettings['architecture'], (settings: TrainSettings) => string> = {
  convnet: (settings) => `new nn.Sequential(
  new nn.Conv2d(1, ${12 * settings.width}, 5, { padding: 2 }),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Conv2d(${12 * settings.width}, ${24 * settings.width}, 3, { padding: 1 }),
  new nn.ReLU(),
  new nn.Flatten(),
${dropoutOf(settings)}  new nn.Linear(${24 * settings.width} * 4 * 4, 10),
)`,
  small: (settings) => `new nn.Sequential(
  new nn.Conv2d(1, ${8 * settings.width}, 3, { padding: 1 }),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Conv2d(${8 * settings.width}, ${16 * settings.width}, 3, { padding: 1 }),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Flatten(),
${dropoutOf(settings)}  new nn.Linear(${16 * settings.width} * 2 * 2, 10),
)`,
  connected: (settings) => `new nn.Sequential(
  new nn.Flatten(),
  new nn.Linear(64, ${25 * settings.width}),
  new nn.ReLU(),
${dropoutOf(settings)}  new nn.Linear(${25 * settings.width}, 10),
)`,
  linear: () => 'new nn.Sequential(new nn.Flatten(), new nn.Linear(64, 10))',
};

function optimizerOf({ optimizer, rate, decay }: TrainSettings): string {
  // AdamW decays unless it is told not to
  const weightDecay = decay > 0 || optimizer === 'adamw' ? `, weightDecay: ${decay}` : '';
  const momentum = optimizer === 'momentum' ? ', momentum: 0.9' : '';
  const name = { sgd: 'SGD', momentum: 'SGD', adam: 'Adam', adamw: 'AdamW' }[optimizer];
  return `new optim.${name}(net.parameters(), { lr: ${rate}${momentum}${weightDecay} })`;
}

export function program(settings: TrainSettings): string {
  const { permuted, seed, batch } = settings;
  const images = permuted
    ? `table.slice(1, 0, 64).indexSelect(1, randperm(64, { generator: new Generator(5) }))`
    : 'table.slice(1, 0, 64)';
  return `import { data, Generator, manualSeed, nn, optim${permuted ? ', randperm' : ''} } from 'torsor';

const response = await fetch('digits.csv'); // 64 pixels of 0 to 16, then the label
const table = data.parseCsv(await response.text());
const images = ${images}.div(16).reshape(-1, 1, 8, 8);
const labels = table.select(1, 64).int();
const loader = new data.DataLoader(new data.TensorDataset(images, labels), {
  batchSize: ${batch},
  shuffle: true,
  generator: new Generator(${seed}),
});

manualSeed(${seed});
const net = ${nets[settings.architecture](settings)};
const optimizer = ${optimizerOf(settings)};

for (let epoch = 0; epoch < ${EPOCHS}; epoch++) {
  let sum = 0;
  for (const [x, y] of loader) {
    const loss = nn.functional.crossEntropy(net(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    sum += loss.item();
  }
  console.log('epoch', epoch + 1, 'loss', (sum / loader.length).toFixed(4));
}`;
}
