/**
 * The checksum of zip files: CRC-32 with the polynomial 0xEDB88320, its bits reflected. Eight bytes a step, by eight tables.
 * Source: the "slicing" of Kounavis and Berry, "A Systematic Approach to Building High Performance, Software-based, CRC
 * Generators" (2005).
 */

/** `tables[256 k + b]`: what the byte b does to the checksum when k more bytes follow it. Made at first use. */
let tables: Int32Array | null = null;

function makeTables(): Int32Array {
  const out = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    out[byte] = crc;
  }
  for (let at = 256; at < out.length; at++) out[at] = (out[at - 256] >>> 8) ^ out[out[at - 256] & 0xff];
  return out;
}

/** The CRC-32 of all bytes, from 0 to 2³² − 1. */
export function crc32(bytes: Uint8Array): number {
  tables ??= makeTables();
  const t = tables;
  let crc = -1;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    crc =
      t[1792 + (bytes[at] ^ (crc & 0xff))] ^
      t[1536 + (bytes[at + 1] ^ ((crc >>> 8) & 0xff))] ^
      t[1280 + (bytes[at + 2] ^ ((crc >>> 16) & 0xff))] ^
      t[1024 + (bytes[at + 3] ^ (crc >>> 24))] ^
      t[768 + bytes[at + 4]] ^
      t[512 + bytes[at + 5]] ^
      t[256 + bytes[at + 6]] ^
      t[bytes[at + 7]];
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]) & 0xff];
  return ~crc >>> 0;
}
