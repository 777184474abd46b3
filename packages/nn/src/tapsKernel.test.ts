import type { Executor, Tensor } from '@torsor/core';
import { features, fromTypedArray, heap, kernel, manualSeed, randn, runInline, setExecutor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gridSample } from './grid.ts';
import type { Taps } from './taps.ts';
import { resampleAlong } from './taps.ts';
import { weighByKernel } from './tapsKernel.ts';

/** Taps of any kind: indices in no order, weights of either sign. */
function randomTaps(inputs: number, outputs: number, count: number): Taps {
  let state = 7 * inputs + outputs;
  const next = (): number => {
    state = (state * 48271) % 2147483647;
    return state;
  };
  const lists = Array.from({ length: count }, () => Array.from({ length: outputs }, next));
  return {
    inputs,
    outputs,
    indices: lists.map((list) => Int32Array.from(list, (n) => n % inputs)),
    weights: lists.map((list) => Float64Array.from(list, (n) => (n % 2001) / 1000 - 1)),
  };
}

/** The sum that the kernels compute, step by step in the dtype. */
function plainly(x: Tensor, dim: number, { inputs, outputs, indices, weights }: Taps): Tensor {
  const round = x.dtype === 'float32' ? Math.fround : (value: number) => value;
  const values = x.toTypedArray() as Float32Array | Float64Array;
  const inner = x.shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  const steps = values.length / inputs / inner;
  const out =
    x.dtype === 'float32' ? new Float32Array(steps * outputs * inner) : new Float64Array(steps * outputs * inner);
  for (let at = 0; at < out.length; at++) {
    const [s, i, c] = [Math.floor(at / inner / outputs), Math.floor(at / inner) % outputs, at % inner];
    const terms = indices.map((list, k) =>
      round(round(weights?.[k][i] ?? 1) * values[(s * inputs + list[i]) * inner + c]),
    );
    out[at] = terms.reduce((sum, term) => round(sum + term));
  }
  return fromTypedArray(out, [...x.shape.slice(0, dim), outputs, ...x.shape.slice(dim + 1)]);
}

/** Sizes around whole vectors of either dtype, each with more than a kilobyte in it. */
const SHAPES = [
  [600, 1, 1],
  [130, 3, 1],
  [90, 4, 1],
  [70, 5, 1],
  [9, 8, 2],
  [25, 6, 3],
  [17, 5, 4],
  [13, 7, 5],
  [2, 33, 17],
];

const bits = (x: Tensor): Uint8Array => {
  const { buffer, byteOffset, byteLength } = x.toTypedArray();
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
};

for (const dtype of ['float32', 'float64'] as const) {
  test(`${dtype}: the bits are those of plain loops, for any sizes and numbers of taps, by kernel or tensor ops`, () => {
    manualSeed(0);
    for (const shape of SHAPES) {
      const x = randn(shape, { dtype });
      for (const outputs of [1, 2, 3, 4, 5, 9]) {
        for (const count of [1, 2, 5, 12, 13]) {
          const taps = randomTaps(shape[1], outputs, count);
          assert.equal(
            bits(resampleAlong(x, 1, taps)),
            bits(plainly(x, 1, taps)),
            `${shape} to ${outputs}, ${count} taps`,
          );
        }
      }
    }
  });
}

test('a NaN, an infinity and a denormal come through where they are read, and nowhere else', () => {
  const values = new Float32Array(300 * 5);
  values.set([Number.NaN, Number.POSITIVE_INFINITY, 1e-45, -0, 7], 35);
  const x = fromTypedArray(values, [300, 5]);
  const taps: Taps = { inputs: 5, outputs: 5, indices: [Int32Array.of(0, 1, 2, 3, 4)], weights: null };
  assert.equal(bits(resampleAlong(x, 1, taps)), bits(x));
});

test('strides and offsets of the input do not matter', () => {
  manualSeed(1);
  const x = randn(9, 40, 6).narrow(0, 1, 7);
  const taps = randomTaps(40, 23, 3);
  const turned = x.permute(2, 1, 0);
  assert.equal(bits(resampleAlong(x, 1, taps)), bits(plainly(x, 1, taps)));
  assert.equal(bits(resampleAlong(turned, 1, taps)), bits(plainly(turned, 1, taps)));
});

let parts = 0;

/** Runs rows in another order, each as a thread would. */
const shared: Executor = {
  threads: 2,
  isWorthSharing: () => true,
  run: runInline,
  runRows: ({ name, emit, entry, rows }) => {
    parts += rows.length;
    for (const row of [...rows].reverse()) kernel(name, emit, heap().memory)[entry](...row);
  },
};

test('threads share it in parts, for the same bits', () => {
  manualSeed(2);
  for (const shape of [
    [300, 40, 1],
    [3, 400, 1],
    [300, 10, 9],
    [1, 100, 70],
  ]) {
    const x = randn(shape);
    const taps = randomTaps(shape[1], 90, 2);
    const alone = resampleAlong(x, 1, taps);
    parts = 0;
    setExecutor(shared);
    try {
      assert.equal(bits(resampleAlong(x, 1, taps)), bits(alone), String(shape));
    } finally {
      setExecutor(null);
    }
    assert.ok(parts > 1, `${parts} parts of ${shape}`);
  }
});

test('gridSample gives the bits by kernel that it gives where gradients are recorded, on one thread or several', () => {
  manualSeed(3);
  for (const channels of [3, 9]) {
    for (const mode of ['bilinear', 'nearest', 'bicubic'] as const) {
      const image = randn(3, 11, 13, channels).permute(0, 3, 1, 2);
      const grid = randn(3, 17, 9, 2);
      const plain = gridSample(image, grid, { mode });
      assert.equal(bits(plain), bits(gridSample(image.clone().requiresGrad_(), grid, { mode }).detach()), mode);
      setExecutor(shared);
      try {
        assert.equal(bits(gridSample(image, grid, { mode })), bits(plain), mode);
      } finally {
        setExecutor(null);
      }
    }
  }
});

test('kernels take what is larger than a kilobyte, in floats and of twelve taps at most', () => {
  const taken = (x: Tensor, count: number): boolean => {
    const { indices, weights } = randomTaps(30, 60, count);
    return weighByKernel(x, 1, indices, weights ?? []) !== null;
  };
  assert.is(taken(randn(40, 30), 12), features().simd);
  assert.not.ok(taken(randn(40, 30), 13));
  assert.not.ok(taken(randn(8, 30), 2));
  assert.not.ok(taken(randn(40, 30).int(), 2));
});

test.run();
