import type { DType, Tensor } from '@torsor/core';
import { dispatchMode, NotImplementedError } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gradients } from './derivatives/specs/check.ts';
import { specs } from './derivatives/specs/index.ts';
import type { Sample } from './derivatives/specs/spec.ts';
import { outputsOf } from './derivatives/specs/spec.ts';
import './index.ts';

const HALVES = ['float16', 'bfloat16'] as const;

/** Ops that refuse 16-bit floats: decompositions, as PyTorch's do. */
const REFUSING: ReadonlySet<string> = new Set(
  'cholesky luFactor luSolve det slogdet solveTriangular qr eigh svd pinv'.split(' '),
);

/** Runs a sample, and counts the ops that it calls itself. */
function run(sample: Sample, inputs: readonly Tensor[]): { outputs: readonly Tensor[]; ops: number } {
  let ops = 0;
  let depth = 0;
  const outputs = dispatchMode(
    (_op, _args, inner) => {
      if (depth++ === 0) ops++;
      try {
        return inner();
      } finally {
        depth--;
      }
    },
    () => outputsOf(sample.run(...inputs)),
  );
  return { outputs, ops };
}

const numbers = (x: Tensor): readonly number[] => Array.from(x.float().toTypedArray() as Float32Array, Number);

for (const dtype of HALVES) {
  const unit = dtype === 'float16' ? 2 ** -10 : 2 ** -7;

  test(`every op rounds its float32 result to ${dtype}, or refuses before it writes`, () => {
    for (const [op, spec] of Object.entries(specs)) {
      for (const sample of spec.samples()) {
        const label = `${op}, ${sample.title}`;
        const halves = sample.inputs.map((x) => (x.isFloatingPoint() ? x.to(dtype) : x));
        const before = halves.map((x) => x.toTypedArray());
        if (REFUSING.has(op)) {
          try {
            sample.run(...halves);
            assert.unreachable(`${label} does not refuse`);
          } catch (error) {
            assert.instance(error, NotImplementedError, `${label}: ${String(error)}`);
          }
          halves.forEach((x, i) => {
            assert.equal(x.toTypedArray(), before[i], label);
          });
          continue;
        }
        const { outputs: expected, ops } = run(
          sample,
          halves.map((x) => (x.isFloatingPoint() ? x.float() : x)),
        );
        let outputs: readonly Tensor[];
        try {
          ({ outputs } = run(sample, halves));
        } catch (error) {
          throw new Error(`${label}: ${String((error as Error).stack)}`);
        }
        outputs.forEach((output, i) => {
          const want = expected[i];
          const at = `${label}, output ${i}`;
          assert.equal(output.shape, want.shape, at);
          if (i === 0) assert.is(output.dtype, (want.dtype === 'float32' ? dtype : want.dtype) as DType, at);
          const [got, rounded] = [numbers(output), numbers(want.to(output.dtype))];
          got.forEach((x, k) => {
            if (Object.is(x, rounded[k]) || x === rounded[k]) return;
            // What is composed of several ops is rounded after each of them.
            const tolerance = ops > 1 ? 8 * unit * Math.max(1, Math.abs(rounded[k])) : 0;
            assert.ok(
              Math.abs(x - rounded[k]) <= tolerance,
              `${at}: element ${k} is ${x}, expected ${rounded[k]} (${ops} ops)`,
            );
          });
        });
      }
    }
  });

  test(`gradients of ${dtype} leaves are ${dtype}, and near those of float32`, () => {
    for (const [op, spec] of Object.entries(specs)) {
      if (spec.kind !== 'formula' || REFUSING.has(op)) continue;
      for (const sample of spec.samples()) {
        const label = `${op}, ${sample.title}`;
        const leaves = sample.inputs.map((x) => x.to(dtype).requiresGrad_());
        const wide = leaves.map((x) => x.detach().float().requiresGrad_());
        const want = gradients(sample, wide);
        let got: readonly (Tensor | null)[];
        try {
          got = gradients(sample, leaves);
        } catch (error) {
          throw new Error(`${label}: ${String((error as Error).stack)}`);
        }
        got.forEach((grad, i) => {
          if (grad === null) {
            assert.is(want[i], null, label);
            return;
          }
          assert.is(grad.dtype, dtype, label);
          assert.equal(grad.shape, leaves[i].shape, label);
          const [a, b] = [numbers(grad), numbers(want[i] as Tensor)];
          const scale = Math.max(1, ...b.map(Math.abs));
          a.forEach((x, k) => {
            assert.ok(
              Object.is(x, b[k]) || Math.abs(x - b[k]) <= 16 * unit * scale,
              `${label}: ${x}, expected ${b[k]}`,
            );
          });
        });
      }
    }
  });
}

test.run();
