/**
 * Shapes, strides and offsets. The strides of views are tested against PyTorch in `ops/view.test.ts`; here it is the functions that
 * everything leans on.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuses } from './fixtures/check.ts';
import type { Shape } from './layout.ts';
import {
  broadcastShapes,
  broadcastStrides,
  collapse,
  contiguousStrides,
  formatShape,
  isContiguous,
  memoryOrder,
  offsets,
  reducedShape,
  sameShape,
  sizeOf,
  viewStrides,
  wrapDim,
  wrapDims,
} from './layout.ts';

/** All offsets of a layout, by counting indices: slow and plain. */
function plainOffsets(shape: Shape, strides: Shape, offset: number): number[] {
  let all = [offset];
  shape.forEach((n, d) => {
    all = all.flatMap((at) => Array.from({ length: n }, (_, i) => at + i * strides[d]));
  });
  return all;
}

/** Numbers below `n`, the same every time (a linear congruential generator). */
function sequence(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

test('sizeOf, contiguousStrides and isContiguous agree on what a row-major layout is', () => {
  assert.is(sizeOf([]), 1);
  assert.is(sizeOf([2, 3, 4]), 24);
  assert.is(sizeOf([2, 0, 4]), 0);
  assert.equal(contiguousStrides([]), []);
  assert.equal(contiguousStrides([2, 3, 4]), [12, 4, 1]);
  assert.equal(contiguousStrides([2, 0, 4]), [4, 4, 1], 'a size of 0 counts as 1');
  for (const shape of [[], [1], [2, 3, 4], [1, 5, 1], [2, 0, 4]])
    assert.ok(isContiguous(shape, contiguousStrides(shape)));
  assert.ok(isContiguous([3, 1, 2], [2, 77, 1]), 'the stride of a size of 1 does not matter');
  assert.ok(isContiguous([0, 3], [5, 7]), 'nor any in a tensor of no elements');
  assert.not.ok(isContiguous([3, 2], [1, 3]));
  assert.not.ok(isContiguous([3, 2], [4, 1]));
  assert.not.ok(isContiguous([3], [0]));
  assert.not.ok(isContiguous([3], [2]));
});

test('sameShape and formatShape', () => {
  assert.ok(sameShape([], []) && sameShape([2, 3], [2, 3]));
  assert.not.ok(sameShape([2, 3], [2, 3, 1]) || sameShape([2, 3], [3, 2]));
  assert.is(formatShape([2, 3]), '[2, 3]');
  assert.is(formatShape([]), '[]');
});

test('wrapDim counts from the end, and lets 0 and -1 pass for no dimensions', () => {
  assert.is(wrapDim('op', -1, 3), 2);
  assert.is(wrapDim('op', 2, 3), 2);
  assert.is(wrapDim('op', 0, 0), 0);
  assert.is(wrapDim('op', -1, 0), 0);
  assert.ok(Object.is(wrapDim('op', -3, 3), 0));
  for (const bad of [3, -4, 0.5, Number.NaN, Infinity]) {
    refuses(() => wrapDim('op', bad, 3), 'IndexError', /^op: dimension out of range.*\[-3, 2\], but got/, String(bad));
  }
  refuses(() => wrapDim('op', 1, 0), 'IndexError', /\[-1, 0\], but got 1/, '0-d');
});

test('wrapDims sorts, takes null and [] for all, and refuses repetition', () => {
  for (const all of [null, undefined, []]) assert.equal(wrapDims('op', all, 3), [0, 1, 2]);
  assert.equal(wrapDims('op', null, 0), []);
  assert.equal(wrapDims('op', -1, 3), [2]);
  assert.equal(wrapDims('op', [2, -3], 3), [0, 2]);
  assert.equal(wrapDims('op', 0, 0), []);
  assert.equal(wrapDims('op', [-1], 0), []);
  refuses(
    () => wrapDims('op', [1, -2], 3),
    'ShapeError',
    /dim 1 appears multiple times in the list of dims \[1, -2\]/,
    'twice',
  );
  refuses(() => wrapDims('op', [0, 3], 3), 'IndexError', /but got 3/, 'range');
});

test('shapes broadcast from the end, where a 1 stretches', () => {
  const check = (a: Shape, b: Shape, want: Shape): void => {
    assert.equal([...broadcastShapes('op', a, b)], [...want]);
    assert.equal([...broadcastShapes('op', b, a)], [...want]);
  };
  check([2, 3], [2, 3], [2, 3]);
  check([2, 1], [3], [2, 3]);
  check([], [4], [4]);
  check([1], [0], [0]);
  check([5, 1, 3], [2, 1], [5, 2, 3]);
  check([0, 3], [1, 1], [0, 3]);
  refuses(
    () => broadcastShapes('add', [2, 3], [4]),
    'ShapeError',
    /^add: .*\(3\).*\(4\) at non-singleton dimension 1/,
    'mismatch',
  );
  refuses(() => broadcastShapes('add', [2, 0], [2, 3]), 'ShapeError', /\[2, 0\] and \[2, 3\]/, 'empty');
  refuses(() => broadcastShapes('add', [4, 2], [3, 4, 3]), 'ShapeError', /dimension 2/, 'counted in the longer shape');
});

test('broadcast strides are 0 where a size stretches', () => {
  assert.equal(broadcastStrides([2, 1], [1, 9], [4, 2, 3]), [0, 1, 0]);
  assert.equal(broadcastStrides([2, 1], [1, 9], [2, 1]), [1, 9]);
  assert.equal(broadcastStrides([], [], [2, 3]), [0, 0]);
  assert.equal(broadcastStrides([1], [5], [0]), [0]);
});

test('reducedShape drops dims, or keeps them as 1', () => {
  assert.equal(reducedShape([2, 3, 4], [0, 2], false), [3]);
  assert.equal(reducedShape([2, 3, 4], [0, 2], true), [1, 3, 1]);
  assert.equal(reducedShape([2, 3], [], false), [2, 3]);
  assert.equal(reducedShape([], [], true), []);
});

test('viewStrides finds a view exactly when every element keeps its place', () => {
  const random = sequence(1);
  let views = 0;
  let copies = 0;
  for (let round = 0; round < 3000; round++) {
    // A layout cut from a larger contiguous one: permuted, sliced, expanded.
    const shape = Array.from({ length: 1 + random(4) }, () => 1 + random(3));
    let strides = contiguousStrides(shape.map((n) => n + random(2)));
    const order = shape.map((_, i) => i).sort(() => (random(4) === 0 ? 1 : -1));
    const sizes = order.map((d) => shape[d]);
    strides = order.map((d) => (random(8) === 0 ? 0 : strides[d]));
    const total = sizeOf(sizes);
    const target: number[] = [];
    for (let rest = total; rest > 1; ) {
      const factors = Array.from({ length: rest }, (_, i) => i + 1).filter((n) => rest % n === 0);
      const n = factors[random(factors.length)];
      target.push(n);
      rest /= n;
      if (target.length > 5) target.push(...(rest > 1 ? [rest] : []));
      if (target.length > 5) break;
    }
    const found = viewStrides(sizes, strides, target);
    const places = plainOffsets(sizes, strides, 0);
    if (found !== null) {
      views++;
      assert.equal(plainOffsets(target, found, 0), places, `${sizes} ${strides} as ${target}`);
    } else {
      copies++;
      // No strides at all fit: the first element of each row decides them, and then some element is off.
      const steps = target.map((n, d) => (n === 1 ? 0 : places[sizeOf(target.slice(d + 1))] - places[0]));
      assert.not.equal(plainOffsets(target, steps, 0), places, `${sizes} ${strides} as ${target}`);
    }
  }
  assert.ok(views > 500 && copies > 200, `${views} views, ${copies} copies`);
});

test('offsets walks every element in row-major order', () => {
  for (const [shape, strides, offset] of [
    [[], [], 5],
    [[3], [2], 1],
    [[2, 3], [1, 2], 0],
    [[2, 1, 3], [0, 9, 4], 2],
    [[1, 1], [1, 1], 0],
    [[2, 0, 3], [3, 3, 1], 0],
    [[0], [1], 0],
  ] as const) {
    assert.equal([...offsets(shape, strides, offset)], plainOffsets(shape, strides, offset));
  }
});

test('collapse merges dimensions where all operands allow it, and walks the same elements', () => {
  assert.equal(collapse([2, 3, 4], [[12, 4, 1]]), { shape: [24], strides: [[1]] });
  assert.equal(
    collapse(
      [2, 3, 4],
      [
        [12, 4, 1],
        [0, 0, 1],
      ],
    ),
    {
      shape: [6, 4],
      strides: [
        [4, 1],
        [0, 1],
      ],
    },
  );
  assert.equal(collapse([2, 1, 3], [[3, 55, 1]]), { shape: [6], strides: [[1]] });
  assert.equal(collapse([1, 1], [[1, 1]]), { shape: [], strides: [[]] });
  assert.equal(collapse([2, 3], [[0, 0]]), { shape: [6], strides: [[0]] });
  const random = sequence(2);
  for (let round = 0; round < 300; round++) {
    const shape = Array.from({ length: random(5) }, () => 1 + random(3));
    const operands = [0, 1].map(() =>
      contiguousStrides(shape).map((s) => (random(3) === 0 ? 0 : random(4) === 0 ? 2 * s : s)),
    );
    const { shape: merged, strides } = collapse(shape, operands);
    operands.forEach((own, k) => {
      assert.equal(plainOffsets(merged, strides[k], 0), plainOffsets(shape, own, 0));
    });
  }
});

test('memoryOrder lists dimensions from the outermost in memory', () => {
  assert.equal(memoryOrder([2, 3], [3, 1]), [0, 1]);
  assert.equal(memoryOrder([3, 2], [1, 3]), [1, 0]);
  assert.equal(memoryOrder([3, 4, 2], [4, 1, 12]), [2, 0, 1]);
  assert.equal(memoryOrder([], []), []);
  assert.equal(memoryOrder([3, 4], [0, 0]), [0, 1], 'strides of 0 say nothing');
});

test.run();
