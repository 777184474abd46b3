/**
 * Matrix multiplication, float32 and float64: C = A·B (or += A·B, or + a bias), with A and B in any strides and C in rows.
 *
 * A task computes a block of rows × columns of C, whole: k is never split between tasks, and the blocks of k depend on k
 * alone, so that any division into tasks gives the same bits.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Local } from '../assembler.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { runInline } from '../module.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import { emitMacro, paddedRows } from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { elementOf, tilesFor } from './gemm-micro.ts';

/** Bytes of k in a block: one panel of B and one of A (8 × 384 and 6 × 384 float32) share the first-level cache. */
const BLOCK_K_BYTES = 384 * 4;
/** Rows of A in a block: with k, it stays in the second-level cache. A multiple of every height. */
const BLOCK_ROWS = 120;
/** Columns of B in a block: what is left of the second-level cache, or the third. A multiple of every width. */
const BLOCK_COLUMNS = 480;
/** Products in a task, about: 50 µs of work, against a few that it costs to hand out. */
const TASK_PRODUCTS = 1 << 20;

/** What C starts from. */
const FROM_ZERO = 0;
const FROM_C = 1;
const FROM_COLUMN_BIAS = 2;
const FROM_ROW_BIAS = 3;

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
  /** C += A·B rather than C = A·B. */
  readonly accumulate?: boolean;
  /** Added to every element: one value for each row or for each column of C. */
  readonly bias?: { readonly ptr: number; readonly along: 'row' | 'column' } | null;
}

/** What kernels work on: the heap, or anything that has its memory. */
export interface Kernels {
  readonly memory: WebAssembly.Memory;
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

/** Equal blocks of at most `most` that cover `size`, rounded up to a multiple. */
export function evenBlock(size: number, most: number, multiple: number): number {
  const blocks = Math.ceil(size / most);
  return blocks === 0 ? multiple : Math.ceil(size / blocks / multiple) * multiple;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
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
  return blocksFor(tilesFor(dtype, features()), m, n, k).scratchBytes;
}

/** C = A·B, or C += A·B, plus a bias; on this thread. `scratchPtr` has `gemmScratchBytes` bytes, aligned to 64. */
export function gemm(kernels: Kernels, options: Gemm & { readonly scratchPtr: number }): void {
  runInline(gemmLaunch(options, 'one'), kernels.memory, options.scratchPtr);
}

/** The launch of a product: as one task, or cut into many for threads; the bits are the same. */
export function gemmLaunch(g: Gemm, cut: 'one' | 'many' = 'many'): Launch {
  const tiles = tilesFor(g.dtype, features());
  const { bytes } = tiles.element;
  const { m, n, k } = g;
  const [taskRows, taskColumns] = cut === 'one' ? [m, n] : taskSize(tiles, m, n, k);
  const blocks = blocksFor(tiles, taskRows, taskColumns, k);
  const rowTasks = Math.ceil(m / taskRows);
  const columnTasks = Math.ceil(n / taskColumns);
  const args: Record<keyof typeof TASK, number> = {
    task: 0,
    scratch: 0,
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
    from: startOf(g),
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
    args: Object.values(args).slice(2),
    tasks: m === 0 || n === 0 ? 0 : rowTasks * columnTasks,
    scratchBytes: blocks.scratchBytes,
  };
}

function startOf(g: Gemm): number {
  if (g.bias) return g.bias.along === 'row' ? FROM_ROW_BIAS : FROM_COLUMN_BIAS;
  return g.accumulate === true ? FROM_C : FROM_ZERO;
}

/** Rows and columns of a task: halves of halves, until a task is about `TASK_PRODUCTS`. */
function taskSize(tiles: Tiles, m: number, n: number, k: number): [number, number] {
  const [width] = tiles.widths;
  let rows = m;
  let columns = n;
  while (rows * columns * k >= 2 * TASK_PRODUCTS) {
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
    emitTask(code, tiles, macro);
  };

const EMITTERS: Record<FloatDType, Emitter> = { float32: emitFor('float32'), float64: emitFor('float64') };
