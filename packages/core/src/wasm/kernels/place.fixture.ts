/** Operands in the heap for tests of kernels: values between guards that must not change. */

import * as assert from 'uvu/assert';
import { heap } from '../heap.ts';

const KINDS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array } as const;
export type Kind = keyof typeof KINDS;

const GUARD = 32;
const SPECIAL = [0, -0, 1, -1, 0.25, -0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45, 3e38];

/** n values in the heap, special ones among others. */
export function place(kind: Kind, n: number, seed: number) {
  const Kinds = KINDS[kind];
  const bytes = Kinds.BYTES_PER_ELEMENT;
  const pointer = heap().allocate((n + 2 * GUARD) * bytes);
  const whole = () => new Kinds(heap().memory.buffer, pointer, n + 2 * GUARD);
  whole().fill(77);
  for (let i = 0; i < n; i++) {
    const random = Math.sin(seed * 1000 + i * 12.9898) * (kind === 'int32' ? 2 ** 31 : 4);
    whole()[GUARD + i] = kind === 'uint8' ? Number(random > 0) : i % 3 === 2 ? SPECIAL[(i * seed) % 11] : random;
  }
  return {
    at: pointer + GUARD * bytes,
    values: () => whole().slice(GUARD, GUARD + n),
    /**
     * Equal to what is expected where `counts` says so, with the guards as they were; to the bit where `tolerance` is 0, to 10⁻⁵ where
     * it is null, errors being the business of another test.
     */
    check(
      expected: (i: number) => number,
      title: string,
      tolerance: 0 | null = 0,
      counts: (i: number) => boolean = () => true,
    ): void {
      const got = whole();
      const rounded = new Kinds(1);
      for (let i = -GUARD; i < n + GUARD; i++) {
        const isInside = i >= 0 && i < n;
        if (isInside && !counts(i)) continue;
        rounded[0] = isInside ? expected(i) : 77;
        const value = got[GUARD + i];
        const isNear = tolerance === null && Math.abs(value - rounded[0]) <= 1e-5 * Math.abs(rounded[0]) + 1e-37;
        const where = `${title}: element ${i} of ${n} is ${value}, expected ${rounded[0]}`;
        assert.ok(Object.is(value, rounded[0]) || value === rounded[0] || isNear, where);
      }
    },
    release: () => heap().release(pointer),
  };
}

/** All ways in which `count` operands are runs (`v`) or repeat one element (`s`). */
export const modesOf = (count: number): string[] =>
  Array.from({ length: 2 ** count }, (_, bits) =>
    Array.from({ length: count }, (_, k) => ((bits >> k) & 1 ? 's' : 'v')).join(''),
  );

/** Distance in units of the last place of float32, counted along the floats. */
export function ulps(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.POSITIVE_INFINITY;
  const bits = (x: number): number => {
    const word = new Int32Array(new Float32Array([x]).buffer)[0];
    return word < 0 ? -(word & 0x7fffffff) : word;
  };
  return Math.abs(bits(a) - bits(b));
}
