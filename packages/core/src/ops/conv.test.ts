/** Convolutions against PyTorch (fixtures/conv.json, by tools/fixtures/conv.py), and what fixtures cannot say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../dtype.ts';
import { refuses, repeated, scattered, values } from '../fixtures/check.ts';
import data from '../fixtures/conv.json' with { type: 'json' };
import { fromTypedArray, ones, tensor, zeros } from '../index.ts';
import type { Shape } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import { convForward as referenceForward } from '../reference/conv.ts';
import type { Tensor } from '../tensor.ts';
import type { ConvOptions, ConvTransposeOptions } from './conv.ts';
import {
  conv1d,
  conv2d,
  convBackwardInput,
  convBackwardWeight,
  convolution,
  convTranspose1d,
  convTranspose2d,
} from './conv.ts';
import type { ConvParams } from './list.ts';
import { pad, padBackward } from './pad.ts';

interface Case {
  readonly op: string;
  readonly input: Shape;
  readonly weight: Shape;
  readonly bias: Shape | null;
  readonly options: ConvOptions & ConvTransposeOptions;
  readonly shape: Shape;
  readonly output: readonly number[];
  readonly gradInput: readonly number[];
  readonly gradWeight: readonly number[];
  readonly gradBias: readonly number[] | null;
}

const cases = data as unknown as readonly Case[];

/** The eighths that tools/fixtures/conv.py computes with. */
function pattern(shape: Shape, seed: number, dtype: DType = 'float64'): Tensor {
  const array = new Float64Array(sizeOf(shape));
  for (let i = 0; i < array.length; i++) {
    array[i] = ((((37 * i + 101 * seed + 11 * ((i * i) % 13)) % 17) + 17) % 17) / 8 - 1;
  }
  return fromTypedArray(array, shape).to(dtype);
}

function forward(c: Case, x: Tensor, w: Tensor, b: Tensor | null): Tensor {
  if (c.op === 'conv1d') return conv1d(x, w, b, c.options);
  if (c.op === 'conv2d') return conv2d(x, w, b, c.options);
  return (c.op === 'convTranspose1d' ? convTranspose1d : convTranspose2d)(x, w, b, c.options);
}

function label(c: Case): string {
  return `${c.op} ${JSON.stringify(c.input)} ${JSON.stringify(c.weight)} ${JSON.stringify(c.options)}`;
}

/** Sixty-fourths of the elements. */
function scaled(x: Tensor): number[] {
  return values(x).map((value) => 64 * value);
}

/** Gradients by the ops that the derivative table uses, in the way it uses them. */
function gradients(c: Case, x: Tensor, w: Tensor, g: Tensor): [input: Tensor, weight: Tensor] {
  const spatial = w.ndim - 2;
  const unbatched = x.ndim === spatial + 1;
  let input = unbatched ? x.unsqueeze(0) : x;
  const grad = unbatched ? g.unsqueeze(0) : g;
  const list = (value: unknown, otherwise: number): number[] =>
    Array.isArray(value) ? value : new Array<number>(spatial).fill(typeof value === 'number' ? value : otherwise);
  const { stride, padding, dilation, groups = 1, outputPadding } = c.options;
  const params: ConvParams = {
    stride: list(stride, 1),
    padding: list(padding, 0),
    dilation: list(dilation, 1),
    groups,
  };
  let pads: number[] = [];
  if (c.op.startsWith('convTranspose')) {
    const rows = list(outputPadding, 0).map((extra, i) => Math.floor(extra / params.stride[i]));
    pads = rows.reverse().flatMap((n) => [0, n]);
    const padded = pad(input, pads);
    const dx = convolution(grad, w, null, params, false, []);
    const dw = convBackwardWeight(padded, grad, w.shape, params);
    return [padBackward(dx, input.shape, pads, 'constant').view(x.shape), dw];
  }
  let own = params;
  if (padding === 'same') {
    const total = params.dilation.map((d, i) => d * (w.shape[i + 2] - 1));
    own = { ...params, padding: total.map((n) => Math.floor(n / 2)) };
    pads = [...total].reverse().flatMap((n) => [0, n % 2]);
  }
  const shape = input.shape;
  input = pad(input, pads);
  const dx = convBackwardInput(grad, w, input.shape, own);
  const dw = convBackwardWeight(grad, input, w.shape, own);
  return [padBackward(dx, shape, pads, 'constant').view(x.shape), dw];
}

for (const dtype of ['float64', 'float32'] as const) {
  test(`outputs and gradients are PyTorch's, to the bit, in ${dtype}`, () => {
    for (const c of cases) {
      const x = pattern(c.input, 1, dtype);
      const w = pattern(c.weight, 2, dtype);
      const b = c.bias === null ? null : pattern(c.bias, 3, dtype);
      const out = forward(c, x, w, b);
      assert.is(out.dtype, dtype, label(c));
      assert.equal([...out.shape], [...c.shape], label(c));
      assert.equal(scaled(out), c.output, label(c));
      const g = pattern(c.shape, 4, dtype);
      const [dx, dw] = gradients(c, x, w, g);
      assert.equal(scaled(dx), c.gradInput, `${label(c)}: gradient of the input`);
      assert.equal(scaled(dw), c.gradWeight, `${label(c)}: gradient of the weight`);
    }
  });
}

test('operands in any layout give the same', () => {
  for (const c of cases.filter((_, i) => i % 7 === 0)) {
    const x = scattered(pattern(c.input, 1));
    const w = scattered(pattern(c.weight, 2));
    const b = c.bias === null ? null : scattered(pattern(c.bias, 3));
    assert.equal(scaled(forward(c, x, w, b)), c.output, label(c));
    const [dx, dw] = gradients(c, x, w, scattered(pattern(c.shape, 4)));
    assert.equal(scaled(dx), c.gradInput, label(c));
    assert.equal(scaled(dw), c.gradWeight, label(c));
  }
});

test('a gradient of stride 0, as sum().backward() sends, is read as what it stands for', () => {
  const params: ConvParams = { stride: [2], padding: [1], dilation: [1], groups: 1 };
  const x = pattern([2, 3, 8], 1);
  const w = pattern([4, 3, 3], 2);
  const g = repeated(1, 'float64', [2, 4, 4]);
  assert.equal(
    values(convBackwardInput(g, w, x.shape, params)),
    values(convBackwardInput(g.clone(), w, x.shape, params)),
  );
  assert.equal(
    values(convBackwardWeight(g, x, w.shape, params)),
    values(convBackwardWeight(g.clone(), x, w.shape, params)),
  );
});

test('the reference loop accumulates float32 in double precision', () => {
  const n = 100_000;
  const tenths = repeated(0.1, 'float32', [1, 1, n]);
  const out = zeros(1, 1, 1);
  referenceForward(tenths, ones(1, 1, n), null, out, { stride: [1], padding: [0], dilation: [1], groups: 1 });
  assert.is(out.item(), Math.fround(n * Math.fround(0.1)));
});

test('integers convolve, int64 too; bool does not', () => {
  for (const dtype of ['int32', 'int64', 'uint8'] as const) {
    const x = tensor([[[1, 2, 3, 4]]]).to(dtype);
    const out = conv1d(x, tensor([[[1, 10]]]).to(dtype), tensor([100]).to(dtype));
    assert.is(out.dtype, dtype);
    assert.equal(values(out), [121, 132, 143]);
  }
  const bool = ones(1, 1, 3).to('bool');
  refuses(() => conv1d(bool, bool), 'DTypeError', /not implemented for bool/, 'bool');
});

test('arguments go by position or by name', () => {
  const x = pattern([1, 2, 6, 6], 1);
  const w = pattern([4, 1, 3, 3], 2);
  const b = pattern([4], 3);
  const expected = values(conv2d(x, w, b, [2, 1], [1, 0], 1, 2));
  assert.equal(values(conv2d(x, w, b, { stride: [2, 1], padding: [1, 0], groups: 2 })), expected);
  assert.equal(values(conv2d(x, { weight: w, bias: b, stride: [2, 1], padding: [1, 0], groups: 2 })), expected);
  assert.equal(values(conv2d(x, w, b, [2, 1], { padding: [1, 0], groups: 2, dilation: [1] })), expected);
  const t = convTranspose2d(x.transpose(0, 1), w.transpose(0, 1), null, 2, 1, 1, 1, 1);
  assert.equal(
    values(convTranspose2d(x.transpose(0, 1), w.transpose(0, 1), { stride: 2, padding: 1, outputPadding: 1 })),
    values(t),
  );
  refuses(
    () => conv2d(x, w, { strides: 2 } as never),
    'ValueError',
    /unknown option 'strides'.*stride/,
    'unknown option',
  );
});

test('an empty batch gives an empty result, and zeros for the gradient of the weight', () => {
  const params: ConvParams = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
  assert.equal([...conv2d(zeros(0, 2, 4, 4), zeros(3, 2, 3, 3)).shape], [0, 3, 2, 2]);
  assert.equal([...convTranspose2d(zeros(0, 2, 4, 4), zeros(2, 3, 3, 3)).shape], [0, 3, 6, 6]);
  const dw = convBackwardWeight(zeros(0, 3, 2, 2), zeros(0, 2, 4, 4), [3, 2, 3, 3], params);
  assert.equal(values(dw), new Array(54).fill(0));
  assert.equal([...convBackwardInput(zeros(0, 3, 2, 2), zeros(3, 2, 3, 3), [0, 2, 4, 4], params).shape], [0, 2, 4, 4]);
});

test('no input channels leave the bias', () => {
  assert.equal(values(conv1d(zeros(1, 0, 3), zeros(2, 0, 2), tensor([1, 2]))), [1, 1, 2, 2]);
});

test('NaN and infinities go where the kernel takes them', () => {
  const x = tensor([[[1, Number.NaN, 1, 1, Infinity, 1]]]);
  assert.equal(values(conv1d(x, ones(1, 1, 2))), [NaN, NaN, 2, Infinity, Infinity]);
});

test('what does not fit is refused in the words of PyTorch', () => {
  const shape = (run: () => unknown, message: RegExp): void => refuses(run, 'ShapeError', message, String(message));
  const value = (run: () => unknown, message: RegExp): void => refuses(run, 'ValueError', message, String(message));
  const x = zeros(1, 2, 4, 4);
  const w = zeros(3, 2, 3, 3);
  shape(
    () => conv2d(zeros(2, 2), w),
    /^conv2d: Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d, but got input of size: \[2, 2\]/,
  );
  shape(() => conv1d(zeros(2), zeros(2, 2, 1)), /Expected 2D \(unbatched\) or 3D \(batched\) input to conv1d/);
  shape(() => conv2d(x, zeros(2, 2, 1)), /Expected 3-dimensional input for 3-dimensional weight \[2, 2, 1\]/);
  shape(
    () => conv2d(zeros(1, 3, 4, 4), w),
    /Given groups=1, weight of size \[3, 2, 3, 3\], expected input\[1, 3, 4, 4\] to have 2 channels, but got 3 channels instead/,
  );
  shape(
    () => conv2d(zeros(3, 4, 4), w),
    /Given groups=1, weight of size \[3, 2, 3, 3\], expected input\[1, 3, 4, 4\] to have 2 channels, but got 3 channels instead/,
  );
  shape(
    () => conv2d(zeros(1, 3, 4, 4), zeros(4, 2, 3, 3), { groups: 2 }),
    /to have 4 channels, but got 3 channels instead/,
  );
  shape(
    () => conv2d(zeros(1, 4, 4, 4), w, { groups: 2 }),
    /Given groups=2, expected weight to be divisible by 2 at dimension 0, but got weight of size \[3, 2, 3, 3\] instead/,
  );
  shape(
    () => conv2d(zeros(1, 4, 4, 4), zeros(1, 2, 3, 3), { groups: 2 }),
    /expected weight to be at least 2 at dimension 0/,
  );
  shape(
    () => conv2d(x, w, zeros(2)),
    /Given weight of size \[3, 2, 3, 3\], expected bias to be 1-dimensional with 3 elements, but got bias of size \[2\] instead/,
  );
  shape(
    () => conv2d(x, w, zeros(3, 1)),
    /expected bias to be 1-dimensional with 3 elements, but got bias of size \[3, 1\]/,
  );
  shape(
    () => conv2d(zeros(1, 2, 2, 2), w),
    /Calculated padded input size per channel: \(2 x 2\)\. Kernel size: \(3 x 3\)\. Kernel size can't be greater than actual input/,
  );
  shape(() => conv2d(x, w, { dilation: 2 }), /\(4 x 4\)\. Kernel size: \(5 x 5\)/);
  shape(() => conv2d(x, zeros(3, 2, 0, 3)), /kernel size should be greater than zero/);
  shape(
    () => conv2d(zeros(1, 2, 0, 4), w, { padding: 2 }),
    /Only zero batch or zero channel inputs are supported, but got input shape: \[1, 2, 0, 4\]/,
  );
  value(() => conv2d(x, w, { groups: 0 }), /non-positive groups is not supported/);
  value(() => conv2d(x, w, { stride: 0 }), /non-positive stride is not supported/);
  value(() => conv2d(x, w, { padding: -1 }), /negative padding is not supported/);
  value(() => conv2d(x, w, { dilation: 0 }), /dilation should be greater than zero, but got \[0, 0\]/);
  value(
    () => conv2d(x, w, { stride: [1, 1, 1] }),
    /expected stride to be a single integer value or a list of 2 values.*stride=\[1, 1, 1\]/,
  );
  value(() => conv2d(x, w, { padding: 0.5 }), /expected padding to be a single integer value/);
  value(() => conv2d(x, w, { stride: 2, padding: 'same' }), /padding='same' is not supported for strided convolutions/);
  value(() => conv2d(x, w, { padding: 'sam' as never }), /Invalid padding string: 'sam'/);
  refuses(
    () => conv2d(x.to('float64'), w),
    'DTypeError',
    /Input type \(float64\) and weight type \(float32\) should be the same/,
    'weight dtype',
  );
  refuses(
    () => conv2d(x, w, zeros(3, { dtype: 'float64' })),
    'DTypeError',
    /Input type \(float32\) and bias type \(float64\) should be the same/,
    'bias dtype',
  );
  refuses(() => conv2d([[1]] as never, w), 'DTypeError', /input must be a tensor, but got an array/, 'array');
});

test('so is what does not fit a transposed convolution', () => {
  const shape = (run: () => unknown, message: RegExp): void => refuses(run, 'ShapeError', message, String(message));
  const value = (run: () => unknown, message: RegExp): void => refuses(run, 'ValueError', message, String(message));
  const x = zeros(1, 2, 4, 4);
  const w = zeros(2, 3, 3, 3);
  shape(
    () => convTranspose2d(zeros(1, 3, 4, 4), w),
    /Given transposed=1, weight of size \[2, 3, 3, 3\], expected input\[1, 3, 4, 4\] to have 2 channels, but got 3 channels instead/,
  );
  shape(
    () => convTranspose2d(x, w, zeros(2)),
    /Given transposed=1, weight of size \[2, 3, 3, 3\], expected bias to be 1-dimensional with 3 elements/,
  );
  shape(() => convTranspose2d(zeros(1, 3, 4, 4), zeros(3, 2, 3, 3), { groups: 2 }), /divisible by 2 at dimension 0/);
  shape(
    () => convTranspose2d(zeros(1, 2, 1, 1), zeros(2, 3, 2, 2), { padding: 1 }),
    /Given input size per channel: \(1 x 1\)\. Calculated output size per channel: \(0 x 0\)\. Output size is too small/,
  );
  shape(() => convTranspose2d(zeros(1, 2, 0, 4), w), /Only zero batch or zero channel inputs are supported/);
  value(
    () => convTranspose2d(x, w, { outputPadding: 1 }),
    /output padding must be smaller than either stride or dilation/,
  );
  value(() => convTranspose2d(x, w, { outputPadding: -1, stride: 2 }), /negative outputPadding is not supported/);
  value(() => convTranspose2d(x, w, { padding: 'same' as never }), /expected padding to be a single integer value/);
});

test('gradient ops refuse gradients of the wrong shape', () => {
  const params: ConvParams = { stride: [1], padding: [0], dilation: [1], groups: 1 };
  refuses(
    () => convBackwardInput(zeros(1, 2, 4), zeros(2, 1, 3), [1, 1, 5], params),
    'ShapeError',
    /expected gradOutput of shape \[1, 2, 3\].*but got \[1, 2, 4\]/,
    'input',
  );
  refuses(
    () => convBackwardWeight(zeros(1, 2, 4), zeros(1, 1, 5), [2, 1, 3], params),
    'ShapeError',
    /expected gradOutput of shape \[1, 2, 3\]/,
    'weight',
  );
});

test.run();
