/**
 * Random numbers by the block: the words of mt19937, and what distributions make of them in place. The state can only be twisted word
 * after word; all that follows is done to each word by itself, and so by as many threads as there are. That begins with tempering.
 *
 *     mt19937:      out[i] = the next word of the state, for i in 0 … n-1; the state is twisted where it is spent
 *     temper:       x[i] = tempered x[i], which below stands for itself:
 *     f32_unit:     x[i] = (x[i] mod 2^24) / 2^24
 *     f32_uniform:  x[i] = fma((x[i] mod 2^24) / 2^24, width, from), rounded once
 *     f32_normal:   in blocks of 16, for j in 0 … 7: r = √(-2 ln(1 - x[j])), θ = 2π x[j + 8];
 *                   x[j] = r cos θ std + mean, x[j + 8] = r sin θ std + mean
 *     remainder:    x[i] = x[i] mod width + base
 *     permute:      of words that are tempered already: for i in first … first + n-1: swap out[i] and out[i + x[i - first] mod (size - i)]
 *     bernoulli:    out[i] = (x[2i] mod 2^21) 2^32 + x[2i + 1] < limit, as bytes of 0 and 1
 *
 * Four lanes at a time and then one, by the same operations. Logarithm, sine and cosine are in single precision, as in PyTorch's
 * vector kernel (`aten/src/ATen/native/cpu/DistributionTemplates.h`): its normals differ from these by a few units in the last place.
 */

import type { Assembler, Local, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import { lanes } from './lanes.ts';
import { log } from './vectorMath.ts';

type Pointer = Local<'i32'>;
type Vector = Local<'v128'>;

/** Words of the state, and the distance of the recurrence. */
const N = 624;
const M = 397;

/** `run(n, state, next, out)` gives the position of the next word that is not spent */
export function emitMersenne(code: Assembler): void {
  const { i32, i32x4, v128 } = code;
  const twist = code.func('twist', { state: 'i32' }, [], ({ state }) => {
    const i = code.local('i32');
    const at = code.local('i32');
    /** s[i] = s[i + far] ^ A·(upper bit of s[i], lower bits of s[near]), for as many words as `load` reads and `store` writes. */
    const step = (
      load: (offset: number) => Value<'v128'>,
      store: (x: Value<'v128'>) => void,
      far: number,
      near: number,
    ): void => {
      const upper = v128.and(load(0), i32x4.const(-0x80000000));
      const y = code.local('v128', v128.or(upper, v128.and(load(4 * near), i32x4.const(0x7fffffff))));
      const odd = code.local('v128', i32x4.shr_s(i32x4.shl(y, 31), 31));
      store(v128.xor(v128.xor(i32x4.shr_u(y, 1), v128.and(odd, i32x4.const(0x9908b0df | 0))), load(4 * far)));
    };
    const singly = (far: number, near: number): void =>
      step(
        (offset) => v128.load32_splat(i32.add(at, offset)),
        (x) => v128.store32_lane(0, at, code.local('v128', x)),
        far,
        near,
      );
    /** `count` words from `first` on. */
    const part = (first: number, count: number, far: number): void => {
      const whole = count & -4;
      at.set(i32.add(state, 4 * first));
      code.forRange(i, 0, whole, 4, () => {
        step(
          (offset) => v128.load(i32.add(at, offset)),
          (x) => v128.store(at, code.local('v128', x)),
          far,
          1,
        );
        code.increase(at, 16);
      });
      code.forRange(i, 0, count - whole, 1, () => {
        singly(far, 1);
        code.increase(at, 4);
      });
    };
    part(0, N - M, M);
    part(N - M, M - 1, M - N);
    singly(M - N, 1 - N);
  });
  code.export('run', { n: 'i32', state: 'i32', next: 'i32', out: 'i32' }, ['i32'], ({ n, state, next, out }) => {
    const count = code.local('i32');
    code.while(
      () => n.get(),
      () => {
        code.if(i32.eq(next, N), () => {
          code.call(twist, state);
          next.set(0);
        });
        count.set(i32.sub(N, next));
        count.set(code.least(count, n));
        code.memory.copy(out, code.index(state, next, 4), code.scale(count, 4));
        n.set(i32.sub(n, count));
        next.set(i32.add(next, count));
        out.set(code.index(out, count, 4));
      },
    );
    next.get();
  });
}

/** Words of the state as the generator gives them. */
function temper(code: Assembler, x: Value<'v128'>): Vector {
  const { i32x4, v128 } = code;
  const y = code.local('v128', x);
  y.set(v128.xor(y, i32x4.shr_u(y, 11)));
  y.set(v128.xor(y, v128.and(i32x4.shl(y, 7), i32x4.const(0x9d2c5680 | 0))));
  y.set(v128.xor(y, v128.and(i32x4.shl(y, 15), i32x4.const(0xefc60000 | 0))));
  y.set(v128.xor(y, i32x4.shr_u(y, 18)));
  return y;
}

/** `run(n, x)` */
export function emitTemper(code: Assembler): void {
  const { v128 } = code;
  code.export('run', { n: 'i32', x: 'i32' }, [], ({ n, x }) => {
    overFours(
      code,
      n,
      x,
      () => v128.store(x, temper(code, v128.load(x))),
      () => v128.store32_lane(0, x, temper(code, v128.load32_splat(x))),
    );
  });
}

/** The low 24 bits of tempered words as numbers in [0, 1). */
function unit24(code: Assembler, words: Value<'v128'>): Value<'v128'> {
  const { i32x4, f32x4, v128 } = code;
  const low = v128.and(temper(code, words), i32x4.const(0xffffff));
  return f32x4.mul(f32x4.convert_i32x4_s(low), 2 ** -24);
}

/** `run(n, x)` */
export function emitUnit(code: Assembler): void {
  const { v128 } = code;
  code.export('run', { n: 'i32', x: 'i32' }, [], ({ n, x }) => {
    overFours(
      code,
      n,
      x,
      () => v128.store(x, code.local('v128', unit24(code, v128.load(x)))),
      () => v128.store32_lane(0, x, code.local('v128', unit24(code, v128.load32_splat(x)))),
    );
  });
}

/** `run(n, x, from, width)` */
export const emitUniform: Emitter = (code, features) => {
  const { f64x2, f32x4, i64x2, v128 } = code;
  code.export('run', { n: 'i32', x: 'i32', from: 'f32', width: 'f32' }, [], ({ n, x, from, width }) => {
    const wide = (value: Local<'f32'>): Vector => code.local('v128', f64x2.splat(code.f64.promote_f32(value)));
    const [start, factor] = [wide(from), wide(width)];
    const u = code.local('v128');
    /** A pair of u · width + from, rounded to odd in double precision, so that rounding it to single is rounding once. */
    const pair = (lanes: Value<'v128'>): Value<'v128'> => {
      const product = code.local('v128', f64x2.mul(f64x2.promote_low_f32x4(lanes), factor));
      const sum = code.local('v128', f64x2.add(product, start));
      const part = code.local('v128', f64x2.sub(sum, product));
      const error = code.local('v128', f64x2.add(f64x2.sub(product, f64x2.sub(sum, part)), f64x2.sub(start, part)));
      const isEven = i64x2.eq(v128.and(sum, i64x2.const(1n)), i64x2.const(0n));
      const move = code.local('v128', v128.and(isEven, f64x2.ne(error, 0)));
      // away from 0 where error and sum have one sign: one up in the bits; else one down, which is adding -1
      const opposed = i64x2.shr_s(v128.xor(error, sum), 63);
      move.set(v128.and(move, v128.or(opposed, i64x2.const(1n))));
      return f32x4.demote_f64x2_zero(i64x2.add(sum, move));
    };
    const both = (): Value<'v128'> => {
      if (features.fma) return f32x4.relaxed_madd(u, f32x4.splat(width), f32x4.splat(from));
      return i64x2.shuffle([0, 2], pair(u.get()), pair(i64x2.shuffle([1, 1], u, u)));
    };
    overFours(
      code,
      n,
      x,
      () => {
        u.set(unit24(code, v128.load(x)));
        v128.store(x, code.local('v128', both()));
      },
      () => {
        u.set(unit24(code, v128.load32_splat(x)));
        v128.store32_lane(0, x, code.local('v128', both()));
      },
    );
  });
};

/** `run(n, x, base, width)`, unsigned; a width of 0 stands for 2^32 */
export function emitRemainder(code: Assembler): void {
  const { i32, i32x4, v128 } = code;
  code.export('run', { n: 'i32', x: 'i32', base: 'i32', width: 'i32' }, [], ({ n, x, base, width }) => {
    const value = code.local('i32');
    const store = (words: Vector, lane: number): void => {
      value.set(i32x4.extract_lane(lane, words));
      code.if(width, () => value.set(i32.rem_u(value, width)));
      i32.store(x, i32.add(value, base), 4 * lane);
    };
    overFours(
      code,
      n,
      x,
      () => {
        const words = temper(code, v128.load(x));
        for (let lane = 0; lane < 4; lane++) store(words, lane);
      },
      () => store(temper(code, v128.load32_splat(x)), 0),
    );
  });
}

/** `run(n, x, out, first, size)`, of tempered words */
export function emitPermute(code: Assembler): void {
  const { i32 } = code;
  const params = { n: 'i32', x: 'i32', out: 'i32', first: 'i32', size: 'i32' } as const;
  code.export('run', params, [], ({ n, x, out, first, size }) => {
    const end = code.local('i32', code.index(x, n, 4));
    const [own, other, kept] = code.locals('i32', 3);
    own.set(code.index(out, first, 4));
    size.set(i32.sub(size, first));
    code.whileLess(x, end, () => {
      other.set(code.index(own, i32.rem_u(i32.load(x), size), 4));
      kept.set(i32.load(own));
      i32.store(own, i32.load(other));
      i32.store(other, kept);
      code.increase(x, 4);
      code.increase(own, 4);
      code.decrease(size, 1);
    });
  });
}

/** Turns of four elements of four bytes, then single ones; the bodies find them at `x`, which advances. */
function overFours(code: Assembler, n: Local<'i32'>, x: Pointer, four: () => void, one: () => void): void {
  const i = code.local('i32');
  const whole = code.local('i32', code.i32.and(n, -4));
  code.forRange(i, 0, whole, 4, () => {
    four();
    code.increase(x, 16);
  });
  code.whileLess(i, n, () => {
    one();
    code.increase(x, 4);
    code.increase(i, 1);
  });
}

/** `run(n, x, mean, std)` for n divisible by 16, of uniform numbers */
export const emitNormal: Emitter = (code, features) => {
  const { f32x4, v128 } = code;
  code.export('run', { n: 'i32', x: 'i32', mean: 'f32', std: 'f32' }, [], ({ n, x, mean, std }) => {
    const shift = code.local('v128', f32x4.splat(mean));
    const scale = code.local('v128', f32x4.splat(std));
    const i = code.local('i32');
    const m = lanes(code, features);
    const radius = code.local('v128');
    code.forRange(i, 0, n, 16, () => {
      for (const half of [0, 16]) {
        const u = code.local('v128', f32x4.sub(f32x4.const(1), v128.load(x, half)));
        radius.set(f32x4.sqrt(f32x4.mul(log(m, u), -2)));
        const theta = code.local('v128', f32x4.mul(v128.load(x, 32 + half), Math.fround(2 * Math.PI)));
        const { sin, cos } = sinCos(code, theta);
        v128.store(x, f32x4.add(f32x4.mul(f32x4.mul(radius, cos), scale), shift), half);
        v128.store(x, f32x4.add(f32x4.mul(f32x4.mul(radius, sin), scale), shift), 32 + half);
      }
      code.increase(x, 64);
    });
  });
};

/** π/4 in three parts, of which multiples up to 2^13 of the first two are exact. */
const QUARTER_PI = [0.78515625, 0.00024187564849853516, 3.774894977445941e-8];
const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];
const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2];

/**
 * Sine and cosine of angles in [0, 2π], to 2^-23: the angle less the nearest even multiple of π/4, and polynomials of S. Moshier's
 * Cephes library (`sinf.c`, https://www.netlib.org/cephes/), swapped and signed by octant.
 */
function sinCos(code: Assembler, x: Vector): { sin: Vector; cos: Vector } {
  const { f32x4, i32x4, v128 } = code;
  const octant = code.local('v128', i32x4.trunc_sat_f32x4_s(f32x4.mul(x, 4 / Math.PI)));
  octant.set(v128.and(i32x4.add(octant, i32x4.const(1)), i32x4.const(~1)));
  const whole = code.local('v128', f32x4.convert_i32x4_s(octant));
  const r = code.local('v128', x.get());
  for (const part of QUARTER_PI) r.set(f32x4.sub(r, f32x4.mul(whole, part)));
  const z = code.local('v128', f32x4.mul(r, r));
  const polynomial = (coefficients: readonly number[]): Vector => {
    const sum = code.local('v128', f32x4.const(coefficients[0]));
    for (const c of coefficients.slice(1)) sum.set(f32x4.add(f32x4.mul(sum, z), c));
    return sum;
  };
  const cosine = polynomial(COS);
  cosine.set(f32x4.add(f32x4.sub(f32x4.mul(f32x4.mul(cosine, z), z), f32x4.mul(z, 0.5)), 1));
  const sine = polynomial(SIN);
  sine.set(f32x4.add(f32x4.mul(f32x4.mul(sine, z), r), r));
  const swapped = code.local('v128', i32x4.ne(v128.and(octant, i32x4.const(2)), i32x4.const(0)));
  /** The sign bit where bit 2 is set. */
  const sign = (bits: Vector): Value<'v128'> => i32x4.shl(v128.and(bits, i32x4.const(4)), 29);
  const sin = code.local('v128', v128.xor(v128.bitselect(cosine, sine, swapped), sign(octant)));
  const turned = code.local('v128', i32x4.add(octant, i32x4.const(2)));
  const cos = code.local('v128', v128.xor(v128.bitselect(sine, cosine, swapped), sign(turned)));
  return { sin, cos };
}

/** `run(n, x, out, limit)` */
export function emitBernoulli(code: Assembler): void {
  const { i32, i8x16, i16x8, i32x4, f64x2, v128 } = code;
  code.export('run', { n: 'i32', x: 'i32', out: 'i32', limit: 'f64' }, [], ({ n, x, out, limit }) => {
    const bound = code.local('v128', f64x2.splat(limit));
    const [a, b] = code.locals('v128', 2);
    /** Masks of the two pairs of words in a vector, by numbers of 53 bits, which doubles hold. */
    const pair = (words: Vector): Vector => {
      const high = v128.and(i32x4.shuffle([0, 2, 0, 2], words, words), i32x4.const(0x1fffff));
      const top = f64x2.mul(f64x2.convert_low_i32x4_u(high), 2 ** 32);
      const low = f64x2.convert_low_i32x4_u(i32x4.shuffle([1, 3, 1, 3], words, words));
      return code.local('v128', f64x2.lt(f64x2.add(top, low), bound));
    };
    const i = code.local('i32');
    const whole = code.local('i32', i32.and(n, -4));
    code.forRange(i, 0, whole, 4, () => {
      a.set(temper(code, v128.load(x)));
      b.set(temper(code, v128.load(x, 16)));
      a.set(i16x8.narrow_i32x4_s(i32x4.shuffle([0, 2, 4, 6], pair(a), pair(b)), a));
      a.set(v128.and(i8x16.narrow_i16x8_s(a, a), i8x16.const(1)));
      v128.store32_lane(0, out, a);
      code.increase(x, 32);
      code.increase(out, 4);
    });
    code.whileLess(i, n, () => {
      a.set(temper(code, v128.load64_zero(x)));
      i32.store8(out, i32.and(i32x4.extract_lane(0, pair(a)), 1));
      code.increase(x, 8);
      code.increase(out, 1);
      code.increase(i, 1);
    });
  });
}
