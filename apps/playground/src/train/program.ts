/** The program that trains what the page trains. */

import type { TrainSettings } from './settings.ts';
import { BATCH, EPOCHS } from './settings.ts';

const nets: Record<TrainSettings['architecture'], string> = {
  convnet: `new nn.Sequential(
  new nn.Conv2d(1, 12, 5, { padding: 2 }),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Conv2d(12, 24, 3, { padding: 1 }),
  new nn.ReLU(),
  new nn.Flatten(),
  new nn.Linear(24 * 4 * 4, 10),
)`,
  connected: 'new nn.Sequential(new nn.Flatten(), new nn.Linear(64, 24), new nn.ReLU(), new nn.Linear(24, 10))',
  linear: 'new nn.Sequential(new nn.Flatten(), new nn.Linear(64, 10))',
};

const optimizers: Record<TrainSettings['optimizer'], (rate: number) => string> = {
  sgd: (rate) => `new optim.SGD(net.parameters(), { lr: ${rate} })`,
  momentum: (rate) => `new optim.SGD(net.parameters(), { lr: ${rate}, momentum: 0.9 })`,
  adam: (rate) => `new optim.Adam(net.parameters(), { lr: ${rate} })`,
  adamw: (rate) => `new optim.AdamW(net.parameters(), { lr: ${rate} })`,
};

export function program({ architecture, optimizer, rate, permuted, seed }: TrainSettings): string {
  const images = permuted
    ? `table.slice(1, 0, 64).indexSelect(1, randperm(64, { generator: new Generator(5) }))`
    : 'table.slice(1, 0, 64)';
  return `import { data, ${permuted ? 'Generator, ' : ''}manualSeed, nn, optim${permuted ? ', randperm' : ''} } from 'torsor';

const table = data.parseCsv(text); // digits.csv: 64 pixels of 0 to 16, then the label
const images = ${images}.div(16).reshape(-1, 1, 8, 8);
const labels = table.select(1, 64).int();
const loader = new data.DataLoader(new data.TensorDataset(images, labels), { batchSize: ${BATCH}, shuffle: true });

manualSeed(${seed});
const net = ${nets[architecture]};
const optimizer = ${optimizers[optimizer](rate)};

for (let epoch = 0; epoch < ${EPOCHS}; epoch++) {
  for (const [x, y] of loader) {
    const loss = nn.functional.crossEntropy(net(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
}`;
}
