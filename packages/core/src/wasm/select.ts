/**
 * Which kernel where: the one place that decides between fast kernels and reference loops. A function here either computes the
 * result and returns true, or does nothing and returns false.
 */

import type { MatrixView } from '../reference/matmul.ts';
import type { Storage } from '../storage.ts';

/** out = alpha · a · b + beta · out through the packed GEMM. */
export function fastGemm(
  _m: number,
  _n: number,
  _k: number,
  _a: Storage,
  _av: MatrixView,
  _b: Storage,
  _bv: MatrixView,
  _out: Storage,
  _ov: MatrixView,
  _alpha: number,
  _beta: number,
): boolean {
  return false;
}
