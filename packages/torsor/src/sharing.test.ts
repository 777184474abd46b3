/**
 * Every op that costs time is shared among threads, forward and backward: on large operands it makes at least one launch of several
 * tasks, and gives the bits of one thread. What is not shared is written down here, with the reason.
 */

import type { Executor, Launch, OpName, Rows } from '@torsor/core';
import * as t from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { autograd } from './index.ts';

type Tensor = t.Tensor;
type Result = Tensor | Iterable<Tensor>;

/** Sets up operands of about 2^18 elements, and calls the op on them. Those that are given to `leaf` require gradients. */
interface Large {
  readonly call: (leaf: <T extends Tensor>(x: T) => T) => () => Result;
  /** Why the gradient is not shared, if it is not. */
  readonly serialBackward?: string;
}

/** An op of the list on large operands; or why nothing of it is shared. */
type Case = Large | string;

const [ROWS, COLUMNS] = [512, 520];
const matrix = (): Tensor => t.rand(ROWS, COLUMNS).mul(0.9).add(0.05);
/** Far from singular. */
const square = (): Tensor => t.rand(160, 160).add(t.eye(160).mul(100));
const mask = (): Tensor => matrix().gt(0.5);
const image = (): Tensor => t.rand(8, 16, 48, 48);
const pixels = { stride: [1, 1], padding: [1, 1], dilation: [1, 1] } as const;
const pool = { ...pixels, kernelSize: [3, 3], padding: [0, 0], stride: [2, 2], ceilMode: false } as const;
const average = { ...pool, countIncludePad: true, divisorOverride: null } as const;
const VIEW = 'a view: nothing is computed';
const LOOP = 'a loop computes it: rare, and of a length that depends on the element';
/** Gradients that are that of the result, or part of it, under another shape. */
const PASSED_ON = 'the gradient is passed on as it is';

const of = (call: Large['call'], serialBackward?: string): Large => ({ call, serialBackward });
const one = (run: (x: Tensor) => Result, make = matrix, serialBackward?: string): Large =>
  of((leaf) => {
    const x = leaf(make());
    return () => run(x);
  }, serialBackward);
const two = (run: (x: Tensor, y: Tensor) => Result, make = matrix, serialBackward?: string): Large =>
  of((leaf) => {
    const [x, y] = [leaf(make()), leaf(make())];
    return () => run(x, y);
  }, serialBackward);
/** With an operand that is made beforehand, and needs no gradient. */
const withOther = (
  other: () => Tensor,
  run: (x: Tensor, y: Tensor, other: Tensor) => Result,
  make = matrix,
  serialBackward?: string,
): Large =>
  of((leaf) => {
    const [x, y, z] = [leaf(make()), leaf(make()), other()];
    return () => run(x, y, z);
  }, serialBackward);
const places = (): Tensor => t.randint(0, COLUMNS, [ROWS, COLUMNS]);
const rows = (): Tensor => t.randint(0, ROWS, [ROWS]);
/** Where the largest entries of windows are. */
const maxima = (): Tensor => t.maxPool2d(image(), 2, { returnIndices: true })[1];

/** One case for each of several ops, whose functions have their names. */
function each<K extends OpName>(names: readonly K[], make: (name: K) => Case): Record<K, Case> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, Case>;
}
const named = t as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Tensor>>;

const cases: { readonly [K in OpName]: Case } = {
  ...each(
    [
      ...(['neg', 'abs', 'sign', 'exp', 'exp2', 'expm1', 'log', 'log2', 'log10', 'log1p', 'sqrt', 'rsqrt'] as const),
      ...(['reciprocal', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh'] as const),
      ...(['atanh', 'sigmoid', 'logSigmoid', 'relu', 'silu', 'mish', 'hardswish', 'hardsigmoid', 'erf'] as const),
      ...(['erfc', 'erfinv', 'floor', 'ceil', 'round', 'trunc', 'logicalNot', 'isnan', 'isinf', 'isfinite'] as const),
      ...(['gelu', 'elu', 'leakyRelu', 'softplus', 'hardtanh', 'hardshrink', 'softshrink'] as const),
    ],
    (name) => one((x) => named[name](x)),
  ),
  clone: one((x) => x.clone(), matrix, PASSED_ON),
  nanToNum: 'a loop computes it: rare',
  acosh: one(
    (x) => x.acosh(),
    () => matrix().add(1),
  ),
  lgamma: LOOP,
  digamma: LOOP,
  threshold: one((x) => t.threshold(x, 0.5, 0)),
  clamp: one((x) => x.clamp(0.2, 0.7)),
  ...each(
    [
      ...(['sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'atan2', 'remainder', 'fmod', 'xlogy'] as const),
      ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'logicalAnd', 'logicalOr', 'logicalXor'] as const),
    ],
    (name) => two((x, y) => named[name](x, y)),
  ),
  prelu: one((x) => t.prelu(x, t.full([x.shape[1]], 0.2))),
  add: two((x, y) => x.add(y), matrix, PASSED_ON),
  divRounded: 'a loop computes it: rare',
  ...each(['bitwiseAnd', 'bitwiseOr', 'bitwiseXor'], () => 'a loop computes it: of integers, and rare'),
  bitwiseNot: 'a loop computes it: of integers, and rare',
  thresholdBackward: two((x, y) => t.thresholdBackward(x, y, 0.5)),
  where: withOther(mask, (x, y, condition) => t.where(condition, x, y)),
  lerp: two((x, y) => t.lerp(x, y, 0.3)),
  addcmul: two((x, y) => t.addcmul(x, x, y)),
  addcdiv: two((x, y) => t.addcdiv(x, x, y)),
  maskedFill: withOther(mask, (x, _, condition) => x.maskedFill(condition, 1)),
  to: one((x) => x.to('float64')),
  copy: withOther(matrix, (_, y, other) => other.detach().copy_(y), matrix, PASSED_ON),
  fill: withOther(matrix, (_x, _y, other) => other.detach().fill_(3)),
  ...each(['sum', 'mean'], (name) => one((x) => named[name](x, 1), matrix, PASSED_ON)),
  ...each(['amax', 'amin', 'logsumexp', 'max', 'min'], (name) => one((x) => named[name](x, 1))),
  prod: one((x) => t.prod(x, 1)),
  maxDim: one((x) => t.max(x, 1)),
  minDim: one((x) => t.min(x, 1)),
  argmax: one((x) => t.argmax(x)),
  argmin: one((x) => t.argmin(x, 0)),
  var: one((x) => t.variance(x, 1)),
  std: one((x) => t.std(x, 0)),
  norm: one((x) => t.norm(x, 2, 1)),
  any: one((x) => t.any(x, 1)),
  all: one((x) => t.all(x, 1)),
  cumsum: one((x) => x.cumsum(1)),
  cumprod: one((x) => x.cumprod(1)),
  sort: one((x) => t.sort(x, 1)),
  topk: one((x) => t.topk(x, 5)),
  softmax: one((x) => t.softmax(x, 1)),
  logSoftmax: one((x) => t.logSoftmax(x, 0)),
  softmaxBackward: two((g, y) => t.softmaxBackward(g, y, 1)),
  logSoftmaxBackward: two((g, y) => t.logSoftmaxBackward(g, y, 0)),
  dot: 'one result, whose additions have one order',
  mv: two((x, y) => t.mv(x, y.select(0, 0))),
  mm: two((x, y) => x.mm(y.t())),
  bmm: two((x, y) => t.bmm(x.view(8, 64, COLUMNS), y.view(8, COLUMNS, 64))),
  addmm: two((x, y) => t.addmm(x.narrow(1, 0, ROWS), x, y.t())),
  ...each(['view', 'unsafeView', 'alias', 't', 'transpose', 'permute', 'select', 'slice', 'squeeze'], () => VIEW),
  ...each(['unsqueeze', 'expand', 'unfold', 'diagonal', 'asStrided', 'split', 'unbind'], () => VIEW),
  selectBackward: one((g) => t.selectBackward(g, [2, ROWS, COLUMNS], 0, 1), matrix, PASSED_ON),
  sliceBackward: one((g) => t.sliceBackward(g, [ROWS, 2 * COLUMNS], 1, 0, COLUMNS, 1), matrix, PASSED_ON),
  unfoldBackward: one((g) => t.unfoldBackward(g.view(ROWS, 52, 10), [ROWS, 520], 1, 10, 10), matrix, PASSED_ON),
  diagonalBackward: one((g) => t.diagonalBackward(g.view(ROWS * 52, 10), [ROWS * 52, 10, 10], 0, 1, 2)),
  asStridedBackward: one((g) => t.asStridedBackward(g, [ROWS, COLUMNS], [COLUMNS, 1], 0), matrix, PASSED_ON),
  cat: two((x, y) => t.cat([x, y], 1), matrix, PASSED_ON),
  stack: two((x, y) => t.stack([x, y], 2), matrix, PASSED_ON),
  gather: withOther(places, (x, _, index) => t.gather(x, 1, index)),
  scatter: withOther(places, (x, y, index) => t.scatter(x, 1, index, y)),
  scatterAdd: withOther(places, (x, y, index) => t.scatterAdd(x, 1, index, y)),
  indexSelect: withOther(rows, (x, _, index) => t.indexSelect(x, 0, index)),
  indexAdd: withOther(rows, (x, y, index) => t.indexAdd(x, 0, index, y)),
  index: withOther(rows, (x, _, index) => x.at(index)),
  indexPut: withOther(rows, (x, y, index) => t.indexPut(x, [index], y)),
  ...each(['maskedSelect', 'nonzero'], () => 'a loop computes it: where an element goes depends on all before'),
  flip: one((x) => t.flip(x, [1])),
  roll: one((x) => t.roll(x, [3, 5], [0, 1])),
  repeat: one((x) => x.repeat(1, 2)),
  tril: one((x) => t.tril(x)),
  triu: one((x) => t.triu(x)),
  convolution: of((leaf) => {
    const [x, w] = [leaf(image()), leaf(t.rand(16, 16, 3, 3))];
    return () => t.conv2d(x, w, { padding: 1 });
  }),
  convBackwardInput: of((leaf) => {
    const [g, w] = [leaf(image()), leaf(t.rand(16, 16, 3, 3))];
    return () => t.convBackwardInput(g, w, [8, 16, 48, 48], { ...pixels, groups: 1 });
  }),
  convBackwardWeight: two((g, x) => t.convBackwardWeight(g, x, [16, 16, 3, 3], { ...pixels, groups: 1 }), image),
  maxPool: one((x) => t.maxPool2d(x, 3, { stride: 2, returnIndices: true }), image),
  maxPoolBackward: of((leaf) => {
    const indices = maxima();
    const g = leaf(t.rand(...indices.shape));
    return () => t.maxPoolBackward(g, indices, [8, 16, 48, 48], 2);
  }, 'it is maxPoolGather'),
  maxPoolGather: 'a loop computes it: part of second derivatives alone',
  avgPool: one((x) => t.avgPool2d(x, 3, { stride: 2 }), image),
  avgPoolBackward: one((g) => t.avgPoolBackward(g, [8, 16, 97, 97], average), image),
  adaptiveAvgPool: one((x) => t.adaptiveAvgPool2d(x, 8), image),
  adaptiveAvgPoolBackward: one((g) => t.adaptiveAvgPoolBackward(g, [8, 16, 96, 96], [48, 48]), image),
  adaptiveMaxPool: one((x) => t.adaptiveMaxPool2d(x, 24), image),
  pad: one((x) => t.pad(x, [1, 1, 1, 1]), image),
  padBackward: one((g) => t.padBackward(g, [8, 16, 46, 46], [1, 1, 1, 1], 'constant'), image),
  batchNorm: of((leaf) => {
    const [x, w, b] = [leaf(image()), leaf(t.rand(16)), leaf(t.rand(16))];
    return () => t.batchNorm(x, null, null, w, b, true);
  }),
  layerNorm: of((leaf) => {
    const [x, w, b] = [leaf(matrix()), leaf(t.rand(COLUMNS)), leaf(t.rand(COLUMNS))];
    return () => t.layerNorm(x, [COLUMNS], w, b);
  }),
  groupNorm: of((leaf) => {
    const [x, w, b] = [leaf(image()), leaf(t.rand(16)), leaf(t.rand(16))];
    return () => t.groupNorm(x, 4, w, b);
  }),
  nllLoss: 'one element of each row',
  nllLossBackward: withOther(rows, (x, _, target) => t.crossEntropy(x, target)),
  mseLoss: two((x, y) => t.mseLoss(x, y)),
  ...each(['erfcx', 'ndtri', 'i0', 'i0e', 'i1', 'i1e', 'zeta', 'igamma', 'igammac'], () => LOOP),
  cholesky: one((x) => t.cholesky(x.matmul(x.mT)), square),
  luFactor: one((x) => t.linalg.luFactor(x).LU, square),
  luSolve: two((x, y) => t.linalg.solve(x, y), square),
  det: one((x) => t.det(x.div(100)), square),
  slogdet: one((x) => t.slogdet(x).logabsdet, square),
  solveTriangular: two((x, y) => t.solveTriangular(x, y, { upper: false }), square),
  qr: one((x) => t.linalg.qr(x), square),
  eigh: one((x) => t.linalg.eigh(x.add(x.mT)).eigenvalues, square),
  svd: one((x) => t.linalg.svd(x).S, square),
  pinv: one((x) => t.pinverse(x), square),
};

/**
 * Counts launches of several tasks, by the rule by which a pool would share them, and runs them from the last task to the first: one
 * of the orders in which threads might.
 */
class Backwards implements Executor {
  readonly threads = 3;
  shared = 0;

  isWorthSharing(ns: number): boolean {
    return ns >= 12_000;
  }

  run({ name, emit, entry, args, tasks, ns }: Launch, memory: WebAssembly.Memory, scratchPtr: number): void {
    if (tasks > 1 && this.isWorthSharing(ns)) this.shared++;
    const run = t.kernel(name, emit, memory)[entry];
    for (let task = tasks - 1; task >= 0; task--) run(task, task + 1, scratchPtr, ...args);
  }

  runRows({ name, emit, entry, rows }: Rows): void {
    if (rows.length > 1) this.shared++;
    const run = t.kernel(name, emit, t.heap().memory)[entry];
    for (const row of [...rows].reverse()) run(...row);
  }
}

/** What `fn` gives under an executor; null for that of this thread alone. */
function under<T>(executor: Executor | null, fn: () => T): T {
  t.setExecutor(executor);
  try {
    return fn();
  } finally {
    t.setExecutor(null);
  }
}

const listOf = (result: Result): Tensor[] => (t.isTensor(result) ? [result] : [...result]);

function bits(x: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = x.detach().contiguous().toTypedArray();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Where the first byte is that differs; -1 if none does. */
function difference(got: Uint8Array, want: Uint8Array): number {
  for (let i = 0; i < want.length; i++) if (got[i] !== want[i]) return i;
  return got.length === want.length ? -1 : want.length;
}

/** @throws unless both have the same bits */
function checkBits(what: string, got: readonly Tensor[], want: readonly Tensor[]): void {
  want.forEach((y, k) => {
    const at = difference(bits(got[k]), bits(y));
    assert.is(at, -1, `${what} ${k} differs at byte ${at}`);
  });
}

const simd = t.features().simd ? test : test.skip;

for (const [op, given] of Object.entries(cases)) {
  if (typeof given === 'string') continue;
  simd(`${op} is shared on large operands, and so is its gradient; the bits are those of one thread`, () => {
    t.manualSeed(1);
    const leaves: Tensor[] = [];
    const run = given.call((x) => {
      x.requiresGrad_();
      leaves.push(x);
      return x;
    });
    const want = listOf(run());
    const recorded = (outputs: readonly Tensor[]): Tensor[] => outputs.filter(({ requiresGrad }) => requiresGrad);
    const gradOutputs = recorded(want).map((y) => t.rand(...y.shape));
    const gradients = (outputs: readonly Tensor[]): Tensor[] =>
      autograd.grad(recorded(outputs), leaves, { gradOutputs, allowUnused: true }).filter((g) => g !== null);
    const wanted = gradOutputs.length === 0 ? [] : gradients(want);
    const forward = new Backwards();
    const got = under(forward, () => listOf(run()));
    assert.ok(forward.shared > 0, 'no launch of several tasks');
    checkBits('result', got, want);
    if (gradOutputs.length === 0) return;
    const backward = new Backwards();
    const gotten = under(backward, () => gradients(got));
    checkBits('gradient', gotten, wanted);
    assert.is(backward.shared > 0, given.serialBackward === undefined, `its gradient: ${backward.shared} launches`);
  });
}

const SIZE = ROWS * COLUMNS;
const fills: Readonly<Record<string, () => Tensor>> = {
  zeros: () => t.zeros(4 * SIZE),
  full: () => t.full([SIZE], 0.1),
  arange: () => t.arange(SIZE),
  rand: () => t.rand(SIZE),
  randn: () => t.randn(SIZE),
  randint: () => t.randint(0, 1000, [SIZE], { dtype: 'int32' }),
  'randint of floats': () => t.randint(0, 1000, [SIZE], { dtype: 'float32' }),
  bernoulli_: () => t.zeros(SIZE).bernoulli_(0.3),
  uniform_: () => t.zeros(SIZE).uniform_(-1, 2),
  sgdStep: () => {
    const [param, grad, buffer] = [matrix(), matrix(), matrix()];
    t.sgdStep(param, grad, buffer, { lr: 0.1, momentum: 0.9 });
    return param;
  },
  adaptiveStep: () => {
    const [param, grad, square, mean, buffer] = [matrix(), matrix(), matrix().abs(), matrix(), matrix()];
    const state = { square, mean: mean.mul(0.01), largest: null, buffer };
    const factors = { stepSize: 0.1, beta1: 0.9, beta2: 0.99, fresh2: 0.01, scale2: 1, eps: 1e-8 };
    const others = { sign: 1, decay: 1, penalty: 0, gradSize: 0, momentum: 0.9 };
    t.adaptiveStep(param, grad, state, 'center', { ...factors, ...others });
    return param;
  },
};

for (const [name, make] of Object.entries(fills)) {
  simd(`${name} is shared; the bits are those of one thread`, () => {
    const seeded = (): Tensor[] => {
      t.manualSeed(3);
      return [make()];
    };
    const want = seeded();
    const executor = new Backwards();
    checkBits('result', under(executor, seeded), want);
    assert.ok(executor.shared > 0, 'no launch of several tasks');
  });
}

test.run();
