/**
 * Elementwise kernels: a function of the table (`functions.ts`) over rows of elements (`rows.ts`).
 *
 *     for i in 0 … n-1 by a vector:   out[i] = f(a[i], b[i], c[i]; p0, p1, p2)
 *     what is left, one part of a vector, through the same vector code
 *
 * An operand is a run (`v`), one element for the whole row (`s`), so that any broadcast is a loop over rows, or a number (`n`). A
 * kernel's name is its identity: `f32_add_vs`, `f64_sqrt_v`. `out` may be an operand.
 */

import type { Assembler, Local, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import type { Elementwise, FunctionName, KernelDType } from './functions.ts';
import { functions } from './functions.ts';
import { eachHalf } from './halves.ts';
import type { Lanes, Vector } from './lanes.ts';
import { lanes } from './lanes.ts';
import { emitRows } from './rows.ts';

type Pointer = Local<'i32'>;

const SHAPES = { float32: 'f32x4', float64: 'f64x2', int32: 'i32x4' } as const;
const PREFIX = { float32: 'f32', float64: 'f64', int32: 'i32' } as const;

/** How many vectors a turn takes where little is done to each. */
const UNROLL = 4;
/** Every kernel takes as many parameters, used or not. */
export const PARAMETERS = 3;
/** The parameter that holds an operand that is a number. */
export const NUMBER = 2;

/** `f32_addcmul_vvs` */
export function elementwiseName(name: FunctionName, dtype: KernelDType, modes: string): string {
  return `${PREFIX[dtype]}_${name}_${modes}`;
}

/**
 * `run(rows, n, a, …, out, aStep, …, outStep, p0, p1, p2)`, see `emitRows`; an operand that is a number has no pointer. For int32
 * the other parameters mean nothing.
 */
export function emitElementwise(name: FunctionName, dtype: KernelDType, modes: string): Emitter {
  return (code, features) => {
    const f: Elementwise = functions[name];
    const isWidened = dtype === 'float32' && (f.lanes === 'wide' || (f.lanes === 'fused' && !features.fma));
    const m = lanes(code, features, SHAPES[dtype]);
    const laneBytes = dtype === 'float64' ? 8 : 4;
    emitRows(code, modes.replace('n', '').length, PARAMETERS, (scalars) => {
      const number = modes.includes('n') ? splatNumber(code, scalars[NUMBER], dtype) : null;
      const parameters = dtype === 'int32' ? [] : scalars.map((p) => splat(code, p, dtype === 'float64' || isWidened));
      const apply = (operands: readonly Vector[]): Vector =>
        isWidened
          ? eachHalf(m, operands, (d, halves) => [f.body(throughFloats(d), halves, parameters)])[0]
          : f.body(m, operands, parameters);
      return ({ n, inputs, out }) => {
        const pointers = [...inputs];
        const operands = [...modes].map((mode) => {
          const pointer = mode === 'n' ? null : (pointers.shift() as Pointer);
          const value = pointer === null ? number : mode === 's' ? m.keep(loadSplat(code, pointer, laneBytes)) : null;
          return { pointer: pointer as Pointer, value };
        });
        const runs = operands.filter(({ value }) => value === null).map(({ pointer }) => pointer);
        const step = (load: (pointer: Pointer) => Value<'v128'>): Vector =>
          apply(operands.map(({ pointer, value }) => value ?? m.keep(load(pointer))));
        const left = code.local('i32', n);
        const advance = (vectors: number): void => {
          for (const pointer of [...runs, out]) code.increase(pointer, 16 * vectors);
          code.decrease(left, (16 / laneBytes) * vectors);
        };
        const turns = (vectors: number): void => {
          code.while(
            () => code.i32.ge_u(left, (16 / laneBytes) * vectors),
            () => {
              for (let at = 0; at < 16 * vectors; at += 16) {
                code.v128.store(
                  out,
                  step((pointer) => code.v128.load(pointer, at)),
                  at,
                );
              }
              advance(vectors);
            },
          );
        };
        if (f.ulp === 0 && f.lanes !== 'wide') turns(UNROLL);
        turns(1);
        code.if(left, () => {
          const part = partOf(code, left, laneBytes);
          part.store(
            out,
            step((pointer) => part.load(pointer)),
          );
        });
      };
    });
  };
}

/** Lanes of float64 that compute for float32, and round to it where a function says so. */
function throughFloats(d: Lanes): Lanes {
  const { f32x4, f64x2 } = d.code;
  return { ...d, round: (x) => d.keep(f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(x))) };
}

function splat(code: Assembler, p: Local<'f64'>, isDouble: boolean): Vector {
  return code.local('v128', isDouble ? code.f64x2.splat(p) : code.f32x4.splat(code.f32.demote_f64(p)));
}

function splatNumber(code: Assembler, p: Local<'f64'>, dtype: KernelDType): Vector {
  return dtype === 'int32'
    ? code.local('v128', code.i32x4.splat(code.i32.trunc_sat_f64_s(p)))
    : splat(code, p, dtype === 'float64');
}

function loadSplat({ v128 }: Assembler, pointer: Pointer, bytes: number): Value<'v128'> {
  return bytes === 8 ? v128.load64_splat(pointer) : v128.load32_splat(pointer);
}

/** Reads and writes less than a vector: of float64 one lane; of four-byte lanes two in the lower half, one in the third. */
function partOf(code: Assembler, left: Local<'i32'>, bytes: number) {
  const { i32, v128 } = code;
  if (bytes === 8) {
    return {
      load: (pointer: Pointer): Value<'v128'> => v128.load64_zero(pointer),
      store: (pointer: Pointer, value: Vector): void => v128.store64_lane(0, pointer, value),
    };
  }
  const pair = code.local('i32', i32.and(left, 2));
  const single = code.local('i32', i32.and(left, 1));
  const third = (pointer: Pointer): Value<'i32'> => code.index(pointer, pair, 4);
  return {
    load(pointer: Pointer): Value<'v128'> {
      const vector = code.local('v128', code.i32x4.const(0));
      code.if(pair, () => vector.set(v128.load64_zero(pointer)));
      code.if(single, () => vector.set(v128.load32_lane(2, third(pointer), vector)));
      return vector.get();
    },
    store(pointer: Pointer, value: Vector): void {
      code.if(pair, () => v128.store64_lane(0, pointer, value));
      code.if(single, () => v128.store32_lane(2, third(pointer), value));
    },
  };
}
