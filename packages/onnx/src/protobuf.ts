/**
 * Protocol buffers, as far as writing them goes: a message is a list of chunks whose length is known, so that what contains it can
 * say how long it is, and the bytes are joined once.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

import { NotImplementedError } from '@torsor/core';

/** Bytes that one file of protocol buffers can hold: lengths within it are signed numbers of 32 bits. */
const MOST_BYTES = 2 ** 31 - 1;

const utf8 = /* @__PURE__ */ new TextEncoder();

/** A number in groups of seven bits, the least first; a negative one as its 64-bit complement. */
export function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** A message that is being written. Fields are known by their numbers; a field that is written again is an entry more of a list. */
export class Message {
  private readonly chunks: Uint8Array[] = [];
  private size = 0;

  private append(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
  }

  private key(field: number, wireType: number): void {
    this.append(varint(field * 8 + wireType));
  }

  /** An integer. */
  int(field: number, value: number | bigint): this {
    this.key(field, 0);
    this.append(varint(value));
    return this;
  }

  /** A number of single precision. */
  float(field: number, value: number): this {
    this.key(field, 5);
    const chunk = new Uint8Array(4);
    new DataView(chunk.buffer).setFloat32(0, value, true);
    this.append(chunk);
    return this;
  }

  /** Bytes as they are, which are not copied before the end; text as UTF-8. */
  bytes(field: number, value: Uint8Array | string): this {
    const chunk = typeof value === 'string' ? utf8.encode(value) : value;
    this.key(field, 2);
    this.append(varint(chunk.length));
    this.append(chunk);
    return this;
  }

  /** A message within this one. */
  message(field: number, value: Message): this {
    this.key(field, 2);
    this.append(varint(value.size));
    for (const chunk of value.chunks) this.chunks.push(chunk);
    this.size += value.size;
    return this;
  }

  messages<T>(field: number, values: Iterable<T>, encode: (value: T) => Message): this {
    for (const value of values) this.message(field, encode(value));
    return this;
  }

  /** @throws NotImplementedError when the file would be too long */
  finish(): Uint8Array {
    checkLength(this.size);
    const all = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}

/** @throws NotImplementedError when so many bytes do not fit into one file */
export function checkLength(bytes: number): void {
  if (bytes <= MOST_BYTES) return;
  throw new NotImplementedError(
    `the model takes ${(bytes / 2 ** 30).toFixed(1)} GiB, and a file of protocol buffers holds less than 2 GiB; weights in files ` +
      'of their own are not offered: export the model in parts',
    { op: 'exportOnnx', operands: { bytes } },
  );
}
