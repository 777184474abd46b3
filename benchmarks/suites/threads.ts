/** Two threads against one: the rows of other suites in turns with a pool in force and without, and what a launch costs by itself. */

import type { Launch } from '@torsor/core';
import { heap } from '@torsor/core';
import * as t from 'torsor';
import { median } from '../median.ts';
import { isFigure, type Line, type Row, type Run } from '../row.ts';
import { startPool, threaded } from '../threaded.ts';
import { lines as conv } from './conv.ts';
import { lines as elementwise } from './elementwise.ts';
import { lines as matmul } from './matmul.ts';
import { lines as move } from './move.ts';
import { lines as optim } from './optim.ts';
import { lines as train } from './train.ts';

const THREADS = 2;

/** The work on two threads, at least so many times as fast as on one. */
function twice(name: string, make: () => Run, like: number): Row {
  return threaded(name, make, THREADS, { like });
}

/** The same for a row of another suite. */
function rowOf(lines: readonly Line[], name: string, like: number): Row {
  const line = lines.find((each) => each.name === name);
  if (line === undefined || isFigure(line)) throw new Error(`no row is called ${name}`);
  return twice(name, line.make as () => Run, like);
}

/** Two tasks that do nothing. */
const empty: Launch = {
  name: 'bench_empty',
  emit: (code) => {
    code.export('run', { task: 'i32', scratch: 'i32' }, [], () => {});
  },
  entry: 'run',
  args: [],
  tasks: 2,
  ns: 1e6,
  scratchBytes: 0,
};

const LAUNCHES = 200;
/** Longer than workers look for work, in a program that computes: one that sleeps has a cold cache to pay for as well. */
const GAP_MS = 1;

/** Milliseconds of launches that follow each other, and of those that find the workers parked. */
async function spinning(): Promise<number[]> {
  const threads = await startPool(THREADS);
  const samples: number[] = [];
  for (let round = 0; round < 50; round++) {
    const startMs = performance.now();
    for (let i = 0; i < LAUNCHES; i++) threads.run(empty, heap().memory, 0);
    samples.push((performance.now() - startMs) / LAUNCHES);
  }
  return samples.slice(10);
}

async function parked(): Promise<number[]> {
  const threads = await startPool(THREADS);
  const samples: number[] = [];
  for (let round = 0; round < 60; round++) {
    const gapMs = performance.now();
    while (performance.now() - gapMs < GAP_MS);
    const startMs = performance.now();
    threads.run(empty, heap().memory, 0);
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

export function lines(): Line[] {
  const images = conv();
  const steps = train();
  const layer = 'conv 3×3 64→64, 56²';
  return [
    rowOf(matmul(), 'matmul 1024', 1.85),
    rowOf(matmul(), 'matmul 256', 1.6),
    rowOf(matmul(), 'matmul 128', 1.2),
    rowOf(images, layer, 1.75),
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
    { name: 'launch and join of nothing, workers spinning', unit: 'ms', atMost: 2e-3, measure: spinning },
    { name: 'launch and join of nothing, workers parked', unit: 'ms', atMost: 25e-3, measure: parked },
  ];
}
