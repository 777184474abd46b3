/**
 * Products of vectors, matrices and batches of matrices. `matmul` composes the others as PyTorch does, so the tape shows
 * PyTorch's node names.
 */

import { allocate } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { isFloating } from '../dtype.ts';
import { DTypeError, ShapeError, show, ValueError } from '../errors.ts';
import { runAddScaled, runBinary, runCopy, runGemm } from '../kernels.ts';
import type { Shape } from '../layout.ts';
import { broadcastShapes, broadcastStrides, formatShape, isContiguous, sizeOf } from '../layout.ts';
import { isOptions, named } from '../options.ts';
import type { MatrixView } from '../reference/matmul.ts';
import { gemm } from '../reference/matmul.ts';
import type { Tensor } from '../tensor.ts';
import { rowMajor } from '../wasm/rowMajor.ts';
import { fastGemm } from '../wasm/select.ts';
import { refuseBool } from './arguments.ts';
import { mul } from './elementwise.ts';
import type { MatmulOps } from './list.ts';
import { checkSameDType } from './places.ts';
import { checkTensor } from './tensors.ts';
import { expand, reshape, squeeze, t, transpose, unsafeView, unsqueeze, view } from './view.ts';

/** The dimensions `row` and `column` of a tensor as a matrix, null for one of size 1; `batch` counts several. */
function matrix(self: Tensor, row: number | null, column: number | null, batch: number | null = null): MatrixView {
  const { storage, strides, offset } = self;
  return {
    storage,
    offset,
    batchStride: batch === null ? 0 : strides[batch],
    rowStride: row === null ? 0 : strides[row],
    columnStride: column === null ? 0 : strides[column],
  };
}

function checkDTypes(op: string, a: Tensor, b: Tensor): void {
  checkSameDType(op, 'other', a, b);
  refuseBool(op, a.dtype);
}

/** @throws ShapeError when `x` does not broadcast to `shape`, without changing it */
function checkExpands(op: string, name: string, x: Tensor, shape: Shape): void {
  const lead = shape.length - x.ndim;
  if (lead >= 0 && x.shape.every((n, d) => n === 1 || n === shape[lead + d])) return;
  throw new ShapeError(`${name} of shape ${formatShape(x.shape)} cannot be expanded to ${formatShape(shape)}`, {
    op,
    operands: { [name]: x.shape, shape },
  });
}

function mismatch(op: string, a: Tensor, b: Tensor): never {
  throw new ShapeError(
    `shapes cannot be multiplied (${a.shape.join('x')} and ${b.shape.join('x')}); the last size of the first must equal the ` +
      'first of the second',
    { op, operands: { self: a.shape, other: b.shape } },
  );
}

function checkDims(op: string, name: string, x: Tensor, ndim: number): void {
  if (x.ndim !== ndim) {
    throw new ShapeError(`${name} must be ${ndim}-D, but has shape ${formatShape(x.shape)}`, {
      op,
      operands: { [name]: x.shape },
    });
  }
}

const dotForward: MatmulOps['dot'] = (a, b) => {
  const out = allocate([], a.dtype);
  runGemm(1, 1, 1, a.shape[0], matrix(a, null, 0), matrix(b, 0, null), matrix(out, null, null));
  return out;
};

/**
 * Scalar product of two vectors: `[n] · [n]` → `[]`.
 *
 * @example
 * dot(ones(3), arange(1, 4)); // tensor(6.)
 */
export function dot(self: Tensor, other: Tensor): Tensor {
  checkTensor('dot', 'self', self);
  checkTensor('dot', 'other', other);
  if (self.ndim !== 1 || other.ndim !== 1) {
    throw new ShapeError(`1D tensors expected, but got ${self.ndim}D and ${other.ndim}D tensors`, {
      op: 'dot',
      operands: { self: self.shape, other: other.shape },
    });
  }
  if (self.shape[0] !== other.shape[0]) {
    throw new ShapeError(
      `inconsistent tensor size, expected both to have the same number of elements, but got ${self.shape[0]} and ${other.shape[0]}`,
      { op: 'dot', operands: { self: self.shape, other: other.shape } },
    );
  }
  checkDTypes('dot', self, other);
  return dispatch('dot', dotForward, [self, other]);
}

const mvForward: MatmulOps['mv'] = (a, x) => {
  const out = allocate([a.shape[0]], a.dtype);
  runGemm(1, a.shape[0], 1, a.shape[1], matrix(a, 0, 1), matrix(x, 0, null), matrix(out, 0, null));
  return out;
};

/** Matrix times vector: `[n, m] · [m]` → `[n]`. */
export function mv(self: Tensor, vec: Tensor): Tensor {
  checkTensor('mv', 'self', self);
  checkTensor('mv', 'vec', vec);
  checkDims('mv', 'self', self, 2);
  checkDims('mv', 'vec', vec, 1);
  if (self.shape[1] !== vec.shape[0]) mismatch('mv', self, vec);
  checkDTypes('mv', self, vec);
  return dispatch('mv', mvForward, [self, vec]);
}

const mmForward: MatmulOps['mm'] = (a, b) => {
  const out = allocate([a.shape[0], b.shape[1]], a.dtype);
  runGemm(1, a.shape[0], b.shape[1], a.shape[1], matrix(a, 0, 1), matrix(b, 0, 1), matrix(out, 0, 1));
  return out;
};

/** Matrix product: `[n, k] · [k, m]` → `[n, m]`. */
export function mm(self: Tensor, mat2: Tensor): Tensor {
  checkTensor('mm', 'self', self);
  checkTensor('mm', 'mat2', mat2);
  checkDims('mm', 'self', self, 2);
  checkDims('mm', 'mat2', mat2, 2);
  if (self.shape[1] !== mat2.shape[0]) mismatch('mm', self, mat2);
  checkDTypes('mm', self, mat2);
  return dispatch('mm', mmForward, [self, mat2]);
}

const bmmForward: MatmulOps['bmm'] = (a, b) => {
  const [batch, m, k] = a.shape;
  const n = b.shape[2];
  const out = allocate([batch, m, n], a.dtype);
  runGemm(batch, m, n, k, matrix(a, 1, 2, 0), matrix(b, 1, 2, 0), matrix(out, 1, 2, 0));
  return out;
};

/** Batch of matrix products: `[b, n, k] · [b, k, m]` → `[b, n, m]`. */
export function bmm(self: Tensor, mat2: Tensor): Tensor {
  checkTensor('bmm', 'self', self);
  checkTensor('bmm', 'mat2', mat2);
  checkDims('bmm', 'self', self, 3);
  checkDims('bmm', 'mat2', mat2, 3);
  if (self.shape[0] !== mat2.shape[0] || self.shape[2] !== mat2.shape[1]) mismatch('bmm', self, mat2);
  checkDTypes('bmm', self, mat2);
  return dispatch('bmm', bmmForward, [self, mat2]);
}

const addmmForward: MatmulOps['addmm'] = (self, a, b, beta, alpha) => {
  const [m, k] = a.shape;
  const n = b.shape[1];
  const out = allocate([m, n], a.dtype);
  const operands = [matrix(a, 0, 1), matrix(b, 0, 1), matrix(out, 0, 1)] as const;
  const isPlain = alpha === 1 && (beta === 0 || beta === 1);
  if (fastGemm(1, m, n, k, ...operands, isPlain && beta === 1 ? addend(self, m, n) : null)) {
    if (isPlain) return out;
    // A beta of 0 ignores self, its NaNs included.
    if (beta === 0) runBinary('mul', out, alpha, out, a.dtype);
    else runAddScaled(beta === 1 ? self : scaled(self, beta), out, alpha, out, a.dtype);
    return out;
  }
  if (beta !== 0) runCopy(self, out);
  gemm(1, m, n, k, ...operands, alpha, beta);
  return out;
};

/** `self`, broadcast to m × n, as `fastGemm` adds it: with columns that follow each other or are all the same. */
function addend(self: Tensor, m: number, n: number): MatrixView {
  const last = self.ndim - 1;
  const isReady = self.ndim === 0 || self.shape[last] === 1 || self.strides[last] === 1;
  const { shape, strides, storage, offset } = isReady ? self : rowMajor(self);
  const [rowStride, columnStride] = broadcastStrides(shape, strides, [m, n]);
  return { storage, offset, batchStride: 0, rowStride, columnStride };
}

function scaled(self: Tensor, by: number): Tensor {
  const out = allocate(self.shape, self.dtype);
  runBinary('mul', self, by, out, self.dtype);
  return out;
}

export interface AddmmOptions {
  /** Multiplier of `self`; 1 by default. */
  readonly beta?: number;
  /** Multiplier of the product; 1 by default. */
  readonly alpha?: number;
}

function checkScalars(op: string, dtype: DType, beta: number, alpha: number): void {
  if (!isFloating(dtype) && !(Number.isInteger(beta) && Number.isInteger(alpha))) {
    throw new DTypeError(`beta and alpha must be integers for ${dtype} tensors, but got ${beta} and ${alpha}`, {
      op,
      operands: { beta, alpha },
    });
  }
}

/** `beta * self + alpha * (mat1 · mat2)`; `self` broadcasts to `[n, m]`. A beta of 0 ignores `self`, NaNs included. */
export function addmm(self: Tensor, mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor {
  checkTensor('addmm', 'self', self);
  checkTensor('addmm', 'mat1', mat1);
  checkTensor('addmm', 'mat2', mat2);
  const [beta = 1, alpha = 1] = named<[number, number]>('addmm', ['beta', 'alpha'], [options]);
  checkDims('addmm', 'mat1', mat1, 2);
  checkDims('addmm', 'mat2', mat2, 2);
  if (mat1.shape[1] !== mat2.shape[0]) mismatch('addmm', mat1, mat2);
  checkDTypes('addmm', mat1, mat2);
  checkDTypes('addmm', self, mat1);
  checkScalars('addmm', mat1.dtype, beta, alpha);
  checkExpands('addmm', 'self', self, [mat1.shape[0], mat2.shape[1]]);
  return dispatch('addmm', addmmForward, [self, mat1, mat2, beta, alpha]);
}

/** `beta * self + alpha * (batch1 · batch2)`, batch by batch; `self` broadcasts. A beta of 0 ignores `self`, NaNs included. */
export function baddbmm(self: Tensor, batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor {
  checkTensor('baddbmm', 'self', self);
  checkTensor('baddbmm', 'batch1', batch1);
  checkTensor('baddbmm', 'batch2', batch2);
  const [beta = 1, alpha = 1] = named<[number, number]>('baddbmm', ['beta', 'alpha'], [options]);
  checkDims('baddbmm', 'batch1', batch1, 3);
  checkDims('baddbmm', 'batch2', batch2, 3);
  checkDTypes('baddbmm', batch1, batch2);
  checkDTypes('baddbmm', self, batch1);
  checkScalars('baddbmm', batch1.dtype, beta, alpha);
  checkExpands('baddbmm', 'self', self, [batch1.shape[0], batch1.shape[1], batch2.shape[2]]);
  const product = bmm(batch1, batch2);
  const scaled = alpha === 1 ? product : mul(product, alpha);
  return beta === 0 ? scaled : scaled.add(beta === 1 ? self : mul(self, beta));
}

/**
 * The product of PyTorch's `@`, by the dimensions of its operands: 1·1 scalar product; 2·2 matrix product; 2·1 and 1·2 with the
 * vector as column or row; beyond that batches, whose leading dimensions broadcast.
 *
 * @throws ShapeError when the inner sizes differ, or for a 0-d operand
 *
 * @example
 * matmul(ones(2, 3), ones(3, 4)).shape; // [2, 4]
 * matmul(ones(5, 1, 2, 3), ones(7, 3, 4)).shape; // [5, 7, 2, 4]
 */
export function matmul(self: Tensor, other: Tensor): Tensor {
  checkTensor('matmul', 'self', self);
  checkTensor('matmul', 'other', other);
  const a = self.ndim;
  const b = other.ndim;
  if (a === 0 || b === 0) {
    throw new ShapeError(`both arguments need to be at least 1D, but they are ${a}D and ${b}D`, {
      op: 'matmul',
      operands: { self: self.shape, other: other.shape },
    });
  }
  checkDTypes('matmul', self, other);
  if (a === 1 && b === 1) return dot(self, other);
  if (a === 2 && b === 2) return mm(self, other);
  if (a === 2 && b === 1) return mv(self, other);
  if (a === 1 && b === 2) return squeeze(mm(unsqueeze(self, 0), other), 0);
  return batchedMatmul(self, other);
}

function batchedMatmul(self: Tensor, other: Tensor): Tensor {
  const k = self.shape[self.ndim - 1];
  const inner = other.shape[Math.max(other.ndim - 2, 0)];
  if (k !== inner) mismatch('matmul', self, other);
  // A batch of matrices times one matrix or vector is one tall product.
  if (self.ndim >= 3 && other.ndim <= 2) {
    const rows = sizeOf(self.shape.slice(0, -1));
    const flat = reshape(self, [rows, k]);
    const lead = self.shape.slice(0, -1);
    return other.ndim === 1
      ? unsafeView(mv(flat, other), lead)
      : unsafeView(mm(flat, other), [...lead, other.shape[1]]);
  }
  // One vector or matrix times a batch: the same, transposed.
  if (self.ndim === 1) return squeeze(batchedMatmul(unsqueeze(self, 0), other), -2);
  const m = self.shape[self.ndim - 2];
  const n = other.shape[other.ndim - 1];
  const batch = broadcastShapes('matmul', self.shape.slice(0, -2), other.shape.slice(0, -2));
  const count = sizeOf(batch);
  const lhs = reshape(expand(self, [...batch, m, k]), [count, m, k]);
  const rhs = reshape(expand(other, [...batch, k, n]), [count, k, n]);
  return unsafeView(bmm(lhs, rhs), [...batch, m, n]);
}

/** Outer product of two vectors: `[n] ⊗ [m]` → `[n, m]`. */
export function outer(self: Tensor, vec2: Tensor): Tensor {
  checkTensor('outer', 'self', self);
  checkTensor('outer', 'vec2', vec2);
  checkDims('outer', 'self', self, 1);
  checkDims('outer', 'vec2', vec2, 1);
  return mul(unsqueeze(self, 1), vec2);
}

/**
 * `input · weightᵀ + bias`: input `[…, in]`, weight `[out, in]`, bias `[out]` or null → `[…, out]`.
 *
 * @throws ShapeError when the last size of the input is not that of the weight
 */
export function linear(input: Tensor, weight: Tensor, bias: Tensor | null | { bias?: Tensor | null } = null): Tensor {
  checkTensor('linear', 'input', input);
  checkTensor('linear', 'weight', weight);
  if (isOptions(bias)) return linear(input, weight, named<[Tensor | null]>('linear', ['bias'], [bias])[0]);
  if (weight.ndim > 2 || input.ndim === 0 || input.shape[input.ndim - 1] !== weight.shape[weight.ndim - 1]) {
    throw new ShapeError(
      `input of shape ${formatShape(input.shape)} and weight of shape ${formatShape(weight.shape)} cannot be multiplied; the ` +
        'last sizes must be equal',
      { op: 'linear', operands: { input: input.shape, weight: weight.shape } },
    );
  }
  checkDTypes('linear', input, weight);
  if (bias !== null) {
    checkDTypes('linear', bias, weight);
    checkExpands('linear', 'bias', bias, [...input.shape.slice(0, -1), ...weight.shape.slice(0, -1)]);
  }
  if (weight.ndim === 1) {
    const out = matmul(input, weight);
    return bias === null ? out : out.add(bias);
  }
  if (bias !== null && input.ndim === 2) return addmm(bias, input, t(weight));
  // As PyTorch: one product of all rows, so that the bias is added where it ends.
  if (bias !== null && bias.ndim === 1 && input.ndim === 3 && isContiguous(input.shape, input.strides)) {
    const [batch, rows, size] = input.shape;
    const out = addmm(bias, reshape(input, [batch * rows, size]), t(weight));
    return view(out, [batch, rows, weight.shape[0]]);
  }
  const out = matmul(input, t(weight));
  return bias === null ? out : out.add(bias);
}

/**
 * Sums of products over shared subscripts, in Einstein's notation: one letter a dimension, commas between operands. `...` stands for
 * the dimensions that are not named, aligned at the end and broadcast. A letter used twice in one operand takes its diagonal.
 * Without `->`, the result has the dimensions of `...` and then, in alphabetical order, the letters that appear once.
 *
 * @throws ShapeError when the equation and the operands do not fit; ValueError, DTypeError when one is something else
 *
 * @example
 * einsum('ij,jk->ik', a, b); // a matrix product
 * einsum('...ij->...ji', x); // transposed matrices
 */
export function einsum(equation: string, ...operands: readonly Tensor[] | readonly [readonly Tensor[]]): Tensor {
  const list = (Array.isArray(operands[0]) ? operands[0] : operands) as readonly Tensor[];
  if (typeof equation !== 'string') {
    throw new ValueError(`expects an equation first, but got ${show(equation)}`, {
      op: 'einsum',
      operands: { equation },
    });
  }
  for (const x of list) checkTensor('einsum', 'an operand', x);
  return contract(equation.replace(/\s+/g, ''), list);
}

/** Stands for dimension `i` of an ellipsis, counted from its end: a character that no equation holds. */
const ellipsisLabel = (i: number): string => String.fromCharCode(0xe000 + i);

/** The labels of `count` dimensions of an ellipsis. */
const ellipsisLabels = (count: number): string =>
  Array.from({ length: count }, (_, i) => ellipsisLabel(count - 1 - i)).join('');

/** Operands are contracted from left to right, each pair as one batched matrix product. */
function contract(equation: string, operands: readonly Tensor[]): Tensor {
  const bad = (rule: string): never => {
    throw new ShapeError(
      `${rule}, equation '${equation}', shapes ${operands.map((x) => formatShape(x.shape)).join(', ')}`,
      {
        op: 'einsum',
        operands: { equation },
      },
    );
  };
  const sides = equation.split('->');
  if (sides.length > 2) bad("the equation must have at most one '->'");
  const [left, right] = sides;
  const given = left.split(',');
  if (operands.length === 0 || given.length !== operands.length) {
    bad(`the equation names ${given.length} operands but ${operands.length} are given`);
  }
  for (const side of right === undefined ? given : [...given, right]) {
    if (!/^[a-zA-Z]*(\.\.\.)?[a-zA-Z]*$/.test(side)) bad("subscripts must be letters and at most one '...'");
  }
  let widest = 0;
  const terms = given.map((text, i) => {
    const { ndim } = operands[i];
    const letters = text.replace('...', '').length;
    const rest = ndim - letters;
    if (rest < 0 || (rest > 0 && !text.includes('...')))
      bad(`operand ${i} has ${ndim} dimensions but ${letters} subscripts`);
    widest = Math.max(widest, rest);
    return text.replace('...', ellipsisLabels(rest));
  });
  const sizes = new Map<string, number>();
  const counts = new Map<string, number>();
  terms.forEach((labels, i) => {
    [...labels].forEach((label, d) => {
      const size = operands[i].shape[d];
      const twin = labels.indexOf(label);
      if (operands[i].shape[twin] !== size) {
        bad(
          `subscript ${label} is repeated for operand ${i} but the sizes don't match, ${operands[i].shape[twin]} and ${size}`,
        );
      }
      const known = sizes.get(label) ?? 1;
      if (known !== size && known !== 1 && size !== 1) bad(`subscript ${label} has sizes ${known} and ${size}`);
      sizes.set(label, known === 1 ? size : known);
      counts.set(label, (counts.get(label) ?? 0) + 1);
    });
  });
  const once = [...counts.keys()].filter((label) => counts.get(label) === 1 && /[a-zA-Z]/.test(label));
  const output =
    right === undefined ? ellipsisLabels(widest) + once.sort().join('') : right.replace('...', ellipsisLabels(widest));
  for (const label of output) if (!sizes.has(label)) bad(`output subscript ${label} is in no operand`);
  if (new Set(output).size !== output.length) bad('an output subscript appears twice');
  let result = term(operands[0], terms[0]);
  let labels = [...new Set(terms[0])].join('');
  for (let i = 1; i < operands.length; i++) {
    const rest = terms.slice(i + 1).join('') + output;
    const next = pair(result, labels, term(operands[i], terms[i]), [...new Set(terms[i])].join(''), rest);
    [result, labels] = next;
  }
  const drop = [...labels].map((label, d) => (output.includes(label) ? -1 : d)).filter((d) => d >= 0);
  if (drop.length > 0) result = result.sum(drop);
  const kept = [...labels].filter((label) => output.includes(label)).join('');
  return kept === output ? result : result.permute([...output].map((label) => kept.indexOf(label)));
}

/** An operand with repeated subscripts reduced to their diagonal. */
function term(x: Tensor, labels: string): Tensor {
  for (let d = 0; d < labels.length; d++) {
    const twin = labels.indexOf(labels[d], d + 1);
    if (twin < 0) continue;
    const rest = labels.slice(0, d) + labels.slice(d + 1, twin) + labels.slice(twin + 1) + labels[d];
    const diagonal = term(x.diagonal(0, d, twin), rest);
    const order = [...new Set(labels)].map((label) => [...new Set(rest)].indexOf(label));
    return diagonal.permute(order);
  }
  return x;
}

/** The product of two operands, summed over the labels that nothing later needs, as one batched matrix product. */
function pair(a: Tensor, la: string, b: Tensor, lb: string, later: string): [Tensor, string] {
  const summedAlone = (labels: string, other: string): number[] =>
    [...labels].map((label, d) => (!other.includes(label) && !later.includes(label) ? d : -1)).filter((d) => d >= 0);
  const aloneA = summedAlone(la, lb);
  if (aloneA.length > 0)
    return pair(a.sum(aloneA), [...la].filter((_, d) => !aloneA.includes(d)).join(''), b, lb, later);
  const aloneB = summedAlone(lb, la);
  if (aloneB.length > 0)
    return pair(a, la, b.sum(aloneB), [...lb].filter((_, d) => !aloneB.includes(d)).join(''), later);
  const shared = [...la].filter((label) => lb.includes(label));
  const batch = shared.filter((label) => later.includes(label));
  const inner = shared.filter((label) => !later.includes(label));
  const onlyA = [...la].filter((label) => !lb.includes(label));
  const onlyB = [...lb].filter((label) => !la.includes(label));
  const sizeIn = (x: Tensor, labels: string, label: string): number =>
    labels.includes(label) ? x.shape[labels.indexOf(label)] : 1;
  // The one of the two that is not 1, as it may be 0.
  const size = (label: string): number => (sizeIn(a, la, label) === 1 ? sizeIn(b, lb, label) : sizeIn(a, la, label));
  const sizes = (labels: readonly string[]): number[] => labels.map(size);
  const arrange = (x: Tensor, labels: string, order: readonly string[], shape: Shape): Tensor =>
    x
      .permute(order.map((label) => labels.indexOf(label)))
      .expand(sizes(order))
      .reshape(shape);
  const count = sizeOf(sizes(batch));
  const m = sizeOf(sizes(onlyA));
  const n = sizeOf(sizes(onlyB));
  const k = sizeOf(sizes(inner));
  const product = bmm(
    arrange(a, la, [...batch, ...onlyA, ...inner], [count, m, k]),
    arrange(b, lb, [...batch, ...inner, ...onlyB], [count, k, n]),
  );
  const labels = [...batch, ...onlyA, ...onlyB];
  return [product.reshape(sizes(labels)), labels.join('')];
}

/**
 * `xᵀ` of the last two dimensions, as `x.mT`; a 0-d tensor is returned as it is.
 *
 * @throws ShapeError for one dimension
 */
export function matrixTranspose(self: Tensor): Tensor {
  checkTensor('matrixTranspose', 'self', self);
  if (self.ndim === 0) return self;
  if (self.ndim === 1) {
    throw new ShapeError('is only supported on matrices or batches of matrices, but got a 1-D tensor', {
      op: 'mT',
      operands: { self: self.shape },
    });
  }
  return transpose(self, -2, -1);
}
