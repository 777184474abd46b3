/**
 * The heap against a model: a list of the blocks that are out. Heaps of their own, so that nothing else is in them; few, because
 * each sets 4 GiB of addresses aside.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuses } from '../fixtures/check.ts';
import { APART_BYTES, Heap, MAX_HEAP_BYTES } from './heap.ts';

const ALIGN = 64;
const roundUp = (bytes: number): number => Math.ceil(Math.max(bytes, 1024) / ALIGN) * ALIGN;

/** Numbers below `n`, the same every time (a linear congruential generator). */
function sequence(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const shared = new Heap();

/** Nothing is in use, and all free bytes are one block: what is as large as the heap fits without growth. */
function assertWhole(heap: Heap): void {
  const { usedBytes, blocks, totalBytes } = heap.stats;
  assert.is(usedBytes, 0);
  assert.is(blocks, 0);
  const all = heap.allocate(totalBytes - ALIGN);
  assert.is(all, ALIGN);
  assert.is(heap.stats.totalBytes, totalBytes, 'no growth');
  heap.release(all);
}

test('blocks are aligned, apart from each other, inside the memory, and never at address 0', () => {
  const starts = [1, 63, 1024, 1025, 5000, 0].map((bytes) => shared.allocate(bytes));
  for (const start of starts) assert.ok(start > 0 && start % ALIGN === 0);
  assert.is(
    shared.usedBytes,
    [1024, 1024, 1024, 1088, 5056, 1024].reduce((a, b) => a + b),
  );
  assert.is(new Set(starts).size, 6);
  for (const start of starts) shared.release(start);
  assertWhole(shared);
});

test('what is released is used again, and neighbours become one block', () => {
  const [a, b, c, d] = [2048, 2048, 2048, 2048].map((bytes) => shared.allocate(bytes));
  shared.release(b);
  assert.is(shared.allocate(2048), b, 'the hole is filled');
  shared.release(a);
  shared.release(c);
  shared.release(b);
  assert.is(shared.allocate(6144), a, 'three holes are one');
  shared.release(a);
  shared.release(d);
  assertWhole(shared);
});

test('a block that no one was given, or that was given back, cannot be released', () => {
  const start = shared.allocate(128);
  for (const bad of [0, 1, start + 64, start + 1, 2 ** 30, Number.NaN]) {
    refuses(() => shared.release(bad), 'TorsorError', /^Heap\.release: no block starts at/, String(bad));
  }
  shared.release(start);
  refuses(() => shared.release(start), 'TorsorError', /no block starts at/, 'twice');
  assertWhole(shared);
});

test('what is in use when a hold begins is given to nobody while it lasts, and then to whoever asks', async () => {
  const heap = new Heap();
  const [a, b] = [heap.allocate(2048), heap.allocate(2048)];
  const scratch = heap.scratch(4096);
  const end = heap.hold(120);
  assert.is.not(heap.scratch(4096), scratch, 'the scratch block is another');
  heap.release(a);
  refuses(() => heap.release(a), 'TorsorError', /no block starts at/, 'twice');
  const c = heap.allocate(2048);
  assert.is.not(c, a);
  heap.release(c);
  assert.is(heap.allocate(2048), c, 'younger blocks come and go');
  heap.release(c);
  const { usedBytes } = heap.stats;
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await wait(200);
  assert.is(heap.stats.usedBytes, usedBytes, 'a program that was stopped may find the thread where it was');
  for (let i = 0; i < 20; i++) {
    await wait(10);
    assert.is(heap.stats.usedBytes, usedBytes, 'nor has it ended');
  }
  end();
  end();
  const endEarly = heap.hold(120);
  endEarly();
  assert.is(heap.stats.usedBytes, usedBytes, 'a thread that has ended may not be told from one that has not');
  for (let i = 0; i < 100 && heap.stats.usedBytes === usedBytes; i++) await wait(10);
  assert.ok(heap.stats.usedBytes < usedBytes, 'what was given back is free');
  assert.is(heap.allocate(2048), a);
  heap.release(a);
  heap.release(b);
  refuses(() => heap.release(a), 'TorsorError', /no block starts at/, 'and then but once');
});

test('3000 allocations and releases at random never overlap, and every byte is accounted for', () => {
  const random = sequence(17);
  const live = new Map<number, number>();
  const bytes = (): number => [random(100), random(5000), random(70_000), random(900_000)][random(4)];
  let used = 0;
  let highest = shared.stats.highWaterBytes;
  for (let round = 0; round < 3000; round++) {
    if (live.size > 0 && random(100) < (live.size < 60 ? 40 : 60)) {
      const [start, size] = [...live][random(live.size)];
      shared.release(start);
      live.delete(start);
      used -= size;
    } else {
      const size = bytes();
      const start = shared.allocate(size);
      assert.is(start % ALIGN, 0);
      const end = start + roundUp(size);
      assert.ok(start > 0 && end <= shared.memory.buffer.byteLength, 'inside the memory');
      for (const [other, otherSize] of live) {
        assert.ok(end <= other || start >= other + otherSize, `round ${round}: [${start}, ${end}) meets ${other}`);
      }
      live.set(start, roundUp(size));
      used += roundUp(size);
      highest = Math.max(highest, used);
    }
    assert.is(shared.usedBytes, used);
    assert.is(shared.stats.blocks, live.size);
    assert.is(shared.stats.highWaterBytes, highest);
  }
  for (const start of live.keys()) shared.release(start);
  assertWhole(shared);
});

test('scratch space is one block that is reused, and grows when asked for more', () => {
  const first = shared.scratch(100);
  assert.is(first % ALIGN, 0);
  const used = shared.usedBytes;
  const { scratchBytes } = shared.stats;
  assert.ok(scratchBytes >= 100 && used >= scratchBytes);
  assert.is(shared.scratch(50), first);
  assert.is(shared.scratch(scratchBytes), first, 'all of the block is there to use');
  assert.is(shared.usedBytes, used);
  const larger = shared.scratch(scratchBytes + 1);
  assert.ok(shared.usedBytes > used);
  assert.is(shared.stats.blocks, 1, 'the old block is given back');
  assert.is(shared.scratch(1), larger);
});

test('scratch space lies apart from what is before and after it, lest other threads fetch its lines', () => {
  const heap = new Heap();
  const before = heap.allocate(4096);
  const scratch = heap.scratch(4096);
  const other = heap.allocateApart(4096);
  const after = heap.allocate(64);
  const bytes = new Map([
    [before, 4096],
    [scratch, heap.stats.scratchBytes],
    [other, 4096],
    [after, 64],
  ]);
  for (const start of [scratch, other]) {
    assert.ok(start >= APART_BYTES);
    for (const [neighbour, size] of bytes) {
      if (neighbour === start) continue;
      const between =
        neighbour < start ? start - (neighbour + size) : neighbour - (start + (bytes.get(start) as number));
      assert.ok(between >= APART_BYTES, `${between} bytes`);
    }
  }
  heap.releaseApart(other);
  assert.is(heap.stats.blocks, 3);
  refuses(() => heap.releaseApart(other), 'TorsorError', /no block starts at/, 'twice');
});

test('growth keeps what is in the memory, and changes the epoch', () => {
  const heap = new Heap();
  const start = heap.allocate(1024);
  new Uint8Array(heap.memory.buffer, start, 1024).fill(7);
  const { epoch } = heap;
  const before = heap.stats.totalBytes;
  const large = heap.allocate(before + 1);
  assert.ok(large > 0);
  assert.not.equal(heap.epoch, epoch);
  assert.ok(heap.stats.totalBytes >= 2 * before);
  assert.ok(new Uint8Array(heap.memory.buffer, start, 1024).every((byte) => byte === 7));
  new Uint8Array(heap.memory.buffer, large, before + 1).fill(9);
  assert.ok(new Uint8Array(heap.memory.buffer, start, 1024).every((byte) => byte === 7));
  heap.release(start);
  heap.release(large);
  assertWhole(heap);
  assert.is(heap.memory.buffer.byteLength, heap.stats.totalBytes);
});

test('beyond the limit an allocation is refused with 0, scratch with an error, and nothing is lost', () => {
  const heap = new Heap(2 ** 20);
  assert.is(heap.stats.limitBytes, 2 ** 20);
  const half = heap.allocate(2 ** 19);
  assert.ok(half > 0);
  assert.is(heap.allocate(2 ** 19 + 1), 0);
  assert.is(heap.usedBytes, 2 ** 19);
  const rest = heap.allocate(2 ** 19);
  assert.ok(rest > 0);
  assert.is(heap.allocate(1), 0);
  refuses(
    () => heap.scratch(1),
    'TorsorError',
    /^Heap\.scratch: out of memory: .* bytes of scratch space beside 1048576/,
    'scratch',
  );
  heap.release(half);
  heap.release(rest);
  heap.limitBytes = 20 * 2 ** 20;
  const { totalBytes } = heap.stats;
  const all = heap.allocate(20 * 2 ** 20 - ALIGN);
  assert.ok(all > 0, 'the limit can be raised');
  assert.ok(
    heap.stats.totalBytes > totalBytes && heap.stats.totalBytes <= 20 * 2 ** 20,
    'and bounds what is taken from the system',
  );
  assert.is(heap.allocate(2 ** 40), 0);
  heap.release(all);
  assertWhole(heap);
  assert.is(MAX_HEAP_BYTES, 2 ** 32);
});

test.run();
