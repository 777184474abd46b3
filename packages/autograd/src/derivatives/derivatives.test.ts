/** First derivatives of every op: against finite differences, under other layouts, and in float32. */

import type { OpName, Tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gradcheck } from '../index.ts';
import { derivatives } from './index.ts';
import { close, fits, gradients, LAYOUTS, leaves, records } from './specs/check.ts';
import { specs } from './specs/index.ts';
import type { Sample, Spec } from './specs/spec.ts';
import { DEFAULT_TOLERANCE, outputsOf } from './specs/spec.ts';

const entries = Object.entries(specs) as [OpName, Spec][];

/** Runs a claim on each sample, and names the sample when it fails. */
function each(op: OpName, samples: readonly Sample[], claim: (sample: Sample) => void): void {
  for (const sample of samples) {
    try {
      claim(sample);
    } catch (error) {
      if (error instanceof Error) error.message = `${op}, ${sample.title}: ${error.message}`;
      throw error;
    }
  }
}

test('specs and derivatives say the same of every op', () => {
  for (const [op, spec] of entries) assert.is(spec.kind, derivatives[op].kind, op);
});

test('what is not differentiable leaves nothing on the tape', () => {
  for (const [op, spec] of entries) {
    if (spec.kind !== 'nonDifferentiable') continue;
    each(op, spec.samples(), (sample) => {
      for (const output of outputsOf(sample.run(...leaves(sample)))) assert.not(output.requiresGrad);
    });
  }
});

test('a derivative that is missing throws', () => {
  for (const [op, spec] of entries) {
    if (spec.kind !== 'notImplemented') continue;
    each(op, spec.samples(), (sample) => {
      assert.throws(() => gradients(sample, leaves(sample)), /the derivative is not implemented/);
    });
  }
});

for (const [op, spec] of entries) {
  if (spec.kind !== 'formula') continue;
  const { relative, absolute } = spec.tolerance ?? DEFAULT_TOLERANCE;

  test(`${op} is what its samples record, and its gradient that of finite differences`, () => {
    each(op, spec.samples(), (sample) => {
      const inputs = leaves(sample);
      assert.ok(records(op, outputsOf(sample.run(...inputs))), 'the op is not on the tape');
      gradcheck(sample.run as (...inputs: Tensor[]) => unknown, inputs, { atol: absolute, rtol: relative });
    });
  });

  test(`${op} has the same gradient under every layout of its inputs`, () => {
    each(op, spec.samples(), (sample) => {
      if (sample.ownLayout) return;
      const expected = gradients(sample, leaves(sample));
      for (const [name, layout] of Object.entries(LAYOUTS)) {
        const actual = gradients(
          sample,
          leaves(sample, (x) => layout(x) ?? x.clone()),
        );
        actual.forEach((gradient, i) => {
          close(gradient, expected[i], REORDERED, `${name}, input ${i}`);
        });
      }
      expandedAsCopies(sample);
    });
  });

  test(`${op} in float32 has a gradient of its inputs' dtype, shape and value`, () => {
    each(op, spec.samples(), (sample) => {
      const expected = gradients(sample, leaves(sample));
      const inputs = leaves(sample, (x) => x.to('float32'));
      gradients(sample, inputs).forEach((gradient, i) => {
        fits(gradient, inputs[i], `input ${i}`);
        close(gradient?.to('float64') ?? null, expected[i], FLOAT32, `input ${i}`);
      });
    });
  });
}

/** Sums may be taken in another order. */
const REORDERED = { relative: 1e-12, absolute: 1e-12 };
/** A few dozen roundings to 24 bits, of numbers up to a few hundred. */
const FLOAT32 = { relative: 1e-4, absolute: 1e-4 };

/** An input whose first dimension repeats one entry, with stride 0, has the gradient of a copy of it. */
function expandedAsCopies(sample: Sample): void {
  const repeated = (copies: boolean): (Tensor | null)[] => {
    const origins = leaves(sample, (x) => (x.ndim === 0 || x.shape[0] === 0 ? x.clone() : x.narrow(0, 0, 1).clone()));
    const inputs = origins.map((x, i) => {
      const stretched = x.expand(sample.inputs[i].shape);
      return copies ? stretched.contiguous() : stretched;
    });
    return gradients(sample, inputs, origins);
  };
  const expected = repeated(true);
  repeated(false).forEach((gradient, i) => {
    close(gradient, expected[i], REORDERED, `expanded, input ${i}`);
  });
}

test.run();
