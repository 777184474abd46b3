/**
 * Where elements live: small storages in typed arrays, large ones in the heap, and large ones in typed arrays where the limits say
 * so. That memory comes back is tested with the garbage collector of the runtime, which nothing here can command.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import './tensor.ts';
import type { TypedArray } from './dtype.ts';
import { COMPUTE_DTYPES, itemBytes, newArray } from './dtype.ts';
import { refuses, values } from './fixtures/check.ts';
import { collectGarbage, memory, onMemoryPressure, setMemoryLimits } from './memory.ts';
import { arange, fromTypedArray, full, ones, tensor, zeros } from './ops/create.ts';
import { mm } from './ops/matmul.ts';
import type { MemoryLimits, MemoryPressure } from './pager.ts';
import { SMALL_BYTES, Storage, sameStorage } from './storage.ts';
import type { Tensor } from './tensor.ts';
import { heap } from './wasm/heap.ts';

const LARGE = SMALL_BYTES + 8;

/** Runs `fn` under other limits and sets those before again. */
function withLimits<T>(limits: Partial<MemoryLimits>, fn: () => T): T {
  const before = setMemoryLimits(limits);
  try {
    return fn();
  } finally {
    setMemoryLimits(before);
  }
}

test('storages of up to 1024 bytes are small, larger ones live in the heap at aligned addresses', () => {
  for (const dtype of COMPUTE_DTYPES) {
    const count = SMALL_BYTES / itemBytes(dtype);
    const small = Storage.allocate(dtype, count, true);
    assert.not.ok(small.inHeap, dtype);
    assert.is(small.pointer, 0);
    const large = Storage.allocate(dtype, count + 1, true);
    assert.ok(large.inHeap, dtype);
    assert.is(large.pointer % 64, 0);
    for (const storage of [small, large]) {
      const { array } = storage;
      assert.is(array.constructor, newArray(dtype, 0).constructor);
      assert.is(array.length, storage.length);
      assert.ok(
        Array.from(array as Float32Array).every((x) => Number(x) === 0),
        'zeroed',
      );
      assert.is(storage.version, 0);
      assert.is(storage.root, storage);
    }
    large.release('a test');
  }
  const empty = Storage.allocate('float32', 0, true);
  assert.is(empty.array.length, 0);
});

test('zeroed storages are zero where others have been before', () => {
  const first = Storage.allocate('float64', LARGE, false);
  (first.array as Float64Array).fill(7);
  const { pointer } = first;
  first.release('a test');
  const second = Storage.allocate('float64', LARGE, true);
  assert.is(second.pointer, pointer, 'the same place');
  assert.ok((second.array as Float64Array).every((x) => x === 0));
  second.release('a test');
});

test('elements stay readable when the heap grows under them', () => {
  const before = heap().epoch;
  const made: Tensor[] = [];
  const size = 2 ** 20;
  for (let i = 0; i < 24 || heap().epoch === before; i++) made.push(ones(size).mul(i));
  assert.not.equal(heap().epoch, before, 'the heap has grown');
  made.forEach((x, i) => {
    const { array } = x;
    assert.is(array.length, size);
    assert.is(array[0], i);
    assert.is(array[size - 1], i);
  });
  assert.is(made[3].add(made[4]).array[17], 7);
  for (const x of made) x.storage.release('a test');
});

test('an alias shares the elements and not the version', () => {
  for (const length of [4, LARGE]) {
    const storage = Storage.allocate('float32', length, true);
    const alias = storage.alias();
    assert.ok(sameStorage(storage, alias) && sameStorage(alias, alias.alias()));
    assert.not.ok(sameStorage(storage, Storage.allocate('float32', 1, true)));
    (alias.array as Float32Array)[1] = 5;
    assert.is(storage.array[1], 5);
    alias.version++;
    assert.is(storage.version, 0);
    assert.is(alias.inHeap, storage.inHeap);
    assert.is(alias.pointer, storage.pointer);
    assert.is(alias.alias().root, storage);
    alias.release('a test');
    refuses(() => storage.array, 'TorsorError', /released by a test/, 'an alias releases what it is an alias of');
  }
});

test('a released storage gives its block back once, and says who released it when it is read', () => {
  collectGarbage();
  const used = heap().usedBytes;
  const live = memory().liveStorages;
  const storage = Storage.allocate('float32', LARGE, false);
  assert.ok(heap().usedBytes > used);
  assert.is(memory().liveStorages, live + 1);
  storage.release('somebody');
  storage.release('somebody else');
  assert.is(heap().usedBytes, used);
  assert.is(memory().liveStorages, live);
  assert.is(storage.pointer, 0);
  refuses(
    () => storage.array,
    'TorsorError',
    /this tensor was released by somebody; keep what leaves a scope/,
    'large',
  );
  const small = Storage.allocate('int32', 3, true);
  small.release('somebody');
  refuses(() => small.array, 'TorsorError', /released by somebody/, 'small');
});

test('every way to use a released tensor throws', () => {
  const x = ones(100, 100);
  const y = ones(100, 100);
  const v = x.t();
  x.storage.release('a test');
  for (const [label, use] of [
    ['read', () => x.toArray()],
    ['view', () => v.toTypedArray()],
    ['item', () => x.at(0, 0).item()],
    ['unary kernel', () => x.neg()],
    ['unary loop', () => x.sin()],
    ['binary kernel', () => y.add(x)],
    ['binary kernel, first', () => x.mul(y)],
    ['row', () => y.add(x.select(0, 0))],
    ['column', () => y.add(x.select(0, 0).unsqueeze(1))],
    ['scalar', () => y.add(x.select(0, 0).select(0, 0))],
    ['in place', () => x.add_(1)],
    ['in place from it', () => y.add_(x)],
    ['product', () => mm(y, x)],
    ['sum', () => x.sum()],
    ['copy', () => y.copy_(x)],
    ['print', () => String(x)],
    ['clone of a view', () => v.contiguous()],
  ] as const) {
    refuses(use, 'TorsorError', /released by a test/, label);
  }
  assert.ok(
    values(y).every((value) => value === 1),
    'and nothing was written',
  );
});

test('wrap keeps the array of the user', () => {
  for (const length of [3, LARGE]) {
    const array = new Float64Array(length).fill(2);
    const storage = Storage.wrap('float64', array);
    assert.is(storage.array, array);
    assert.not.ok(storage.inHeap);
  }
});

// --------------------------------------------------------------------------------------------------------------- limits

/** Large results of ops of several kinds, whose operands live in the heap or not. */
function compute(a: Tensor, b: Tensor): number[][] {
  const c = a.add(b).mul(2).sub(b.select(0, 3)).neg();
  c.add_(a).div_(2);
  const d = mm(c, b.t());
  return [c, d, d.sum(0), a.t().contiguous(), a.gt(b), zeros(60, 70).add(a.slice(1, 0, 1))].map(values);
}

test('above the soft limit large tensors live in typed arrays, and all is computed as before', () => {
  const make = (): [Tensor, Tensor] => [arange(4200).view(60, 70).div(7), arange(4200).view(60, 70).remainder(13)];
  const inHeap = make();
  assert.ok(inHeap[0].storage.inHeap);
  const want = compute(...inHeap);
  withLimits({ softLimitBytes: 0 }, () => {
    const outside = make();
    assert.not.ok(outside[0].storage.inHeap);
    assert.is(outside[0].storage.pointer, 0);
    assert.equal(compute(...outside), want, 'outside');
    assert.equal(compute(inHeap[0], outside[1]), want, 'mixed');
  });
  const outside = withLimits({ softLimitBytes: 0 }, make);
  assert.equal(compute(...outside), want, 'operands outside, results in the heap');
  assert.equal(compute(outside[0], inHeap[1]), want, 'mixed');
  assert.ok(make()[0].storage.inHeap, 'the limit is back');
});

test('when the heap is full, what was not used for longest is paged out, and what is used pages back in', () => {
  const bytes = 80_000;
  withLimits({ softLimitBytes: 50 * bytes }, () => {
    const made = Array.from({ length: 100 }, (_, i) => full([bytes / 4], i));
    const inside = made.filter((x) => x.storage.inHeap).length;
    assert.ok(inside > 10 && inside <= 50, `${inside} are in the heap`);
    assert.not.ok(made[0].storage.inHeap);
    assert.ok(made[99].storage.inHeap);
    collectGarbage();
    const before = memory();
    assert.ok(before.pagedOutBytes >= 50 * bytes);
    made.forEach((x, i) => {
      assert.equal([x.array[0], x.array[bytes / 4 - 1]], [i, i], 'reads where it is');
      assert.is(x.neg().array[7], -i || 0);
      assert.ok(x.storage.inHeap, 'a kernel brings it in');
      x.add_(1);
      assert.is(x.array[9], i + 1);
    });
    assert.ok(memory().pagedInBytes > before.pagedInBytes);
  });
});

test('paging calls the listeners, and they can be taken away', () => {
  const events: MemoryPressure[] = [];
  const stop = onMemoryPressure((event) => events.push(event));
  withLimits({ softLimitBytes: memory().usedBytes + 2_000_000 }, () => {
    const kept: Tensor[] = [];
    for (let i = 0; i < 40; i++) kept.push(zeros(20_000));
  });
  assert.ok(events.length > 0);
  assert.ok(events.every(({ neededBytes }) => neededBytes >= 80_000));
  assert.ok(events.some(({ pagedOutBytes }) => pagedOutBytes > 0));
  stop();
  const { length } = events;
  withLimits({ softLimitBytes: 0 }, () => zeros(20_000));
  assert.is(events.length, length);
  refuses(() => onMemoryPressure(1 as never), 'ValueError', /listener must be a function/, 'no function');
});

test('setMemoryLimits returns what was set before, keeps what is left out, and refuses nonsense', () => {
  const before = setMemoryLimits({});
  assert.equal(before, { heapLimitBytes: 2 ** 32, softLimitBytes: null });
  assert.equal(setMemoryLimits({ softLimitBytes: 5 }), before);
  assert.equal(setMemoryLimits({ heapLimitBytes: 2 ** 31 }), { heapLimitBytes: 2 ** 32, softLimitBytes: 5 });
  assert.equal(setMemoryLimits(before), { heapLimitBytes: 2 ** 31, softLimitBytes: 5 });
  for (const bad of [-1, 1.5, Number.NaN, Infinity, '1', null, 2 ** 33]) {
    refuses(
      () => setMemoryLimits({ heapLimitBytes: bad as number }),
      'ValueError',
      /heapLimitBytes must be/,
      String(bad),
    );
  }
  refuses(
    () => setMemoryLimits({ softLimitBytes: -1 }),
    'ValueError',
    /^setMemoryLimits: softLimitBytes must be/,
    'soft',
  );
  refuses(
    () => setMemoryLimits({ softLimitBytes: 5, heapLimitBytes: -1 }),
    'ValueError',
    /heapLimitBytes/,
    'nothing is set',
  );
  refuses(() => setMemoryLimits({ limit: 1 } as never), 'ValueError', /unknown option 'limit'/, 'unknown');
  assert.equal(setMemoryLimits({}), before);
});

// ------------------------------------------------------------------------------------------------------------ collection

/** Lets other tasks run, those of the garbage collector among them, and gives it something to do. */
async function pause(round: number): Promise<number> {
  const garbage: TypedArray[] = [];
  for (let i = 0; i < 50; i++) garbage.push(new Float64Array(20_000 + round));
  (globalThis as { gc?: () => void }).gc?.();
  await new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
  return garbage.length;
}

test('what no one refers to any more comes back by itself', async () => {
  const { liveStorages, usedBytes } = memory();
  const kept = ones(3000);
  const tensors = 200;
  const drop = (): void => {
    const held = Array.from({ length: tensors }, () => zeros(10_000).add(1));
    // of those of other tests, and of what each was added to, the collector may have found any by now
    assert.ok(memory().liveStorages > held.length);
  };
  drop();
  const goal = liveStorages + tensors / 2;
  for (let round = 0; round < 2000 && memory().liveStorages > goal; round++) await pause(round);
  assert.ok(memory().liveStorages <= goal, `${memory().liveStorages} of ${2 * tensors} are still there`);
  assert.ok(memory().usedBytes < usedBytes + 2 * tensors * 40_000);
  assert.ok(
    values(kept).every((x) => x === 1),
    'what is referred to stays',
  );
});

test('a view keeps the memory of its base, and data that of the tensor it was taken from', async () => {
  const make = (): Tensor => ones(5000);
  const view = make().slice(0, 10, 20);
  const data = make().data;
  const wrapped = fromTypedArray(new Float32Array(4)).detach();
  for (let round = 0; round < 20; round++) {
    tensor(new Float32Array(5000).fill(round));
    await pause(round);
  }
  assert.equal(values(view), new Array(10).fill(1));
  assert.ok(values(data).every((x) => x === 1));
  assert.is(wrapped.numel(), 4);
});

test.run();
