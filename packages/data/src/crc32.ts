/**
 * The checksum of zip files: CRC-32 with the polynomial 0xEDB88320, its bits reflected. Four bytes a step, by four tables.
 * Source: the "slicing" of Kounavis and Berry, "A Systematic Approach to Building High Performance, Software-based, CRC
 * Generators" (2005).
 */

/** `tables[256 k + b]`: what the byte b does to the checksum when k more bytes follow it. Made at first use. */
let tables: Int32Array | null = null;

function makeTables(): Int32Array {
  const out = new Int32Array(1024);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    out[byte] = crc;
  }
  for (let at = 256; at < 1024; at++) out[at] = (out[at - 256] >>> 8) ^ out[out[at - 256] & 0xff];
  return out;
}

/** The CRC-32 of all bytes, from 0 to 2³² − 1. */
export function crc32(bytes: Uint8Array): number {
  const t = (tables ??= makeTables());
  let crc = -1;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    crc = t[768 + (crc & 0xff)] ^ t[512 + ((crc >>> 8) & 0xff)] ^ t[256 + ((crc >>> 16) & 0xff)] ^ t[crc >>> 24];
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]) & 0xff];
  return ~crc >>> 0;
}
