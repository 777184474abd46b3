/**
 * Matrix multiplication, float32 and float64: C = A·B (or += A·B, or + a bias), with A and B in any strides and C in rows.
 *
 * A task computes a block of rows × columns of C, whole: k is never split between tasks, and the blocks of k depend on k
 * alone, so that any division into tasks gives the same bits.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Local } from '../assembler.ts';
import { features } from '../features.ts';
import type { Emitter } from '../module.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import { emitMacro, paddedRows, panelWidth } from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { elementOf, tilesFor } from './gemm-micro.ts';

/** Elements of k in a block: one panel of B and one of A (8 × 384 and 6 × 384 float32) share the first-level cache. */
const BLOCK_K_BYTES = 384 * 4;
/** Rows of A in a block: with k, it stays in the second-level cache. */
const BLOCK_ROWS = 120;
/** Columns of B in a block: the rest of the second-level cache, or the third. */
const BLOCK_COLUMNS = 512;

