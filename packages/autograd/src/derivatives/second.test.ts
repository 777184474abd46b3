/** Second derivatives of every op against finite differences of the first. */

import type { OpName, Tensor } from '@torsor/core';
import { test } from 'uvu';
import { gradgradcheck } from '../index.ts';
import { leaves } from './specs/check.ts';
import { specs } from './specs/index.ts';
import type { Spec } from './specs/spec.ts';
import { DEFAULT_TOLERANCE, outputsOf } from './specs/spec.ts';

for (const [op, spec] of Object.entries(specs) as [OpName, Spec][]) {
  if (spec.kind !== 'formula' || spec.order < 2) continue;
  const { relative, absolute } = spec.tolerance ?? DEFAULT_TOLERANCE;
  test(`the second derivative of ${op} is that of finite differences`, () => {
    for (const sample of spec.samples()) {
      const run = (...inputs: Tensor[]): readonly Tensor[] => outputsOf(sample.run(...inputs));
      try {
        gradgradcheck(run, leaves(sample), { atol: absolute, rtol: relative });
      } catch (error) {
        if (error instanceof Error) error.message = `${op}, ${sample.title}: ${error.message}`;
        throw error;
      }
    }
  });
}

test.run();
