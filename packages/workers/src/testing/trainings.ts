/** Trainings that the tests of `spawn` run. */

import type { Tensor } from '@torsor/core';
import { heap, rand } from '@torsor/core';
import { start } from '../start.ts';
import { spawn } from '../trainer.ts';
import type { TrainingContext } from '../training.ts';
import { expose } from '../training.ts';

/** Adds 1 to all weights, once an epoch. */
export default async function train(
  context: TrainingContext<{ epochs: number; weights: Record<string, Tensor> }>,
): Promise<Record<string, Tensor>> {
  let { weights } = context.data;
  for (let epoch = 1; epoch <= context.data.epochs; epoch++) {
    await context.checkpoint();
    weights = Object.fromEntries(Object.entries(weights).map(([name, x]) => [name, x.add(1)]));
    context.report({ epoch, weights });
  }
  return weights;
}

/** Counts until it is stopped. */
export async function count(context: TrainingContext<null, number>): Promise<void> {
  for (let i = 0; ; i++) {
    await context.checkpoint();
    context.report(i);
  }
}

/** The same without a turn of the event loop. */
export function countInStep(context: TrainingContext<null, number>): void {
  context.report(0);
  for (;;) context.step();
}

/** Gives what it has when it is cancelled. */
export async function salvage(context: TrainingContext<null, string>): Promise<unknown> {
  try {
    for (;;) {
      await context.checkpoint();
      context.report('more');
    }
  } catch {
    return { aborted: context.signal.aborted, weights: rand(3) };
  }
}

export async function fail(): Promise<never> {
  await null;
  throw new RangeError('a loss of NaN');
}

/** Never comes to a checkpoint. */
export function deaf(context: TrainingContext<null, string>): void {
  context.report('begins');
  for (;;);
}

/** Answers what it is sent. */
export function echo(context: TrainingContext): Promise<string> {
  return new Promise((resolve) => {
    context.onMessage((value) => {
      if (value === 'end') resolve('ended');
      else context.report(value);
    });
  });
}

/** Starts threads of its own. */
export async function withPool(): Promise<{ threads: number; same: boolean }> {
  const a = rand(300, 300);
  const want = a.matmul(a);
  const isShared = typeof SharedArrayBuffer !== 'undefined' && heap().memory.buffer instanceof SharedArrayBuffer;
  await using pool = await start({ threads: isShared ? 2 : 1 });
  return { threads: pool.threads, same: a.matmul(a).equal(want) };
}

/** The same where no worker may make workers: the page must. */
export async function withHostedPool(): Promise<{ threads: number; same: boolean }> {
  const scope = globalThis as { Worker?: unknown };
  scope.Worker = class {
    constructor() {
      throw new Error('a worker made a worker');
    }
  };
  return withPool();
}

/** Tells on a channel, from a training that it starts, that this one lives. */
export async function tickFromBelow({ data: channel }: TrainingContext<string>): Promise<never> {
  const ticking = spawn(new URL(import.meta.url), { exportName: 'tick', data: channel });
  return (await ticking.result) as never;
}

export async function tick({ data: channel }: TrainingContext<string>): Promise<never> {
  const ticks = new BroadcastChannel(channel);
  for (;;) {
    ticks.postMessage('tick');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const exposed = expose(async () => 'run once');
