/**
 * Pooling kernels over planes, driven by the tables of windows of `reference/pool.ts`: along each dimension, where the
 * window of every output position starts and ends.
 *
 *     for each plane, each output row oh, each output column ow:
 *       fold x[h, w] over h = rowStart[oh] … rowEnd[oh] by rowStep, w = columnStart[ow] … columnEnd[ow] by columnStep
 *
 * Columns `vectorFrom` to `vectorTo` have windows of equally many taps at a constant distance; there adjacent outputs are
 * computed in the lanes of a vector, whose taps lie `stride` apart. Averages are summed in float64, tap by tap, so that
 * both kinds of columns give the bits of the reference loop. Gradients are scattered in the dtype itself, as PyTorch does
 * it: in float32 the sums of overlapping windows round at each addition.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';

type Int = Local<'i32'>;
type Vector = Local<'v128'>;
type Scalars = Assembler['f32'];
type Lanes = Assembler['f32x4'];

/** Distance between the taps of neighbouring lanes, where the loads are made for it. */
export type LaneStride = '1' | '2' | 'any';

const prefix = (dtype: FloatDType): string => (dtype === 'float32' ? 'f32' : 'f64');

/** Outputs to a vector. */
export const lanesOf = (dtype: FloatDType): number => (dtype === 'float32' ? 4 : 2);

/** `f32_maxpool_s2` */
export function maxPoolName(dtype: FloatDType, stride: LaneStride): string {
  return `${prefix(dtype)}_maxpool_s${stride}`;
}

/** `f32_avgpool_s2` */
export function avgPoolName(dtype: FloatDType, stride: LaneStride): string {
  return `${prefix(dtype)}_avgpool_s${stride}`;
}

/** `f32_maxpool_scatter` */
export function maxScatterName(dtype: FloatDType): string {
  return `${prefix(dtype)}_maxpool_scatter`;
}

/** `f32_avgpool_scatter` */
export function avgScatterName(dtype: FloatDType): string {
  return `${prefix(dtype)}_avgpool_scatter`;
}

/** Where the windows are: tables of i32 in the heap, and sizes. Shared by the kernels that walk windows. */
const WINDOWS = {
  planes: 'i32',
  planeBytes: 'i32',
  width: 'i32',
  outHeight: 'i32',
  outWidth: 'i32',
  rowStart: 'i32',
  rowEnd: 'i32',
  columnStart: 'i32',
  columnEnd: 'i32',
} as const;

/** The vector columns and the steps between taps. */
const TAPS = { rowStep: 'i32', columnStep: 'i32', vectorFrom: 'i32', vectorTo: 'i32', stride: 'i32' } as const;

type WindowLocals = { readonly [K in keyof typeof WINDOWS]: Int };
type TapLocals = { readonly [K in keyof typeof TAPS]: Int };

/** What bodies work with: the instructions of their dtype under one name. */
interface Kit {
  readonly code: Assembler;
  readonly dtype: FloatDType;
  readonly bytes: number;
  readonly lanes: number;
  readonly scalar: Scalars;
  readonly vector: Lanes;
}

function kitOf(code: Assembler, dtype: FloatDType): Kit {
  const single = dtype === 'float32';
  // f64 and f64x2 have every instruction that the bodies use, under the same names.
  return {
    code,
    dtype,
    bytes: single ? 4 : 8,
    lanes: lanesOf(dtype),
    scalar: (single ? code.f32 : code.f64) as Scalars,
    vector: (single ? code.f32x4 : code.f64x2) as Lanes,
  };
}

/** for (i = from; i < to; i += step), signed: ends of clipped windows may lie before their starts */
function walk(code: Assembler, i: Int, from: Operand<'i32'>, to: Int, step: Int | number, body: () => void): void {
  i.set(from);
  code.while(
    () => code.i32.lt_s(i, to),
    () => {
      body();
      code.increase(i, step);
    },
  );
}

/** table[i] */
function entry(code: Assembler, table: Int, i: Int): Value<'i32'> {
  return code.i32.load(code.index(table, i, 4));
}

/** Bounds of the present window. */
interface Bounds {
  readonly top: Int;
  readonly bottom: Int;
  readonly left: Int;
  readonly right: Int;
}

/** The walk over rows and columns of outputs in every plane; `x` moves on by a plane each time. */
function overOutputs(
  code: Assembler,
  windows: WindowLocals,
  x: Int,
  atRow: (oh: Int, bounds: Bounds) => void,
  atColumn: (ow: Int, bounds: Bounds) => void,
): void {
  const { planes, planeBytes, outHeight, outWidth, rowStart, rowEnd, columnStart, columnEnd } = windows;
  const [plane, oh, ow, top, bottom, left, right] = code.locals('i32', 7);
  const bounds = { top, bottom, left, right };
  code.forRange(plane, 0, planes, 1, () => {
    code.forRange(oh, 0, outHeight, 1, () => {
      top.set(entry(code, rowStart, oh));
      bottom.set(entry(code, rowEnd, oh));
      atRow(oh, bounds);
      ow.set(0);
      code.whileLess(ow, outWidth, () => {
        left.set(entry(code, columnStart, ow));
        right.set(entry(code, columnEnd, ow));
        // moves ow on by the outputs that it computes
        atColumn(ow, bounds);
      });
    });
    code.increase(x, planeBytes);
  });
}

/** ow in [vectorFrom, vectorTo) */
function inVectors(code: Assembler, ow: Int, { vectorFrom, vectorTo }: TapLocals): Value<'i32'> {
  const { i32 } = code;
  return i32.lt_u(i32.sub(ow, vectorFrom), i32.sub(vectorTo, vectorFrom));
}

/** One tap of neighbouring outputs, `stride` elements apart. It reads nothing beyond the last of them. */
function loadTaps(kit: Kit, stride: LaneStride, p: Int, strideBytes: Int, v: Vector): void {
  const { code, lanes } = kit;
  const { v128, i32 } = code;
  if (stride === '1') v.set(v128.load(p));
  else if (lanes === 2) {
    v.set(v128.load64_zero(p));
    v.set(v128.load64_lane(1, i32.add(p, strideBytes), v));
  } else if (stride === '2') v.set(code.i32x4.shuffle([0, 2, 5, 7], v128.load(p), v128.load(p, 12)));
  else {
    v.set(v128.load32_zero(p));
    const q = code.local('i32', p);
    for (let lane = 1; lane < 4; lane++) {
      code.increase(q, strideBytes);
      v.set(v128.load32_lane(lane, q, v));
    }
  }
}

/**
 * `run(planes, …windows, …taps, x, values, indices)`: values and indices of the largest entry of each window, the last NaN
 * if there is one, else the first among equals; -Infinity and -1 for a window without entries.
 */
export function emitMaxPool(dtype: FloatDType, stride: LaneStride): Emitter {
  return (code) => {
    const kit = kitOf(code, dtype);
    const params = { ...WINDOWS, ...TAPS, x: 'i32', values: 'i32', indices: 'i32' } as const;
    code.export('run', params, [], (locals) => {
      const { x, values, indices, width } = locals;
      const { bytes, lanes, vector } = kit;
      const { i32, i32x4, v128 } = code;
      const [h, w, rowAt, p] = code.locals('i32', 4);
      const strideBytes = code.local('i32', code.scale(locals.stride, bytes));
      const stepBytes = code.local('i32', code.scale(locals.columnStep, bytes));
      const stepVector = code.local('v128', i32x4.splat(locals.columnStep));
      const [bests, ats, index, v, mask] = code.locals('v128', 5);
      const laneIndex = code.local('v128', i32x4.mul(i32x4.const(0, 1, 2, 3), i32x4.splat(locals.stride)));

      // One output, too, goes through vector instructions, in the first lane: they choose without a branch.
      const outputs = ({ top, bottom, left, right }: Bounds, tap: () => void): void => {
        bests.set(vector.const(Number.NEGATIVE_INFINITY));
        ats.set(i32x4.const(-1));
        code.if(i32.and(i32.lt_s(top, bottom), i32.lt_s(left, right)), () => {
          ats.set(i32x4.add(laneIndex, i32x4.splat(i32.add(i32.mul(top, width), left))));
        });
        walk(code, h, top, bottom, locals.rowStep, () => {
          rowAt.set(i32.add(i32.mul(h, width), left));
          p.set(code.index(x, rowAt, bytes));
          index.set(i32x4.add(laneIndex, i32x4.splat(rowAt)));
          walk(code, w, left, right, locals.columnStep, () => {
            tap();
            mask.set(v128.or(vector.gt(v, bests), vector.ne(v, v)));
            bests.set(v128.bitselect(v, bests, mask));
            if (lanes === 2) mask.set(i32x4.shuffle([0, 2, 0, 2], mask, mask));
            ats.set(v128.bitselect(index, ats, mask));
            index.set(i32x4.add(index, stepVector));
            code.increase(p, stepBytes);
          });
        });
      };

      const one = (bounds: Bounds): void => {
        outputs(bounds, () => v.set(lanes === 4 ? v128.load32_zero(p) : v128.load64_zero(p)));
        if (lanes === 4) v128.store32_lane(0, values, bests);
        else v128.store64_lane(0, values, bests);
        v128.store32_lane(0, indices, ats);
      };

      const several = (bounds: Bounds): void => {
        outputs(bounds, () => loadTaps(kit, stride, p, strideBytes, v));
        v128.store(values, bests);
        if (lanes === 4) v128.store(indices, ats);
        else v128.store64_lane(0, indices, ats);
      };

      const advance = (ow: Int, n: number): void => {
        code.increase(ow, n);
        code.increase(values, n * bytes);
        code.increase(indices, n * 4);
      };
      overOutputs(
        code,
        locals,
        x,
        () => {},
        (ow, bounds) => {
          code.if(
            inVectors(code, ow, locals),
            () => {
              several(bounds);
              advance(ow, lanes);
            },
            () => {
              one(bounds);
              advance(ow, 1);
            },
          );
        },
      );
    });
  };
}

/**
 * `run(planes, …windows, …taps, x, out, rowCounts, columnCounts)`: the sum of each window over the product of its counts
 * (tables of f64); 0 for a window without entries.
 */
export function emitAvgPool(dtype: FloatDType, stride: LaneStride): Emitter {
  return (code) => {
    const kit = kitOf(code, dtype);
    const params = { ...WINDOWS, ...TAPS, x: 'i32', out: 'i32', rowCounts: 'i32', columnCounts: 'i32' } as const;
    code.export('run', params, [], (locals) => {
      const { x, out, width, rowCounts, columnCounts } = locals;
      const { bytes, lanes } = kit;
      const { i32, i32x4, f32, f64, f32x4, f64x2, v128 } = code;
      const [h, w, p] = code.locals('i32', 3);
      const strideBytes = code.local('i32', code.scale(locals.stride, bytes));
      const stepBytes = code.local('i32', code.scale(locals.columnStep, bytes));
      const sum = code.local('f64');
      const rowCount = code.local('f64');
      const [low, high, v] = code.locals('v128', 3);
      const single = dtype === 'float32';
      const store = (value: Value<'f64'>): void => {
        if (single) f32.store(out, f32.demote_f64(value));
        else f64.store(out, value);
      };

      const overTaps = ({ top, bottom, left, right }: Bounds, tap: () => void): void => {
        walk(code, h, top, bottom, locals.rowStep, () => {
          p.set(code.index(x, i32.add(i32.mul(h, width), left), bytes));
          walk(code, w, left, right, locals.columnStep, () => {
            tap();
            code.increase(p, stepBytes);
          });
        });
      };

      const one = (ow: Int, bounds: Bounds): void => {
        sum.set(0);
        overTaps(bounds, () => sum.set(f64.add(sum, single ? f64.promote_f32(f32.load(p)) : f64.load(p))));
        code.if(i32.lt_s(bounds.left, bounds.right), () => {
          sum.set(f64.div(sum, f64.mul(rowCount, f64.load(code.index(columnCounts, ow, 8)))));
        });
        store(sum.get());
      };

      const several = (ow: Int, bounds: Bounds): void => {
        low.set(f64x2.const(0));
        high.set(f64x2.const(0));
        overTaps(bounds, () => {
          loadTaps(kit, stride, p, strideBytes, v);
          if (single) {
            low.set(f64x2.add(low, f64x2.promote_low_f32x4(v)));
            high.set(f64x2.add(high, f64x2.promote_low_f32x4(i32x4.shuffle([2, 3, 2, 3], v, v))));
          } else low.set(f64x2.add(low, v));
        });
        const counts = code.local('i32', code.index(columnCounts, ow, 8));
        const divided = (s: Vector, offset: number): Value<'v128'> =>
          f64x2.div(s, f64x2.mul(f64x2.splat(rowCount), v128.load(counts, offset)));
        if (single) {
          low.set(f32x4.demote_f64x2_zero(divided(low, 0)));
          high.set(f32x4.demote_f64x2_zero(divided(high, 16)));
          v128.store(out, i32x4.shuffle([0, 1, 4, 5], low, high));
        } else v128.store(out, divided(low, 0));
      };

      const advance = (ow: Int, n: number): void => {
        code.increase(ow, n);
        code.increase(out, n * bytes);
      };
      overOutputs(
        code,
        locals,
        x,
        (oh) => rowCount.set(f64.load(code.index(rowCounts, oh, 8))),
        (ow, bounds) => {
          code.if(
            i32.ge_s(bounds.top, bounds.bottom),
            () => {
              store(f64.const(0));
              advance(ow, 1);
            },
            () => {
              code.if(
                inVectors(code, ow, locals),
                () => {
                  several(ow, bounds);
                  advance(ow, lanes);
                },
                () => {
                  one(ow, bounds);
                  advance(ow, 1);
                },
              );
            },
          );
        },
      );
    });
  };
}

/**
 * `run(planes, planeBytes, outputs, grad, indices, out)`: zeros, with each gradient added where its index points within
 * its plane. An index beyond the plane points nowhere, as a negative one does.
 */
export function emitMaxScatter(dtype: FloatDType): Emitter {
  return (code) => {
    const { bytes, scalar } = kitOf(code, dtype);
    const params = {
      planes: 'i32',
      planeBytes: 'i32',
      outputs: 'i32',
      grad: 'i32',
      indices: 'i32',
      out: 'i32',
    } as const;
    code.export('run', params, [], ({ planes, planeBytes, outputs, grad, indices, out }) => {
      const { i32 } = code;
      const [plane, o, at] = code.locals('i32', 3);
      const size = code.local('i32', i32.shr_u(planeBytes, Math.log2(bytes)));
      code.memory.fill(out, 0, i32.mul(planes, planeBytes));
      code.forRange(plane, 0, planes, 1, () => {
        code.forRange(o, 0, outputs, 1, () => {
          at.set(i32.load(indices));
          code.if(i32.lt_u(at, size), () => {
            at.set(code.index(out, at, bytes));
            scalar.store(at, scalar.add(scalar.load(at), scalar.load(grad)));
          });
          code.increase(indices, 4);
          code.increase(grad, bytes);
        });
        code.increase(out, planeBytes);
      });
    });
  };
}

/**
 * `run(planes, …windows, grad, out, rowCounts, columnCounts)`: the gradient of the average pooling; each output's gradient
 * over the product of its counts, added to all entries of its window.
 */
export function emitAvgScatter(dtype: FloatDType): Emitter {
  return (code) => {
    const { bytes, scalar, vector, lanes } = kitOf(code, dtype);
    const params = { ...WINDOWS, grad: 'i32', out: 'i32', rowCounts: 'i32', columnCounts: 'i32' } as const;
    code.export('run', params, [], (locals) => {
      const { grad, out, planes, planeBytes, width, rowCounts, columnCounts } = locals;
      const { i32, f32, f64, v128 } = code;
      const single = dtype === 'float32';
      const [h, p, end, vectorEnd] = code.locals('i32', 4);
      const rowCount = code.local('f64');
      const exact = code.local('f64');
      const share = code.local(single ? 'f32' : 'f64') as Local<'f32'>;
      const shares = code.local('v128');
      code.memory.fill(out, 0, i32.mul(planes, planeBytes));
      overOutputs(
        code,
        locals,
        out,
        (oh) => rowCount.set(f64.load(code.index(rowCounts, oh, 8))),
        (ow, { top, bottom, left, right }) => {
          exact.set(single ? f64.promote_f32(f32.load(grad)) : f64.load(grad));
          exact.set(f64.div(exact, f64.mul(rowCount, f64.load(code.index(columnCounts, ow, 8)))));
          if (single) share.set(f32.demote_f64(exact));
          else share.set(exact.get() as unknown as Value<'f32'>);
          shares.set(vector.splat(share));
          code.if(i32.lt_s(left, right), () => {
            walk(code, h, top, bottom, 1, () => {
              p.set(code.index(out, i32.add(i32.mul(h, width), left), bytes));
              end.set(code.index(p, i32.sub(right, left), bytes));
              vectorEnd.set(i32.add(p, i32.and(i32.sub(end, p), -lanes * bytes)));
              code.whileLess(p, vectorEnd, () => {
                v128.store(p, vector.add(v128.load(p), shares));
                code.increase(p, 16);
              });
              code.whileLess(p, end, () => {
                scalar.store(p, scalar.add(scalar.load(p), share));
                code.increase(p, bytes);
              });
            });
          });
          code.increase(ow, 1);
          code.increase(grad, bytes);
        },
      );
    });
  };
}
