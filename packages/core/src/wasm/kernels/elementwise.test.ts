/**
 * The functions of the table at every length, between guards that must not change, for every broadcast; and swept against double
 * precision, for the errors that the table states.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { modesOf, place, ulps } from '../../fixtures/place.ts';
import { binaryScalars, parametricScalars, unaryScalars } from '../../reference/scalars.ts';
import { erfc } from '../../reference/special.ts';
import { features, setStrict } from '../features.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import { elementwiseName, emitElementwise } from './elementwise.ts';
import type { Elementwise, FunctionName, KernelDType } from './functions.ts';
import { functions, hasFunction } from './functions.ts';

type Run = { readonly run: (...args: number[]) => undefined };
type Scalar = (a: number, b: number, c: number) => number;

/** Lengths around one vector, two, and the four of an unrolled turn. */
const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 100];
/** Parameters that float32 holds. */
const P = [-0.3125, 0.6875, 1.25] as const;
const PI_2 = Math.sqrt(2 / Math.PI);
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const below = (x: number): number => erfc(-x * Math.SQRT1_2) / 2;
/** Beyond this the slope of gelu is 0 or 1, also where 0 · Infinity would be NaN. */
const clip = (x: number): number => Math.min(Math.max(x, -20), 20);
/** The tanh form of gelu by the logistic function: 1 + tanh(u) loses its digits where it is small. */
const gate = (x: number): number => unaryScalars.sigmoid(2 * PI_2 * (x + 0.044715 * x ** 3));

/** What is not in `reference/scalars.ts` under the same name. */
const OTHERS: Partial<Record<FunctionName, Scalar>> = {
  geluTanh: (x) => x * gate(x),
  square: (x) => x * x,
  addScaled: (a, b) => a + P[0] * b,
  reluBackward: (g, x) => (x <= 0 ? 0 : g),
  prelu: (x, w) => (x > 0 ? x : x * w),
  preluBackward: (g, x, w) => (x > 0 ? g : g * w),
  preluWeightBackward: (g, x) => (x > 0 ? 0 : g * x),
  thresholdBackward: (g, x) => (x <= P[0] ? 0 : g),
  sigmoidBackward: (g, y) => g * (1 - y) * y,
  tanhBackward: (g, y) => g * (1 - y * y),
  siluBackward: (g, x) => {
    const s = unaryScalars.sigmoid(x);
    return g * (s * (1 + x * unaryScalars.sigmoid(-x)));
  },
  geluBackward: (g, x) => g * (below(x) + clip(x) * density(x)),
  geluTanhBackward: (g, all) => {
    const x = clip(all);
    return g * gate(x) * (1 + x * gate(-x) * 2 * PI_2 * (1 + 3 * 0.044715 * x * x));
  },

  softplusBackward: (g, x) => {
    const scaled = Math.fround(x * P[0]);
    return scaled > P[1] ? g : g * unaryScalars.sigmoid(scaled);
  },
  hardswishBackward: (g, x) => (x < -3 ? 0 : x <= 3 ? g * (x / 3 + 0.5) : g),
  leakyReluBackward: (g, x) => (x > 0 ? g : g * P[0]),
  hardtanhBackward: (g, x) => (x <= P[0] || x >= P[1] ? 0 : g),
  eluBackward: (g, x) => g * (x <= 0 ? P[0] * P[1] * P[2] * Math.exp(x * P[2]) : P[1]),
};

/** What is rounded to its dtype step by step. */
const STEPPED: Partial<Record<FunctionName, (round: (x: number) => number) => Scalar>> = {
  cube: (round) => (x) => round(x * x) * x,
  addcmul: (round) => (a, b, c) => a + round(P[0] * b) * c,
  addcdiv: (round) => (a, b, c) => a + round(round(P[0] * b) / c),
  lerp: (round) => (a, b, t) => {
    const difference = round(b - a);
    return Math.abs(t) < 0.5 ? a + t * difference : b - difference * round(1 - t);
  },
};

/** How many float64 lie between two. */
function ulps64(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.POSITIVE_INFINITY;
  const bits = (x: number): bigint => {
    const word = new BigInt64Array(new Float64Array([x]).buffer)[0];
    return word < 0n ? -(word & 0x7fffffffffffffffn) : word;
  };
  const distance = bits(a) - bits(b);
  return Number(distance < 0n ? -distance : distance);
}

/** The reference, whose result is rounded yet; `parameters` are those that the kernel gets. */
function reference(name: FunctionName, parameters: readonly number[], dtype: KernelDType): Scalar {
  const other = OTHERS[name] ?? STEPPED[name]?.(dtype === 'float32' ? Math.fround : (x) => x);
  if (other !== undefined) return other;
  if (name === 'gelu') return parametricScalars.gelu(0);
  if (name === 'softplus') {
    const [beta, threshold] = parameters;
    const soft = parametricScalars.softplus(1, threshold);
    return (x) => (Math.fround(x * beta) > threshold ? x : soft(Math.fround(x * beta)) / beta);
  }
  if (Object.hasOwn(parametricScalars, name)) {
    const make = parametricScalars[name as keyof typeof parametricScalars] as (...p: number[]) => Scalar;
    return make(...parameters);
  }
  const table = { ...unaryScalars, ...binaryScalars };
  return table[name as keyof typeof table] as Scalar;
}

const bound = (name: FunctionName, dtype: KernelDType, modes: string): Run =>
  kernel<Run>(elementwiseName(name, dtype, modes), emitElementwise(name, dtype, modes), heap().memory);

/** Runs `body` with relaxed instructions forbidden or not. */
function inMode(strict: boolean, body: () => void): void {
  const was = setStrict(strict);
  try {
    body();
  } finally {
    setStrict(was);
  }
}

const names = Object.keys(functions) as FunctionName[];

for (const strict of [false, true]) {
  const how = strict ? ', in strict mode' : '';
  for (const dtype of ['float32', 'float64', 'int32'] as const) {
    for (const name of names.filter((each) => hasFunction(each, dtype))) {
      test(`${dtype} ${name} follows the reference at every length and for every broadcast${how}`, () => {
        inMode(strict, () => {
          const entry: Elementwise = functions[name];
          const f = dtype === 'int32' && name === 'mul' ? Math.imul : reference(name, P, dtype);
          const numbers = entry.operands === 2 ? ['vn', 'nv', 'sn'] : [];
          for (const modes of [...modesOf(entry.operands), ...numbers]) {
            const { run } = bound(name, dtype, modes);
            for (const n of SIZES) {
              const operands = [1, 2, 3].slice(0, entry.operands).map((seed) => place(dtype, Math.max(n, 1), seed));
              const out = place(dtype, n, 4);
              const pointers = operands.filter((_, k) => modes[k] !== 'n').map(({ at }) => at);
              const values = operands.map((operand) => operand.values());
              const number = dtype === 'float32' ? Math.fround(P[2]) : dtype === 'int32' ? Math.trunc(P[2]) : P[2];
              const value = (k: number, i: number): number =>
                modes[k] === 'n' ? number : (values[k]?.[modes[k] === 's' ? 0 : i] ?? 0);
              const expected = (i: number): number => f(value(0, i), value(1, i), value(2, i));
              const bits = entry.ulp === 0;
              const steps = new Array<number>(pointers.length + 1).fill(0);
              run(1, n, ...pointers, out.at, ...steps, ...P);
              out.check(expected, `${name} ${modes}`, bits ? 0 : null);
              // in place of an operand that is a run
              if (modes[0] === 'v' && n > 0) {
                run(1, n, ...pointers, operands[0].at, ...steps, ...P);
                operands[0].check(expected, `${name} ${modes} in place`, bits ? 0 : null);
              }
              for (const operand of [...operands, out]) operand.release();
            }
          }
        });
      });
    }
  }

  test(`rows advance by steps of their own, 0 among them${how}`, () => {
    inMode(strict, () => {
      const [a, b, column, out] = [21, 7, 3, 24].map((n, seed) => place('float32', n, seed + 5));
      const [x, y, z] = [a.values(), b.values(), column.values()];
      // three rows of seven, the output's eight apart; a row against all, then a column
      bound('add', 'float32', 'vv').run(3, 7, a.at, b.at, out.at, 28, 0, 32, 0, 0, 0);
      out.check(
        (i) => (i % 8 === 7 ? 77 : x[(i >> 3) * 7 + (i % 8)] + y[i % 8]),
        'a row',
        0,
        (i) => i % 8 < 7,
      );
      bound('add', 'float32', 'vs').run(3, 7, a.at, column.at, out.at, 28, 4, 32, 0, 0, 0);
      out.check(
        (i) => x[(i >> 3) * 7 + (i % 8)] + z[i >> 3],
        'a column',
        0,
        (i) => i % 8 < 7,
      );
      for (const each of [a, b, column, out]) each.release();
    });
  });
}

// ------------------------------------------------------------------------------------------------------------- sweeps

const CORNERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  3,
  -3,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  1.1754943508222875e-38,
  -1.1754943508222875e-38,
  1e-45,
  -1e-45,
  0.9999999403953552,
  -0.9999999403953552,
  1.0000001192092896,
  88.72283,
  88.72284,
  -103.97,
  -103.98,
  -87.34,
  89.4159,
  -89.4159,
  127.99999,
  128,
  -149,
  -150,
  1000,
  -1000,
];
/** Elements of a sweep. */
const SWEEP = 100_003;
/** The least distance of exact results from the rounding of ours that counts is that of denormals. */
const LEAST_DENORMAL = 2 ** -149;

/** Corners; then all floats by a stride over their bits, every magnitude and both signs; then what lies near 0, densely. */
function sweep(seed: number): Float32Array {
  const values = new Float32Array(SWEEP);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < SWEEP; i++) {
    const random = Math.sin(seed * 100 + i * 12.9898) * 43758.5453;
    const share = random - Math.floor(random);
    if (i % 3 === 0) bits[i] = share * 2 ** 32;
    else values[i] = (share - 0.5) * (i % 3 === 1 ? 2 : 2 ** (i % 9));
  }
  return values;
}

/** Which parameters to sweep with, where they count. */
const SWEPT: Partial<Record<FunctionName, readonly (readonly number[])[]>> = {
  elu: [
    [1, 1, 1],
    [1.67, 1.05, 1],
    [2, 1, 0.5],
  ],
  softplus: [
    [1, 20, 0],
    [3, 20, 0],
  ],
};

for (const strict of [false, true]) {
  const how = strict ? ' in strict mode' : '';
  for (const name of names) {
    const { operands, ulp, least = LEAST_DENORMAL }: Elementwise = functions[name];
    if (ulp === 0 || name.endsWith('Backward')) continue;
    for (const parameters of SWEPT[name] ?? [[0, 0, 0]]) {
      test(`float32 ${name} ${SWEPT[name] ? parameters : ''} has error ≤ ${ulp} ulp${how}`, () => {
        inMode(strict, () => {
          const pairs = operands === 2;
          const [x, y] = [sweep(1), sweep(2)];
          CORNERS.forEach((corner, i) => {
            if (!pairs) x[i] = corner;
            else {
              CORNERS.forEach((other, j) => {
                x[i * CORNERS.length + j] = corner;
                y[i * CORNERS.length + j] = other;
              });
            }
          });
          const pointers = [x, y].map((values) => {
            const pointer = heap().allocate(SWEEP * 4);
            new Float32Array(heap().memory.buffer, pointer, SWEEP).set(values);
            return pointer;
          });
          const { run } = bound(name, 'float32', pairs ? 'vv' : 'v');
          const steps = pairs ? [0, 0, 0] : [0, 0];
          run(1, SWEEP, ...(pairs ? pointers : pointers.slice(0, 1)), pointers[0], ...steps, ...parameters);
          const got = new Float32Array(heap().memory.buffer, pointers[0], SWEEP).slice();
          for (const pointer of pointers) heap().release(pointer);
          const f = reference(name, parameters, 'float32');
          let worst = 0;
          let at = '';
          for (let i = 0; i < SWEEP; i++) {
            const exact = f(x[i], y[i], 0);
            const error = Math.abs(got[i]) <= least && Math.abs(exact) <= least ? 0 : ulps(got[i], Math.fround(exact));
            if (error > worst) {
              worst = error;
              at = `${x[i]}${pairs ? `, ${y[i]}` : ''}: ${got[i]}, expected ${exact}`;
            }
          }
          assert.ok(worst <= ulp, `${worst} ulp at ${at} (features ${features().key})`);
        });
      });
    }
  }

  for (const name of names) {
    const { ulp, operands }: Elementwise = functions[name];
    if (ulp < 2 || operands > 1 || !hasFunction(name, 'float64')) continue;
    // e^-x of the reference overflows before silu has faded out.
    const least = name === 'silu' ? 2 ** -1010 : 0;
    // The reference itself is off by up to one.
    test(`float64 ${name} is within ${ulp} ulp of the reference, and one${how}`, () => {
      inMode(strict, () => {
        const x = new Float64Array(SWEEP);
        const bits = new BigUint64Array(x.buffer);
        sweep(3).forEach((value, i) => {
          // Every magnitude; the range of float32; and, densely, what is near 1 and where results fade out or grow beyond bounds.
          const share =
            Math.abs(Math.sin(i * 78.233)) * 43758.5453 - Math.floor(Math.abs(Math.sin(i * 78.233)) * 43758.5453);
          if (i % 4 === 0) bits[i] = BigInt(Math.floor(share * 2 ** 53)) << 11n;
          else x[i] = i % 4 === 1 ? value * (1 + share * 2 ** -24) : i % 4 === 2 ? 0.5 + share : (share - 0.5) * 1520;
        });
        x.set([
          ...CORNERS,
          5e-324,
          -5e-324,
          2 ** -1022,
          709.782712893384,
          709.7827128933841,
          -745.13321910194122,
          -708.4,
        ]);
        x.set([Number.MAX_VALUE, -Number.MAX_VALUE, 19.0615, 22, 0.625, Math.SQRT1_2, Math.SQRT2], 100);
        const pointer = heap().allocate(SWEEP * 8);
        new Float64Array(heap().memory.buffer, pointer, SWEEP).set(x);
        bound(name, 'float64', 'v').run(1, SWEEP, pointer, pointer, 0, 0, 0, 0, 0);
        const got = new Float64Array(heap().memory.buffer, pointer, SWEEP).slice();
        heap().release(pointer);
        const f = reference(name, P, 'float64');
        x.forEach((value, i) => {
          const exact = f(value, 0, 0);
          const error = Math.abs(got[i]) < least && Math.abs(exact) < least ? 0 : ulps64(got[i], exact);
          assert.ok(error <= ulp + 1, `${error} ulp at ${value}: ${got[i]}, expected ${exact}`);
        });
      });
    });
  }

  test(`odd functions keep the sign of zero${how}`, () => {
    inMode(strict, () => {
      const pointer = heap().allocate(16);
      const odd = [
        'sin',
        'tan',
        'asin',
        'atan',
        'sinh',
        'tanh',
        'asinh',
        'atanh',
        'expm1',
        'log1p',
        'erf',
        'silu',
        'gelu',
        'geluTanh',
      ] as const;
      for (const name of odd) {
        const view = new Float32Array(heap().memory.buffer, pointer, 4);
        view.set([-0, 0, -0, 0]);
        bound(name, 'float32', 'v').run(1, 4, pointer, pointer, 0, 0, 0, 0, 0);
        assert.ok(
          [-0, 0, -0, 0].every((zero, i) => Object.is(view[i], zero)),
          `${name} of -0, 0: ${view}`,
        );
      }
      heap().release(pointer);
    });
  });
}

/** Gradients that pass through sums which cancel are measured against the greatest slope instead. */
for (const name of [
  'sigmoidBackward',
  'tanhBackward',
  'siluBackward',
  'geluBackward',
  'geluTanhBackward',
  'eluBackward',
  'softplusBackward',
  'hardswishBackward',
] as const) {
  for (const strict of [false, true]) {
    test(`float32 ${name} is within five roundings of the slope${strict ? ' in strict mode' : ''}`, () => {
      inMode(strict, () => {
        const n = 40_001;
        const isOfResult = name === 'sigmoidBackward' || name === 'tanhBackward';
        const pointers = [0, 1].map(() => heap().allocate(n * 4));
        const [grad, x] = pointers.map((pointer) => new Float32Array(heap().memory.buffer, pointer, n));
        for (let i = 0; i < n; i++) x[i] = isOfResult ? i / n : ((i - n / 2) / n) * 40;
        grad.fill(1);
        const inputs = x.slice();
        bound(name, 'float32', 'vv').run(1, n, ...pointers, pointers[0], 0, 0, 0, ...P);
        const f = reference(name, P, 'float32');
        inputs.forEach((input, i) => {
          assert.ok(
            Math.abs(grad[i] - f(1, input, 0)) <= 5 * 2 ** -23,
            `slope at ${input}: ${grad[i]}, expected ${f(1, input, 0)}`,
          );
        });
        for (const pointer of pointers) heap().release(pointer);
      });
    });
  }
}

test.run();
