/**
 * Elementwise kernels over contiguous runs, in float32 and float64.
 *
 *     for i in 0 … n-1 by a vector:   out[i] = f(a[i], b[i])
 *     what is left, one lane at a time, through the same vector code
 *
 * An operand is a run (`v`) or one value for the whole run (`s`), so that a broadcast is a loop over runs outside. A kernel's
 * name is its identity: `f32_add_vs`, `f64_sqrt_v`. `out` may be an operand.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Features } from '../features.ts';
import type { Emitter } from '../module.ts';
import { lanes as lanesOf } from './lanes.ts';
import { exp, log, sigmoid, tanh } from './vectorMath.ts';

type Vector = Local<'v128'>;
type Lanes = Assembler['f32x4'];

/** What a function body needs: the lanes of its dtype, under one name. */
interface Body {
  readonly code: Assembler;
  readonly features: Features;
  /** `f32x4`, or `f64x2` seen as having the same instructions. */
  readonly lanes: Lanes;
}

type UnaryBody = (body: Body, x: Vector) => Value<'v128'>;
type BinaryBody = (body: Body, x: Vector, y: Vector) => Value<'v128'>;

/** Functions that both dtypes have. */
const UNARY: Readonly<Record<string, UnaryBody>> = {
  neg: ({ lanes }, x) => lanes.neg(x),
  abs: ({ lanes }, x) => lanes.abs(x),
  sqrt: ({ lanes }, x) => lanes.sqrt(x),
  rsqrt: ({ lanes }, x) => lanes.div(lanes.const(1), lanes.sqrt(x)),
  reciprocal: ({ lanes }, x) => lanes.div(lanes.const(1), x),
  // -0 and NaN stay as they are, as in PyTorch
  relu: ({ code, lanes }, x) => code.v128.andnot(x, lanes.lt(x, lanes.const(0))),
  floor: ({ lanes }, x) => lanes.floor(x),
  ceil: ({ lanes }, x) => lanes.ceil(x),
  trunc: ({ lanes }, x) => lanes.trunc(x),
  round: ({ lanes }, x) => lanes.nearest(x),
};

/** Functions of float32 alone. */
const UNARY_F32: Readonly<Record<string, UnaryBody>> = {
  exp: ({ code, features }, x) => exp(lanesOf(code, features), x).get(),
  log: ({ code, features }, x) => log(lanesOf(code, features), x).get(),
  tanh: ({ code, features }, x) => tanh(lanesOf(code, features), x).get(),
  sigmoid: ({ code, features }, x) => sigmoid(lanesOf(code, features), x).get(),
  silu: ({ code, features, lanes }, x) => lanes.mul(x, sigmoid(lanesOf(code, features), x)),
};

const BINARY: Readonly<Record<string, BinaryBody>> = {
  add: ({ lanes }, x, y) => lanes.add(x, y),
  sub: ({ lanes }, x, y) => lanes.sub(x, y),
  mul: ({ lanes }, x, y) => lanes.mul(x, y),
  div: ({ lanes }, x, y) => lanes.div(x, y),
  maximum: ({ lanes }, x, y) => lanes.max(x, y),
  minimum: ({ lanes }, x, y) => lanes.min(x, y),
  // grad where the other operand is above 0; a NaN there lets the gradient through, as in PyTorch
  reluBackward: ({ code, lanes }, grad, x) => code.v128.andnot(grad, lanes.le(x, lanes.const(0))),
};

/** Which operands of a binary kernel are runs: both, the first, or the second. */
export type Mode = 'vv' | 'vs' | 'sv';

/** True when a kernel for this function of one operand exists. */
export function hasUnary(name: string, dtype: FloatDType): boolean {
  return Object.hasOwn(UNARY, name) || (dtype === 'float32' && Object.hasOwn(UNARY_F32, name));
}

/** True when a kernel for this function of two operands exists. */
export function hasBinary(name: string): boolean {
  return Object.hasOwn(BINARY, name);
}

/** Every kernel of the family, for tests and benchmarks. */
export const elementwiseKernels: readonly {
  readonly name: string;
  readonly dtype: FloatDType;
  readonly operands: 1 | 2;
}[] = [
  ...Object.keys(UNARY).flatMap((name) => both(name, 1)),
  ...Object.keys(UNARY_F32).map((name) => ({ name, dtype: 'float32' as const, operands: 1 as const })),
  ...Object.keys(BINARY).flatMap((name) => both(name, 2)),
];

function both<N extends 1 | 2>(name: string, operands: N): { name: string; dtype: FloatDType; operands: N }[] {
  return [
    { name, dtype: 'float32', operands },
    { name, dtype: 'float64', operands },
  ];
}

const prefix = (dtype: FloatDType): string => (dtype === 'float32' ? 'f32' : 'f64');

/** `f32_exp_v` */
export function unaryName(name: string, dtype: FloatDType): string {
  return `${prefix(dtype)}_${name}_v`;
}

/** `f32_add_vs` */
export function binaryName(name: string, dtype: FloatDType, mode: Mode): string {
  return `${prefix(dtype)}_${name}_${mode}`;
}

function bodyOf(code: Assembler, features: Features, dtype: FloatDType): Body {
  // f64x2 has every instruction that the bodies use, under the same names and types.
  return { code, features, lanes: (dtype === 'float32' ? code.f32x4 : code.f64x2) as Lanes };
}

/** `run(n, a, out)` */
export function emitUnary(name: string, dtype: FloatDType): Emitter {
  return (code, features) => {
    const body = bodyOf(code, features, dtype);
    const f = UNARY[name] ?? UNARY_F32[name];
    code.export('run', { n: 'i32', a: 'i32', out: 'i32' }, [], ({ n, a, out }) => {
      const x = code.local('v128');
      overRuns(code, dtype, n, [a], out, ([load]) => {
        x.set(load());
        return f(body, x);
      });
    });
  };
}

/** `run(n, a, b, out, value)`: `value` stands for the operand that is no run, whose pointer is ignored. */
export function emitBinary(name: string, dtype: FloatDType, mode: Mode): Emitter {
  return (code, features) => {
    const body = bodyOf(code, features, dtype);
    const f = BINARY[name];
    const scalar = dtype === 'float32' ? 'f32' : 'f64';
    code.export('run', { n: 'i32', a: 'i32', b: 'i32', out: 'i32', value: scalar }, [], ({ n, a, b, out, value }) => {
      const x = code.local('v128');
      const y = code.local('v128');
      const runs = mode === 'vv' ? [a, b] : mode === 'vs' ? [a] : [b];
      const splat = body.lanes.splat(value as Operand<'f32'>);
      if (mode === 'vs') y.set(splat);
      else if (mode === 'sv') x.set(splat);
      else code.drop(splat);
      overRuns(code, dtype, n, runs, out, (loads) => {
        if (mode !== 'sv') x.set(loads[0]());
        if (mode !== 'vs') y.set(loads[loads.length - 1]());
        return f(body, x, y);
      });
    });
  };
}

/**
 * The loop around a body: whole vectors, two at a time while they last, then single lanes. `f` gets one loader an operand and
 * returns the result of one vector.
 */
function overRuns(
  code: Assembler,
  dtype: FloatDType,
  n: Local<'i32'>,
  runs: readonly Local<'i32'>[],
  out: Local<'i32'>,
  f: (loads: readonly (() => Value<'v128'>)[]) => Value<'v128'>,
): void {
  const { i32, v128 } = code;
  const lanes = dtype === 'float32' ? 4 : 2;
  const itemBytes = 16 / lanes;
  const i = code.local('i32');
  const whole = code.local('i32', i32.and(n, -lanes));
  const result = code.local('v128');
  code.forRange(i, 0, whole, lanes, () => {
    result.set(f(runs.map((run) => () => v128.load(run))));
    v128.store(out, result);
    for (const run of runs) code.increase(run, 16);
    code.increase(out, 16);
  });
  code.whileLess(i, n, () => {
    result.set(f(runs.map((run) => () => (dtype === 'float32' ? v128.load32_zero(run) : v128.load64_zero(run)))));
    if (dtype === 'float32') v128.store32_lane(0, out, result);
    else v128.store64_lane(0, out, result);
    for (const run of runs) code.increase(run, itemBytes);
    code.increase(out, itemBytes);
    code.increase(i, 1);
  });
}
