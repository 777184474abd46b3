/** Files from fixtures, and what they hold, for tests. */

import type { Tensor, TypedArray } from '@torsor/core';
import * as assert from 'uvu/assert';

/** A file in base64, and what NumPy says that it holds. */
export interface FileCase extends Content {
  readonly file: string;
}

export interface Content {
  readonly shape: readonly number[];
  /** In row-major order, in Python's words. */
  readonly values: readonly string[];
}

export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** A number that Python has printed, as a tensor of that dtype has it. */
function element(text: string, isInt64: boolean): number | bigint {
  if (isInt64) return BigInt(text);
  const words: Readonly<Record<string, number>> = {
    True: 1,
    False: 0,
    nan: Number.NaN,
    inf: Number.POSITIVE_INFINITY,
    '-inf': Number.NEGATIVE_INFINITY,
  };
  return words[text] ?? Number(text);
}

/** Shape and values, zeros with their sign, are those of the fixture. */
export function checkContent(x: Tensor, { shape, values }: Content, message = ''): void {
  assert.equal(x.shape, shape, message);
  assert.ok(x.isContiguous(), message);
  const got = x.toTypedArray();
  assert.is(got.length, values.length, message);
  for (const [i, text] of values.entries()) {
    const expected = element(text, x.dtype === 'int64');
    if (!Object.is(got[i], expected)) assert.unreachable(`${message}: element ${i} is ${got[i]} instead of ${text}`);
  }
}

const bitsOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Shape, dtype and every bit are the same. */
export function checkSame(got: Tensor, expected: Tensor, message = ''): void {
  assert.is(got.dtype, expected.dtype, message);
  assert.equal([...got.shape], [...expected.shape], message);
  assert.equal(bitsOf(got.toTypedArray()), bitsOf(expected.toTypedArray()), message);
}

/** A NaN with bits of its own, and others that a copy by value could change. */
export function withOddNaNs(): Float32Array<ArrayBuffer> {
  return new Float32Array(new Uint32Array([0x7fc12345, 0xffc00001, 0x7f800001, 0x80000000, 0x00000001]).buffer);
}

/** The promise is rejected with an error of that name whose message matches. */
export async function rejects(promise: Promise<unknown>, name: string, pattern: RegExp): Promise<void> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason as Error,
  );
  assert.is(error?.name, name, String(error));
  assert.match(String(error?.message), pattern);
}
