/**
 * Elementwise functions of up to three operands and three parameters, in double lanes (`doubles.ts`). Arithmetic gives the bits of
 * the reference loops, for float32 and float64; transcendental functions are for float32 alone.
 *
 *     for i in 0 … n-1:  out[i] = f(a[i], b[i], c[i]; p0, p1, p2)
 *
 * An operand is a run (`v`) or one element for the whole run (`s`). `f32_addcmul_vvs`. `out` may be an operand.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Local, Value } from '../assembler.ts';
import { Assembler } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import type { Constants } from './doubleMath.ts';
import { erf, erfc, exp, expm1, log1p } from './doubleMath.ts';
import { loadRepeated, overPairs, splats } from './doubles.ts';

type Vector = Local<'v128'>;
type Body = (
  code: Assembler,
  operands: readonly Vector[],
  parameters: readonly Vector[],
  constants: Constants,
) => Value<'v128'>;

/** test ? a : b, lane by lane */
function choose(code: Assembler, test: Value<'v128'>, a: Vector, b: Vector): Value<'v128'> {
  const mask = code.local('v128', test);
  return code.v128.bitselect(a, b, mask);
}

/** Functions whose results are good to float32 and no further. */
const SINGLE = {
  erf: { operands: 1, body: (code, [x], _, k) => erf(code, k, x) },
  /** a Φ(a) */
  gelu: {
    operands: 1,
    body: (code, [x], _, k) => {
      const { f64x2 } = code;
      const y = code.local('v128', f64x2.mul(x, k(-Math.SQRT1_2)));
      y.set(erfc(code, k, y));
      return f64x2.mul(f64x2.mul(x, k(0.5)), y);
    },
  },
  /** the same approximately: a / (1 + e^-2u) with u = √(2/π) (a + 0.044715 a³), which is a (1 + tanh u) / 2 */
  geluTanh: {
    operands: 1,
    body: (code, [x], _, k) => {
      const { f64x2 } = code;
      const cube = f64x2.mul(f64x2.mul(f64x2.mul(x, x), x), k(0.044715));
      const u = code.local('v128', f64x2.mul(f64x2.add(x, cube), k(-2 * Math.sqrt(2 / Math.PI))));
      u.set(exp(code, k, u));
      return f64x2.div(x, f64x2.add(u, k(1)));
    },
  },
  /** a ≤ 0 ? p1 p0 (e^(a p2) - 1) : p1 a */
  elu: {
    operands: 1,
    body: (code, [x], [alpha, scale, inputScale], k) => {
      const { f64x2 } = code;
      const t = code.local('v128', f64x2.mul(x, inputScale));
      t.set(expm1(code, k, t));
      t.set(f64x2.mul(f64x2.mul(scale, alpha), t));
      const linear = code.local('v128', f64x2.mul(scale, x));
      return choose(code, f64x2.le(x, k(0)), t, linear);
    },
  },
  /** log(1 + e^(p0 a)) / p0, and a itself where p0 a > p1 */
  softplus: {
    operands: 1,
    body: (code, [x], [beta, threshold], k) => {
      const { f64x2 } = code;
      const scaled = code.local('v128', f64x2.mul(x, beta));
      const t = code.local('v128', exp(code, k, scaled));
      t.set(log1p(code, k, t));
      t.set(f64x2.div(t, beta));
      return choose(code, f64x2.gt(scaled, threshold), x, t);
    },
  },
} as const satisfies Record<string, { operands: 1; body: Body }>;

const EXACT = {
  /** a + p0 b */
  addScaled: { operands: 2, body: ({ f64x2 }, [a, b], [alpha]) => f64x2.add(a, f64x2.mul(alpha, b)) },
  /** a + p0 b c */
  addcmul: { operands: 3, body: ({ f64x2 }, [a, b, c], [p]) => f64x2.add(a, f64x2.mul(f64x2.mul(p, b), c)) },
  /** a + p0 b / c */
  addcdiv: { operands: 3, body: ({ f64x2 }, [a, b, c], [p]) => f64x2.add(a, f64x2.div(f64x2.mul(p, b), c)) },
  /** from a to b by the share c, exact at both ends */
  lerp: {
    operands: 3,
    body: (code, [a, b, t]) => {
      const { f64x2 } = code;
      const difference = code.local('v128', f64x2.sub(b, a));
      const far = code.local('v128', f64x2.sub(b, f64x2.mul(difference, f64x2.sub(f64x2.const(1), t))));
      const near = code.local('v128', f64x2.add(a, f64x2.mul(t, difference)));
      return choose(code, f64x2.lt(f64x2.abs(t), 0.5), near, far);
    },
  },
  /** a > 0 ? a : a p0 */
  leakyRelu: {
    operands: 1,
    body: (code, [x], [slope]) => choose(code, code.f64x2.gt(x, 0), x, code.local('v128', code.f64x2.mul(x, slope))),
  },
  /** a clipped to [p0, p1]; NaN and what is on a bound stay as they are */
  hardtanh: {
    operands: 1,
    body: (code, [x], [min, max]) => {
      const { f64x2 } = code;
      const low = code.local('v128', choose(code, f64x2.gt(x, max), max, x));
      return choose(code, f64x2.lt(x, min), min, low);
    },
  },
  /** min(max(a, p0), p1), a NaN bound making all NaN, a NaN element staying */
  clamp: {
    operands: 1,
    body: (code, [x], [min, max]) => {
      const { f64x2 } = code;
      const bounded = code.local('v128', f64x2.min(f64x2.max(x, min), max));
      return choose(code, f64x2.ne(x, x), x, bounded);
    },
  },
  /** a ≤ p0 ? p1 : a */
  threshold: { operands: 1, body: (code, [x], [at, value]) => choose(code, code.f64x2.le(x, at), value, x) },
  /** b ≤ p0 ? 0 : a */
  thresholdBackward: {
    operands: 2,
    body: ({ f64x2, v128 }, [grad, x], [at]) => v128.andnot(grad, f64x2.le(x, at)),
  },
  /** a³ */
  cube: { operands: 1, body: ({ f64x2 }, [x]) => f64x2.mul(f64x2.mul(x, x), x) },
  /** 0 where |a| ≤ p0 */
  hardshrink: {
    operands: 1,
    body: ({ f64x2, v128 }, [x], [lambd]) => v128.andnot(x, f64x2.le(f64x2.abs(x), lambd)),
  },
} as const satisfies Record<string, { operands: 1 | 2 | 3; body: Body }>;

const WIDE = { ...EXACT, ...SINGLE };

export type WideName = keyof typeof WIDE;
export type ExactName = keyof typeof EXACT;

/** Every function that gives the bits of the reference, for tests. */
export const exactKernels = Object.keys(EXACT) as readonly ExactName[];

export const operandsOf = (name: WideName): number => WIDE[name].operands;

/** True when a kernel for this function exists. */
export function hasWide(name: string, dtype: string): name is WideName {
  return dtype === 'float32' ? Object.hasOwn(WIDE, name) : dtype === 'float64' && Object.hasOwn(EXACT, name);
}

/** `f32_addcmul_vvs` */
export function wideName(name: WideName, dtype: FloatDType, modes: string): string {
  return `${dtype === 'float32' ? 'f32' : 'f64'}_${name}_${modes}`;
}

/** `run(n, a, b, c, out, p0, p1, p2)`; the pointers of operands that the function has not are ignored, as are parameters */
export function emitWide(name: WideName, dtype: FloatDType, modes: string): Emitter {
  return (code) => {
    const { body } = WIDE[name] as { body: Body };
    code.export(
      'run',
      { n: 'i32', a: 'i32', b: 'i32', c: 'i32', out: 'i32', p0: 'f64', p1: 'f64', p2: 'f64' },
      [],
      ({ n, a, b, c, out, ...scalars }) => {
        const { p0, p1, p2 } = splats(code, scalars);
        const pointers = [a, b, c].slice(0, modes.length);
        const values = code.locals('v128', modes.length);
        pointers.forEach((pointer, i) => {
          if (modes[i] === 's') values[i].set(loadRepeated(code, dtype, pointer));
        });
        const runs = pointers.filter((_, i) => modes[i] === 'v');
        const constants = new Map<number, Vector>();
        for (const value of constantsOf(body)) constants.set(value, code.local('v128', code.f64x2.const(value)));
        const result = code.local('v128');
        overPairs(code, dtype, n, [...runs, out], ({ load, store }) => {
          pointers.forEach((pointer, i) => {
            if (modes[i] === 'v') values[i].set(load(pointer));
          });
          result.set(body(code, values, [p0, p1, p2], (value) => constants.get(value) as Vector));
          store(out, result);
        });
      },
    );
  };
}

/** The constants that a body asks for, found by emitting it into a module that is thrown away. */
function constantsOf(body: Body): Set<number> {
  const found = new Set<number>();
  const code = new Assembler({ shared: false });
  code.func('dry', {}, [], () => {
    const [vector] = code.locals('v128', 1);
    const constants: Constants = (value) => {
      found.add(value);
      return vector;
    };
    code.drop(body(code, [vector, vector, vector], [vector, vector, vector], constants));
  });
  return found;
}
