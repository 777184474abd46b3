/**
 * Linear algebra under the names of `torch.linalg`: of real matrices, float32 or float64, with any leading dimensions. Decompositions
 * compute in float64. `eig` and `eigvals`, whose results are complex, are not offered.
 */

export { matmul } from '../ops/matmul.ts';
export type { CholeskyOptions } from './cholesky.ts';
export { cholesky, choleskyEx } from './cholesky.ts';
export type { EighOptions } from './eigh.ts';
export { eigh, eigvalsh } from './eigh.ts';
export type { LuOptions, SolveOptions } from './lu.ts';
export { det, inv, invEx, lu, luFactor, luFactorEx, luSolve, slogdet, solve, solveEx } from './lu.ts';
export type { NormOrder, OrderOptions } from './norms.ts';
export { cond, matrixNorm, norm, vectorNorm } from './norms.ts';
export type { LstsqOptions, ToleranceOptions } from './pinv.ts';
export { lstsq, matrixRank, pinv } from './pinv.ts';
export type { DiagonalOptions } from './products.ts';
export {
  cross,
  diagonal,
  matrixExp,
  matrixPower,
  multiDot,
  tensorinv,
  tensorsolve,
  vander,
  vecdot,
} from './products.ts';
export { qr } from './qr.ts';
export type { SvdOptions } from './svd.ts';
export { svd, svdvals } from './svd.ts';
export type { SolveTriangularOptions } from './triangular.ts';
export { solveTriangular } from './triangular.ts';
