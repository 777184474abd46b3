/**
 * The kernels of `taps.ts` and `grid.ts`: every output of a resampling in one pass over it. They multiply and add as its tensor ops do, in the same
 * order, and so give the same bits.
 *
 *     for o in 0 … count-1:  for i in 0 … rows-1:  for c in 0 … inner-1:
 *       out[o, i, c] = Σ over k of weights[k, i] · x[o, indices[k, i], c]
 *
 * `rows` goes along c by vectors, with a pointer and a weight for each tap; `columns`, for an inner of 1, along i, and gathers lanes.
 * Rows of the tables are `stride` entries apart; `offsets` count bytes from where step o of x begins. A kernel's name is its identity:
 * `f32_taps_rows_2` takes two taps.
 */

import type { Emitter, Tensor } from '@torsor/core';
import { empty, executor, features, heap, itemBytes, kernel, sizeOf } from '@torsor/core';

type Float = 'float32' | 'float64';

/** What differs between the dtypes: lanes, and the instructions that load, add and store one alone. */
const FORMS = {
  float32: {
    lanes: 4,
    shape: 'f32x4',
    one: 'load32_zero',
    lane: 'load32_lane',
    put: 'store32_lane',
    splat: 'load32_splat',
  },
  float64: {
    lanes: 2,
    shape: 'f64x2',
    one: 'load64_zero',
    lane: 'load64_lane',
    put: 'store64_lane',
    splat: 'load64_splat',
  },
} as const;

const PARAMS = {
  count: 'i32',
  rows: 'i32',
  stride: 'i32',
  innerBytes: 'i32',
  stepBytes: 'i32',
  x: 'i32',
  out: 'i32',
  offsets: 'i32',
  weights: 'i32',
} as const;

/** `run(count, rows, stride, innerBytes, stepBytes, x, out, offsets, weights)` */
function emitRows(dtype: Float, taps: number): Emitter {
  return (code) => {
    const { i32, v128 } = code;
    const { shape, one, put, splat } = FORMS[dtype];
    const arithmetic = code[shape];
    code.export('run', PARAMS, [], ({ count, rows, stride, innerBytes, stepBytes, x, out, offsets, weights }) => {
      const [o, i, c, entry] = code.locals('i32', 4);
      const from = code.locals('i32', taps);
      const factors = code.locals('v128', taps);
      const sum = code.local('v128');
      const whole = code.local('i32', i32.and(innerBytes, -16));
      const weigh = (load: 'load' | typeof one): void =>
        from.forEach((row, k) => {
          const term = code.local('v128', arithmetic.mul(v128[load](i32.add(row, c)), factors[k]));
          sum.set(k === 0 ? term.get() : arithmetic.add(sum, term));
        });
      code.forRange(o, 0, count, 1, () => {
        code.forRange(i, 0, rows, 1, () => {
          entry.set(i);
          for (let k = 0; k < taps; k++) {
            from[k].set(i32.add(x, i32.load(code.index(offsets, entry, 4))));
            factors[k].set(v128[splat](code.index(weights, entry, itemBytes(dtype))));
            if (k + 1 < taps) code.increase(entry, stride);
          }
          code.forRange(c, 0, whole, 16, () => {
            weigh('load');
            v128.store(i32.add(out, c), sum);
          });
          code.whileLess(c, innerBytes, () => {
            weigh(one);
            v128[put](0, i32.add(out, c), sum);
            code.increase(c, itemBytes(dtype));
          });
          code.increase(out, innerBytes);
        });
        code.increase(x, stepBytes);
      });
    });
  };
}

/** `run` as that of `emitRows`, where `innerBytes` is that of one element */
function emitColumns(dtype: Float, taps: number): Emitter {
  return (code) => {
    const { i32, v128 } = code;
    const { lanes, shape, one, lane, put } = FORMS[dtype];
    const arithmetic = code[shape];
    code.export('run', PARAMS, [], ({ count, rows, stride, innerBytes, stepBytes, x, out, offsets, weights }) => {
      const [o, i, entry, place] = code.locals('i32', 4);
      const [sum, values] = code.locals('v128', 2);
      const whole = code.local('i32', i32.and(rows, -lanes));
      /** Sums of the next so many outputs: as many as there are lanes, or one. */
      const weigh = (width: number, load: 'load' | typeof one): void => {
        entry.set(i);
        for (let k = 0; k < taps; k++) {
          place.set(code.index(offsets, entry, 4));
          values.set(v128[one](i32.add(x, i32.load(place))));
          for (let l = 1; l < width; l++) values.set(v128[lane](l, i32.add(x, i32.load(place, 4 * l)), values));
          const term = code.local(
            'v128',
            arithmetic.mul(values, v128[load](code.index(weights, entry, itemBytes(dtype)))),
          );
          sum.set(k === 0 ? term.get() : arithmetic.add(sum, term));
          if (k + 1 < taps) code.increase(entry, stride);
        }
      };
      code.forRange(o, 0, count, 1, () => {
        code.forRange(i, 0, whole, lanes, () => {
          weigh(lanes, 'load');
          v128.store(out, sum);
          code.increase(out, 16);
        });
        code.whileLess(i, rows, () => {
          weigh(1, one);
          v128[put](0, out, sum);
          code.increase(out, innerBytes);
          code.increase(i, 1);
        });
        code.increase(x, stepBytes);
      });
    });
  };
}

/** More taps are left to tensor ops: kernels hold a pointer and a weight of each. */
const MOST_TAPS = 12;
/** Entries of a table, at least, so that it lies in the heap. */
const LEAST_TABLE = 512;
/** Nanoseconds that a tap takes, about. */
const NS = { rows: 0.15, columns: 0.5 } as const;
/** Nanoseconds of a task, about, and tasks at most. */
const TASK = { ns: 8_000, most: 64 } as const;

/** A resampling as a walk: so many steps of x, of so many outputs. */
interface Walk {
  readonly steps: number;
  readonly outputs: number;
}

/** Parts of a walk: steps, or, if there are few, outputs of each. */
function partsOf(
  { steps, outputs }: Walk,
  ns: number,
): [step: number, steps: number, output: number, outputs: number][] {
  if (!executor().isWorthSharing(ns)) return [[0, steps, 0, outputs]];
  const wanted = Math.max(2, Math.min(TASK.most, Math.floor(ns / TASK.ns)));
  const list: [number, number, number, number][] = [];
  if (steps >= wanted) {
    const size = Math.ceil(steps / wanted);
    for (let s = 0; s < steps; s += size) list.push([s, Math.min(size, steps - s), 0, outputs]);
    return list;
  }
  // Whole cache lines, where outputs are single elements.
  const size = Math.ceil((outputs * steps) / wanted / 16) * 16;
  for (let s = 0; s < steps; s++) {
    for (let i = 0; i < outputs; i += size) list.push([s, 1, i, Math.min(size, outputs - i)]);
  }
  return list;
}

/**
 * `out[…, i, …] = Σ weights[k][i] x[…, indices[k][i], …]` along `dim`; null where no kernel takes it.
 *
 * @param indices for each tap, the inputs of all outputs
 * @param weights for each tap, its weight in all outputs
 */
export function weighByKernel(
  x: Tensor,
  dim: number,
  indices: readonly Int32Array[],
  weights: readonly Float64Array[],
): Tensor | null {
  const { dtype, shape } = x;
  const taps = indices.length;
  if ((dtype !== 'float32' && dtype !== 'float64') || taps > MOST_TAPS || !features().simd) return null;
  const outputs = indices[0].length;
  const inner = sizeOf(shape.slice(dim + 1));
  const steps = sizeOf(shape.slice(0, dim));
  const image = x.contiguous();
  const out = empty([...shape.slice(0, dim), outputs, ...shape.slice(dim + 1)], { dtype });
  const size = Math.max(taps * outputs, LEAST_TABLE);
  const offsets = empty([size], { dtype: 'int32' });
  const factors = empty([size], { dtype });
  if (![image, out, offsets, factors].every(({ storage }) => storage.enterHeap())) return null;
  const bytes = itemBytes(dtype);
  indices.forEach((list, k) => {
    (offsets.storage.array as Int32Array).set(
      list.map((index) => index * inner * bytes),
      k * outputs,
    );
    (factors.storage.array as Float64Array).set(weights[k], k * outputs);
  });
  const form = inner === 1 ? 'columns' : 'rows';
  const stepBytes = shape[dim] * inner * bytes;
  const ns = out.numel() * taps * NS[form];
  const parts = partsOf({ steps, outputs }, ns).map(([step, count, output, rows]) => [
    ...[count, rows, outputs, inner * bytes, stepBytes],
    image.storage.pointer + image.offset * bytes + step * stepBytes,
    out.storage.pointer + (step * outputs + output) * inner * bytes,
    offsets.storage.pointer + 4 * output,
    factors.storage.pointer + bytes * output,
  ]);
  launch(form, dtype, taps, parts, ns);
  return out;
}

/** Runs a kernel with one list of arguments after the other, or shares them among threads, if `ns` are worth it. */
function launch(
  form: 'rows' | 'columns',
  dtype: Float,
  taps: number,
  parts: readonly (readonly number[])[],
  ns: number,
): void {
  const name = `f${8 * itemBytes(dtype)}_taps_${form}_${taps}`;
  const emit = form === 'rows' ? emitRows(dtype, taps) : emitColumns(dtype, taps);
  if (executor().isWorthSharing(ns)) executor().runRows({ name, emit, entry: 'run', rows: parts });
  else for (const part of parts) kernel(name, emit, heap().memory).run(...part);
}

/**
 * `out[n, c, i] = Σ weights[k, n, i] x[n, c, indices[k, n, i]]`: images x `[N, C, P]`, tables `[K, N, outputs]` → `[N, C, outputs]`; null
 * where no kernel takes it.
 */
export function sampleByKernel(x: Tensor, indices: Tensor, weights: Tensor): Tensor | null {
  const { dtype } = x;
  const [n, channels, pixels] = x.shape;
  const [taps, , outputs] = indices.shape;
  if ((dtype !== 'float32' && dtype !== 'float64') || !features().simd) return null;
  const bytes = itemBytes(dtype);
  const [image, offsets, factors] = [x.contiguous(), indices.mul(bytes), weights.contiguous()];
  const out = empty([n, channels, outputs], { dtype });
  if (![image, out, offsets, factors].every(({ storage }) => storage.enterHeap())) return null;
  const ns = out.numel() * taps * NS.columns;
  const parts = Array.from({ length: n }, (_, at) =>
    partsOf({ steps: channels, outputs }, ns / n).map(([step, count, output, rows]) => {
      const plane = at * channels + step;
      return [
        ...[count, rows, n * outputs, bytes, pixels * bytes],
        image.storage.pointer + (image.offset + plane * pixels) * bytes,
        out.storage.pointer + (plane * outputs + output) * bytes,
        offsets.storage.pointer + 4 * (at * outputs + output),
        factors.storage.pointer + bytes * (factors.offset + at * outputs + output),
      ];
    }),
  ).flat();
  launch('columns', dtype, taps, parts, ns);
  return out;
}
