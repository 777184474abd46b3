/** Exports the models of the zoo, runs them here, and compares results. */

import type { Tensor } from '@torsor/core';
import { isOptions, isTensor } from '@torsor/core';
import { isModule } from '@torsor/nn';
import { exportOnnx } from '../export.ts';
import { axesOf, type Example, prepare } from './zoo.ts';

/** A result, as it is written down. */
export interface Result {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | null)[];
}

/** The file, exported on inputs of size 2. */
export function exported(example: Example, opsetVersion = example.opset ?? 17): Uint8Array {
  const { model, given } = prepare(example, 2);
  return exportOnnx(model, given, { ...axesOf(example), opsetVersion });
}

function tensorsIn(value: unknown): Tensor[] {
  if (isTensor(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  return isOptions(value) ? Object.values(value).flatMap(tensorsIn) : [];
}

/** What the model gives here, on inputs of size 3. */
export function ours(example: Example): { given: Tensor[]; outputs: Result[] } {
  const { model } = prepare(example, 2);
  const given = prepare(example, 3).given;
  if (isModule(model)) model.eval();
  const run = model as (...xs: Tensor[]) => unknown;
  const outputs = tensorsIn(run(...given)).map((x): Result => {
    return { dtype: x.dtype, shape: x.shape, data: Array.from(x.toTypedArray(), Number) };
  });
  return { given, outputs };
}

/** A hash of 32 bits, and the length. Source: Fowler, Noll, Vo, FNV-1a. */
export function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${(hash >>> 0).toString(16).padStart(8, '0')} ${bytes.length}`;
}

/** JSON has no NaN and no infinities, and writes null for them. */
function isNear(a: number | null, b: number | null): boolean {
  if (a === null || b === null || !Number.isFinite(a) || !Number.isFinite(b)) {
    return a === null || b === null
      ? !Number.isFinite(a ?? Number.NaN) && !Number.isFinite(b ?? Number.NaN)
      : Object.is(a, b);
  }
  return Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));
}

/** Some forty entries of each result: as much as is written down. */
export function sampled(results: readonly Result[]): Result[] {
  return results.map(({ dtype, shape, data }) => {
    const step = Math.ceil(data.length / 40);
    return { dtype, shape, data: data.filter((_, i) => i % step === 0) };
  });
}

/** In which results differ, and by how much, by more than the rounding of float32 in sums of some hundred terms. */
export function differences(results: readonly Result[], expected: readonly Result[]): string[] {
  if (results.length !== expected.length) return [`${results.length} outputs, not ${expected.length}`];
  return results.flatMap(({ dtype, shape, data }, i) => {
    const other = expected[i];
    if (dtype !== other.dtype) return [`output ${i} is ${dtype}, not ${other.dtype}`];
    if (shape.join() !== other.shape.join()) return [`output ${i} has shape [${shape}], not [${other.shape}]`];
    const at = data.findIndex((value, k) => !isNear(value, other.data[k]));
    return at < 0 ? [] : [`output ${i} has ${data[at]} at ${at}, not ${other.data[at]}`];
  });
}
