/**
 * The first benchmarks: `npm run bench`. Each row is a ratio to the machine's ceiling, a chain-free loop of multiply-adds that is
 * timed in the same process.
 */

import { Bench } from 'tinybench';
import { convBackwardInput, convBackwardWeight, manualSeed, nn, optim, rand, randint, randn, tensor } from 'torsor';
import { peakGflops } from './peak.ts';

interface Row {
  readonly name: string;
  /** Floating point operations of one run, when the row is about throughput. */
  readonly flops?: number;
  readonly run: () => void;
}

manualSeed(0);

function matmulRow(m: number, k: number, n: number): Row {
  const a = rand(m, k);
  const b = rand(k, n);
  return { name: `matmul ${m}×${k}×${n}`, flops: 2 * m * n * k, run: () => void a.matmul(b) };
}

function convRows(batch: number, cin: number, cout: number, size: number, kernel: number): Row[] {
  const padding = (kernel - 1) / 2;
  const x = rand(batch, cin, size, size);
  const conv = new nn.Conv2d(cin, cout, kernel, { padding, bias: false });
  const weight = conv.weight.detach();
  const grad = rand(batch, cout, size, size);
  const params = { stride: [1, 1], padding: [padding, padding], dilation: [1, 1], groups: 1 };
  const flops = 2 * batch * cin * cout * kernel * kernel * size * size;
  const name = `conv ${kernel}×${kernel}, ${cin}→${cout}, ${size}²${batch > 1 ? `, batch ${batch}` : ''}`;
  return [
    { name, flops, run: () => void nn.functional.conv2d(x, weight, null, 1, padding) },
    { name: `${name}, to the input`, flops, run: () => void convBackwardInput(grad, weight, x.shape, params) },
    { name: `${name}, to the weight`, flops, run: () => void convBackwardWeight(grad, x, weight.shape, params) },
  ];
}

/** The lesson's example, creation of the tensor included. */
function lesson(): void {
  const x = tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { requiresGrad: true },
  );
  const y = x.sub(2);
  y.mul(y).mul(3).mean().backward();
}

class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 20, 5);
  conv2 = new nn.Conv2d(20, 50, 5);
  pool = new nn.MaxPool2d(2);
  fc1 = new nn.Linear(800, 500);
  fc2 = new nn.Linear(500, 10);

  forward(x: ReturnType<typeof rand>): ReturnType<typeof rand> {
    const features = this.pool(this.conv2(this.pool(this.conv1(x)))).flatten(1);
    return this.fc2(nn.functional.relu(this.fc1(features)));
  }
}

function lenetStep(): Row {
  const net = new LeNet();
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.01 });
  const x = randn(64, 1, 28, 28);
  const labels = randint(10, [64]);
  return {
    name: 'LeNet (20, 50, 500), batch 64, one SGD step',
    run: () => {
      optimizer.zeroGrad();
      nn.functional.crossEntropy(net(x), labels).backward();
      optimizer.step();
    },
  };
}

const small = rand(2, 2);
const rows: Row[] = [
  matmulRow(128, 128, 128),
  matmulRow(512, 512, 512),
  matmulRow(65, 129, 67),
  ...convRows(1, 64, 64, 56, 3),
  { name: 'add of two 2×2 tensors', run: () => void small.add(small) },
  { name: "the lesson's 2×2 example, forward and backward", run: lesson },
  lenetStep(),
];

const bench = new Bench({ time: 500, warmupTime: 200 });
for (const { name, run } of rows) bench.add(name, run);
let done = 0;
bench.addEventListener('cycle', () => {
  done++;
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${rows.length} measured`);
});
const before = peakGflops();
await bench.run();
const ceiling = Math.max(before, peakGflops());
if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');

const line = (cells: readonly string[]): string =>
  `${cells[0].padEnd(52)}${cells
    .slice(1)
    .map((cell) => cell.padStart(14))
    .join('')}`;
console.log(`ceiling: ${ceiling.toFixed(1)} GFLOP/s (${process.version}, one thread)\n`);
console.log(line(['', 'median', 'GFLOP/s', 'of ceiling']));
for (const [i, { name, flops }] of rows.entries()) {
  const task = bench.tasks[i];
  if (task.result.state !== 'completed') {
    console.error(`${name}: ${task.result.state}`);
    process.exitCode = 1;
    continue;
  }
  const ms = task.result.latency.p50;
  const gflops = flops === undefined ? null : flops / ms / 1e6;
  console.log(
    line([
      name,
      ms < 0.1 ? `${(ms * 1000).toFixed(2)} µs` : `${ms.toFixed(2)} ms`,
      gflops === null ? '' : gflops.toFixed(1),
      gflops === null ? '' : (gflops / ceiling).toFixed(2),
    ]),
  );
}
