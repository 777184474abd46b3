/** All kinds of workers at once: a training in one, its batches from others, its kernels on threads. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { workers } from './index.ts';
import type { Learnt } from './testing/offThread.ts';

const url = new URL(import.meta.url.replace(/offThread\.test\.(\w+)$/, 'testing/offThread.$1'));

test('a training in a worker has workers for its batches and threads for its kernels, and learns the same as without', async () => {
  const learn = (numWorkers: number): Promise<Learnt> =>
    workers.spawn<never, Learnt>(url, { data: { numWorkers } }).result;
  const [alone, helped] = [await learn(0), await learn(2)];
  assert.is(alone.losses.length, 160);
  assert.ok(alone.losses[159] < 1e-4, `${alone.losses[159]}`);
  assert.equal(helped.losses, alone.losses);
  assert.equal(helped.weight.toArray(), alone.weight.toArray());
  assert.is(helped.threads, typeof SharedArrayBuffer === 'undefined' ? 1 : 2);
});

test.run();
