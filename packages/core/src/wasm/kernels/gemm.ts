/**
 * Matrix multiplication, float32 and float64: C = A·B (or += A·B, or + a bias), with A and B in any strides and C in
 * rows.
 *
 * A task computes a block of rows × columns of C, whole: k is never split between tasks, and the blocks of k depend on
 * k alone, so that any division into tasks gives the same bits.
 */

import type { FloatDType } from '../../dtype.ts';
import { itemBytes } from '../../dtype.ts';
import { ValueError } from '../../errors.ts';
import type { Assembler, Func, Local, Value } from '../assembler.ts';
import { executor } from '../executor.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';

import type { MacroFuncs } from './gemm-macro.ts';
import {
  emitColumns,
  emitExpand,
  emitMacro,
  emitPackB,
  FROM_C,
  FROM_COLUMN_BIAS,
  FROM_ROW_BIAS,
  FROM_ZERO,
  paddedRows,
} from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { tilesFor } from './gemm-micro.ts';
import type { Kernels, TaskArgs } from './gemm-plan.ts';
import { align, evenBlock, taskArgs } from './gemm-plan.ts';
import { emitGemv, GEMV, gemvScratchBytes } from './gemm-vector.ts';

/** With no more rows than this, packing B costs more than reading it as it lies. */
const DIRECT_ROWS = 12;
/** Bytes of k in a block: one panel of B and one of A (8 × 384 and 6 × 384 float32) share the first-level cache. */
const BLOCK_K_BYTES = 384 * 4;
/** Rows of A in a block: with k, it stays in the second-level cache. A multiple of every height. */
const BLOCK_ROWS = 120;
/** Columns of B in a block: what is left of the second-level cache, or the third. A multiple of every width. */
const BLOCK_COLUMNS = 480;
/** Products in a task of a matrix by a vector, which waits for memory. */
const GEMV_TASK_PRODUCTS = 1 << 18;
/**
 * Products in a task, about: 20 µs of work, against a few that it costs to hand out; and never many more tasks than
 * these.
 */
const TASK_PRODUCTS = 1 << 20;
const MOST_TASKS = 48;

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
  /** C += A·B rather than C = A·B. Excludes a bias. */
  readonly accumulate?: boolean;
  /** Added to every element: one value for each row or for each column of C. */
  readonly bias?: { readonly ptr: number; readonly along: 'row' | 'column' } | null;
}

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
  // A tile, a row of zeros, biases, packed A, packed B.
  const initAt = align(height * width * bytes + width * bytes);
  const rows = Math.max(paddedRows(tiles, rowBlock), paddedRows(tiles, Math.min(m, rowBlock)));
  const aAt = align(initAt + Math.max(columnBlock, rows * width) * bytes);
  const bAt = align(aAt + rows * kBlock * bytes);
  return { kBlock, rowBlock, columnBlock, initAt, aAt, bAt, scratchBytes: align(bAt + columnBlock * kBlock * bytes) };
}

/** Bytes of scratch memory that `gemm` needs. */
export function gemmScratchBytes(dtype: FloatDType, m: number, n: number, k: number): number {
  const tiles = tilesFor(dtype, features());
  const packed = blocksFor(tiles, m, n, k).scratchBytes;
  return m === 1 || n === 1 ? Math.max(packed, gemvScratchBytes(tiles.element, k)) : packed;
}

/** C = A·B, or C += A·B, plus a bias; on this thread. `scratchPtr` has `gemmScratchBytes` bytes, aligned to 64. */
export function gemm(kernels: Kernels, options: Gemm & { readonly scratchPtr: number }): void {
  const cut = executor().threads > 1 ? 'many' : 'one';
  executor().run(gemmLaunch(options, cut), kernels.memory, options.scratchPtr);
}

/** The launch of a product: as one task, or cut into many for threads; the bits are the same. */
export function gemmLaunch(g: Gemm, cut: 'one' | 'many' = 'many'): Launch {
  const tiles = tilesFor(g.dtype, features());
  const { bytes } = tiles.element;
  const { m, n, k } = g;
  const start = startOf(g);
  if (n === 1 && (g.aColStride === 1 || g.aRowStride === 1)) {
    return gemvLaunch(tiles, cut, {
      rows: m,
      k,
      matrix: g.aPtr,
      rowStep: g.aRowStride * bytes,
      kStep: g.aColStride * bytes,
      x: g.bPtr,
      xStep: g.bRowStride * bytes,
      ...addend(g, start, g.ldc, g.bias?.along === 'row'),
    });
  }
  if (m === 1 && (g.bRowStride === 1 || g.bColStride === 1)) {
    return gemvLaunch(tiles, cut, {
      rows: n,
      k,
      matrix: g.bPtr,
      rowStep: g.bColStride * bytes,
      kStep: g.bRowStride * bytes,
      x: g.aPtr,
      xStep: g.aColStride * bytes,
      ...addend(g, start, 1, g.bias?.along === 'column'),
    });
  }
  const [taskRows, taskColumns] = cut === 'one' ? [m, n] : taskSize(tiles, m, n, k);
  const blocks = blocksFor(tiles, taskRows, taskColumns, k);
  const rowTasks = Math.ceil(m / taskRows);
  const columnTasks = Math.ceil(n / taskColumns);
  const args: TaskArgs<typeof TASK> = {
    taskRows,
    taskColumns,
    rowTasks,
    m,
    n,
    k,
    a: g.aPtr,
    aRow: g.aRowStride * bytes,
    aColumn: g.aColStride * bytes,
    b: g.bPtr,
    bRow: g.bRowStride * bytes,
    bColumn: g.bColStride * bytes,
    c: g.cPtr,
    cRow: g.ldc * bytes,
    from: start,
    bias: g.bias?.ptr ?? 0,
    kBlock: blocks.kBlock,
    rowBlock: blocks.rowBlock,
    columnBlock: blocks.columnBlock,
    initAt: blocks.initAt,
    aAt: blocks.aAt,
    bAt: blocks.bAt,
  };
  return {
    name: tiles.name,
    emit: EMITTERS[g.dtype],
    entry: 'gemm',
    args: taskArgs(TASK, args),
    tasks: m === 0 || n === 0 ? 0 : rowTasks * columnTasks,
    scratchBytes: blocks.scratchBytes,
  };
}

function startOf(g: Gemm): number {
  if (g.bias && g.accumulate === true) {
    throw new ValueError('starts from C or from a bias, not from both; add the bias to C first', { op: 'gemm' });
  }
  if (g.bias) return g.bias.along === 'row' ? FROM_ROW_BIAS : FROM_COLUMN_BIAS;
  return g.accumulate === true ? FROM_C : FROM_ZERO;
}

/** Where a product with a vector goes, `step` elements from one to the next, and what is added to it. */
function addend(g: Gemm, start: number, step: number, biasVaries: boolean) {
  const bytes = itemBytes(g.dtype);
  const out = { out: g.cPtr, outStep: step * bytes };
  if (start === FROM_C) return { add: g.cPtr, addStep: step * bytes, ...out };
  return { add: g.bias?.ptr ?? 0, addStep: biasVaries ? bytes : 0, ...out };
}

function gemvLaunch(tiles: Tiles, cut: 'one' | 'many', args: Omit<TaskArgs<typeof GEMV>, 'taskRows'>): Launch {
  const { element } = tiles;
  const { rows, k } = args;
  const most = cut === 'one' ? rows : Math.max(32, Math.ceil(GEMV_TASK_PRODUCTS / Math.max(k, 1)));
  const taskRows = evenBlock(rows, Math.max(1, Math.min(most, rows)), 32);
  return {
    name: `${element.type}_gemv__${tiles.fma ? 'fma' : 'simd'}`,
    emit: GEMV_EMITTERS[element.dtype],
    entry: 'gemv',
    args: taskArgs(GEMV, { ...args, taskRows }),
    tasks: Math.ceil(rows / taskRows),
    scratchBytes: align(gemvScratchBytes(element, k)),
  };
}

/** Rows and columns of a task: halves of halves, until a task is small enough. */
function taskSize(tiles: Tiles, m: number, n: number, k: number): [number, number] {
  const [width] = tiles.widths;
  let rows = m;
  let columns = n;
  const products = Math.max(TASK_PRODUCTS, (m * n * k) / MOST_TASKS);
  while (rows * columns * k >= 2 * products) {
    if (rows >= columns && rows > 24) rows = evenBlock(rows, Math.ceil(rows / 2), 12);
    else if (columns > 2 * width) columns = evenBlock(columns, Math.ceil(columns / 2), width);
    else break;
  }
  return [rows, columns];
}

const TASK = {
  task: 'i32',
  scratch: 'i32',
  taskRows: 'i32',
  taskColumns: 'i32',
  rowTasks: 'i32',
  m: 'i32',
  n: 'i32',
  k: 'i32',
  a: 'i32',
  aRow: 'i32',
  aColumn: 'i32',
  b: 'i32',
  bRow: 'i32',
  bColumn: 'i32',
  c: 'i32',
  cRow: 'i32',
  from: 'i32',
  bias: 'i32',
  kBlock: 'i32',
  rowBlock: 'i32',
  columnBlock: 'i32',
  initAt: 'i32',
  aAt: 'i32',
  bAt: 'i32',
} as const;

const emitFor =
  (dtype: FloatDType): Emitter =>
  (code, target) => {
    const tiles = tilesFor(dtype, target);
    const macro = emitMacro(code, tiles);
    emitTask(code, tiles, macro, emitColumns(code, tiles, macro));
  };

const emitGemvFor =
  (dtype: FloatDType): Emitter =>
  (code, target) =>
    emitGemv(code, tilesFor(dtype, target));

const EMITTERS: Record<FloatDType, Emitter> = { float32: emitFor('float32'), float64: emitFor('float64') };
const GEMV_EMITTERS = { float32: emitGemvFor('float32'), float64: emitGemvFor('float64') };

/**
 * One task: a rectangle of C.
 *
 *     for each block of columns:
 *       for each block of k: pack B (with few rows only the last, incomplete panel: the others are read where they lie)
 *         for each block of rows: pack A; multiply; start from zero or bias in the first block of k, else from C
 *
 * A C that must be started is started even where k is 0.
 */
function emitTask(code: Assembler, tiles: Tiles, macro: MacroFuncs, columnsFunc: Func): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const packB = emitPackB(code, tiles, macro);
  const expand = emitExpand(code, tiles);
  code.export('gemm', TASK, [], (params) => {
    const { task, scratch, taskRows, taskColumns, rowTasks, m, n, k, a, aRow, aColumn } = params;
    const { b, bRow, bColumn, c, cRow, from, bias, kBlock, rowBlock, columnBlock, initAt, aAt, bAt } = params;
    const bound = (index: Value<'i32'>, size: Local<'i32'>, most: Local<'i32'>) => {
      const start = code.local('i32', i32.mul(index, size));
      const end = code.local('i32', i32.add(start, size));
      end.set(code.least(end, most));
      return [start, end] as const;
    };
    const [rowStart, rowEnd] = bound(i32.rem_u(task, rowTasks), taskRows, m);
    const [columnStart, columnEnd] = bound(i32.div_u(task, rowTasks), taskColumns, n);
    const local = () => code.local('i32');
    const [row, column, p, rows, columns, steps, whole, source, target, init, now] = Array.from({ length: 11 }, local);
    const packedA = code.local('i32', i32.add(scratch, aAt));
    const packedB = code.local('i32', i32.add(scratch, bAt));
    const zeros = code.local('i32', i32.add(scratch, tiles.heights[0] * width * bytes));
    const biases = code.local('i32', i32.add(scratch, initAt));
    code.memory.fill(zeros, 0, width * bytes);

    code.forRange(column, columnStart, columnEnd, columnBlock, () => {
      columns.set(i32.sub(columnEnd, column));
      columns.set(code.least(columns, columnBlock));
      whole.set(i32.sub(columns, i32.rem_u(columns, width)));
      const direct = i32.and(i32.eq(bColumn, bytes), i32.le_u(i32.sub(rowEnd, rowStart), DIRECT_ROWS));
      whole.set(i32.mul(whole, direct));
      init.set(code.select(zeros, biases, i32.eq(from, FROM_ZERO)));
      code.if(i32.eq(from, FROM_COLUMN_BIAS), () =>
        code.memory.copy(biases, code.index(bias, column, bytes), code.scale(columns, bytes)),
      );
      now.set(from);
      p.set(0);
      code.loop((again) => {
        steps.set(i32.sub(k, p));
        steps.set(code.least(steps, kBlock));
        source.set(at(code, b, p, bRow, column, bColumn));
        code.call(packB, i32.sub(columns, whole), steps, code.index(source, whole, bytes), bRow, bColumn, packedB);
        code.forRange(row, rowStart, rowEnd, rowBlock, () => {
          rows.set(i32.sub(rowEnd, row));
          rows.set(code.least(rows, rowBlock));
          code.call(macro.packA, rows, steps, at(code, a, row, aRow, p, aColumn), aRow, aColumn, packedA, steps, 0);
          code.if(i32.eq(now, FROM_ROW_BIAS), () => {
            code.call(expand, rows, code.index(bias, row, bytes), biases);
          });
          target.set(i32.add(i32.add(c, i32.mul(row, cRow)), code.scale(column, bytes)));
          code.if(whole, () => {
            const step = width * bytes;
            code.call(columnsFunc, whole, rows, steps, packedA, source, bRow, step, target, cRow, now, init, scratch);
          });
          const rest = i32.sub(columns, whole);
          const step = i32.mul(steps, width * bytes);
          const to = code.index(target, whole, bytes);
          const start = i32.add(init, i32.mul(i32.eq(now, FROM_COLUMN_BIAS), code.scale(whole, bytes)));
          code.call(columnsFunc, rest, rows, steps, packedA, packedB, 0, step, to, cRow, now, start, scratch);
        });
        now.set(FROM_C);
        code.increase(p, kBlock);
        code.br_if(again, i32.lt_u(p, k));
      });
    });
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
