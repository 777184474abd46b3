/**
 * What memory does over time: programs in which nobody frees anything, each a function that does `steps` steps and reports as it
 * goes. `soak.ts` runs them on every runtime; their first steps are a test of the package `torsor`.
 */

import type { Tensor } from 'torsor';
import { manualSeed, memory, nn, optim, randint, randn, scope, zeros } from 'torsor';

/** Resident memory of the process in bytes; 0 where the runtime does not say. */
export type Resident = () => number;

/** The state after so many steps. */
export interface Sample {
  readonly step: number;
  readonly msPerStep: number;
  readonly residentBytes: number;
  readonly usedBytes: number;
  readonly heapBytes: number;
  readonly pagedOutBytes: number;
}

export interface Context {
  readonly steps: number;
  /** Steps after which a sample is taken. */
  readonly samples: readonly number[];
  readonly resident: Resident;
  readonly report: (sample: Sample) => void;
}

/** Where to look: after a hundredth of the steps, when a program is warm, and ten times on the way. */
export function samplePoints(steps: number): number[] {
  return [
    ...new Set([Math.ceil(steps / 100), ...Array.from({ length: 10 }, (_, i) => Math.ceil((steps * (i + 1)) / 10))]),
  ];
}

/** A small convnet on 8 × 8 images, as the digits are: its training step takes about a millisecond. */
const sequential = (): nn.Module =>
  new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(32 * 2 * 2, 10),
  );

/** The same with a forward of its own, as most people write it, and no word of what it keeps: so its activations are the collector's. */
class Handwritten extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 });
  conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });
  head = new nn.Linear(32 * 2 * 2, 10);

  override forward(images: Tensor): Tensor {
    const { maxPool2d, relu } = nn.functional;
    const coarse = maxPool2d(relu(this.conv1(images)), 2);
    return this.head(maxPool2d(relu(this.conv2(coarse)), 2).flatten(1));
  }
}

/** A function that trains for a step. */
function trainer(makeNet: () => nn.Module = sequential): () => void {
  manualSeed(0);
  const net = makeNet();
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 });
  const x = randn(64, 1, 8, 8);
  const labels = randint(10, [64]);
  return () => {
    optimizer.zeroGrad();
    nn.functional.crossEntropy(net(x), labels).backward();
    optimizer.step();
  };
}

/** Takes samples between steps. */
function sampler({ samples, resident, report }: Context): (step: number) => void {
  let from = 0;
  let fromMs = performance.now();
  return (step) => {
    if (!samples.includes(step)) return;
    const now = performance.now();
    const { usedBytes, heapBytes, pagedOutBytes } = memory();
    const msPerStep = (now - fromMs) / (step - from);
    report({ step, msPerStep, residentBytes: resident(), usedBytes, heapBytes, pagedOutBytes });
    from = step;
    fromMs = performance.now();
  };
}

/** Training in one synchronous loop that never yields. */
function synchronous(context: Context, makeNet?: () => nn.Module): void {
  const step = trainer(makeNet);
  const sample = sampler(context);
  for (let i = 1; i <= context.steps; i++) {
    step();
    sample(i);
  }
}

const handwritten = (context: Context): void => synchronous(context, () => new Handwritten());

/** The same loop with a scope around each step, which gives everything back at once: what the others are compared with. */
function scoped(context: Context, makeNet?: () => nn.Module): void {
  const step = trainer(makeNet);
  const sample = sampler(context);
  for (let i = 1; i <= context.steps; i++) {
    const s = scope();
    step();
    s.end();
    sample(i);
  }
}

const handwrittenScoped = (context: Context): void => scoped(context, () => new Handwritten());

/** The same, leaving the event loop a turn between steps. */
async function yielding(context: Context): Promise<void> {
  const step = trainer();
  const sample = sampler(context);
  for (let i = 1; i <= context.steps; i++) {
    step();
    await new Promise((resolve) => setTimeout(resolve, 0));
    sample(i);
  }
}

/** Small tensors: they never touch the heap. */
function small(context: Context): void {
  const a = randn(4, 4);
  let b = randn(4, 4);
  const sample = sampler(context);
  const { usedBytes } = memory();
  for (let i = 1; i <= context.steps; i++) {
    b = a.mul(b).tanh();
    sample(i);
  }
  if (memory().usedBytes !== usedBytes) throw new Error('small tensors have taken memory of the heap');
  if (Number.isNaN(b.sum().item())) throw new Error('the numbers are wrong');
}

/** Tensors of 256 MiB in all under a soft limit of 128 MiB, used again and again; every sum is checked. */
function overcommitted(context: Context): void {
  const count = 64;
  const size = 2 ** 20;
  const held = Array.from({ length: count }, (_, i) => zeros(size).add(i));
  const sample = sampler(context);
  for (let i = 1; i <= context.steps; i++) {
    const at = i % count;
    held[at].add_(count);
    const want = at + count * Math.floor((i - at) / count + (at > 0 ? 1 : 0));
    const got = held[at].select(0, size - 1).item();
    if (got !== want) throw new Error(`element of tensor ${at} after step ${i} is ${got}, expected ${want}`);
    sample(i);
  }
}

export const scenarios = {
  scoped,
  synchronous,
  yielding,
  handwrittenScoped,
  handwritten,
  small,
  overcommitted,
};
export type ScenarioName = keyof typeof scenarios;
