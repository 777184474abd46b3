import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { binaryScalars, unaryScalars } from '../../reference/scalars.ts';
import { features, setStrict } from '../features.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import type { Mode } from './elementwise.ts';
import { binaryName, elementwiseKernels, emitBinary, emitUnary, unaryName } from './elementwise.ts';

type Run = { readonly run: (...args: number[]) => undefined };
type Floats = Float32Array | Float64Array;

const SPECIAL = [0, -0, 1, -1, 0.5, -2.5, 1.5, 2.5, NaN, Infinity, -Infinity, 1e-45, -1e-40, 3e38, -3e38, 87.5, -104.5];

/** n values in the heap, of the special ones first and then a spread of magnitudes, between guards that must not change. */
function place(
  dtype: 'float32' | 'float64',
  n: number,
  seed: number,
): { pointer: number; values: () => Floats; check: () => void } {
  const bytes = dtype === 'float32' ? 4 : 8;
  const pointer = heap().allocate((n + 16) * bytes);
  const whole = (): Floats =>
    dtype === 'float32'
      ? new Float32Array(heap().memory.buffer, pointer, n + 16)
      : new Float64Array(heap().memory.buffer, pointer, n + 16);
  whole().fill(777);
  for (let i = 0; i < n; i++) {
    const random = Math.sin(seed * 1000 + i * 12.9898) * 43758.5453;
    whole()[8 + i] =
      i < SPECIAL.length ? SPECIAL[(i * seed) % SPECIAL.length] : (random - Math.floor(random) - 0.5) * 2 ** (i % 9);
  }
  return {
    pointer: pointer + 8 * bytes,
    values: () => whole().slice(8, 8 + n),
    check: () => {
      for (let i = 0; i < 8; i++) assert.is(whole()[i], 777, 'a guard before the run was overwritten');
      for (let i = n + 8; i < n + 16; i++) assert.is(whole()[i], 777, 'a guard after the run was overwritten');
    },
  };
}

/** Distance in units of the last place of float32, counted along the floats. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b) || (a === 0 && b === 0) || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b ? 0 : Infinity;
  const bits = (x: number): number => {
    const word = new Int32Array(new Float32Array([x]).buffer)[0];
    return word < 0 ? -(word & 0x7fffffff) : word;
  };
  return Math.abs(bits(a) - bits(b));
}

const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 33, 100];
const INEXACT = new Set(['exp', 'log', 'tanh', 'sigmoid', 'silu', 'rsqrt']);
/** silu is x·sigmoid(x): where the sigmoid is denormal its few bits are all that the product has. */
const DENORMAL_SLACK = 2e-43;

for (const strict of [false, true]) {
  const how = strict ? 'in strict mode' : 'with the features found';
  for (const { name, dtype, operands } of elementwiseKernels) {
    test(`${dtype} ${name} equals the reference at every length, ${how}`, () => {
      const was = setStrict(strict);
      for (const n of SIZES) {
        const a = place(dtype, n, 1);
        const b = place(dtype, n, 2);
        const out = place(dtype, n, 3);
        const modes: (Mode | 'v')[] = operands === 1 ? ['v'] : ['vv', 'vs', 'sv'];
        for (const mode of modes) {
          const value = 1.25;
          if (mode === 'v') {
            kernel<Run>(unaryName(name, dtype), emitUnary(name, dtype), heap().memory).run(n, a.pointer, out.pointer);
          } else {
            const bound = kernel<Run>(binaryName(name, dtype, mode), emitBinary(name, dtype, mode), heap().memory);
            bound.run(n, a.pointer, b.pointer, out.pointer, value);
          }
          const x = a.values();
          const y = b.values();
          const got = out.values();
          for (let i = 0; i < n; i++) {
            const left = mode === 'sv' ? value : x[i];
            const right = mode === 'vs' ? value : y[i];
            const exact = mode === 'v' ? unary(name)(left) : binary(name)(left, right);
            const expected = dtype === 'float32' ? Math.fround(exact) : exact;
            const where = `${name} ${mode} of ${left}, ${right} at ${i} of ${n}: ${got[i]}, expected ${expected}`;
            if (INEXACT.has(name))
              assert.ok(
                dtype === 'float64'
                  ? close(got[i], expected)
                  : ulps(got[i], expected) <= 4 || (name === 'silu' && Math.abs(got[i] - expected) <= DENORMAL_SLACK),
                where,
              );
            else assert.ok(Object.is(got[i], expected) || got[i] === expected, where);
          }
        }
        for (const run of [a, b, out]) run.check();
        for (const run of [a, b, out]) heap().release(run.pointer - 8 * (dtype === 'float32' ? 4 : 8));
      }
      setStrict(was);
    });
  }

  for (const [name, low, high, bound] of [
    ['exp', -104, 89, 2],
    ['log', 0, 1e6, 2],
    ['tanh', -10, 10, 2],
    ['sigmoid', -90, 90, 2],
  ] as const) {
    test(`${name} has error ≤ ${bound} ulp on [${low}, ${high}], ${how}`, () => {
      const was = setStrict(strict);
      const n = 200_000;
      const pointer = heap().allocate(n * 4);
      const input = new Float32Array(n);
      for (let i = 0; i < n; i++) input[i] = low + ((high - low) * (i + 0.37)) / n;
      // magnitudes near 0 too, where a uniform sweep has few points
      for (let i = 0; i < n; i += 5)
        input[i] = Math.min(Math.max(Math.sign(input[i]) * 2 ** (-40 + (i % 45)), low), high);
      new Float32Array(heap().memory.buffer, pointer, n).set(input);
      kernel<Run>(unaryName(name, 'float32'), emitUnary(name, 'float32'), heap().memory).run(n, pointer, pointer);
      const got = new Float32Array(heap().memory.buffer, pointer, n);
      let worst = 0;
      let at = 0;
      for (let i = 0; i < n; i++) {
        const error = ulps(got[i], Math.fround(unary(name)(input[i])));
        if (error > worst) {
          worst = error;
          at = input[i];
        }
      }
      heap().release(pointer);
      setStrict(was);
      assert.ok(worst <= bound, `${worst} ulp at ${at} (features ${features().key})`);
    });
  }
}

function unary(name: string): (x: number) => number {
  return unaryScalars[name as keyof typeof unaryScalars];
}

function binary(name: string): (x: number, y: number) => number {
  if (name === 'reluBackward') return (grad, x) => (x <= 0 ? 0 : grad);
  return binaryScalars[name as keyof typeof binaryScalars];
}

function close(a: number, b: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-15 * Math.abs(b) || (Number.isNaN(a) && Number.isNaN(b));
}

test.run();
