/** Gradients at kinks, ties, poles and special values against PyTorch's, from `tools/fixtures/derivatives.py`. */

import type { Operand, Tensor } from '@torsor/core';
import {
  adaptiveMaxPool1d,
  addcdiv,
  atan2,
  batchNorm,
  celu,
  clamp,
  div,
  elu,
  exp2,
  fmod,
  fromTypedArray,
  gather,
  gelu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  index,
  leakyRelu,
  lerp,
  logSigmoid,
  maximum,
  maxPool1d,
  maxPool2d,
  minimum,
  mseLoss,
  mul,
  NotImplementedError,
  nanToNum,
  nllLoss,
  norm,
  ones,
  onesLike,
  pow,
  relu6,
  remainder,
  scatter,
  selu,
  silu,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
  tensor,
  threshold,
  where,
  xlogy,
} from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import data from '../fixtures/derivatives.json' with { type: 'json' };
import { grad } from '../index.ts';
import type { Result } from './specs/spec.ts';
import { indices, outputsOf } from './specs/spec.ts';

/** A number of the fixture; NaN and infinities are strings. */
type Encoded = number | string;

function decode(x: Encoded): number {
  return typeof x === 'number' ? x : x === 'inf' ? Infinity : x === '-inf' ? -Infinity : Number.NaN;
}

function leaf(values: readonly Encoded[], shape: readonly number[] = [values.length]): Tensor {
  return fromTypedArray(Float64Array.from(values, decode), shape).requiresGrad_();
}

/** Gradients of the sum of all results, whose elements are multiplied by 1, 2, 3, … */
function gradients(result: Result, inputs: readonly Tensor[]): readonly (readonly number[])[] {
  const outputs = outputsOf(result).filter((output) => output.requiresGrad);
  const starts = outputs.map(({ shape }) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return fromTypedArray(
      Float64Array.from({ length: size }, (_, i) => i + 1),
      shape,
    );
  });
  const found = grad(outputs, inputs, starts, { allowUnused: true });
  return found.map((gradient, i) =>
    gradient === null ? new Array<number>(inputs[i].numel()).fill(0) : numbers(gradient),
  );
}

function numbers(x: Tensor): readonly number[] {
  return Array.from(x.toTypedArray() as Float64Array);
}

/** The fixture has ten digits. Of zeros the sign does not matter. */
function agree(
  actual: readonly number[],
  expected: readonly Encoded[],
  label: (i: number) => string,
  tolerance = 1e-9,
): void {
  assert.is(actual.length, expected.length, 'number of elements');
  expected.forEach((encoded, i) => {
    const want = decode(encoded);
    const near = Math.abs(actual[i] - want) <= tolerance * Math.max(1, Math.abs(want));
    if (!near && !Object.is(actual[i], want)) assert.unreachable(`${label(i)}: got ${actual[i]}, expected ${want}`);
  });
}

// ---------------------------------------------------------------------------------------------------------- one operand

const powers = {
  'pow 0': (x) => x.pow(0),
  'pow 1': (x) => x.pow(1),
  'pow 2': (x) => x.pow(2),
  'pow 3': (x) => x.pow(3),
  'pow -1': (x) => x.pow(-1),
  'pow -2': (x) => x.pow(-2),
  'pow 0.5': (x) => x.pow(0.5),
  'pow 1.5': (x) => x.pow(1.5),
} as const satisfies Record<string, (x: Tensor) => Tensor>;

const unary: { readonly [K in keyof typeof data.unary]: (x: Tensor) => Tensor } = {
  abs: (x) => x.abs(),
  sign: (x) => x.sign(),
  relu: (x) => x.relu(),
  sqrt: (x) => x.sqrt(),
  rsqrt: (x) => x.rsqrt(),
  reciprocal: (x) => x.reciprocal(),
  log: (x) => x.log(),
  log2: (x) => x.log2(),
  log10: (x) => x.log10(),
  log1p: (x) => x.log1p(),
  exp: (x) => x.exp(),
  exp2,
  expm1: (x) => x.expm1(),
  sin: (x) => x.sin(),
  cos: (x) => x.cos(),
  tan: (x) => x.tan(),
  asin: (x) => x.asin(),
  acos: (x) => x.acos(),
  atan: (x) => x.atan(),
  sinh: (x) => x.sinh(),
  cosh: (x) => x.cosh(),
  tanh: (x) => x.tanh(),
  asinh: (x) => x.asinh(),
  acosh: (x) => x.acosh(),
  atanh: (x) => x.atanh(),
  sigmoid: (x) => x.sigmoid(),
  logSigmoid,
  silu,
  hardswish,
  hardsigmoid,
  erf: (x) => x.erf(),
  erfc: (x) => x.erfc(),
  erfinv: (x) => x.erfinv(),
  floor: (x) => x.floor(),
  round: (x) => x.round(),
  trunc: (x) => x.trunc(),
  gelu: (x) => gelu(x),
  'gelu tanh': (x) => gelu(x, 'tanh'),
  elu: (x) => elu(x),
  celu: (x) => celu(x, 0.5),
  selu,
  leakyRelu: (x) => leakyRelu(x),
  softplus: (x) => softplus(x),
  'softplus threshold': (x) => softplus(x, 2, 1),
  hardtanh: (x) => hardtanh(x),
  relu6,
  hardshrink: (x) => hardshrink(x),
  softshrink: (x) => softshrink(x),
  threshold: (x) => threshold(x, 0.5, 7),
  clamp: (x) => x.clamp(-1, 2),
  'clamp from below': (x) => x.clamp(-1),
  'clamp from above': (x) => x.clamp({ max: 2 }),
  'clamp crossing': (x) => x.clamp(2, -1),
  nanToNum: (x) => nanToNum(x),
  square: (x) => x.square(),
  softsign,
  tanhshrink,
  ...powers,
  'a power of 0': (x) => pow(0, x),
  'a power of 1': (x) => pow(1, x),
  'a power of 2': (x) => pow(2, x),
  'a quotient by itself': (x) => x.div(x),
  'maximum with 0.5': (x) => maximum(x, 0.5),
  'where, a root not taken': (x) => where(x.gt(0), x, x.clamp(0).add(1)),
  'where, a NaN not taken': (x) => where(x.ge(0), x.abs().sqrt(), x.detach().mul(Number.NaN).add(x.mul(0))),
  'maskedFill of NaN': (x) => x.mul(2).maskedFill(x.isnan(), 0),
};

for (const [name, run] of Object.entries(unary) as [keyof typeof data.unary, (x: Tensor) => Tensor][]) {
  test(`the gradient of ${name} is PyTorch's at kinks, poles, NaN and infinities`, () => {
    const x = leaf(data.points);
    // PyTorch's 1/6 is a float32
    const tolerance = name === 'hardsigmoid' ? 1e-7 : undefined;
    agree(gradients(run(x), [x])[0], data.unary[name], (i) => `at ${data.points[i]}`, tolerance);
  });
}

// --------------------------------------------------------------------------------------------------------- two operands

type Pair = (a: Tensor, b: Tensor) => Tensor;

const binary: { readonly [K in keyof typeof data.binary]: Pair } = {
  mul,
  div: (a, b) => div(a, b),
  pow,
  maximum,
  minimum,
  atan2,
  xlogy,
  remainder,
  fmod,
  'floor division': (a, b) => div(a, b, { roundingMode: 'floor' }),
  'clamp by a tensor': (a, b) => clamp(a, b),
  'clamp by a tensor from above': (a, b) => clamp(a, { max: b }),
  addcdiv: (a, b) => addcdiv(a, a, b),
  lerp: (a, b) => lerp(a, b, 0.5 as Operand),
  mse: (a, b) => mseLoss(a, b, { reduction: 'none' }),
};

for (const [name, run] of Object.entries(binary) as [keyof typeof data.binary, Pair][]) {
  test(`the gradients of ${name} are PyTorch's on ties, zeros, NaN and infinities`, () => {
    const [first, second] = data.pairs;
    const a = leaf(first);
    const b = leaf(second);
    /** PyTorch's clamp gives no gradient beside a NaN; here a NaN passes its own on. */
    const besideNan = (i: number): boolean => first[i] === 'nan' || second[i] === 'nan';
    gradients(run(a, b), [a, b]).forEach((gradient, k) => {
      const expected = data.binary[name][k] as readonly Encoded[];
      const isClamp = name.startsWith('clamp');
      const kept = expected.map((entry, i) => (isClamp && besideNan(i) ? gradient[i] : entry));
      agree(gradient, kept, (i) => `at (${first[i]}, ${second[i]}), operand ${k}`);
    });
  });
}

// -------------------------------------------------------------------------------------------------------- whole tensors

const int = (...values: readonly number[]): Tensor => indices(values);

const tensors: { readonly [K in keyof typeof data.tensors]: (x: Tensor) => Result } = {
  'max of ties': (x) => x.max(),
  'min of ties': (x) => x.min(),
  'max with NaN': (x) => x.max(),
  'min with NaN': (x) => x.min(),
  'amax of ties': (x) => x.amax(1),
  'amax of all ties': (x) => x.amax(),
  'amin of ties': (x) => x.amin(0),
  'amax with NaN': (x) => x.amax(1),
  'max along a dim of ties': (x) => x.max(1),
  'max along a dim with NaN': (x) => x.max(1),
  'min along a dim of ties': (x) => x.min(0),
  'prod, one zero': (x) => x.prod(),
  'prod, two zeros': (x) => x.prod(),
  'prod along a dim, zeros': (x) => x.prod(1),
  'cumprod, one zero': (x) => x.cumprod(0),
  'cumprod, two zeros': (x) => x.cumprod(0),
  'cumprod along a dim, zeros': (x) => x.cumprod(1),
  'cumprod, a zero first': (x) => x.cumprod(0),
  'std of equals': (x) => x.std(),
  'std of one': (x) => x.std(1),
  'var of one': (x) => x.var(1),
  'std of one, biased': (x) => x.std(false),
  'std along a dim, one of equals': (x) => x.std(1),
  'var of equals': (x) => x.var(),
  'norm 2 of a zero row': (x) => norm(x, 2, 1),
  'norm 1 of a zero row': (x) => norm(x, 1, 1),
  'norm 3 of a zero row': (x) => norm(x, 3, 1),
  'norm 1.5 of a zero row': (x) => norm(x, 1.5, 1),
  'norm 0.5 of a zero row': (x) => norm(x, 0.5, 1),
  'norm inf of ties': (x) => norm(x, Infinity, 1),
  'norm -inf of ties': (x) => norm(x, -Infinity, 1),
  'norm 2 of all zeros': (x) => x.norm(),
  'logsumexp with -inf': (x) => x.logsumexp(1),
  'logsumexp with inf': (x) => x.logsumexp(0),
  'softmax with -inf': (x) => x.softmax(1),
  'logSoftmax with -inf': (x) => x.logSoftmax(1).slice(1, null, null, 2),
  'sort of ties': (x) => x.sort({ stable: true }),
  'topk of NaN': (x) => x.topk(2),
  'median of ties': (x) => x.sort({ stable: true }).values.select(0, 2),
  'mean of nothing': (x) => x.mean(),
  'sum of nothing': (x) => x.sum(),
  'maxPool of ties': (x) => maxPool1d(x, 2, 1),
  'maxPool with NaN': (x) => maxPool1d(x, 2),
  'maxPool2d of ties, padded': (x) => maxPool2d(x, 2, 1, 1),
  'adaptiveMaxPool of ties': (x) => adaptiveMaxPool1d(x, 3),
  'nllLoss, all ignored': (x) => nllLoss(x, int(-100, -100)),
  'nllLoss, all ignored, summed': (x) => nllLoss(x, int(-100, -100), { reduction: 'sum' }),
  'nllLoss of -inf': (x) => nllLoss(x, int(0, 1)),
  'batchNorm of equals': (x) => batchNorm(x, null, null, { training: true }),
  'an index twice': (x) => index(x, [int(0, 0, 2)]),
  'gather twice': (x) => gather(x, 0, int(1, 1)),
  'scatter over what was there': (x) => scatter(x, 0, int(1), 5),
  'fill over what was there': (x) => x.mul(2).fill_(3).add(x),
  expand: (x) => x.expand(2, 3),
  'overlapping windows': (x) => x.unfold(0, 3, 1),
  'asStrided, repeated': (x) => x.asStrided([3, 2], [0, 1]),
};

for (const [name, run] of Object.entries(tensors) as [keyof typeof data.tensors, (x: Tensor) => Result][]) {
  test(`PyTorch's gradient: ${name}`, () => {
    const { shape, data: values, gradient } = data.tensors[name];
    const x = leaf(values, shape);
    agree(gradients(run(x), [x])[0], gradient, (i) => `element ${i}`);
  });
}

/** The second derivative of the sum of `f` at x, each element with itself. */
function second(f: (x: Tensor) => Tensor, at: readonly number[]): readonly number[] {
  const x = leaf(at);
  const [first] = grad(f(x), x, ones(f(x).shape, { dtype: 'float64' }), { createGraph: true });
  return numbers(grad(first as Tensor, x, onesLike(x))[0] as Tensor);
}

test('the second derivative of elu, celu and selu at 0 is 0, as in PyTorch', () => {
  for (const f of [elu, selu, (x: Tensor) => celu(x, 2)]) {
    const found = second(f, [0, -0, 1, -1]);
    agree(found.slice(0, 3), [0, 0, 0], (i) => `element ${i}`);
    assert.ok(found[3] > 0, 'curved below 0');
  }
});

test('norms have a second derivative at the origin, which is 0, as in PyTorch', () => {
  for (const p of [2, 3, 4])
    agree(
      second((x) => norm(x, p), [0, 0]),
      [0, 0],
      (i) => `norm ${p}, element ${i}`,
    );
});

// ------------------------------------------------------------------------------------------- where PyTorch is not followed

test('asStrided refuses a gradient of elements that its input does not show, which PyTorch drops', () => {
  const x = tensor([1, 2, 3, 4], { dtype: 'float64', requiresGrad: true });
  const before = x.slice(0, 2).asStrided([2], [1], 1);
  assert.throws(
    () => before.sum().backward(),
    (error: unknown) => error instanceof NotImplementedError,
  );
  const between = x.slice(0, 0, 4, 2).asStrided([2], [1], 0);
  assert.throws(
    () => between.sum().backward(),
    (error: unknown) => error instanceof NotImplementedError,
  );
  const twice = x.unfold(0, 2, 1).asStrided([2], [1]);
  assert.throws(
    () => twice.sum().backward(),
    (error: unknown) => error instanceof NotImplementedError,
  );
});

test.run();
