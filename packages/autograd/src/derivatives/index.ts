/** The calculus on a page: how to differentiate every op. An op without an entry is a compile error. */

import type { OpName } from '@torsor/core';
import { conv } from './conv.ts';
import type { Derivatives } from './define.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { linalg } from './linalg.ts';
import { matmul } from './matmul.ts';
import { norm } from './norm.ts';
import { reduce } from './reduce.ts';
import { view } from './view.ts';

export const derivatives: Derivatives<OpName> = {
  ...elementwise,
  ...reduce,
  ...matmul,
  ...view,
  ...indexing,
  ...conv,
  ...norm,
  ...linalg,
};
