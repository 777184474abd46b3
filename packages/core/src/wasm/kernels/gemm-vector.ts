/**
 * Matrix times vector, out[i] = Σ_p M[i][p] · x[p] + add[i], for matrices that are contiguous along either side. Every element
 * of the matrix is read once, so there is nothing to pack: the matrix goes by at the speed of memory.
 */

import type { Assembler, Func, Local } from '../assembler.ts';
import type { Element, Tiles } from './gemm-micro.ts';
import { loadSplat, multiplyAdd, repeat, scalarOf } from './gemm-micro.ts';

/** Rows whose scalar products are formed together; tasks are cut at multiples of it. */
export const DOT_ROWS = 4;
/** Columns that are added to the sums together. */
const AXPY_COLUMNS = 8;
/** Bytes of sums that stay in the first-level cache while columns go by. */
export const AXPY_BLOCK_BYTES = 4096;

/** gemv(task, scratch, …): the parameters of a launch; steps in bytes. */
export const GEMV = {
  task: 'i32',
  scratch: 'i32',
  taskRows: 'i32',
  rows: 'i32',
  k: 'i32',
  matrix: 'i32',
  rowStep: 'i32',
  kStep: 'i32',
  x: 'i32',
  xStep: 'i32',
  add: 'i32',
  addStep: 'i32',
  out: 'i32',
  outStep: 'i32',
} as const;

/** Bytes of scratch memory: the sums of a block, and x where its elements have to be brought together. */
export function gemvScratchBytes(element: Element, k: number): number {
  return AXPY_BLOCK_BYTES + k * element.bytes;
}

/**
 * Each task takes `taskRows` rows, in blocks whose sums fit into AXPY_BLOCK_BYTES. An `add` of 0 adds nothing.
 *
 *     contiguous rows (kStep = 1 element): sums[i] = dot(row i, x), four rows at a time
 *     contiguous columns:                  sums = 0; for p: sums += column p · x[p], eight columns at a time
 *     out = sums + add
 */
export function emitGemv(code: Assembler, { element, fma }: Tiles): void {
  const { i32 } = code;
  const { bytes } = element;
  const gather = emitGather(code, element);
  const dots = emitDots(code, element, fma);
  const axpys = emitAxpy(code, element, fma, AXPY_COLUMNS);
  const axpy = emitAxpy(code, element, fma, 1);
  const finish = emitFinish(code, element);
  const columns = emitColumns(code, axpys, axpy);
  code.export('gemv', GEMV, [], (params) => {
    const { task, scratch, taskRows, rows, k, matrix, rowStep, kStep, x, xStep, add, addStep, out, outStep } = params;
    const row = code.local('i32', i32.mul(task, taskRows));
    const end = code.local('i32', i32.add(row, taskRows));
    end.set(code.least(end, rows));
    const count = code.local('i32');
    const from = code.local('i32');
    const isRows = code.local('i32', i32.eq(kStep, bytes));
    code.if(i32.and(isRows, i32.ne(xStep, bytes)), () => {
      code.call(gather, k, x, xStep, i32.add(scratch, AXPY_BLOCK_BYTES));
      x.set(i32.add(scratch, AXPY_BLOCK_BYTES));
    });
    code.whileLess(row, end, () => {
      count.set(i32.sub(end, row));
      count.set(code.least(count, AXPY_BLOCK_BYTES / bytes));
      from.set(i32.add(matrix, i32.mul(row, rowStep)));
      code.if(
        isRows,
        () => code.call(dots, count, k, from, rowStep, x, scratch),
        () => code.call(columns, count, k, from, kStep, x, xStep, scratch),
      );
      const addAt = i32.add(add, i32.mul(row, addStep));
      from.set(addAt);
      const outAt = i32.add(out, i32.mul(row, outStep));
      code.call(finish, count, scratch, add, from, addStep, outAt, outStep);
      code.increase(row, count);
    });
  });
}

/** gather(count, from, step, out): strided elements, side by side */
function emitGather(code: Assembler, element: Element): Func {
  const scalar = scalarOf(code, element);
  const params = { count: 'i32', from: 'i32', step: 'i32', out: 'i32' } as const;
  return code.func('gather', params, [], ({ count, from, step, out }) => {
    code.if(count, () => {
      repeat(code, count, () => {
        scalar.store(out, scalar.load(from));
        code.increase(from, step);
        code.increase(out, element.bytes);
      });
    });
  });
}

/** finish(count, sums, add, addAt, addStep, out, outStep): out[i] = sums[i] + addAt[i], or sums[i] where add is 0 */
function emitFinish(code: Assembler, element: Element): Func {
  const scalar = scalarOf(code, element);
  const params = {
    count: 'i32',
    sums: 'i32',
    add: 'i32',
    addAt: 'i32',
    addStep: 'i32',
    out: 'i32',
    outStep: 'i32',
  } as const;
  return code.func('finish', params, [], ({ count, sums, add, addAt, addStep, out, outStep }) => {
    repeat(code, count, () => {
      code.if(
        add,
        () => scalar.store(out, scalar.add(scalar.load(sums), scalar.load(addAt))),
        () => scalar.store(out, scalar.load(sums)),
      );
      code.increase(sums, element.bytes);
      code.increase(addAt, addStep);
      code.increase(out, outStep);
    });
  });
}

/**
 * dots(count, k, rows, rowStep, x, sums)
 *
 *     for four rows at a time (the last repeated where there are fewer):
 *       two vectors of partial sums a row over k in steps of two vectors; then what is left of k, one at a time
 *       sums[i] = the sum of both vectors' lanes, then of the rest
 */
function emitDots(code: Assembler, element: Element, fma: boolean): Func {
  const { i32, v128 } = code;
  const { bytes, lanes } = element;
  const shape = bytes === 4 ? code.f32x4 : code.f64x2;
  const params = { count: 'i32', k: 'i32', from: 'i32', rowStep: 'i32', x: 'i32', sums: 'i32' } as const;
  const dot = emitDotRows(code, element, fma);
  return code.func('dots', params, [], ({ count, k, from, rowStep, x, sums }) => {
    const last = code.local('i32');
    const pointers = code.locals('i32', DOT_ROWS);
    const [v0, v1] = code.locals('v128', 2);
    code.while(
      () => i32.gt_s(count, 0),
      () => {
        last.set(i32.sub(count, 1));
        for (const [i, pointer] of pointers.entries()) {
          pointer.set(i32.add(from, i32.mul(code.least(i, last), rowStep)));
        }
        code.call(dot, k, x, ...pointers, sums);
        code.increase(from, i32.mul(rowStep, DOT_ROWS));
        code.increase(sums, DOT_ROWS * bytes);
        code.decrease(count, DOT_ROWS);
      },
    );
    // Scalars come back through memory, each in a vector of its own, of which this sums nothing: see dot.
    void [v0, v1, v128, lanes, shape];
  });
}
