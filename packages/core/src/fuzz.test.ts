/**
 * Random cases of the ops that have kernels, each computed twice: as ever, and by the reference loops alone. Prints the seed.
 * `npm test` runs 10,000 cases on Node 24, some hundreds elsewhere.
 *
 *     TORSOR_FUZZ_SEED=7 TORSOR_FUZZ_CASES=100000 node --conditions=@torsor/source packages/core/src/fuzz.test.ts
 *
 * A failure names its seed, its family and the number of its case. `TORSOR_FUZZ_SEED=random` draws a seed.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType, Tensor } from './index.ts';
import * as torsor from './index.ts';
import { binaryScalars, type parametricScalars, unaryScalars } from './reference/scalars.ts';
import { Random } from './testing/random.ts';
import { withoutKernels } from './wasm/features.ts';

const env = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
const seed =
  env.TORSOR_FUZZ_SEED === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(env.TORSOR_FUZZ_SEED ?? 20260601);
const cases = Number(env.TORSOR_FUZZ_CASES ?? 600);

/** One case: what to compute, how to name it, and by how much an element may be off the reference's, as a function of it. */
interface Case {
  readonly title: string;
  readonly run: () => Tensor | readonly Tensor[];
  readonly tolerance: (expected: number, dtype: DType) => number;
}

type Family = (random: Random) => Case;

const exactly = (): number => 0;
const EPSILON: Partial<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 };
const SMALLEST: Partial<Record<DType, number>> = { float32: 2 ** -126, float64: 2 ** -1022 };
/** Units in the last place. What lies below the normal numbers, a step on the way may round to 0. */
const ulps = (n: number) => (expected: number, dtype: DType) =>
  Math.max(n * Math.abs(expected) * (EPSILON[dtype] ?? 0), SMALLEST[dtype] ?? 0);
/** A sum of `k` products of numbers up to 4, in any order: (k + 1) half units each, of what they could add up to (Higham, 3.1). */
const sumOf =
  (k: number, factor = 1) =>
  (_: number, dtype: DType) =>
    factor * (k + 1) * 16 * k * (EPSILON[dtype] ?? 0) * 0.5;

const ops = torsor as unknown as Record<string, (...args: unknown[]) => Tensor>;
const floats: readonly DType[] = ['float32', 'float32', 'float64'];
const layout = ({ dtype, shape, strides, offset }: Tensor) => `${dtype}[${shape}] strides ${strides} offset ${offset}`;

function named(op: string, args: readonly unknown[], tolerance: Case['tolerance'], run = () => ops[op](...args)): Case {
  const words = args.map((arg) => {
    const list: readonly unknown[] = Array.isArray(arg) ? arg : [arg];
    return torsor.isTensor(list[0]) ? list.map((x) => layout(x as Tensor)).join(' and ') : JSON.stringify(arg);
  });
  return { title: `${op}(${words.join('; ')})`, run, tolerance };
}

/** These are one rounding of an exact result, or none at all. */
const EXACT = new Set(
  (
    'neg abs sign sqrt reciprocal relu floor ceil round trunc logicalNot isnan isinf isfinite add sub mul div maximum minimum ' +
    'eq ne lt le gt ge logicalAnd logicalOr logicalXor remainder fmod'
  ).split(' '),
);
/** Kernels and reference loops are within 4 ulp of the truth each; what passes through several functions, 16. */
const LOOSE =
  /^(gelu|mish|silu|sigmoid|logSigmoid|softplus|elu|erf|erfc|erfinv|lgamma|digamma|tan|sinh|cosh|a.*h|pow)$/;
const toleranceOf = (op: string) => (EXACT.has(op) ? exactly : ulps(LOOSE.test(op) ? 32 : 8));

const families: Readonly<Record<string, Family>> = {
  'functions of one operand'(random) {
    const op = random.pick(Object.keys(unaryScalars));
    return named(op, [random.tensor(random.shape(0, 4), random.pick(floats), 'wild')], toleranceOf(op));
  },
  'functions with parameters'(random) {
    const calls: Record<keyof typeof parametricScalars, readonly unknown[]> = {
      gelu: [{ approximate: random.pick(['none', 'tanh']) }],
      elu: [random.pick([1, 0.5])],
      leakyRelu: [0.1],
      softplus: [random.pick([1, 2]), 20],
      hardtanh: [-0.5, 1],
      hardshrink: [0.5],
      softshrink: [0.5],
      threshold: [0.1, 7],
      clamp: [-0.7, 1.1],
      nanToNum: [1, 2, 3],
    };
    const op = random.pick(Object.keys(calls) as (keyof typeof calls)[]);
    // a difference of nearly equal numbers keeps their error, not its own: 1e-6 of what went in
    const far = op === 'gelu' ? 4e-6 : 0;
    const loose = toleranceOf(op);
    const args = [random.tensor(random.shape(0, 4), random.pick(floats), far > 0 ? 'tame' : 'wild'), ...calls[op]];
    return named(op, args, (y, dtype) => loose(y, dtype) + (dtype === 'float32' ? far : far * 1e-8));
  },
  'functions of two operands'(random) {
    const op = random.pick(Object.keys(binaryScalars).filter((name) => name in ops));
    const shape = random.shape(0, 4);
    const dtype = random.pick(floats);
    const a = random.tensor(shape, dtype, 'wild');
    const b = random.chance(0.1)
      ? random.pick([2, 0.5, -1])
      : random.tensor(random.broadcastable(shape), dtype, 'wild');
    return named(op, random.chance(0.5) || typeof b === 'number' ? [a, b] : [b, a], toleranceOf(op));
  },
  'where, addcmul, addcdiv, lerp'(random) {
    const shape = random.shape(0, 4);
    const dtype = random.pick(floats);
    const operand = () => random.tensor(random.broadcastable(shape), dtype);
    const op = random.pick(['where', 'addcmul', 'addcdiv', 'lerp']);
    const first = random.tensor(shape, op === 'where' ? 'bool' : dtype);
    return named(op, [first, operand(), operand()], exactly);
  },
  'copies and casts'(random) {
    const dtypes: readonly DType[] = ['float32', 'float64', 'int32', 'uint8', 'bool'];
    const x = random.tensor(random.shape(0, 5), random.pick(dtypes));
    const op = random.pick(['clone', 'copy_', 'cat']);
    if (op === 'cat' && x.ndim > 0) return named(op, [[x, x, x], random.between(0, x.ndim - 1)], exactly);
    if (op !== 'copy_') return named('clone', [x], exactly);
    const to = random.tensor(x.shape, random.pick(dtypes));
    return named(op, [to, x], exactly, () => torsor.clone(to).copy_(x));
  },
  reductions(random) {
    const shape = random.shape(1, 4);
    const dim = random.pick([undefined, random.between(0, shape.length - 1)]);
    const op = random.pick(['sum', 'mean', 'amax', 'amin', 'argmax', 'argmin', 'variance', 'logsumexp', 'norm']);
    const some = shape.map((size) => Math.max(size, 1));
    const x = random.tensor(some, random.pick(floats));
    const isExact = /^a/.test(op);
    const args: unknown[] =
      op === 'norm' ? [x, 2, ...(dim === undefined ? [] : [dim])] : dim === undefined ? [x] : [x, dim];
    if (op === 'logsumexp' && dim === undefined) args.push(some.map((_, d) => d));
    // Both add in double precision and pairwise: 16 levels of it, of sums up to 4 n, and one rounding of the result. Kernels add four
    // float32 in float32 before that: two levels of half a unit each.
    const n = some.reduce((product, size) => product * size, 1);
    const most = op === 'sum' ? 4 * n : op === 'mean' ? 4 : 16;
    // The logarithm of a sum that is off by a rounding or two is off by as much, however near to 0 it is.
    const ofLogarithm = (dtype: DType): number => (op === 'logsumexp' ? 8 * (EPSILON[dtype] ?? 0) : 0);
    const firstLevels = (op === 'sum' || op === 'mean') && x.dtype === 'float32' ? most * 2 ** -23 : 0;
    return named(
      op,
      args,
      isExact ? exactly : (y, dtype) => ulps(8)(y, dtype) + 32 * most * 2 ** -52 + firstLevels + ofLogarithm(dtype),
    );
  },
  'softmax and logSoftmax'(random) {
    const shape = random.shape(1, 4).map((size) => Math.max(size, 1));
    const op = random.pick(['softmax', 'logSoftmax']);
    const dim = random.between(0, shape.length - 1);
    const args = [random.tensor(shape, random.pick(floats)), dim];
    // Sums are in double precision, in chains of an eighth of the line: half a unit a link, which only float64 results notice.
    const links = (dtype: DType): number => (dtype === 'float64' ? shape[dim] / 16 : 0);
    return named(
      op,
      args,
      (y, dtype) => (16 + links(dtype)) * Math.max(Math.abs(y), op === 'softmax' ? 0 : 1) * (EPSILON[dtype] as number),
    );
  },
  'matrix products'(random) {
    const [m, n, k] = [random.size(65), random.size(65), random.size(65)];
    const dtype = random.pick(floats);
    const batch = random.chance(0.3) ? [random.between(1, 4)] : [];
    const a = random.tensor(random.chance(0.1) ? [k] : [...batch, m, k], dtype);
    const b = random.tensor(random.chance(0.1) ? [k] : [...(random.chance(0.5) ? batch : []), k, n], dtype);
    return named('matmul', [a, b], sumOf(k));
  },
  'convolutions and their gradients'(random) {
    const spatial = random.between(1, 2);
    const groups = random.pick([1, 1, 1, 2, 3]);
    const [cin, cout] = [groups * random.between(1, 9), groups * random.between(1, 9)];
    const sizes = Array.from({ length: spatial }, () => random.between(1, 5));
    const stride = sizes.map(() => random.pick([1, 1, 1, 2, 3]));
    const dilation = sizes.map(() => random.pick([1, 1, 1, 2]));
    const padding = sizes.map(() => random.between(0, 3));
    const image = sizes.map((size, d) => (size - 1) * dilation[d] + 1 + random.between(0, spatial === 1 ? 120 : 14));
    const dtype = random.pick(floats);
    const input = random.tensor([random.between(1, 3), cin, ...image], dtype);
    const weight = random.tensor([cout, cin / groups, ...sizes], dtype);
    const params = { stride, padding, dilation, groups, transposed: false, outputPadding: sizes.map(() => 0) };
    const out = image.map(
      (size, d) => Math.floor((size + 2 * padding[d] - dilation[d] * (sizes[d] - 1) - 1) / stride[d]) + 1,
    );
    const grad = random.tensor([input.shape[0], cout, ...out], dtype);
    const area = (list: readonly number[]) => list.reduce((product, size) => product * size, 1);
    const way = random.pick(['conv', 'convBackwardInput', 'convBackwardWeight'] as const);
    // Winograd's transforms of 3 × 3 filters add up to 10 × 10 numbers in place of one, both ways
    const factor = spatial === 2 && sizes[0] === 3 && sizes[1] === 3 ? 10 : 1;
    if (way === 'conv') {
      const bias = random.chance(0.5) ? random.tensor([cout], dtype) : null;
      const options = { stride, padding, dilation, groups };
      const k = (cin / groups) * area(sizes) + 1;
      return named(`conv${spatial}d`, [input, weight, bias, options], sumOf(k, factor));
    }
    if (way === 'convBackwardInput') {
      const k = (cout / groups) * area(sizes);
      return named(way, [grad, weight, input.shape, params], sumOf(k, factor));
    }
    return named(way, [grad, input, weight.shape, params], sumOf(input.shape[0] * area(out), factor));
  },
  pooling(random) {
    const spatial = random.between(1, 2);
    const kernel = random.between(1, 4);
    const image = Array.from({ length: spatial }, () => kernel + random.between(0, spatial === 1 ? 130 : 30));
    const x = random.tensor([random.between(1, 3), random.between(1, 9), ...image], random.pick(floats));
    const options = { stride: random.between(1, 3), padding: random.between(0, kernel >> 1) };
    const op = random.pick(['maxPool', 'avgPool']);
    // at most 16 numbers up to 4 each
    return named(`${op}${spatial}d`, [x, kernel, options], op === 'maxPool' ? exactly : sumOf(1));
  },
  'order and places'(random) {
    const shape = random.shape(1, 3).map((size) => Math.max(size, 1));
    const x = random.tensor(shape, random.pick(floats));
    const dim = random.between(0, shape.length - 1);
    const op = random.pick(['sort', 'cumsum', 'indexSelect', 'flip', 'gather']);
    if (op === 'sort') return named(op, [x, dim], exactly, () => torsor.sort(x, dim).values);
    if (op === 'cumsum') return named(op, [x, dim], sumOf(shape[dim]));
    if (op === 'flip') return named(op, [x, [dim]], exactly);
    const index = random
      .tensor(op === 'gather' ? shape : [random.size(65)], 'int32')
      .abs()
      .remainder(shape[dim]);
    return named(op, [x, dim, index], exactly);
  },
};

function check(got: Tensor, expected: Tensor, tolerance: Case['tolerance'], where: string): void {
  assert.equal(got.shape, expected.shape, where);
  assert.is(got.dtype, expected.dtype, where);
  const [a, b] = [got.toTypedArray(), expected.toTypedArray()];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y) || Math.abs(x - y) <= tolerance(y, got.dtype)) continue;
    assert.unreachable(`${where}: element ${i} is ${x}, but by the reference loops ${y}`);
  }
}

// the test runner shows notes, also of files that pass
console.log(`note: ${cases} random cases, TORSOR_FUZZ_SEED=${seed}\n`);
const names = Object.keys(families);
for (const [f, name] of names.entries()) {
  test(`${name}: kernels and reference loops agree on random operands`, () => {
    const count = Math.ceil(cases / names.length);
    for (let i = 0; i < count; i++) {
      // each case has a seed of its own, so that it can be repeated alone
      const random = new Random(seed + 7919 * f + 104729 * i);
      // some of them with a heap so small that tensors are paged out and in all the time
      const limits = i % 4 === 3 ? torsor.setMemoryLimits({ softLimitBytes: 1_200_000 }) : null;
      torsor.tidy(() => {
        const { title, run, tolerance } = families[name](random);
        const where = `TORSOR_FUZZ_SEED=${seed}, case ${i}: ${title}`;
        const got = run();
        const expected = withoutKernels(run);
        if (torsor.isTensor(got)) check(got as Tensor, expected as Tensor, tolerance, where);
      });
      if (limits !== null) torsor.setMemoryLimits(limits);
    }
  });
}

test.run();
