/** The bytes of files, as they come and go. */

import type { Tensor } from '@torsor/core';
import { sizeOf, ValueError } from '@torsor/core';

/**
 * A file's content as bytes in memory of their own kind: what is shared between threads is copied, since decoders of text and
 * streams refuse it.
 *
 * @throws ValueError when it is neither a Uint8Array (or another view of memory) nor an ArrayBuffer
 */
export function bytesOf(op: string, file: Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> {
  // By name, not by class: files may come from another realm (frames, test runners).
  const kind = (value: unknown): string => Object.prototype.toString.call(value);
  if (ArrayBuffer.isView(file)) {
    const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
    return kind(file.buffer) === '[object ArrayBuffer]' ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  }
  if (kind(file) === '[object ArrayBuffer]') return new Uint8Array(file);
  throw new ValueError('takes the content of a file, as a Uint8Array or an ArrayBuffer', { op });
}

/**
 * The elements of a tensor in row-major order as bytes, little endian. Copied only where the tensor lies otherwise: use it before
 * anything is allocated.
 */
export function rawBytes(x: Tensor): Uint8Array {
  const values = x.isContiguous() ? x.array.subarray(x.offset, x.offset + sizeOf(x.shape)) : x.toTypedArray();
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Turns the bytes of each element around, in place: big endian becomes little endian, and the other way round. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}
