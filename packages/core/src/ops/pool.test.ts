/** Poolings against PyTorch (fixtures/pool.json, by tools/fixtures/pool.py), and what fixtures cannot say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../dtype.ts';
import { refuses, repeated, scattered, values } from '../fixtures/check.ts';
import data from '../fixtures/pool.json' with { type: 'json' };
import { arange, fromTypedArray, ones, tensor, zeros } from '../index.ts';
import type { Shape } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import type { AvgPoolParams, PoolParams } from './list.ts';
import * as pools from './pool.ts';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPoolBackward,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool,
  avgPool1d,
  avgPool2d,
  avgPoolBackward,
  maxPool,
  maxPool1d,
  maxPool2d,
  maxPoolBackward,
  maxPoolGather,
} from './pool.ts';

type PoolName = Extract<keyof typeof pools, `${string}Pool${1 | 2}d`>;

interface Options extends pools.MaxPoolOptions, pools.AvgPool2dOptions {
  readonly outputSize?: pools.AdaptiveSize;
}

interface Case {
  readonly op: PoolName;
  readonly input: Shape;
  readonly options: Options;
  readonly shape: Shape;
  readonly output: readonly number[];
  readonly indices: readonly number[] | null;
  readonly gradInput: readonly number[];
}

const cases = data as unknown as readonly Case[];

/** The eighths that tools/fixtures/pool.py computes with. */
function pattern(shape: Shape, seed: number, dtype: DType = 'float64'): Tensor {
  const array = new Float64Array(sizeOf(shape));
  for (let i = 0; i < array.length; i++) {
    array[i] = (((37 * i + 101 * seed + 11 * ((i * i) % 13)) % 17) - 8) / 8;
  }
  return fromTypedArray(array, shape).to(dtype);
}

function label(c: Case): string {
  return `${c.op} ${JSON.stringify(c.input)} ${JSON.stringify(c.options)}`;
}

function near(actual: Tensor, expected: readonly number[], tolerance: number, what: string): void {
  const got = values(actual);
  assert.is(got.length, expected.length, what);
  got.forEach((value, i) => {
    if (!(Math.abs(value - expected[i]) <= tolerance))
      assert.unreachable(`${what}: element ${i} is ${value}, not ${expected[i]}`);
  });
}

function spatialOf(c: Case): number {
  return c.op.endsWith('1d') ? 1 : 2;
}

function paramsOf(c: Case): AvgPoolParams {
  const spatial = spatialOf(c);
  const list = (value: unknown, otherwise: readonly number[]): readonly number[] =>
    Array.isArray(value) ? value : typeof value === 'number' ? new Array<number>(spatial).fill(value) : otherwise;
  const { kernelSize, stride, padding, dilation, ceilMode, countIncludePad, divisorOverride } = c.options;
  const kernel = list(kernelSize, []);
  return {
    kernelSize: kernel,
    stride: list(stride, kernel),
    padding: list(padding, new Array<number>(spatial).fill(0)),
    dilation: list(dilation, new Array<number>(spatial).fill(1)),
    ceilMode: ceilMode ?? false,
    countIncludePad: countIncludePad ?? true,
    divisorOverride: divisorOverride ?? null,
  };
}

/** The outputs, and the gradient by the ops that the derivative table uses. */
function run(c: Case, x: Tensor, g: Tensor): { out: Tensor; indices: Tensor | null; gradInput: Tensor } {
  const spatial = spatialOf(c);
  if (c.op.includes('axPool')) {
    const f = pools[c.op] as unknown as (input: Tensor, options: Options) => readonly [Tensor, Tensor];
    const [out, indices] = f(x, { ...c.options, returnIndices: true });
    return { out, indices, gradInput: maxPoolBackward(g, indices, x.shape, spatial) };
  }
  const f = pools[c.op] as unknown as (input: Tensor, options: Options) => Tensor;
  const out = f(x, c.options);
  const gradInput = c.op.startsWith('adaptive')
    ? adaptiveAvgPoolBackward(g, x.shape, out.shape.slice(-spatial))
    : avgPoolBackward(g, x.shape, paramsOf(c));
  return { out, indices: null, gradInput };
}

for (const [dtype, tolerance] of [
  ['float64', 1e-9],
  ['float32', 1e-6],
] as const) {
  test(`values, indices and gradients are PyTorch's in ${dtype}`, () => {
    for (const c of cases) {
      const { out, indices, gradInput } = run(c, pattern(c.input, 1, dtype), pattern(c.shape, 4, dtype));
      assert.is(out.dtype, dtype, label(c));
      assert.equal([...out.shape], [...c.shape], label(c));
      near(out, c.output, tolerance, label(c));
      if (indices !== null) {
        assert.is(indices.dtype, 'int32', label(c));
        assert.equal(values(indices), c.indices, label(c));
      }
      near(gradInput, c.gradInput, tolerance, `${label(c)}: gradient`);
    }
  });
}

test('operands in any layout give the same', () => {
  for (const c of cases.filter((_, i) => i % 5 === 0)) {
    const { out, indices, gradInput } = run(c, scattered(pattern(c.input, 1)), scattered(pattern(c.shape, 4)));
    near(out, c.output, 1e-9, label(c));
    if (indices !== null) assert.equal(values(indices), c.indices, label(c));
    near(gradInput, c.gradInput, 1e-9, `${label(c)}: gradient`);
  }
});

test('a gradient of stride 0, as sum().backward() sends, is read as what it stands for', () => {
  const x = pattern([2, 3, 6, 6], 1);
  const g = repeated(1, 'float64', [2, 3, 3, 3]);
  const { indices } = maxPool2d(x, 2, { returnIndices: true });
  assert.equal(
    values(maxPoolBackward(g, indices, x.shape, 2)),
    values(maxPoolBackward(g.clone(), indices, x.shape, 2)),
  );
});

test('the result is one tensor, or with returnIndices a pair with names', () => {
  const x = tensor([[[1, 3, 2, 4]]]);
  assert.equal(values(maxPool1d(x, 2)), [3, 4]);
  const pair = maxPool1d(x, 2, { returnIndices: true });
  assert.is(pair.length, 2);
  assert.equal(values(pair.values), [3, 4]);
  assert.equal(values(pair.indices), [1, 3]);
  assert.equal(values(maxPool1d(x, 2, 1, 0, 1, false, true)[1]), [1, 1, 3]);
  assert.equal(values(adaptiveMaxPool1d(x, 1, true).indices), [3]);
  assert.equal(values(adaptiveMaxPool2d(x, [1, 2], { returnIndices: true })[1]), [1, 3]);
  assert.equal(values(maxPool2d(x, { kernelSize: [1, 2], stride: [1, 1] })), [3, 3, 4]);
  refuses(() => maxPool2d(x, 2, { stide: 1 } as never), 'ValueError', /unknown option 'stide'/, 'unknown option');
});

test('NaN is the largest, and the last of several; a window of -Infinity has the index of its first entry', () => {
  const nan = tensor([[[Number.NaN, 1, Number.NaN, -Infinity, -Infinity, 2]]]);
  const { values: largest, indices } = maxPool1d(nan, 3, 1, { returnIndices: true });
  assert.equal(values(largest), [NaN, NaN, NaN, 2]);
  assert.equal(values(indices), [2, 2, 2, 5]);
  assert.equal(values(adaptiveMaxPool1d(nan, 2, true).indices), [2, 5]);
  const low = maxPool1d(repeated(-Infinity, 'float32', [1, 1, 4]), 2, 2, { padding: 1, returnIndices: true });
  assert.equal(values(low.values), [-Infinity, -Infinity, -Infinity]);
  assert.equal(values(low.indices), [0, 1, 3]);
  const spread = repeated(-Infinity, 'float32', [1, 1, 4, 4]);
  assert.equal(
    values(maxPool2d(spread, 2, 1, { padding: 1, dilation: 2, returnIndices: true }).indices),
    [5, 4, 5, 6, 1, 0, 1, 2, 5, 4, 5, 6, 9, 8, 9, 10],
  );
});

test('a window that has the whole input between its taps is -Infinity and passes no gradient', () => {
  const x = tensor([[[5]]]);
  const { values: largest, indices } = maxPool1d(x, 2, 1, { padding: 1, dilation: 2, returnIndices: true });
  assert.equal(values(largest), [-Infinity]);
  assert.equal(values(indices), [-1]);
  assert.equal(values(maxPoolBackward(ones(1, 1, 1), indices, x.shape, 1)), [0]);
  assert.equal(values(maxPoolGather(x, indices, 1)), [0]);
});

test('the backward op is the adjoint of the gather, with int32 and int64 indices', () => {
  const x = pattern([2, 3, 5, 4], 1);
  const { values: largest, indices } = maxPool2d(x, 3, 1, { padding: 1, returnIndices: true });
  assert.equal(values(maxPoolGather(x, indices, 2)), values(largest));
  assert.equal(values(maxPoolGather(scattered(x), indices.to('int64'), 2)), values(largest));
  const g = pattern(largest.shape, 4);
  const dx = maxPoolBackward(g, indices, x.shape, 2);
  const dot = (a: Tensor, b: Tensor): number => values(a).reduce((sum, v, i) => sum + v * values(b)[i], 0);
  assert.is(dot(g, maxPoolGather(x, indices, 2)), dot(dx, x));
  assert.equal(values(maxPoolBackward(g, indices.to('int64'), x.shape, 2)), values(dx));
});

test('integers take the maximum, floats alone the average', () => {
  for (const dtype of ['int32', 'int64', 'uint8'] as const) {
    const out = maxPool1d(tensor([[[3, 1, 4, 1]]]).to(dtype), 2);
    assert.is(out.dtype, dtype);
    assert.equal(values(out), [3, 4]);
  }
  refuses(() => avgPool1d(ones(1, 1, 4).to('int32'), 2), 'DTypeError', /int32/, 'average');
  refuses(() => maxPool1d(ones(1, 1, 4).to('bool'), 2), 'DTypeError', /bool/, 'bool');
});

test('an empty batch gives an empty result', () => {
  assert.equal([...maxPool2d(zeros(0, 2, 4, 4), 2).shape], [0, 2, 2, 2]);
  assert.equal([...avgPool1d(zeros(0, 2, 4), 2).shape], [0, 2, 2]);
  assert.equal([...adaptiveAvgPool2d(zeros(0, 2, 4, 4), [1, 3]).shape], [0, 2, 1, 3]);
  assert.equal([...adaptiveMaxPool1d(zeros(0, 2, 4), 3).shape], [0, 2, 3]);
  assert.equal([...adaptiveAvgPool1d(zeros(2, 0, 4), 2).shape], [2, 0, 2]);
  assert.equal([...adaptiveAvgPool2d(ones(1, 2, 4, 4), 0).shape], [1, 2, 0, 0]);
  const none = zeros(0, 2, 2, 2);
  assert.equal([...maxPoolBackward(none, none.to('int32'), [0, 2, 4, 4], 2).shape], [0, 2, 4, 4]);
  assert.equal(values(adaptiveAvgPoolBackward(zeros(1, 1, 0), [1, 1, 3], [0])), [0, 0, 0]);
});

test('the op-level functions take complete parameters', () => {
  const params: PoolParams = { kernelSize: [2], stride: [2], padding: [0], dilation: [1], ceilMode: false };
  const x = tensor([[[1, 3, 2, 4]]]);
  assert.equal(values(maxPool(x, params).values), [3, 4]);
  assert.equal(values(avgPool(x, { ...params, countIncludePad: true, divisorOverride: null })), [2, 3]);
  assert.equal(values(pools.adaptiveAvgPool(x, [2])), [2, 3]);
  assert.equal(values(pools.adaptiveMaxPool(x, [2]).values), [3, 4]);
});

test('what does not fit is refused in the words of PyTorch', () => {
  const shape = (run: () => unknown, message: RegExp): void => refuses(run, 'ShapeError', message, String(message));
  const value = (run: () => unknown, message: RegExp): void => refuses(run, 'ValueError', message, String(message));
  const x = ones(1, 2, 4, 4);
  for (const pool of [maxPool2d, avgPool2d] as const) {
    shape(
      () => pool(ones(4, 4), 2),
      /Expected 3D or 4D \(batch mode\) tensor with optional 0 dim batch size for input.*got: \[4, 4\]/,
    );
    shape(() => pool(zeros(2, 0, 4, 4), 2), /optional 0 dim batch size for input/);
    shape(() => pool(zeros(0, 4, 4), 2), /optional 0 dim batch size for input/);
    shape(
      () => pool(x, 5),
      /Given input size: \(2x4x4\)\. Calculated output size: \(2x0x0\)\. Output size is too small/,
    );
    value(() => pool(x, 0), /kernel size should be greater than zero/);
    value(() => pool(x, 2, 0), /stride should be greater than zero/);
    value(() => pool(x, 2, -1), /stride should be greater than zero/);
    value(
      () => pool(x, 2, 2, 2),
      /pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and dilation=1/,
    );
    value(() => pool(x, 2, 2, -1), /pad must be non-negative, but got pad: \[-1, -1\]/);
    value(() => pool(x, [2, 2, 2]), /kernelSize must either be a single int, or a list of two ints/);
    value(() => pool(x, {}), /kernelSize must either be a single int/);
  }
  value(() => maxPool2d(x, 2, 2, 0, 0), /dilation should be greater than zero/);
  assert.equal([...maxPool2d(x, 2, 1, 1, 2).shape], [1, 2, 4, 4]);
  shape(() => maxPool1d(ones(2, 4), 5), /Output size is too small/);
  shape(() => avgPool1d(ones(4), 2), /Expected 2D or 3D/);
  value(() => avgPool2d(x, 2, { divisorOverride: 0 }), /divisor must be not zero/);
  for (const wrong of [1.5, [1, 2], 'two'] as never[]) {
    value(() => avgPool2d(x, 2, { divisorOverride: wrong }), /divisorOverride must be an integer or null, but got/);
  }
  shape(() => adaptiveAvgPool2d(ones(4), 2), /Expected 3D or 4D/);
  shape(() => adaptiveMaxPool2d(zeros(2, 0, 4, 4), 2), /non-zero size for non-batch dimensions/);
  shape(() => adaptiveAvgPool2d(zeros(1, 2, 0, 4), 2), /non-zero size for non-batch dimensions/);
  value(() => adaptiveAvgPool2d(x, -1), /greater than or equal to 0/);
  value(() => adaptiveAvgPool2d(x, [1, 1, 1]), /outputSize must be a single int or a list of 2/);
  shape(
    () => maxPoolBackward(ones(1, 1, 2), zeros(1, 1, 3).to('int32'), [1, 1, 4], 1),
    /expected a gradient of shape \[1, 1, 3\]/,
  );
  shape(
    () => maxPoolGather(ones(2, 1, 4), zeros(1, 1, 2).to('int32'), 1),
    /must agree in all but the last 1 dimensions/,
  );
  refuses(() => maxPoolGather(ones(1, 1, 4), ones(1, 1, 2), 1), 'DTypeError', /int32 or int64/, 'indices');
});

test('one window over everything is the mean, for images of any size, contiguous or not', () => {
  for (const dtype of ['float32', 'float64'] as const) {
    const x = arange(3 * 20 * 24, { dtype }).view(3, 20, 24);
    assert.equal(values(adaptiveAvgPool2d(x, 1)), [239.5, 719.5, 1199.5]);
    assert.equal([...adaptiveAvgPool2d(x, 1).shape], [3, 1, 1]);
    assert.equal(values(adaptiveAvgPool2d(x.transpose(0, 1), 1)).slice(0, 2), [491.5, 515.5]);
    assert.equal(values(adaptiveAvgPool1d(x.view(1, 2, 720), 1)), [359.5, 1079.5]);
  }
});

test.run();
