/**
 * Trains a small convnet to tell waves apart, and exports it as an ONNX file, which ONNX Runtime, or any engine that reads ONNX, runs
 * on any number of signals. Runs under Node, Bun and Deno.
 *
 *     npm --prefix examples run export
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { exportOnnx } from '@torsor/onnx';
import { arange, manualSeed, nn, noGrad, optim, rand, randint, randn, type Tensor, where } from 'torsor';

const STEPS = 60;
const LENGTH = 64;

/** Signals `[n, 1, 64]` in noise: sines, and squares of the same periods. */
function waves(n: number): { signals: Tensor; labels: Tensor } {
  const phase = arange(LENGTH).div(4).mul(rand(n, 1).add(1)).add(rand(n, 1).mul(6));
  const labels = randint(0, 2, [n]);
  const signals = where(labels.eq(0).unsqueeze(1), phase.sin(), phase.sin().sign());
  return { signals: signals.add(randn(n, LENGTH).mul(0.2)).unsqueeze(1), labels };
}

manualSeed(0);
const net = new nn.Sequential(
  new nn.Conv1d(1, 16, 5, { padding: 'same' }),
  new nn.BatchNorm1d(16),
  new nn.ReLU(),
  new nn.MaxPool1d(2),
  new nn.Conv1d(16, 16, 5, { padding: 'same' }),
  new nn.ReLU(),
  new nn.AdaptiveAvgPool1d(1),
  new nn.Flatten(),
  new nn.Linear(16, 2),
);
const optimizer = new optim.Adam(net.parameters(), { lr: 1e-2 });
for (let step = 0; step < STEPS; step++) {
  const { signals, labels } = waves(32);
  optimizer.zeroGrad();
  nn.functional.crossEntropy(net(signals), labels).backward();
  optimizer.step();
}
net.eval();
const held = waves(200);
const right = noGrad(() => net(held.signals).argmax(1).eq(held.labels).to('float32').mean().item());
console.log(`${(100 * right).toFixed(1)} % of waves that it has not seen are told apart`);

const bytes = exportOnnx(net, [held.signals.narrow(0, 0, 1)], {
  inputNames: ['signal'],
  outputNames: ['scores'],
  dynamicAxes: { signal: { 0: 'batch' } },
});
const folder = new URL('./out/', import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL('waves.onnx', folder), bytes);
console.log(
  `${fileURLToPath(new URL('waves.onnx', folder))}: ${bytes.length} bytes, from signal [batch, 1, 64] to scores [batch, 2]`,
);
