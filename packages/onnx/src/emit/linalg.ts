/** Decompositions and solvers, none of which ONNX has for what they are made of here. */

import type { LinalgOps } from '@torsor/core';
import type { Rules } from './rule.ts';

const ABSENT = 'is not in ONNX';

export const decompositions: Rules<keyof LinalgOps> = {
  cholesky: ABSENT,
  luFactor: ABSENT,
  luSolve: ABSENT,
  det: ABSENT,
  slogdet: ABSENT,
  solveTriangular: ABSENT,
  qr: ABSENT,
  eigh: ABSENT,
  svd: ABSENT,
  pinv: ABSENT,
};
