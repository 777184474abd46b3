/** Debug mode: who holds memory, and what damages it. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import './tensor.ts';
import { keepShape } from './collector.ts';
import { refuses } from './fixtures/check.ts';
import { collectGarbage, debugMemory, liveTensors, memory } from './memory.ts';
import { ones, zeros } from './ops/create.ts';
import { tidy } from './scope.ts';
import type { Tensor } from './tensor.ts';
import { heap } from './wasm/heap.ts';

function makeNamed(): Tensor {
  // Not in tail position: JavaScriptCore leaves such calls out of a stack.
  return ones(3000).add_(0);
}

test('debug mode lists what is alive, with the place that made it, the largest first', () => {
  const before = zeros(5000);
  assert.is(debugMemory(true), false);
  assert.is(debugMemory(true), true);
  try {
    const large = makeNamed();
    const small = ones(3);
    const gone = tidy(() => {
      ones(4000);
      return null;
    });
    assert.is(gone, null);
    const live = liveTensors();
    assert.equal(
      live.map(({ dtype, length, bytes, inHeap }) => ({ dtype, length, bytes, inHeap })),
      [
        { dtype: 'float32', length: 3000, bytes: 12000, inHeap: true },
        { dtype: 'float32', length: 3, bytes: 12, inHeap: false },
      ],
      'neither what was made before, nor what was released',
    );
    assert.match(live[0].stack, /makeNamed/);
    assert.is(large.numel() + small.numel() + before.numel(), 8003);
  } finally {
    assert.is(debugMemory(false), true);
  }
  refuses(() => liveTensors(), 'ValueError', /liveTensors: debug mode is off/, 'off');
});

test('debug mode poisons what is released and notices writes past the end of a block', () => {
  const { usedBytes } = memory();
  debugMemory(true);
  try {
    const x = ones(3000);
    const { pointer } = x.storage;
    const floats = (): Float32Array => new Float32Array(heap().memory.buffer, pointer, 3000);
    assert.is(floats()[2999], 1);
    x.storage.release('a test');
    assert.ok(floats().every(Number.isNaN), 'poisoned');
    refuses(() => x.array, 'TorsorError', /released by a test \([\s\S]*\brelease\b/, 'the error says where');
    const y = ones(3000);
    new Uint8Array(heap().memory.buffer, y.storage.pointer + 12_000, 1)[0] = 1;
    refuses(() => y.storage.release('a test'), 'TorsorError', /something wrote past the end of the block/, 'a guard');
    // Less, if what earlier tests left has been collected.
    assert.ok(memory().usedBytes <= usedBytes, 'the block is back all the same');
    const z = ones(3000);
    z.storage.release('a test');
  } finally {
    debugMemory(false);
  }
});

test('an object of a kept shape is made for each collection', () => {
  let made = 0;
  keepShape(() => ({ number: ++made }));
  const collected = [collectGarbage(), collectGarbage()].filter(Boolean);
  // JavaScriptCore may have to collect twice.
  assert.ok(collected.length === 0 ? made === 0 : made >= collected.length, `${made} of ${collected.length}`);
});

test.run();
