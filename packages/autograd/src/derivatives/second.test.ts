/**
 * Second derivatives of every op against finite differences of the first.
 *
 * The gradient of each input is checked alone: `gradgradcheck` passes over a gradient that is cut off the tape as long as
 * another one is not.
 */

import type { OpName, Tensor } from '@torsor/core';
import { test } from 'uvu';
import { grad, gradcheck } from '../index.ts';
import { leaves, starts } from './specs/check.ts';
import { specs } from './specs/index.ts';
import type { Sample, Spec } from './specs/spec.ts';
import { DEFAULT_TOLERANCE, outputsOf } from './specs/spec.ts';

/** The differentiable results of a call. */
function outputs(sample: Sample, inputs: readonly Tensor[]): readonly Tensor[] {
  return outputsOf(sample.run(...inputs)).filter((output) => output.requiresGrad);
}

for (const [op, spec] of Object.entries(specs) as [OpName, Spec][]) {
  if (spec.kind !== 'formula' || spec.order < 2) continue;
  const { relative: rtol, absolute: atol } = spec.tolerance ?? DEFAULT_TOLERANCE;
  test(`the second derivative of ${op} is that of finite differences`, () => {
    for (const sample of spec.samples()) {
      const inputs = leaves(sample);
      const weights = starts(outputs(sample, inputs)).map((start) => start.requiresGrad_());
      inputs.forEach((_, i) => {
        /** The gradient by input i, as a function of all inputs and of the gradients of the results. */
        const first = (...all: readonly Tensor[]): Tensor | null => {
          const at = all.slice(0, inputs.length);
          const options = { createGraph: true, allowUnused: true } as const;
          return grad(outputs(sample, at), at[i], all.slice(inputs.length), options)[0];
        };
        try {
          gradcheck(first as (...all: Tensor[]) => unknown, [...inputs, ...weights], { atol, rtol });
        } catch (error) {
          if (error instanceof Error) error.message = `${op}, ${sample.title}, input ${i}: ${error.message}`;
          throw error;
        }
      });
    }
  });
}

test.run();
