/**
 * Two threads against one: the rows of other suites in turns with a pool in force and without; small work, which must not get slower;
 * what a launch costs by itself; and what workers leave of the thread that started them.
 */

import type { Launch } from '@torsor/core';
import { executor, exportTasks, heap } from '@torsor/core';
import * as t from 'torsor';
import { median } from '../median.ts';
import { peakLaunch } from '../peak.ts';
import { isFigure, type Line, type Row, type Run, type Work } from '../row.ts';
import { startPool, threaded } from '../threaded.ts';
import { lines as conv } from './conv.ts';
import { lines as elementwise } from './elementwise.ts';
import { lines as matmul } from './matmul.ts';
import { lines as move } from './move.ts';
import { lines as optim } from './optim.ts';
import { lines as train } from './train.ts';

const THREADS = 2;

/** The work on two threads, at least so many times as fast as on one; and as a peer does it on as many. */
function twice(name: string, make: () => Run, like: number, work?: Work, peer?: number): Row {
  const atLeast = { like, ...(peer === undefined ? {} : { 'onnxruntime-web-threads': peer }) };
  return {
    ...threaded(name, make, THREADS, atLeast),
    ...(work === undefined ? {} : { work: { ...work, threads: THREADS } }),
  };
}

/** The same for a row of another suite, which is at least `peer` times as fast as ONNX Runtime Web. */
function rowOf(lines: readonly Line[], name: string, like: number, peer?: number): Row {
  const line = lines.find((each) => each.name === name);
  if (line === undefined || isFigure(line)) throw new Error(`no row is called ${name}`);
  return twice(name, line.make as () => Run, like, line.work, peer);
}

/** Work around the sizes from which it is shared: with a pool it takes no more than 1.05 times as long. */
function small(): Row[] {
  const never = (name: string, make: () => Run): Row => twice(name, make, 1 / 1.05);
  const product = (n: number): Row =>
    never(`matmul ${n}`, () => {
      const [x, y] = [t.rand(n, n), t.rand(n, n)];
      return () => x.matmul(y);
    });
  const image = (channels: number, size: number): Row =>
    never(`conv 3×3 ${channels}→${channels}, ${size}²`, () => {
      const [x, w] = [t.rand(1, channels, size, size), t.rand(channels, channels, 3, 3)];
      return () => t.conv2d(x, w, { padding: 1 });
    });
  const onVector = (name: string, run: (x: t.Tensor) => unknown) => (power: number) =>
    never(`${name} of 2^${power}`, () => {
      const x = t.rand(2 ** power);
      return () => run(x);
    });
  const add = onVector('add', (x) => x.add(x));
  const exp = onVector('exp', (x) => x.exp());
  const sum = onVector('sum', (x) => x.sum());
  const softmax = (rows: number): Row =>
    never(`softmax ${rows}×128`, () => {
      const x = t.rand(rows, 128);
      return () => t.softmax(x, 1);
    });
  return [
    ...[16, 32, 48, 64, 80, 96].map(product),
    ...[image(4, 8), image(8, 14), image(8, 28), image(16, 28), image(32, 14)],
    ...[12, 14, 16, 17, 18].map(add),
    ...[10, 12, 14, 16].map(exp),
    ...[14, 16, 18].map(sum),
    ...[8, 64, 256].map(softmax),
  ];
}

/** Two tasks that do nothing. */
const empty: Launch = {
  name: 'bench_empty',
  emit: (code) => {
    exportTasks(code, 'run', { task: 'i32', scratch: 'i32' }, () => {});
  },
  entry: 'run',
  args: [],
  tasks: 2,
  ns: 0,
  scratchBytes: 0,
};

const LAUNCHES = 200;
/** Longer than workers look for work, in a program that computes: one that sleeps has a cold cache to pay for as well. */
const GAP_MS = 1;

/** Runs so many launches of nothing, which are shared although they are not worth it. */
async function launches(count: number): Promise<() => void> {
  const threads = await startPool(THREADS);
  return () => {
    threads.sharesAll = true;
    for (let i = 0; i < count; i++) threads.run(empty, heap().memory, 0);
    threads.sharesAll = false;
  };
}

/** Milliseconds of launches that follow each other, and of those that find the workers parked. */
async function spinning(): Promise<number[]> {
  const launch = await launches(LAUNCHES);
  const samples: number[] = [];
  for (let round = 0; round < 50; round++) {
    const startMs = performance.now();
    launch();
    samples.push((performance.now() - startMs) / LAUNCHES);
  }
  return samples.slice(10);
}

async function parked(): Promise<number[]> {
  const launch = await launches(1);
  const samples: number[] = [];
  for (let round = 0; round < 60; round++) {
    const gapMs = performance.now();
    while (performance.now() - gapMs < GAP_MS);
    const startMs = performance.now();
    launch();
    samples.push(performance.now() - startMs);
  }
  // Turns of ten: one launch is too short for the clocks of some runtimes, and the first finds nothing compiled.
  return [1, 2, 3, 4, 5].map((turn) => median(samples.slice(10 * turn, 10 * turn + 10)));
}

function tiny(): Run {
  const x = t.rand(2, 2);
  return () => {
    for (let i = 0; i < 1000; i++) x.add(x);
  };
}

/** Files that a worker imports: there are none where the benchmarks run as a bundle. */
function fileBeside(name: string): URL | null {
  return import.meta.url.endsWith('/suites/threads.ts') ? new URL(`../workers/${name}`, import.meta.url) : null;
}

const NO_FILES = 'a bundle has no files for workers';
/** How long is looked, how often a turn of the event loop is asked for, and how many looks there are. */
const LOOK_MS = 600;
const EVERY_MS = 2;
const LOOKS = 5;

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The longest that turns of the event loop, asked for every two milliseconds, came late. */
async function longestDelay(): Promise<number> {
  let longest = 0;
  const endMs = performance.now() + LOOK_MS;
  while (performance.now() < endMs) {
    const askedMs = performance.now();
    await later(EVERY_MS);
    longest = Math.max(longest, performance.now() - askedMs - EVERY_MS);
  }
  return longest;
}

/** What a page or a server beside a training has to wait. */
async function delaysBesideTraining(): Promise<number[] | string> {
  const module = fileBeside('train.ts');
  if (module === null) return NO_FILES;
  await using trainer = t.workers.spawn<number>(module);
  let steps = 0;
  const reading = (async () => {
    for await (const step of trainer) steps = step;
  })();
  while (steps < 3) await later(10);
  const samples: number[] = [];
  for (let look = 0; look < LOOKS; look++) samples.push(await longestDelay());
  if (steps < 10) throw new Error(`the training has made ${steps} steps`);
  trainer.cancel();
  await reading.catch(() => undefined);
  await trainer.result.catch(() => undefined);
  return samples;
}

const SAMPLES = 512;

/** An epoch in which the program takes about as long for a batch as it takes to make one. */
async function epoch(numWorkers: number): Promise<Run> {
  const module = fileBeside('images.ts');
  if (module === null) throw new Error(NO_FILES);
  const dataset = await t.data.importDataset<[t.Tensor, number]>(module, { args: [SAMPLES] });
  const persistent = numWorkers > 0 ? { persistentWorkers: true } : {};
  const loader = new t.data.DataLoader(dataset, { batchSize: 32, numWorkers, ...persistent });
  const work = t.rand(700, 700);
  return async () => {
    for await (const _ of loader) t.tidy(() => void work.matmul(work));
  };
}

export function lines(): Line[] {
  const images = conv();
  const steps = train();
  const layer = 'conv 3×3 64→64, 56²';
  return [
    // What two cores are to one on the day: no row below can do better. Its turns all count, while those of other rows are taken anew
    // where one of the cores is missing.
    {
      ...threaded('multiply-adds on registers', () => () => executor().run(peakLaunch, heap().memory, 0), THREADS),
      isFair: () => true,
    },
    rowOf(matmul(), 'matmul 1024', 1.85, 1.9),
    rowOf(matmul(), 'matmul 256', 1.6),
    rowOf(matmul(), 'matmul 128', 1.2),
    rowOf(images, layer, 1.75, 3),
    rowOf(images, `${layer}, to input`, 1.75),
    rowOf(images, `${layer}, to weight`, 1.75),
    rowOf(elementwise(), 'exp 2²⁰', 1.7),
    twice(
      'sum of 2²²',
      () => {
        const x = t.rand(2 ** 22);
        return () => x.sum();
      },
      1.5,
    ),
    ...[
      'transpose, copied, 1024²',
      'gather, 1024²',
      'sort of rows, 1024²',
      'cumsum of rows, 1024²',
      'randn, 1024²',
    ].map((name) => rowOf(move(), name, 1)),
    rowOf(elementwise(), 'add 2²⁰', 1),
    rowOf(optim(), 'Adam, 10⁷', 1),
    rowOf(steps, 'LeNet (20, 50, 500), batch 64, SGD', 1.6),
    rowOf(steps, 'ResNet-20, batch 32, SGD', 1.7),
    rowOf(steps, 'Conv1d net 2→16→32→64, 32×2×4096, SGD', 1.7),
    twice('1,000 additions of 2×2 tensors', tiny, 1 / 1.05),
    ...small(),
    { name: 'launch and join of nothing, workers spinning', unit: 'ms', atMost: 2e-3, measure: spinning },
    { name: 'launch and join of nothing, workers parked', unit: 'ms', atMost: 25e-3, measure: parked },
    {
      name: 'longest delay of the event loop beside a training',
      unit: 'ms',
      atMost: 20,
      measure: delaysBesideTraining,
    },
    {
      name: `an epoch of DataLoader, ${SAMPLES} images, numWorkers 1`,
      make: () => epoch(1),
      like: { name: 'numWorkers 0', flops: 1, make: () => epoch(0) },
      atLeast: { like: 1.5 },
    },
  ];
}
