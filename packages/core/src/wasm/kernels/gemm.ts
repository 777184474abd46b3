/**
 * Matrix multiplication, float32 and float64: C = A·B + D for one product or a batch of them, with A and B in any strides
 * and C in rows. D is nothing, a matrix (C itself, to accumulate), or a bias for each row or each column.
 *
 * A task computes a block of rows × columns of C, whole, of one or several products: k is never split between tasks, and
 * the blocks of k depend on k alone, so that any division into tasks gives the same bits. Tasks of the same columns need the
 * same B: where there are several, a launch of its own packs it for all.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Local, Value } from '../assembler.ts';
import { executor } from '../executor.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';

import type { MacroFuncs } from './gemm-macro.ts';
import { emitExpand, emitMacro, emitPackB, emitPanels, paddedRows } from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { tilesFor } from './gemm-micro.ts';
import type { Kernels } from './gemm-plan.ts';
import { align, evenBlock, LATE } from './gemm-plan.ts';
import { emitGemv, gemvScratchBytes } from './gemm-vector.ts';

/** With no more rows than this, packing B costs more than reading it as it lies. */
const DIRECT_ROWS = 12;
/** Bytes of k in a block: one panel of B and one of A (8 × 384 and 6 × 384 float32) share the first-level cache. */
const BLOCK_K_BYTES = 384 * 4;
/** Rows of A in a block: with k, it stays in the second-level cache. A multiple of every height. */
const BLOCK_ROWS = 120;
/** Columns of B in a block: what is left of the second-level cache, or the third. A multiple of every width. */
const BLOCK_COLUMNS = 1024;
/** Multiplications in a task of a matrix by a vector, which waits for memory, and longer where it reads little of each row. */
const GEMV_TASK_PRODUCTS = { column: 1 << 18, row: 1 << 19 };
/** Multiplications in a task, about: 40 µs of work, or 10 where there would be fewer than four; and tasks, at most, or two a thread. */
const TASK_PRODUCTS = 1 << 20;
const LEAST_PRODUCTS = 1 << 18;
const FEW_TASKS = 4;
const MOST_TASKS = 48;
/** Rows of a task that shares B with others, at least: so often a panel is used for being read once. */
const SHARING_ROWS = 24;
/** Bytes of a B that is packed for all tasks, at most; and columns of it that a task packs. */
const MOST_SHARED_BYTES = 64 * 2 ** 20;
const PACK_COLUMNS = 64;
/** Nanoseconds that a multiplication in single precision takes, in a product of matrices and in one by a vector; and to pack an element. */
const NS = { product: 0.04, vector: 0.08, pack: 0.3 } as const;

/** A product of matrices in memory; pointers in bytes, strides in elements. */
export interface Gemm {
  readonly dtype: FloatDType;
  /** Rows of A and of C. */
  readonly m: number;
  /** Columns of B and of C. */
  readonly n: number;
  /** Columns of A, rows of B. */
  readonly k: number;
  readonly aPtr: number;
  readonly aRowStride: number;
  readonly aColStride: number;
  readonly bPtr: number;
  readonly bRowStride: number;
  readonly bColStride: number;
  readonly cPtr: number;
  /** From a row of C to the next; its columns follow each other. */
  readonly ldc: number;
  readonly add?: Addend | null;
  readonly batch?: Batch | null;
}

/** D: element (i, j) is added to that of the product. C itself accumulates; a stride of 0 repeats a bias. */
export interface Addend {
  readonly ptr: number;
  readonly rowStride: number;
  readonly columnStride: 0 | 1;
}

/** Several products of one shape, and how far it is from one to the next. */
export interface Batch {
  readonly count: number;
  readonly aStride: number;
  readonly bStride: number;
  readonly cStride: number;
  readonly addStride: number;
}

const NO_ADDEND: Addend = { ptr: 0, rowStride: 0, columnStride: 0 };
const NO_BATCH: Batch = { count: 1, aStride: 0, bStride: 0, cStride: 0, addStride: 0 };

/** How a product is cut into blocks; all of it follows from the shape, so that results do not depend on threads. */
interface Blocks {
  readonly kBlock: number;
  readonly rowBlock: number;
  readonly columnBlock: number;
  /** Offsets in scratch memory, and its size. */
  readonly initAt: number;
  readonly aAt: number;
  readonly bAt: number;
  readonly scratchBytes: number;
}

function blocksFor(tiles: Tiles, m: number, n: number, k: number): Blocks {
  const { bytes } = tiles.element;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const kBlock = evenBlock(k, BLOCK_K_BYTES / bytes, 4);
  const rowBlock = evenBlock(m, BLOCK_ROWS, 12);
  const columnBlock = evenBlock(n, BLOCK_COLUMNS, width);
  // A tile, a row of zeros, biases of rows, packed A, packed B.
  const initAt = align(height * width * bytes + width * bytes);
  const rows = Math.max(paddedRows(tiles, rowBlock), paddedRows(tiles, Math.min(m, rowBlock)));
  const aAt = align(initAt + rows * width * bytes);
  const bAt = align(aAt + rows * kBlock * bytes);
  return { kBlock, rowBlock, columnBlock, initAt, aAt, bAt, scratchBytes: align(bAt + columnBlock * kBlock * bytes) };
}

/** As one task, or cut into many for threads; the bits are the same. */
export type GemmCut = 'one' | 'many';

/** How `count` products are cut for the threads that there are. */
export function gemmCut(m: number, n: number, k: number, count = 1): GemmCut {
  const isLarge = count * m * n * k >= 2 * LEAST_PRODUCTS || m === 1 || n === 1;
  return executor().threads > 1 && isLarge ? 'many' : 'one';
}

/** Bytes of scratch memory that each thread needs. */
export function gemmScratchBytes(dtype: FloatDType, m: number, n: number, k: number): number {
  const tiles = tilesFor(dtype, features());
  const packed = blocksFor(tiles, m, n, k).scratchBytes;
  return m === 1 || n === 1 ? Math.max(packed, gemvScratchBytes(tiles.element, k)) : packed;
}

/** Bytes that the launches of a product share. */
export function gemmSharedBytes(cut: GemmCut, dtype: FloatDType, m: number, n: number, k: number, count = 1): number {
  if (cut === 'one') return 0;
  const tiles = tilesFor(dtype, features());
  return taskSize(tiles, m, n, k, count).isShared ? packedBytes(tiles, n, k) : 0;
}

/** C = A·B + D. There are `gemmScratchBytes` bytes at `scratchPtr` and `gemmSharedBytes` at `sharedPtr`, both aligned to 64. */
export function gemm(
  kernels: Kernels,
  options: Gemm & { readonly scratchPtr: number; readonly sharedPtr?: number },
  cut: GemmCut = 'one',
): void {
  const { scratchPtr, sharedPtr } = options;
  for (const launch of gemmLaunches(options, cut, sharedPtr)) executor().run(launch, kernels.memory, scratchPtr);
}

/** The launches of a product, one after the other; `sharedPtr` has `gemmSharedBytes` bytes, aligned to 64. */
export function gemmLaunches(g: Gemm, cut: GemmCut, sharedPtr = 0): Launch[] {
  const tiles = tilesFor(g.dtype, features());
  const { bytes } = tiles.element;
  const { m, n, k } = g;
  if (n === 1 && (g.aColStride === 1 || g.aRowStride === 1)) return [gemvLaunch(tiles, cut, g, 'column')];
  if (m === 1 && (g.bRowStride === 1 || g.bColStride === 1)) return [gemvLaunch(tiles, cut, g, 'row')];
  const add = g.add ?? NO_ADDEND;
  const batch = g.batch ?? NO_BATCH;
  const size = cut === 'one' ? { rows: m, columns: n, isShared: false } : taskSize(tiles, m, n, k, batch.count);
  const [taskRows, taskColumns] = [size.rows, size.columns];
  const blocks = blocksFor(tiles, taskRows, taskColumns, k);
  const rowTasks = Math.ceil(m / taskRows);
  const columnTasks = Math.ceil(n / taskColumns);
  const whole = rowTasks * columnTasks > 1 ? 1 : Math.ceil(TASK_PRODUCTS / (m * n * k + 1));
  const taskBatch = cut === 'one' ? batch.count : Math.min(whole, batch.count);
  const main: Launch = {
    name: tiles.name,
    emit: EMITTERS[g.dtype],
    entry: 'gemm',
    // In the order of TASK, without names: small products are many.
    args: [
      taskRows,
      taskColumns,
      taskBatch,
      rowTasks,
      columnTasks,
      m,
      n,
      k,
      batch.count,
      g.aPtr,
      g.aRowStride * bytes,
      g.aColStride * bytes,
      batch.aStride * bytes,
      g.bPtr,
      g.bRowStride * bytes,
      g.bColStride * bytes,
      batch.bStride * bytes,
      g.cPtr,
      g.ldc * bytes,
      batch.cStride * bytes,
      add.ptr,
      add.rowStride * bytes,
      add.columnStride,
      batch.addStride * bytes,
      blocks.kBlock,
      blocks.rowBlock,
      blocks.columnBlock,
      blocks.initAt,
      blocks.aAt,
      blocks.bAt,
      size.isShared ? sharedPtr : 0,
    ],
    tasks: m === 0 || n === 0 ? 0 : rowTasks * columnTasks * Math.ceil(batch.count / taskBatch),
    ns: (batch.count * m * n * k * NS.product * bytes) / 4,
    scratchBytes: blocks.scratchBytes,
  };
  return size.isShared ? [packLaunch(tiles, g, blocks.kBlock, sharedPtr), main] : [main];
}

/** Packs B for all tasks. */
function packLaunch(tiles: Tiles, g: Gemm, kBlock: number, packed: number): Launch {
  const { bytes } = tiles.element;
  const { n, k } = g;
  const columnTasks = Math.ceil(n / PACK_COLUMNS);
  return {
    name: tiles.name,
    emit: EMITTERS[g.dtype],
    entry: 'packB',
    // In the order of PACK.
    args: [columnTasks, n, k, g.bPtr, g.bRowStride * bytes, g.bColStride * bytes, kBlock, packed],
    tasks: columnTasks * Math.ceil(k / kBlock),
    ns: n * k * NS.pack,
    scratchBytes: 0,
  };
}

/** Bytes of B, packed: whole panels of every block of k, one after the other. */
function packedBytes({ element, widths: [width] }: Tiles, n: number, k: number): number {
  return align(Math.ceil(n / width) * width * k * element.bytes);
}

/** C is one `column`, the product of A by a vector; or one `row`, of Bᵀ by a vector. */
function gemvLaunch(tiles: Tiles, cut: 'one' | 'many', g: Gemm, shape: 'row' | 'column'): Launch {
  const { element } = tiles;
  const { bytes } = element;
  const { k } = g;
  const add = g.add ?? NO_ADDEND;
  const batch = g.batch ?? NO_BATCH;
  const isColumn = shape === 'column';
  const rows = isColumn ? g.m : g.n;
  const most = cut === 'one' ? rows : Math.max(32, Math.ceil(GEMV_TASK_PRODUCTS[shape] / Math.max(k, 1)));
  const taskRows = evenBlock(rows, Math.max(1, Math.min(most, rows)), 32);
  const rowTasks = Math.ceil(rows / taskRows);
  const matrix = [g.aPtr, g.aRowStride * bytes, g.aColStride * bytes, batch.aStride * bytes];
  const vector = [g.bPtr, g.bRowStride * bytes, batch.bStride * bytes];
  const transposed = [g.bPtr, g.bColStride * bytes, g.bRowStride * bytes, batch.bStride * bytes];
  const row = [g.aPtr, g.aColStride * bytes, batch.aStride * bytes];
  return {
    name: `${element.type}_gemv__${tiles.fma ? 'fma' : 'simd'}`,
    emit: GEMV_EMITTERS[element.dtype],
    entry: 'gemv',
    // In the order of GEMV.
    args: [
      ...[taskRows, rowTasks, rows, k],
      ...(isColumn ? matrix : transposed),
      ...(isColumn ? vector : row),
      ...[add.ptr, (isColumn ? add.rowStride : add.columnStride) * bytes, batch.addStride * bytes],
      ...[g.cPtr, (isColumn ? g.ldc : 1) * bytes, batch.cStride * bytes],
    ],
    tasks: rowTasks * batch.count,
    ns: (batch.count * rows * k * NS.vector * bytes) / 4,
    scratchBytes: align(gemvScratchBytes(element, k)),
  };
}

/**
 * Rows and columns of a task, and whether tasks share a packed B. That makes tasks of all columns, which pack A but once; where there
 * are too few rows for it, or several products, of halves of halves, as long as that has the last thread end sooner.
 */
function taskSize(tiles: Tiles, m: number, n: number, k: number, count: number) {
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const all = m * n * k;
  const most = Math.max(MOST_TASKS, 2 * executor().threads);
  const products = Math.max(LEAST_PRODUCTS, Math.min(TASK_PRODUCTS, all / FEW_TASKS), all / most);
  const tasks = Math.floor(all / products);
  const rowTasks = Math.min(tasks, Math.floor(m / SHARING_ROWS));
  if (count === 1 && rowTasks > FEW_TASKS && packedBytes(tiles, n, k) <= MOST_SHARED_BYTES) {
    const columnTasks = Math.round(tasks / rowTasks);
    return {
      rows: evenBlock(m, m / rowTasks, height),
      columns: evenBlock(n, Math.max(width, n / columnTasks), width),
      isShared: true,
    };
  }
  const { threads } = executor();
  /** Nanoseconds for each row of B until the last thread ends. Each task packs what it needs of A and of B. */
  const time = (rows: number, columns: number): number => {
    const tasks = Math.ceil(m / rows) * Math.ceil(n / columns) * count;
    return (Math.ceil(tasks / threads) + LATE) * (rows * columns * NS.product + (rows + columns) * NS.pack);
  };
  let rows = m;
  let columns = n;
  while (rows * columns * k >= 2 * LEAST_PRODUCTS) {
    let [r, c] = [rows, columns];
    if (rows >= columns && rows > 24) r = evenBlock(rows, Math.ceil(rows / 2), 12);
    else if (columns > 2 * width) c = evenBlock(columns, Math.ceil(columns / 2), width);
    else break;
    if (time(r, c) >= time(rows, columns)) break;
    [rows, columns] = [r, c];
  }
  return { rows, columns, isShared: false };
}

const TASK = {
  task: 'i32',
  scratch: 'i32',
  taskRows: 'i32',
  taskColumns: 'i32',
  taskBatch: 'i32',
  rowTasks: 'i32',
  columnTasks: 'i32',
  m: 'i32',
  n: 'i32',
  k: 'i32',
  batch: 'i32',
  a: 'i32',
  aRow: 'i32',
  aColumn: 'i32',
  aStep: 'i32',
  b: 'i32',
  bRow: 'i32',
  bColumn: 'i32',
  bStep: 'i32',
  c: 'i32',
  cRow: 'i32',
  cStep: 'i32',
  add: 'i32',
  addRow: 'i32',
  /** 1 where D has columns, 0 where one value stands for each row. */
  addColumn: 'i32',
  addStep: 'i32',
  kBlock: 'i32',
  rowBlock: 'i32',
  columnBlock: 'i32',
  initAt: 'i32',
  aAt: 'i32',
  bAt: 'i32',
  /** B, packed for all tasks, or 0. */
  packed: 'i32',
} as const;

const PACK = {
  task: 'i32',
  scratch: 'i32',
  columnTasks: 'i32',
  n: 'i32',
  k: 'i32',
  b: 'i32',
  bRow: 'i32',
  bColumn: 'i32',
  kBlock: 'i32',
  packed: 'i32',
} as const;

const emitFor =
  (dtype: FloatDType): Emitter =>
  (code, target) => {
    const tiles = tilesFor(dtype, target);
    const macro = emitMacro(code, tiles);
    const packB = emitPackB(code, tiles, macro);
    emitTask(code, tiles, macro, emitPanels(code, tiles, macro), packB);
    emitPackTask(code, tiles, packB);
  };

const emitGemvFor =
  (dtype: FloatDType): Emitter =>
  (code, target) =>
    emitGemv(code, tilesFor(dtype, target));

const EMITTERS: Record<FloatDType, Emitter> = { float32: emitFor('float32'), float64: emitFor('float64') };
const GEMV_EMITTERS = { float32: emitGemvFor('float32'), float64: emitGemvFor('float64') };

/**
 * One task: a rectangle of C, for some products of the batch.
 *
 *     for each product:
 *       for each block of columns:
 *         for each block of k: pack B, unless all of it is (what is read where it lies: only the last, incomplete panel)
 *           for each block of rows: pack A; multiply; start from zero or D in the first block of k, else from C
 *
 * A C that must be started is started even where k is 0.
 */
function emitTask(code: Assembler, tiles: Tiles, macro: MacroFuncs, panels: Func, packB: Func): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const expand = emitExpand(code, tiles);
  exportTasks(code, 'gemm', TASK, (params) => {
    const { task, scratch, taskRows, taskColumns, taskBatch, rowTasks, columnTasks, m, n, k, batch } = params;
    const { a, aRow, aColumn, b, bRow, bColumn, c, cRow, add, addRow, addColumn } = params;
    const { kBlock, rowBlock, columnBlock, initAt, aAt, bAt, packed } = params;
    const bound = (index: Value<'i32'>, size: Local<'i32'>, most: Local<'i32'>) => {
      const start = code.local('i32', i32.mul(index, size));
      const end = code.local('i32', i32.add(start, size));
      end.set(code.least(end, most));
      return [start, end] as const;
    };
    const [rowStart, rowEnd] = bound(i32.rem_u(task, rowTasks), taskRows, m);
    task.set(i32.div_u(task, rowTasks));
    const [columnStart, columnEnd] = bound(i32.rem_u(task, columnTasks), taskColumns, n);
    const [product, productEnd] = bound(i32.div_u(task, columnTasks), taskBatch, batch);
    const local = () => code.local('i32');
    const [row, column, p, rows, columns, steps, whole, source, target] = Array.from({ length: 9 }, local);
    const [init, initRow, initStep, isDirect] = Array.from({ length: 4 }, local);
    const packedA = code.local('i32', i32.add(scratch, aAt));
    const packedB = code.local('i32', i32.add(scratch, bAt));
    const zeros = code.local('i32', i32.add(scratch, tiles.heights[0] * width * bytes));
    const biases = code.local('i32', i32.add(scratch, initAt));
    const wide = code.local('i32', width * bytes);
    code.memory.fill(zeros, 0, width * bytes);
    // a row stride of 0, of an expanded row, would be taken for packed panels
    const isRows = i32.and(i32.eq(bColumn, bytes), i32.ne(bRow, 0));
    const isLow = i32.le_u(i32.sub(rowEnd, rowStart), DIRECT_ROWS);
    isDirect.set(i32.and(i32.and(isRows, isLow), i32.eqz(packed)));

    const start = () => {
      code.if(
        p,
        () => {
          init.set(target);
          initRow.set(cRow);
          initStep.set(wide);
        },
        () => {
          init.set(zeros);
          initRow.set(0);
          initStep.set(0);
          code.if(add, () => {
            init.set(i32.add(add, i32.mul(row, addRow)));
            code.if(
              addColumn,
              () => {
                code.increase(init, code.scale(column, bytes));
                initRow.set(addRow);
                initStep.set(wide);
              },
              () => {
                code.call(expand, rows, init, addRow, biases);
                init.set(biases);
                initRow.set(wide);
              },
            );
          });
        },
      );
    };
    const { aStep, bStep, cStep, addStep } = params;
    const steppers: [Local<'i32'>, Local<'i32'>][] = [
      [a, aStep],
      [b, bStep],
      [c, cStep],
      [add, addStep],
    ];
    for (const [pointer, step] of steppers) code.increase(pointer, i32.mul(product, step));
    code.forRange(product, product, productEnd, 1, () => {
      code.forRange(column, columnStart, columnEnd, columnBlock, () => {
        columns.set(i32.sub(columnEnd, column));
        columns.set(code.least(columns, columnBlock));
        whole.set(i32.mul(i32.sub(columns, i32.rem_u(columns, width)), isDirect));
        p.set(0);
        code.loop((again) => {
          steps.set(i32.sub(k, p));
          steps.set(code.least(steps, kBlock));
          code.if(
            packed,
            () => packedB.set(packedAt(code, tiles, packed, p, n, column, steps)),
            () => {
              source.set(at(code, b, p, bRow, column, bColumn));
              code.call(
                packB,
                i32.sub(columns, whole),
                steps,
                code.index(source, whole, bytes),
                bRow,
                bColumn,
                packedB,
              );
            },
          );
          code.forRange(row, rowStart, rowEnd, rowBlock, () => {
            rows.set(i32.sub(rowEnd, row));
            rows.set(code.least(rows, rowBlock));
            code.call(macro.packA, rows, steps, at(code, a, row, aRow, p, aColumn), aRow, aColumn, packedA, steps, 0);
            target.set(i32.add(i32.add(c, i32.mul(row, cRow)), code.scale(column, bytes)));
            start();
            const from = [init, initRow, initStep, scratch];
            code.if(whole, () => {
              code.call(panels, whole, rows, steps, packedA, source, bRow, wide, target, cRow, ...from);
              code.increase(target, code.scale(whole, bytes));
              code.increase(init, i32.mul(i32.ne(initStep, 0), code.scale(whole, bytes)));
            });
            const rest = i32.sub(columns, whole);
            const step = i32.mul(steps, width * bytes);
            code.call(panels, rest, rows, steps, packedA, packedB, 0, step, target, cRow, ...from);
          });
          code.increase(p, kBlock);
          code.br_if(again, i32.lt_u(p, k));
        });
      });
      for (const [pointer, step] of steppers) code.increase(pointer, step);
    });
  });
}

/** Where the panel that begins with a column lies in the block of `steps` steps of k from p on. */
function packedAt(
  code: Assembler,
  { element, widths: [width] }: Tiles,
  packed: Local<'i32'>,
  p: Local<'i32'>,
  n: Local<'i32'>,
  column: Local<'i32'>,
  steps: Local<'i32'>,
): Value<'i32'> {
  const { i32 } = code;
  const padded = i32.and(i32.add(n, width - 1), -width);
  return i32.add(packed, code.scale(i32.add(i32.mul(p, padded), i32.mul(column, steps)), element.bytes));
}

/** packB: a task packs some columns of a block of k */
function emitPackTask(code: Assembler, tiles: Tiles, packB: Func): void {
  const { i32 } = code;
  exportTasks(code, 'packB', PACK, ({ task, columnTasks, n, k, b, bRow, bColumn, kBlock, packed }) => {
    const column = code.local('i32', i32.mul(i32.rem_u(task, columnTasks), PACK_COLUMNS));
    const p = code.local('i32', i32.mul(i32.div_u(task, columnTasks), kBlock));
    const columns = code.local('i32', i32.sub(n, column));
    columns.set(code.least(columns, PACK_COLUMNS));
    const steps = code.local('i32', i32.sub(k, p));
    steps.set(code.least(steps, kBlock));
    const to = code.local('i32', packedAt(code, tiles, packed, p, n, column, steps));
    code.call(packB, columns, steps, at(code, b, p, bRow, column, bColumn), bRow, bColumn, to);
  });
}

/** base + i · iStride + j · jStride */
function at(
  code: Assembler,
  base: Local<'i32'>,
  i: Local<'i32'>,
  iStride: Local<'i32'>,
  j: Local<'i32'>,
  jStride: Local<'i32'>,
): Value<'i32'> {
  const { i32 } = code;
  return i32.add(i32.add(base, i32.mul(i, iStride)), i32.mul(j, jStride));
}
