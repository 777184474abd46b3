/**
 * The zip container: members one after the other, then a directory that says where each begins, then the directory's own place.
 * Nothing is decompressed here.
 *
 * Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3 and 4.5.3
 * Left out: encryption, archives of several volumes, writing more than 4 GiB or 65,535 members (zip64; it is read).
 */

import { FormatError, ValueError } from '@torsor/core';

/** A file in an archive. */
export interface Member {
  readonly name: string;
  /** How `data` was compressed: see `STORED` and `DEFLATED`. */
  readonly method: number;
  /** CRC-32 of the content. */
  readonly crc: number;
  /** Bytes of the content. */
  readonly size: number;
  /** The content, compressed. */
  readonly data: Uint8Array<ArrayBuffer>;
}

export const STORED = 0;
export const DEFLATED = 8;

/** What each record begins with, and its length without names and the like. */
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const ENTRY = { signature: 0x02014b50, bytes: 46 };
const END = { signature: 0x06054b50, bytes: 22 };
const END64 = { signature: 0x06064b50, bytes: 56 };
const LOCATOR64 = { signature: 0x07064b50, bytes: 20 };

/** In a field of 4 bytes: the value is in an extra field of 8. */
const IN_ZIP64 = 0xffffffff;

const ENCRYPTED = 0x0001;
const UTF8 = 0x0800;

/**
 * The members of an archive, in the directory's order. The directory and what it points to are checked: records are where they
 * should be, names agree, no two members overlap.
 *
 * @throws FormatError when it is no zip file or a damaged one, or a member is encrypted
 */
export function readZip(op: string, file: Uint8Array<ArrayBuffer>): Member[] {
  return new ZipReader(op, file).members();
}

/** Where a member lies. */
interface Extent {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

class ZipReader {
  readonly #op: string;
  readonly #file: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(op: string, file: Uint8Array<ArrayBuffer>) {
    this.#op = op;
    this.#file = file;
    this.#view = new DataView(file.buffer, file.byteOffset, file.length);
  }

  members(): Member[] {
    const { count, start, end } = this.#directory();
    const members: Member[] = [];
    const extents: Extent[] = [];
    let at = start;
    for (let i = 0; i < count; i++) {
      this.#expect(ENTRY, at, end, 'an entry of the directory');
      const { member, extent, next } = this.#entry(at, start, end);
      members.push(member);
      extents.push(extent);
      at = next;
    }
    if (at !== end) this.#fail(`the directory is ${end - start} bytes long, but its entries ${at - start}`);
    this.#checkOverlaps(extents);
    return members;
  }

  /** How many entries the directory has, and where it lies. */
  #directory(): { count: number; start: number; end: number } {
    const view = this.#view;
    const at = this.#findEnd();
    let count = view.getUint16(at + 10, true);
    let size = view.getUint32(at + 12, true);
    let start = view.getUint32(at + 16, true);
    let limit = at;
    const locator = at - LOCATOR64.bytes;
    if (locator >= 0 && view.getUint32(locator, true) === LOCATOR64.signature) {
      limit = this.#long(locator + 8);
      this.#expect(END64, limit, locator, 'the end of a zip64 file');
      count = this.#long(limit + 32);
      size = this.#long(limit + 40);
      start = this.#long(limit + 48);
    }
    if (start + size !== limit) this.#fail(`the directory is said to end at byte ${start + size}, not ${limit}`);
    return { count, start, end: limit };
  }

  /** Where the last record begins: it ends with a comment that ends with the file. */
  #findEnd(): number {
    const { byteLength } = this.#view;
    const last = byteLength - END.bytes;
    for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
      if (this.#view.getUint32(at, true) !== END.signature) continue;
      if (this.#view.getUint16(at + 20, true) === last - at) return at;
    }
    return this.#fail('does not end as a zip file does: it is none, or cut short');
  }

  #entry(at: number, start: number, end: number): { member: Member; extent: Extent; next: number } {
    const view = this.#view;
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const nameStart = at + ENTRY.bytes;
    const extraStart = nameStart + nameBytes;
    const next = extraStart + extraBytes + view.getUint16(at + 32, true);
    if (next > end) this.#fail(`an entry of the directory ends at byte ${next}, behind the directory`);
    const name = this.#name(nameStart, nameBytes);
    if (view.getUint16(at + 8, true) & ENCRYPTED) this.#fail(`the member '${name}' is encrypted`);

    // Those that do not fit 4 bytes are in the extra field, in this order.
    let extra = this.#zip64(extraStart, extraStart + extraBytes);
    const long = (field: number): number => {
      const value = view.getUint32(field, true);
      if (value !== IN_ZIP64) return value;
      if (extra === null || extra.start + 8 > extra.end) this.#fail(`the member '${name}' lacks its zip64 fields`);
      extra = { start: extra.start + 8, end: extra.end };
      return this.#long(extra.start - 8);
    };
    const size = long(at + 24);
    const packedBytes = long(at + 20);
    const offset = long(at + 42);

    this.#expect(LOCAL, offset, start, `the member '${name}'`);
    const dataStart = offset + LOCAL.bytes + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
    const dataEnd = dataStart + packedBytes;
    if (dataEnd > start) this.#fail(`the member '${name}' ends at byte ${dataEnd}, behind where the directory begins`);
    const localName = this.#name(offset + LOCAL.bytes, view.getUint16(offset + 26, true));
    if (localName !== name) this.#fail(`the member '${name}' calls itself '${localName}'`);
    return {
      member: {
        name,
        method: view.getUint16(at + 10, true),
        crc: view.getUint32(at + 16, true),
        size,
        data: this.#file.subarray(dataStart, dataEnd),
      },
      extent: { name, start: offset, end: dataEnd },
      next,
    };
  }

  #name(start: number, bytes: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        this.#file.subarray(start, start + bytes),
      );
    } catch (cause) {
      throw new FormatError('a name is not UTF-8', { op: this.#op, cause });
    }
  }

  /** The content of the extra field of zip64, if there is one among all. */
  #zip64(start: number, end: number): { start: number; end: number } | null {
    for (let at = start; at + 4 <= end; ) {
      const next = at + 4 + this.#view.getUint16(at + 2, true);
      if (this.#view.getUint16(at, true) === 1) return { start: at + 4, end: Math.min(next, end) };
      at = next;
    }
    return null;
  }

  /** A number of 8 bytes. One that is not exact is beyond every file, and refused where it is used. */
  #long(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }

  /** Checks that a record lies between byte `at` and `end`. */
  #expect({ signature, bytes }: { signature: number; bytes: number }, at: number, end: number, what: string): void {
    if (at + bytes > end || this.#view.getUint32(at, true) !== signature) this.#fail(`${what} is not at byte ${at}`);
  }

  /** Members that share bytes would let a small file unpack to any size. */
  #checkOverlaps(extents: Extent[]): void {
    extents.sort((a, b) => a.start - b.start);
    for (let i = 1; i < extents.length; i++) {
      const [before, { name, start }] = [extents[i - 1], extents[i]];
      if (start < before.end) this.#fail(`the members '${before.name}' and '${name}' overlap at byte ${start}`);
    }
  }

  #fail(message: string): never {
    throw new FormatError(message, { op: this.#op });
  }
}

/** A number and the bytes that it takes. */
type Field = readonly [value: number, bytes: 2 | 4];

/**
 * An archive of the members, in their order, all dated 1980-01-01: the same members make the same bytes.
 *
 * @throws ValueError when it would need zip64, or a name is too long
 */
export function writeZip(op: string, members: readonly Member[]): Uint8Array<ArrayBuffer> {
  const names = members.map(({ name }) => new TextEncoder().encode(name));
  const nameBytes = names.reduce((sum, { length }) => sum + length, 0);
  const dataBytes = members.reduce((sum, { data }) => sum + data.length, 0);
  const directoryStart = LOCAL.bytes * members.length + nameBytes + dataBytes;
  const directoryBytes = ENTRY.bytes * members.length + nameBytes;
  checkFields(op, names, members, directoryStart + directoryBytes);

  const out = new Uint8Array(directoryStart + directoryBytes + END.bytes);
  const view = new DataView(out.buffer);
  const write = (at: number, fields: readonly Field[]): void => {
    for (const [value, bytes] of fields) {
      if (bytes === 2) view.setUint16(at, value, true);
      else view.setUint32(at, value, true);
      at += bytes;
    }
  };
  let at = 0;
  let entryAt = directoryStart;
  for (const [i, { method, crc, size, data }] of members.entries()) {
    const name = names[i];
    const flags = name.some((byte) => byte > 0x7f) ? UTF8 : 0;
    const common: Field[] = [
      [20, 2], // version 2.0 is needed
      [flags, 2],
      [method, 2],
      [0, 2], // midnight
      [0x21, 2], // 1980-01-01
      [crc, 4],
      [data.length, 4],
      [size, 4],
      [name.length, 2],
      [0, 2], // no extra field
    ];
    write(at, [[LOCAL.signature, 4], ...common]);
    write(entryAt, [
      [ENTRY.signature, 4],
      [20, 2], // made by version 2.0
      ...common,
      [0, 2], // no comment
      [0, 2], // first volume
      [0, 2], // no attributes, twice
      [0, 4],
      [at, 4],
    ]);
    out.set(name, at + LOCAL.bytes);
    out.set(name, entryAt + ENTRY.bytes);
    out.set(data, at + LOCAL.bytes + name.length);
    at += LOCAL.bytes + name.length + data.length;
    entryAt += ENTRY.bytes + name.length;
  }
  write(entryAt, [
    [END.signature, 4],
    [0, 2], // first volume, twice
    [0, 2],
    [members.length, 2], // in this volume, and in all
    [members.length, 2],
    [directoryBytes, 4],
    [directoryStart, 4],
    [0, 2], // no comment
  ]);
  return out;
}

function checkFields(op: string, names: readonly Uint8Array[], members: readonly Member[], bytes: number): void {
  if (names.some(({ length }) => length > 0xffff)) throw new ValueError('a name has more than 65,535 bytes', { op });
  if (members.length >= 0xffff || bytes >= IN_ZIP64 || members.some(({ size }) => size >= IN_ZIP64)) {
    throw new ValueError(
      `${members.length} members in ${bytes} bytes need zip64, which is not written: keep below 65,535 and 4 GiB a file`,
      { op },
    );
  }
}
