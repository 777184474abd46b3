/**
 * Matrix times vector, out[i] = Σ_p M[i][p] · x[p] + add[i], for matrices that are contiguous along either side. Every
 * element of the matrix is read once, so there is nothing to pack: the matrix goes by at the speed of memory.
 */

import type { Assembler, Func, Local, Value } from '../assembler.ts';
import { exportTasks } from '../module.ts';
import type { Element, Tiles } from './gemm-micro.ts';
import { loadFirst, loadSplat, multiplyAdd, repeat, scalarOf, sumLanes } from './gemm-micro.ts';

/** Rows whose scalar products are formed together; tasks are cut at multiples of it. */
export const DOT_ROWS = 4;
/** Columns that are added to the sums together: more, a power of two apart, would push each other out of the first-level cache. */
const AXPY_COLUMNS = 4;
/** Vectors of sums in one turn of its loop: advancing as many pointers as columns costs as much as some products. */
const AXPY_VECTORS = 4;
/** Bytes of sums that stay in the first-level cache while columns go by. */
export const AXPY_BLOCK_BYTES = 4096;

/** gemv(task, scratch, …): the parameters of a launch; steps in bytes, `next` from one product of a batch to the next. */
export const GEMV = {
  task: 'i32',
  scratch: 'i32',
  taskRows: 'i32',
  rowTasks: 'i32',
  rows: 'i32',
  k: 'i32',
  matrix: 'i32',
  rowStep: 'i32',
  kStep: 'i32',
  nextMatrix: 'i32',
  x: 'i32',
  xStep: 'i32',
  nextX: 'i32',
  add: 'i32',
  addStep: 'i32',
  nextAdd: 'i32',
  out: 'i32',
  outStep: 'i32',
  nextOut: 'i32',
} as const;

/** Bytes of scratch memory: the sums of a block, and x where its elements have to be brought together. */
export function gemvScratchBytes(element: Element, k: number): number {
  return AXPY_BLOCK_BYTES + k * element.bytes;
}

/**
 * Each task takes `taskRows` rows of one product, in blocks whose sums fit into AXPY_BLOCK_BYTES. An `add` of 0 adds nothing.
 *
 *     contiguous rows (kStep = 1 element): sums[i] = dot(row i, x), four rows at a time
 *     contiguous columns:                  sums = 0; for p: sums += column p · x[p], four columns at a time
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
  const columns = emitColumns(code, element, axpys, axpy);
  exportTasks(code, 'gemv', GEMV, (params) => {
    const { task, scratch, taskRows, rowTasks, rows, k, matrix, rowStep, kStep, x, xStep } = params;
    const { add, addStep, out, outStep } = params;
    const product = code.local('i32', i32.div_u(task, rowTasks));
    const row = code.local('i32', i32.mul(i32.rem_u(task, rowTasks), taskRows));
    code.increase(matrix, i32.mul(product, params.nextMatrix));
    code.increase(x, i32.mul(product, params.nextX));
    code.increase(add, i32.mul(product, params.nextAdd));
    code.increase(out, i32.mul(product, params.nextOut));
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
      code.call(finish, count, scratch, add, addAt, addStep, i32.add(out, i32.mul(row, outStep)), outStep);
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

/** dots(count, k, from, rowStep, x, sums): four rows at a time, the last repeated where there are fewer */
function emitDots(code: Assembler, element: Element, fma: boolean): Func {
  const { i32 } = code;
  const dot = emitDotRows(code, element, fma);
  const params = { count: 'i32', k: 'i32', from: 'i32', rowStep: 'i32', x: 'i32', sums: 'i32' } as const;
  return code.func('dots', params, [], ({ count, k, from, rowStep, x, sums }) => {
    const last = code.local('i32');
    const pointers = code.locals('i32', DOT_ROWS);
    code.while(
      () => i32.gt_s(count, 0),
      () => {
        last.set(i32.sub(count, 1));
        for (const [i, pointer] of pointers.entries()) {
          pointer.set(i32.add(from, i32.mul(code.least(i, last), rowStep)));
        }
        code.call(dot, k, x, sums, ...pointers);
        code.increase(from, i32.mul(rowStep, DOT_ROWS));
        code.increase(sums, DOT_ROWS * element.bytes);
        code.decrease(count, DOT_ROWS);
      },
    );
  });
}

/**
 * dotRows(k, x, sums, p0 … p3)
 *
 *     two vectors of partial sums a row, over k in steps of two vectors
 *     what is left of k goes into the first lane, one at a time
 *     sums[i] = the sum of the lanes of the sum of the two
 */
function emitDotRows(code: Assembler, element: Element, fma: boolean): Func {
  const { i32, v128 } = code;
  const { bytes, lanes } = element;
  const scalar = scalarOf(code, element);
  const params = { k: 'i32', x: 'i32', sums: 'i32', p0: 'i32', p1: 'i32', p2: 'i32', p3: 'i32' } as const;
  return code.func('dotRows', params, [], ({ k, x, sums, ...pointers }) => {
    const rows = Object.values(pointers);
    const acc = rows.map(() => code.locals('v128', 2));
    const [x0, x1, row] = code.locals('v128', 3);
    const count = code.local('i32');
    const advance = (by: number) => {
      for (const pointer of [x, ...rows]) code.increase(pointer, by);
    };
    const addVectors = (pairs: number) => {
      for (let at = 0; at < 32 * pairs; at += 32) {
        x0.set(v128.load(x, at));
        x1.set(v128.load(x, at + 16));
        for (const [i, pointer] of rows.entries()) {
          row.set(v128.load(pointer, at));
          multiplyAdd(code, element, fma, acc[i][0], row, x0);
          row.set(v128.load(pointer, at + 16));
          multiplyAdd(code, element, fma, acc[i][1], row, x1);
        }
      }
      advance(32 * pairs);
    };
    code.if(count.tee(i32.shr_u(k, Math.log2(4 * lanes))), () => repeat(code, count, () => addVectors(2)));
    code.if(i32.and(k, 2 * lanes), () => addVectors(1));
    code.if(count.tee(i32.and(k, 2 * lanes - 1)), () => {
      repeat(code, count, () => {
        x0.set(loadFirst(code, element, x));
        for (const [i, pointer] of rows.entries()) {
          row.set(loadFirst(code, element, pointer));
          multiplyAdd(code, element, fma, acc[i][0], row, x0);
        }
        advance(bytes);
      });
    });
    for (const [i, [low, high]] of acc.entries()) scalar.store(sums, sumLanes(code, element, low, high), i * bytes);
  });
}

/** columns(count, k, from, kStep, x, xStep, sums): sums = 0; then the columns, four at a time, then one at a time */
function emitColumns(code: Assembler, element: Element, axpys: Func, axpy: Func): Func {
  const { i32 } = code;
  const params = { count: 'i32', k: 'i32', from: 'i32', kStep: 'i32', x: 'i32', xStep: 'i32', sums: 'i32' } as const;
  return code.func('columns', params, [], ({ count, k, from, kStep, x, xStep, sums }) => {
    code.memory.fill(sums, 0, code.scale(count, element.bytes));
    for (const [func, step] of [[axpys, AXPY_COLUMNS] as const, [axpy, 1] as const]) {
      code.while(
        () => i32.ge_u(k, step),
        () => {
          code.call(func, count, from, kStep, x, xStep, sums);
          code.increase(from, i32.mul(kStep, step));
          code.increase(x, i32.mul(xStep, step));
          code.decrease(k, step);
        },
      );
    }
  });
}

/** axpy_c(count, from, kStep, x, xStep, sums): for i < count: for p < c: sums[i] += from[p][i] · x[p] */
function emitAxpy(code: Assembler, element: Element, fma: boolean, columns: number): Func {
  const { i32, v128 } = code;
  const { bytes, lanes } = element;
  const params = { count: 'i32', from: 'i32', kStep: 'i32', x: 'i32', xStep: 'i32', sums: 'i32' } as const;
  return code.func(`axpy_${columns}`, params, [], ({ count, from, kStep, x, xStep, sums }) => {
    const factors = code.locals('v128', columns);
    const pointers = code.locals('i32', columns);
    const [sum, value] = code.locals('v128', 2);
    const left = code.local('i32');
    for (let p = 0; p < columns; p++) {
      factors[p].set(loadSplat(code, element, x));
      pointers[p].set(from);
      code.increase(x, xStep);
      code.increase(from, kStep);
    }
    const add = (load: (address: Local<'i32'>) => Value<'v128'>) => {
      sum.set(load(sums));
      for (let p = 0; p < columns; p++) {
        value.set(load(pointers[p]));
        multiplyAdd(code, element, fma, sum, value, factors[p]);
      }
    };
    const advance = (by: number) => {
      for (const pointer of [sums, ...pointers]) code.increase(pointer, by);
    };
    const addVectors = (vectors: number) => {
      for (let v = 0; v < vectors; v++) {
        add((address) => v128.load(address, 16 * v));
        v128.store(sums, sum, 16 * v);
      }
      advance(16 * vectors);
    };
    const turn = AXPY_VECTORS * lanes;
    code.if(left.tee(i32.shr_u(count, Math.log2(turn))), () => repeat(code, left, () => addVectors(AXPY_VECTORS)));
    count.set(i32.and(count, turn - 1));
    code.if(left.tee(i32.shr_u(count, Math.log2(lanes))), () => repeat(code, left, () => addVectors(1)));
    // The rest by the same instructions, one lane wide, so that every element is rounded alike.
    code.if(left.tee(i32.and(count, lanes - 1)), () => {
      repeat(code, left, () => {
        add((address) => loadFirst(code, element, address));
        if (bytes === 4) v128.store32_lane(0, sums, sum);
        else v128.store64_lane(0, sums, sum);
        advance(bytes);
      });
    });
  });
}
