/** One record an op for the tests. An op without one is a compile error. */

import type { OpName } from '@torsor/core';
import { binaries } from './binary.ts';
import { convolutions } from './conv.ts';
import { elementwise } from './elementwise.ts';
import { indexings } from './indexing.ts';
import { decompositions } from './linalg.ts';
import { products } from './matmul.ts';
import { norms } from './norm.ts';
import { pools } from './pool.ts';
import { reductions } from './reduce.ts';
import type { Specs } from './spec.ts';
import { views } from './view.ts';

export const specs: Specs<OpName> = {
  ...elementwise,
  ...binaries,
  ...reductions,
  ...products,
  ...views,
  ...indexings,
  ...convolutions,
  ...pools,
  ...norms,
  ...decompositions,
};
