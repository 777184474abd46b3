/**
 * Compressed bytes, by the streams that every runtime has. Of their formats gzip alone is used to read: its checksum and length are
 * checked everywhere, whereas some runtimes take a raw stream that is cut short, and some older ones know none.
 *
 * Layout: 10 bytes of header, or more if its flags say so, the deflated data, its CRC-32, its length modulo 2³².
 * Source: RFC 1950 (zlib), 1951 (deflate) and 1952 (gzip)
 */

import { FormatError } from '@torsor/core';

/** Whether bytes begin as gzip's do. */
export function isGzipped(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The bytes as a gzip file. */
export function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return pass([bytes], new CompressionStream('gzip'), Number.POSITIVE_INFINITY);
}

/**
 * The content of a gzip file of one member.
 *
 * @throws FormatError when it is damaged
 */
export async function gunzip(op: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes.length < 18) throw new FormatError(`${bytes.length} bytes are too few for a gzip file`, { op });
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
  return unpack(op, 'the gzip file', [bytes], size);
}

/** The bytes deflated, with nothing around. */
export async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  // zlib puts exactly 2 bytes before and 4 behind.
  return (await pass([bytes], new CompressionStream('deflate'), Number.POSITIVE_INFINITY)).subarray(2, -4);
}

/**
 * What was deflated, given what a zip file says of it.
 *
 * @param what names it in the error
 * @throws FormatError when the bytes, the size or the checksum are damaged
 */
export function inflate(
  op: string,
  what: string,
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
  crc: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc, true);
  trailer.setUint32(4, size % 2 ** 32, true);
  return unpack(op, what, [header, bytes, trailer], size);
}

async function unpack(
  op: string,
  what: string,
  parts: readonly BlobPart[],
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new DecompressionStream('gzip');
  try {
    return await pass(parts, stream, size);
  } catch (cause) {
    throw new FormatError(`${what} is damaged: it does not decompress`, { op, cause });
  }
}

/**
 * What a stream makes of bytes. Memory grows with what has come, not with what was promised.
 *
 * @throws RangeError when more than `most` bytes come; what the stream throws
 */
async function pass(
  parts: readonly BlobPart[],
  stream: CompressionStream | DecompressionStream,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const blob = new Blob(parts as BlobPart[]);
  const reader = blob.stream().pipeThrough(stream).getReader();
  let out = new Uint8Array(Math.min(most, 2 * blob.size));
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return length === out.length ? out : out.slice(0, length);
    const end = length + value.length;
    if (end > most) {
      reader.cancel().catch(() => {});
      throw new RangeError(`more than ${most} bytes come of it`);
    }
    if (end > out.length) {
      const grown = new Uint8Array(Math.min(most, Math.max(end, 2 * out.length)));
      grown.set(out.subarray(0, length));
      out = grown;
    }
    out.set(value, length);
    length = end;
  }
}
