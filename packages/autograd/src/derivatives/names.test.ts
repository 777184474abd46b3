/** Names of gradient functions, and of those that they lead to, against PyTorch's, from `tools/fixtures/derivatives.py`. */

import type { GradFn, Tensor } from '@torsor/core';
import {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  addcdiv,
  addcmul,
  addmm,
  atan2,
  avgPool2d,
  batchNorm,
  cat,
  celu,
  conv1d,
  conv2d,
  convTranspose2d,
  crossEntropy,
  digamma,
  div,
  elu,
  exp2,
  fmod,
  gather,
  gelu,
  groupNorm,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  index,
  indexAdd,
  indexPut,
  layerNorm,
  leakyRelu,
  lerp,
  lgamma,
  linear,
  logSigmoid,
  maximum,
  maxPool2d,
  minimum,
  mish,
  mseLoss,
  nanToNum,
  nllLoss,
  norm,
  ones,
  onesLike,
  pad,
  pow,
  prelu,
  relu6,
  remainder,
  scatter,
  scatterAdd,
  selu,
  silu,
  softplus,
  softshrink,
  stack,
  tensor,
  threshold,
  tril,
  triu,
  where,
  xlogy,
} from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import data from '../fixtures/derivatives.json' with { type: 'json' };
import { grad } from '../index.ts';
import { indices } from './specs/spec.ts';

const leaf = (values: Parameters<typeof tensor>[0]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });
const x = leaf([
  [0.1, 0.2, 0.3],
  [0.4, 0.5, 0.6],
]);
const z = leaf([
  [0.6, 0.5, 0.4],
  [0.3, 0.2, 0.1],
]);
const v = leaf([0.1, 0.2, 0.3]);
const s = leaf(0.5);
const rows = indices([0, 1]);
const cells = indices([0, 1, 1], [1, 3]);
const signal = ones(1, 1, 6, { dtype: 'float64', requiresGrad: true });
const image = ones(1, 1, 4, 4, { dtype: 'float64', requiresGrad: true });
const batch = ones(2, 3, 3, { dtype: 'float64', requiresGrad: true });

const activations = {
  logSigmoid: () => logSigmoid(x),
  relu: () => x.relu(),
  silu: () => silu(x),
  mish: () => mish(x),
  hardswish: () => hardswish(x),
  hardsigmoid: () => hardsigmoid(x),
  gelu: () => gelu(x),
  elu: () => elu(x),
  celu: () => celu(x, 0.5),
  selu: () => selu(x),
  leakyRelu: () => leakyRelu(x),
  softplus: () => softplus(x),
  hardtanh: () => hardtanh(x),
  relu6: () => relu6(x),
  hardshrink: () => hardshrink(x),
  softshrink: () => softshrink(x),
  threshold: () => threshold(x, 0, 0),
};

const functions = {
  neg: () => x.neg(),
  abs: () => x.abs(),
  sign: () => x.sign(),
  exp: () => x.exp(),
  exp2: () => exp2(x),
  expm1: () => x.expm1(),
  log: () => x.log(),
  log2: () => x.log2(),
  log10: () => x.log10(),
  log1p: () => x.log1p(),
  sqrt: () => x.sqrt(),
  rsqrt: () => x.rsqrt(),
  reciprocal: () => x.reciprocal(),
  sin: () => x.sin(),
  cos: () => x.cos(),
  tan: () => x.tan(),
  asin: () => x.asin(),
  acos: () => x.acos(),
  atan: () => x.atan(),
  sinh: () => x.sinh(),
  cosh: () => x.cosh(),
  tanh: () => x.tanh(),
  asinh: () => x.asinh(),
  acosh: () => x.acosh(),
  atanh: () => x.atanh(),
  sigmoid: () => x.sigmoid(),
  erf: () => x.erf(),
  erfc: () => x.erfc(),
  erfinv: () => x.erfinv(),
  lgamma: () => lgamma(x),
  digamma: () => digamma(x),
  floor: () => x.floor(),
  ceil: () => x.ceil(),
  round: () => x.round(),
  trunc: () => x.trunc(),
  nanToNum: () => nanToNum(x),
  square: () => x.square(),
};

const operators = {
  clamp: () => x.clamp(0, 1),
  'clamp from below': () => x.clamp(0),
  add: () => x.add(z),
  'add a number': () => x.add(1),
  sub: () => x.sub(z),
  'sub a number': () => x.sub(1),
  'sub from a number': () => x.rsub(1),
  mul: () => x.mul(z),
  'mul by a number': () => x.mul(2),
  div: () => x.div(z),
  'div by a number': () => x.div(2),
  'div, rounded': () => div(x, z, { roundingMode: 'floor' }),
  pow: () => x.pow(z),
  'pow of a number': () => pow(2, x),
  'pow by a number': () => x.pow(2),
  maximum: () => maximum(x, z),
  minimum: () => minimum(x, z),
  'max of two': () => x.max(z),
  atan2: () => atan2(x, z),
  remainder: () => remainder(x, z),
  'remainder by a number': () => remainder(x, 2),
  fmod: () => fmod(x, z),
  'fmod by a number': () => fmod(x, 2),
  xlogy: () => xlogy(x, z),
  'xlogy of a number': () => xlogy(2, x),
  'xlogy by a number': () => xlogy(x, 2),
  prelu: () => prelu(x, x.detach().select(0, 0).narrow(0, 0, 1)),
  where: () => where(x.gt(0), x, z),
  lerp: () => lerp(x, z, v),
  'lerp by a number': () => lerp(x, z, 0.5),
  addcmul: () => addcmul(x, z, v),
  addcdiv: () => addcdiv(x, z, v),
  maskedFill: () => x.maskedFill(x.gt(0.3), s),
  'maskedFill by a number': () => x.maskedFill(x.gt(0.3), 1),
  clone: () => x.clone(),
  to: () => x.to('float32'),
  copy_: () => x.clone().copy_(z),
  fill_: () => x.clone().fill_(s),
  'fill_ by a number': () => x.clone().fill_(3),
  zero_: () => x.clone().zero_(),
  relu_: () => x.clone().relu_(),
};

const reductions = {
  sum: () => x.sum(),
  'sum along a dim': () => x.sum(1),
  'sum over all dims, kept': () => x.sum([0, 1], true),
  mean: () => x.mean(),
  'mean along a dim': () => x.mean(1),
  prod: () => x.prod(),
  'prod along a dim': () => x.prod(1),
  amax: () => x.amax(1),
  amin: () => x.amin(1),
  max: () => x.max(),
  min: () => x.min(),
  'max along a dim': () => x.max(1).values,
  'min along a dim': () => x.min(1).values,
  var: () => x.var(1),
  std: () => x.std(),
  norm: () => norm(x),
  logsumexp: () => x.logsumexp(1),
  cumsum: () => x.cumsum(0),
  cumprod: () => x.cumprod(0),
  sort: () => x.sort().values,
  'sort, stable': () => x.sort({ stable: true }).values,
  topk: () => x.topk(1).values,
  softmax: () => x.softmax(1),
  logSoftmax: () => x.logSoftmax(1),
};

const products = {
  dot: () => v.dot(v),
  mv: () => x.mv(v),
  mm: () => x.mm(z.t()),
  bmm: () => batch.bmm(batch),
  addmm: () => addmm(v, z.t(), x),
  'matmul of batches': () => image.matmul(image),
  'matmul of a batch and a matrix': () => batch.matmul(x.t()),
  linear: () => linear(x, z),
  'linear with bias': () => linear(x, z, v.slice(0, 0, 2)),
};

const views = {
  view: () => x.view(3, 2),
  'reshape that copies': () => x.t().reshape(6),
  t: () => x.t(),
  T: () => x.T,
  mT: () => x.mT,
  transpose: () => x.transpose(0, 1),
  permute: () => x.permute(1, 0),
  select: () => x.select(0, 1),
  slice: () => x.slice(0, 1),
  narrow: () => x.narrow(1, 0, 2),
  squeeze: () => signal.squeeze(),
  'squeeze of a dim': () => signal.squeeze(0),
  unsqueeze: () => x.unsqueeze(0),
  expand: () => v.expand(2, 3),
  unfold: () => v.unfold(0, 2, 1),
  diagonal: () => x.diagonal(),
  asStrided: () => x.asStrided([2], [1]),
  split: () => x.split(2, 1)[0],
  'split into sizes': () => x.split([1, 2], 1)[1],
  chunk: () => x.chunk(2)[1],
  unbind: () => x.unbind()[1],
};

const places = {
  cat: () => cat([x, z]),
  stack: () => stack([x, z]),
  gather: () => gather(x, 0, cells),
  scatter: () => scatter(x, 0, cells, z),
  'scatter of a number': () => scatter(x, 0, cells, 1),
  scatterAdd: () => scatterAdd(x, 0, cells, z),
  indexSelect: () => x.indexSelect(0, rows),
  indexAdd: () => indexAdd(x, 0, rows, z),
  index: () => index(x, [rows]),
  'index by a mask': () => index(x, [x.gt(0.3)]),
  indexPut: () => indexPut(x, [rows], v),
  maskedSelect: () => x.maskedSelect(x.gt(0.3)),
  flip: () => x.flip(0),
  roll: () => x.roll(1, 0),
  repeat: () => x.repeat(2, 1),
  tril: () => tril(x),
  triu: () => triu(x),
};

const layers = {
  conv1d: () => conv1d(signal, signal.slice(2, 0, 2), v.slice(0, 0, 1)),
  conv2d: () => conv2d(image, image),
  convTranspose2d: () => convTranspose2d(image, image),
  maxPool2d: () => maxPool2d(image, 2),
  avgPool2d: () => avgPool2d(image, 2),
  adaptiveAvgPool2d: () => adaptiveAvgPool2d(image, 2),
  adaptiveMaxPool2d: () => adaptiveMaxPool2d(image, 2),
  pad: () => pad(image, [1, 1]),
  'pad, reflect, 1-d': () => pad(signal, [1, 1], 'reflect'),
  'pad, reflect': () => pad(image, [1, 1, 1, 1], 'reflect'),
  'pad, replicate': () => pad(image, [1, 1, 1, 1], 'replicate'),
  batchNorm: () => batchNorm(x, null, null, v, v, true),
  'batchNorm, not affine': () => batchNorm(x, null, null, { training: true }),
  layerNorm: () => layerNorm(x, [3], v, v),
  groupNorm: () => groupNorm(image, 1, v.slice(0, 0, 1), v.slice(0, 0, 1)),
  'layerNorm, not affine': () => layerNorm(x, [3]),
  nllLoss: () => nllLoss(x, rows),
  'nllLoss of images': () => nllLoss(image.expand(1, 2, 4, 4), indices(new Array<number>(16).fill(0), [1, 4, 4])),
  crossEntropy: () => crossEntropy(x, rows),
  mseLoss: () => mseLoss(x, z),
};

/** A gradient that is on the tape itself. */
function again(result: Tensor, by: Tensor): Tensor {
  return grad(result, by, onesLike(result).requiresGrad_(), { createGraph: true })[0];
}

const calls: { readonly [K in keyof typeof data.names]: () => Tensor } = {
  ...activations,
  ...functions,
  ...operators,
  ...reductions,
  ...products,
  ...views,
  ...places,
  ...layers,
  'gradient of select': () => again(x.select(0, 1), x),
  'gradient of slice': () => again(x.slice(0, 1), x),
  'gradient of unfold': () => again(v.unfold(0, 2, 1), v),
  'gradient of diagonal': () => again(x.diagonal(), x),
  'gradient of relu': () => again(x.relu(), x),
  'gradient of softmax': () => again(x.softmax(1), x),
  'gradient of logSoftmax': () => again(x.logSoftmax(1), x),
};

const nameOf = (node: GradFn | null): string | null => node?.name ?? null;

for (const [call, run] of Object.entries(calls) as [keyof typeof data.names, () => Tensor][]) {
  test(`gradFn and nextFunctions have PyTorch's names: ${call}`, () => {
    const node = run().gradFn;
    const next = node?.nextFunctions.map(([before]) => nameOf(before)) ?? [];
    assert.equal([nameOf(node), ...next], data.names[call]);
  });
}

test.run();
