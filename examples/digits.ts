/**
 * Trains a convolutional network on real handwritten digits, shows how it went, and saves the weights as safetensors, which
 * PyTorch loads unchanged. The second half of `npm start`; runs under Node, Bun and Deno.
 *
 * 1,797 digits of 8×8 pixels: 360 are held out, the network never sees them in training.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Tensor } from 'torsor';
import { data, manualSeed, nn, noGrad, optim } from 'torsor';
import type { Digits } from './digitsData.ts';
import { loadDigits } from './digitsData.ts';
import { bold, confusionMatrix, curve, dim, green, ProgressLine, picture, red } from './terminal.ts';

const F = nn.functional;

const EPOCHS = 20;
const BATCH = 64;
const LEARNING_RATE = 2e-3;
const GOAL = 0.98;

class ConvNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 });
  bn1 = new nn.BatchNorm2d(16);
  conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });
  bn2 = new nn.BatchNorm2d(32);
  pool = new nn.MaxPool2d(2);
  dropout = new nn.Dropout(0.25);
  head = new nn.Linear(32 * 4 * 4, 10);

  forward(x: Tensor): Tensor {
    const low = F.relu(this.bn1(this.conv1(x))); // [N, 16, 8, 8]
    const high = this.pool(F.relu(this.bn2(this.conv2(low)))); // [N, 32, 4, 4]
    return this.head(this.dropout(high.flatten(1))); // [N, 10]
  }
}

/** The digit that the network sees in each image. */
function predict(net: ConvNet, images: Tensor): number[] {
  net.eval();
  const digits = noGrad(() => net(images).argmax(1));
  net.train();
  return Array.from(digits.toTypedArray(), Number);
}

const listOf = (labels: Tensor): number[] => Array.from(labels.toTypedArray(), Number);

function accuracy(net: ConvNet, { images, labels }: Digits): number {
  const predicted = predict(net, images);
  const truth = listOf(labels);
  return truth.filter((label, i) => label === predicted[i]).length / truth.length;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const { train, test } = await loadDigits();
manualSeed(0);
const net = new ConvNet();
const optimizer = new optim.AdamW(net.parameters(), { lr: LEARNING_RATE });
const loader = new data.DataLoader(new data.TensorDataset(train.images, train.labels), {
  batchSize: BATCH,
  shuffle: true,
});

const weights = [...net.parameters()].reduce((sum, p) => sum + p.numel(), 0);
console.log(`\n${bold('A convolutional network learns to read handwritten digits')}\n`);
console.log(String(net));
console.log(
  dim(
    `\n${weights.toLocaleString('en')} weights; ${train.labels.shape[0]} digits to learn from, ${test.labels.shape[0]} held out\n`,
  ),
);

const losses: number[] = [];
const progress = new ProgressLine();
const start = performance.now();
const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
let heldOut = 0;

for (let epoch = 1; epoch <= EPOCHS; epoch++) {
  let sum = 0;
  let batches = 0;
  for (const [images, labels] of loader) {
    const loss = F.crossEntropy(net(images), labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.item());
    sum += loss.item();
    batches++;
    progress.draw(
      losses.length,
      EPOCHS * loader.length,
      `epoch ${epoch}/${EPOCHS}  loss ${(sum / batches).toFixed(4)}  held out ${percent(heldOut)}  ${seconds()}`,
    );
    // gives the terminal (and a page, and the garbage collector) a turn
    await new Promise((resolve) => setTimeout(resolve));
  }
  heldOut = accuracy(net, test);
  if (epoch === 1 || epoch % 5 === 0) {
    progress.finish(
      `epoch ${String(epoch).padStart(2)}  loss ${(sum / batches).toFixed(4)}  accuracy ${percent(accuracy(net, train))}` +
        `  held out ${bold(percent(heldOut))}  ${dim(seconds())}`,
    );
  }
}

console.log(`\n${bold('Loss')} ${dim('(cross entropy, each step; logarithmic)')}\n${curve(losses)}\n`);

const truth = listOf(test.labels);
const predicted = predict(net, test.images);
console.log(`${bold('What it sees in the held-out digits')}\n${confusionMatrix(truth, predicted, 10)}\n`);

const wrong = truth
  .map((label, i) => ({ label, guess: predicted[i], i }))
  .filter(({ label, guess }) => label !== guess);
if (wrong.length > 0) {
  const shown = wrong.slice(0, 4);
  const pictures = shown.map(({ i }) => picture(Array.from(test.images.select(0, i).toTypedArray(), Number), 8));
  console.log(`${bold('Where it errs')} ${dim(`(${wrong.length} of ${truth.length})`)}`);
  for (let row = 0; row < 8; row++) console.log(`  ${pictures.map((lines) => lines[row]).join('    ')}`);
  console.log(`  ${shown.map(({ label, guess }) => `is ${label}, taken for ${guess}`.padEnd(20)).join('')}\n`);
}

const folder = new URL('./out/', import.meta.url);
const file = new URL('digits.safetensors', folder);
await mkdir(folder, { recursive: true });
await writeFile(file, data.safetensors.save(net.stateDict()));

const share = heldOut >= GOAL ? green(percent(heldOut)) : red(percent(heldOut));
console.log(`${bold('Held-out accuracy')} ${share} after ${seconds()}`);
console.log(dim(`weights saved as ${fileURLToPath(file)}`));
if (heldOut < GOAL) {
  console.error(`expected at least ${percent(GOAL)}`);
  process.exitCode = 1;
}
