/** The kernels of `wide.ts` and `masks.ts` at every length, between guards that must not change. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Scalar3 } from '../../reference/elementwise.ts';
import { binaryScalars, parametricScalars, unaryScalars } from '../../reference/scalars.ts';
import { setStrict } from '../features.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import { compareName, compareNames, emitCompare, emitWhere, whereName } from './masks.ts';
import type { ExactName } from './wide.ts';
import { emitWide, exactKernels, operandsOf, wideName } from './wide.ts';

type Run = { readonly run: (...args: number[]) => undefined };

const KINDS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array } as const;
type Kind = keyof typeof KINDS;

const GUARD = 32;
const SIZES = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 100];
const SPECIAL = [0, -0, 1, -1, 0.25, -0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45, 3e38];

/** n values in the heap, special ones among others, between guards. */
function place(kind: Kind, n: number, seed: number) {
  const Kinds = KINDS[kind];
  const bytes = Kinds.BYTES_PER_ELEMENT;
  const pointer = heap().allocate((n + 2 * GUARD) * bytes);
  const whole = () => new Kinds(heap().memory.buffer, pointer, n + 2 * GUARD);
  whole().fill(77);
  for (let i = 0; i < n; i++) {
    const random = Math.sin(seed * 1000 + i * 12.9898) * 4;
    whole()[GUARD + i] = kind === 'uint8' ? Number(random > 0) : i % 3 === 2 ? SPECIAL[(i * seed) % 11] : random;
  }
  return {
    at: pointer + GUARD * bytes,
    values: () => whole().slice(GUARD, GUARD + n),
    /** Equal to what is expected, with the guards as they were. */
    check: (expected: (i: number) => number, title: string): void => {
      const got = whole();
      const rounded = new Kinds(1);
      for (let i = -GUARD; i < n + GUARD; i++) {
        rounded[0] = i >= 0 && i < n ? expected(i) : 77;
        const value = got[GUARD + i];
        assert.ok(Object.is(value, rounded[0]), `${title}: element ${i} of ${n} is ${value}, expected ${rounded[0]}`);
      }
    },
    release: () => heap().release(pointer),
  };
}

/** Distance in units of the last place of float32, counted along the floats. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b) || (a === 0 && b === 0)) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.POSITIVE_INFINITY;
  const bits = (x: number): number => {
    const word = new Int32Array(new Float32Array([x]).buffer)[0];
    return word < 0 ? -(word & 0x7fffffff) : word;
  };
  return Math.abs(bits(a) - bits(b));
}

/** All ways in which `count` operands are runs (`v`) or repeat one element (`s`). */
const modesOf = (count: number): string[] =>
  Array.from({ length: 2 ** count }, (_, bits) =>
    Array.from({ length: count }, (_, k) => ((bits >> k) & 1 ? 's' : 'v')).join(''),
  );

const PARAMETERS = [-0.3, 0.7];
const [P, Q] = PARAMETERS;

const FUNCTIONS: Readonly<Record<ExactName, Scalar3>> = {
  addScaled: (a, b) => a + P * b,
  addcmul: (a, b, c) => a + P * b * c,
  addcdiv: (a, b, c) => a + (P * b) / c,
  lerp: (a, b, t) => (Math.abs(t) < 0.5 ? a + t * (b - a) : b - (b - a) * (1 - t)),
  leakyRelu: parametricScalars.leakyRelu(P),
  hardtanh: parametricScalars.hardtanh(P, Q),
  clamp: parametricScalars.clamp(P, Q),
  threshold: parametricScalars.threshold(P, Q),
  thresholdBackward: (grad, x) => (x <= P ? 0 : grad),
  cube: (x) => x * x * x,
  hardshrink: parametricScalars.hardshrink(P),
};

for (const strict of [false, true]) {
  const how = strict ? ', in strict mode' : '';
  for (const dtype of ['float32', 'float64'] as const) {
    for (const name of exactKernels) {
      test(`${dtype} ${name} gives the bits of the reference at every length and for every broadcast${how}`, () => {
        const was = setStrict(strict);
        const f = FUNCTIONS[name];
        for (const modes of modesOf(operandsOf(name))) {
          const { run } = kernel<Run>(wideName(name, dtype, modes), emitWide(name, dtype, modes), heap().memory);
          for (const n of SIZES) {
            const operands = [1, 2, 3].map((seed) => place(dtype, Math.max(n, 1), seed));
            const out = place(dtype, n, 4);
            run(n, ...operands.map(({ at }) => at), out.at, ...PARAMETERS, 0);
            const values = operands.map((operand) => operand.values());
            const value = (k: number, i: number): number => values[k][modes[k] === 's' ? 0 : i];
            out.check((i) => f(value(0, i), value(1, i), value(2, i)), `${name} ${modes}`);
            // in place of an operand that is a run
            if (modes[0] === 'v' && n > 0) {
              run(n, ...operands.map(({ at }) => at), operands[0].at, ...PARAMETERS, 0);
              operands[0].check((i) => f(value(0, i), value(1, i), value(2, i)), `${name} ${modes} in place`);
            }
            for (const operand of [...operands, out]) operand.release();
          }
        }
        setStrict(was);
      });
    }
  }

  for (const [name, kernelName, parameters, bound, f] of [
    ['erf', 'erf', [], 2, unaryScalars.erf],
    ['gelu', 'gelu', [], 3, parametricScalars.gelu(0)],
    // by the logistic function: 1 + tanh(u) loses its digits where it is small
    [
      'gelu with tanh',
      'geluTanh',
      [],
      1,
      (x: number) => x * unaryScalars.sigmoid(1.5957691216057308 * (x + 0.044715 * x ** 3)),
    ],
    ['elu', 'elu', [1, 1, 1], 1, parametricScalars.elu(1, 1, 1)],
    ['selu', 'elu', [1.67, 1.05, 1], 1, parametricScalars.elu(1.67, 1.05, 1)],
    ['celu', 'elu', [2, 1, 0.5], 1, parametricScalars.elu(2, 1, 0.5)],
    ['softplus', 'softplus', [1, 20], 1, parametricScalars.softplus(1, 20)],
    ['softplus of steeper slope', 'softplus', [3, 20], 1, parametricScalars.softplus(3, 20)],
  ] as const) {
    test(`${name} has error ≤ ${bound} ulp on [-13, 13] and near 0, and the corners of the reference${how}`, () => {
      const was = setStrict(strict);
      const corners = [
        0,
        -0,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        3e38,
        -3e38,
        -1000,
        1e-45,
      ];
      const n = 100_003;
      const pointer = heap().allocate(n * 4);
      const input = new Float32Array(n);
      for (let i = 0; i < n; i++) {
        const x = -13 + (26 * (i + 0.37)) / n;
        input[i] = i < corners.length ? corners[i] : i % 4 === 0 ? Math.sign(x) * 2 ** -(i % 90) : x;
      }
      new Float32Array(heap().memory.buffer, pointer, n).set(input);
      const { run } = kernel<Run>(
        wideName(kernelName, 'float32', 'v'),
        emitWide(kernelName, 'float32', 'v'),
        heap().memory,
      );
      run(n, pointer, 0, 0, pointer, ...parameters, ...new Array<number>(3 - parameters.length).fill(0));
      const got = new Float32Array(heap().memory.buffer, pointer, n);
      let [worst, at] = [0, 0];
      for (let i = 0; i < n; i++) {
        const error = ulps(got[i], Math.fround(f(input[i])));
        if (error > worst) [worst, at] = [error, input[i]];
        if (i < corners.length)
          assert.ok(error <= bound, `${name} of ${input[i]} is ${got[i]}, expected ${f(input[i])}`);
      }
      heap().release(pointer);
      setStrict(was);
      assert.ok(worst <= bound, `${worst} ulp at ${at}`);
    });
  }

  for (const dtype of ['float32', 'float64', 'int32'] as const) {
    for (const name of compareNames) {
      test(`${dtype} ${name} gives 1 and 0 as the reference does at every length and for every broadcast${how}`, () => {
        const was = setStrict(strict);
        for (const modes of modesOf(2)) {
          const bound = kernel<Run>(compareName(name, dtype, modes), emitCompare(name, dtype, modes), heap().memory);
          for (const n of SIZES) {
            const [a, b] = [1, 2].map((seed) => place(dtype, Math.max(n, 1), seed));
            const out = place('uint8', n, 3);
            bound.run(n, a.at, b.at, out.at);
            const [x, y] = [a.values(), b.values()];
            const f = binaryScalars[name];
            out.check((i) => f(x[modes[0] === 's' ? 0 : i], y[modes[1] === 's' ? 0 : i]), `${name} ${modes}`);
            for (const operand of [a, b, out]) operand.release();
          }
        }
        setStrict(was);
      });
    }
  }

  for (const [kind, bytes] of [
    ['uint8', 1],
    ['float32', 4],
    ['float64', 8],
  ] as const) {
    test(`where of ${bytes}-byte elements chooses by every mask, at every length and for every broadcast${how}`, () => {
      const was = setStrict(strict);
      for (const modes of modesOf(3)) {
        const { run } = kernel<Run>(whereName(bytes, modes), emitWhere(bytes, modes), heap().memory);
        for (const n of SIZES) {
          for (const seed of [1, 2]) {
            const mask = place('uint8', Math.max(n, 1), seed);
            const [a, b] = [5, 7].map((other) => place(kind, Math.max(n, 1), other));
            const out = place(kind, n, 4);
            run(n, mask.at, a.at, b.at, out.at);
            const [m, x, y] = [mask, a, b].map((operand) => operand.values());
            const at = (k: number, i: number): number => (modes[k] === 's' ? 0 : i);
            out.check((i) => (m[at(0, i)] !== 0 ? x[at(1, i)] : y[at(2, i)]), `where ${modes}`);
            for (const operand of [mask, a, b, out]) operand.release();
          }
        }
      }
      setStrict(was);
    });
  }
}

test.run();
