/** The bytes of files, as they come and go. */

import type { Tensor } from '@torsor/core';
import { sizeOf, tidy, ValueError, withBits } from '@torsor/core';

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

/** Writes the elements of a tensor in row-major order, little endian, to memory of as many bytes. */
export function writeBytes(x: Tensor, target: Uint8Array): void {
  tidy(() => {
    const dense = x.detach().contiguous();
    const { offset } = dense;
    const values = withBits(() => dense.array).subarray(offset, offset + sizeOf(x.shape));
    target.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  });
}

/**
 * Turns the bytes of each element around, in place: big endian becomes little endian, and the other way round. Elements stand where
 * typed arrays could: at multiples of their width, or of 4.
 */
export function swapBytes({ buffer, byteOffset, byteLength }: Uint8Array, width: number): void {
  if (width === 2) {
    const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
    for (let i = 0; i < halves.length; i++) halves[i] = (halves[i] << 8) | (halves[i] >>> 8);
  } else if (width > 2) {
    const words = new Uint32Array(buffer, byteOffset, byteLength / 4);
    // In elements of 8 bytes the words change places as well.
    const other = width / 4 - 1;
    for (let i = 0; i < words.length; i += 1 + other) {
      const first = turned(words[i]);
      words[i] = turned(words[i + other]);
      words[i + other] = first;
    }
  }
}

function turned(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
