/** Trainings in workers: progress, pause, resume, cancel, weights both ways, errors. */

import type { Tensor } from '@torsor/core';
import { ones, tensor, WorkerError } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SpawnOptions, Trainer } from './index.ts';
import { spawn } from './index.ts';

const url = new URL(import.meta.url.replace(/trainer\.test\.(\w+)$/, 'testing/trainings.$1'));
const run = <M, R = unknown>(exportName: string, options: SpawnOptions = {}): Trainer<M, R> =>
  spawn<M, R>(url, { ...options, exportName });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const isShared = typeof SharedArrayBuffer !== 'undefined';

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  return assert.unreachable('it should have thrown') as never;
}

/** The next value that a training reports. */
async function next<M>(values: AsyncIterator<M>): Promise<M> {
  const { value, done } = await values.next();
  assert.not(done);
  return value as M;
}

test('weights go to the training and back, with progress on the way', async () => {
  const weights = { 'layer.weight': ones(2, 3), steps: tensor(7, { dtype: 'int32' }) };
  const trainer = spawn<{ epoch: number; weights: Record<string, Tensor> }, Record<string, Tensor>>(url, {
    data: { epochs: 3, weights },
  });
  const seen: unknown[] = [];
  for await (const { epoch, weights: now } of trainer) seen.push([epoch, now['layer.weight'].at(1, 2).item()]);
  assert.equal(seen, [
    [1, 2],
    [2, 3],
    [3, 4],
  ]);
  const result = await trainer.result;
  assert.equal(result['layer.weight'].toArray(), [
    [4, 4, 4],
    [4, 4, 4],
  ]);
  assert.equal([result['steps'].dtype, result['steps'].shape, result['steps'].item()], ['int32', [], 10]);
  assert.is(weights['layer.weight'].at(0, 0).item(), 1, 'what was given stays');
  assert.is(trainer.state, 'ended');
});

test('a paused training reports nothing until it is resumed, and a cancelled one ends with an AbortError', async () => {
  const trainer = run<number>('count');
  const values = trainer[Symbol.asyncIterator]();
  assert.is(await next(values), 0);
  trainer.pause();
  assert.is(trainer.state, 'paused');
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  // What it reports before it comes to its checkpoint is still heard.
  let heard = 0;
  const hearing = (async () => {
    for (let last = 0; last < 10_000; heard++) last = await next(values);
  })().catch(() => undefined);
  let before = -1;
  for (let turns = 0; before !== heard && turns < 50; turns++) {
    before = heard;
    await pause(200);
  }
  assert.is(before, heard, 'silence');
  trainer.resume();
  const later = trainer[Symbol.asyncIterator]();
  assert.ok((await next(later)) > 0, 'it goes on');
  trainer.cancel();
  assert.is((await rejection(trainer.result)).name, 'AbortError');
  await hearing;
  assert.is(trainer.state, 'ended');
});

test('a loop over the reports of a training that throws throws, too', async () => {
  const trainer = run('fail');
  const error = await rejection(
    (async () => {
      for await (const _ of trainer);
    })(),
  );
  assert.ok(error instanceof WorkerError);
  assert.match(error.message, /^spawn: the training threw: a loss of NaN$/);
  const cause = error.cause as Error;
  assert.equal([cause.name, cause.message], ['RangeError', 'a loss of NaN']);
  assert.match(cause.stack ?? '', /trainings/);
});

test('an AbortSignal cancels, with its reason, before the start or later', async () => {
  const reason = new Error('the user left');
  assert.is(await rejection(run('count', { signal: AbortSignal.abort(reason) }).result), reason);
  const aborter = new AbortController();
  const trainer = run<number>('count', { signal: aborter.signal });
  await next(trainer[Symbol.asyncIterator]());
  aborter.abort(reason);
  assert.is(await rejection(trainer.result), reason);
});

test('a training may return what it has when it is cancelled', async () => {
  const trainer = run<string, { aborted: boolean; weights: Tensor }>('salvage');
  await next(trainer[Symbol.asyncIterator]());
  trainer.cancel();
  const { aborted, weights } = await trainer.result;
  assert.ok(aborted);
  assert.equal(weights.shape, [3]);
});

test('a training that never comes to a checkpoint is ended after some patience, or at once', async () => {
  const trainer = run<string>('deaf', { patienceMs: 50 });
  await next(trainer[Symbol.asyncIterator]());
  trainer.cancel(new Error('enough'));
  assert.is((await rejection(trainer.result)).message, 'enough');
  const other = run<string>('deaf');
  await next(other[Symbol.asyncIterator]());
  await other.terminate();
  assert.match((await rejection(other.result)).message, /terminated/);
});

test('step pauses and cancels synchronous code, where memory can be shared', async () => {
  const trainer = run<number>('countInStep');
  await next(trainer[Symbol.asyncIterator]());
  if (isShared) {
    trainer.pause();
    trainer.resume();
    trainer.cancel();
    assert.is((await rejection(trainer.result)).name, 'AbortError');
  } else assert.match((await rejection(trainer.result)).message, /step: needs shared memory/);
});

test('messages go in', async () => {
  const trainer = run<unknown, string>('echo');
  trainer.send({ lr: 0.1, x: ones(2) });
  const { x, lr } = await next(trainer[Symbol.asyncIterator]() as AsyncIterator<{ x: Tensor; lr: number }>);
  assert.equal([lr, x.toArray()], [0.1, [1, 1]]);
  trainer.send('end');
  assert.is(await trainer.result, 'ended');
  trainer.send('too late');
});

test('a training may start a pool', async () => {
  const { threads, same } = await run<never, { threads: number; same: boolean }>('withPool').result;
  assert.ok(threads >= 1 && same);
});

test('the threads of a training in Firefox are made by the page, since it may never return from making them in a worker', async () => {
  // elsewhere workers make their own
  if (!/\bFirefox\//.test(globalThis.navigator?.userAgent ?? '')) return;
  const { threads, same } = await run<never, { threads: number; same: boolean }>('withHostedPool').result;
  assert.equal([threads, same], [isShared ? 2 : 1, true]);
});

test('what a training has started ends with it', async () => {
  const name = `torsor test ${Math.random()}`;
  const channel = new BroadcastChannel(name);
  let ticks = 0;
  const ticked = new Promise<void>((resolve) => {
    channel.onmessage = () => {
      ticks++;
      resolve();
    };
  });
  try {
    const trainer = spawn(url, { exportName: 'tickFromBelow', data: name });
    await Promise.race([ticked, trainer.result]);
    await trainer.terminate();
    await trainer.result.catch(() => undefined);
    let before = -1;
    // those that are on their way still come
    for (let i = 0; i < 100 && before !== ticks; i++) {
      before = ticks;
      await sleep(100);
    }
    assert.is(ticks, before);
  } finally {
    channel.close();
  }
});

test('a module that exposes its training is run once when it is spawned by its URL', async () => {
  assert.is(await run('exposed').result, 'run once');
});

test('what is no module, has no such export or does not load says so', async () => {
  assert.throws(() => spawn('./train.js'), /spawn: module must be a URL, such as new URL\(.*but got \.\/train\.js/);
  assert.match((await rejection(run('nothing').result)).message, /exports no function of that name/);
  const missing = spawn(new URL('./no-such-module.js', url));
  assert.ok((await rejection(missing.result)) instanceof WorkerError);
});

test.run();
