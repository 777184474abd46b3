import type { Tensor } from '@torsor/core';
import { arange, ones, randn, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32 } from './crc32.ts';
import fixtures from './fixtures/formats.json' with { type: 'json' };
import { npy, npz } from './index.ts';
import type { Content } from './testing/files.ts';
import { checkContent, checkSame, fromBase64, rejects } from './testing/files.ts';
import type { Member } from './zip.ts';
import { readZip, STORED, writeZip } from './zip.ts';

const { arrays, positional, bzip2, ...archives } = fixtures.npz;
const contents: Readonly<Record<string, Content>> = arrays;

test('what numpy.savez and savez_compressed write loads, and what they write to a pipe', async () => {
  for (const [name, file] of Object.entries(archives)) {
    const tensors = await npz.load(fromBase64(file));
    assert.equal(Object.keys(tensors), Object.keys(contents), name);
    for (const [key, x] of Object.entries(tensors)) checkContent(x, contents[key], `${name}: ${key}`);
  }
  assert.equal(Object.keys(await npz.load(fromBase64(positional))), ['arr_0', 'arr_1']);
});

const samples = (): Map<string, Tensor> =>
  new Map(
    Object.entries({
      weight: randn(65, 33),
      zeros: zeros(100, 100, { dtype: 'float64' }),
      'layer.0/größe': arange(6).view(2, 3).t(),
      '': ones(2, { dtype: 'int64' }),
      empty: zeros(0, 3),
    }),
  ).set('__proto__', ones([], { dtype: 'bool' }));

test('what is saved loads with the same bits, compressed or not, from maps and objects', async () => {
  const tensors = samples();
  for (const file of [
    npz.save(tensors),
    npz.save(Object.fromEntries(tensors)),
    await npz.saveCompressed(tensors),
    await npz.saveCompressed(Object.fromEntries(tensors)),
  ]) {
    const loaded = await npz.load(file);
    assert.equal(Object.keys(loaded), [...tensors.keys()]);
    for (const [name, x] of Object.entries(loaded)) checkSame(x, tensors.get(name) as Tensor, name);
  }
  assert.equal(await npz.load(npz.save({})), {});
});

test('the same tensors make the same bytes; compression makes zeros small, and noise no larger', async () => {
  const tensors = { a: zeros(1000), b: randn(1000) };
  assert.equal(npz.save(tensors), npz.save(tensors));
  assert.ok((await npz.saveCompressed({ a: tensors.a })).length < 500);
  const noise = npy.load(npy.save(randn(3))); // too little to be worth it
  const [stored, packed] = [npz.save({ noise }).length, (await npz.saveCompressed({ noise })).length];
  assert.ok(packed <= stored);
});

test('what is saved is what the tensors were at the call', async () => {
  const x = zeros(3);
  const y = zeros(3);
  const saving = npz.saveCompressed({ x, y });
  y.fill_(1);
  checkSame((await npz.load(await saving))['y'], zeros(3));
});

// ------------------------------------------------------------------------------------------------------------- damage

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A copy in which something is written. */
function changed(file: Uint8Array, change: (bytes: DataView) => void): Uint8Array {
  const copy = file.slice();
  change(view(copy));
  return copy;
}

/** Where the directory of a file without comment begins, by its last record. */
const directoryOf = (file: Uint8Array): number => view(file).getUint32(file.length - 6, true);

test('damage is named', async () => {
  const tensors = { first: ones(3), other: zeros(4000) };
  const stored = npz.save(tensors);
  const compressed = await npz.saveCompressed(tensors);
  const start = directoryOf(stored);
  const second = start + 46 + 'first.npy'.length;
  const refuse = (bytes: Uint8Array, pattern: RegExp): Promise<void> =>
    rejects(npz.load(bytes), 'FormatError', pattern);

  await refuse(new Uint8Array(), /does not end as a zip file does/);
  await refuse(stored.subarray(0, stored.length - 1), /does not end as a zip file does/);
  await refuse(Uint8Array.of(...stored, 0), /does not end as a zip file does/);
  await refuse(npy.save(ones(3)), /does not end/);
  await refuse(
    changed(stored, (v) => v.setUint8(170, 1)),
    /'first.npy' is damaged: its length or checksum/,
  );
  await refuse(
    changed(stored, (v) => v.setUint8(stored.length - 300, 1)),
    /'other.npy' is damaged/,
  );
  await refuse(
    changed(compressed, (v) => v.setUint8(directoryOf(compressed) - 20, 0x55)),
    /'other.npy' is damaged: it does not decompress/,
  );
  await refuse(
    changed(stored, (v) => v.setUint8(start + 46, 0x46)),
    /'First.npy' calls itself 'first.npy'/,
  );
  await refuse(
    changed(stored, (v) => v.setUint8(start + 46, 0xff)),
    /not UTF-8/,
  );
  await refuse(
    changed(stored, (v) => v.setUint16(start + 8, 1, true)),
    /encrypted/,
  );
  await refuse(
    changed(stored, (v) => v.setUint16(start + 10, 14, true)),
    /method 14/,
  );
  await refuse(
    changed(stored, (v) => v.setUint32(start + 42, 5, true)),
    /'first.npy' is not at byte 5/,
  );
  await refuse(
    changed(stored, (v) => v.setUint32(start + 20, 2 ** 31, true)),
    /behind where the directory begins/,
  );
  await refuse(
    changed(stored, (v) => v.setUint32(second + 42, 0, true)),
    /'other.npy' calls itself 'first.npy'/,
  );
  await refuse(
    changed(stored, (v) => v.setUint16(stored.length - 12, 1, true)),
    /the directory is \d+ bytes long/,
  );
  await refuse(
    changed(stored, (v) => v.setUint16(stored.length - 12, 3, true)),
    /an entry of the directory is not at/,
  );
  await refuse(
    changed(stored, (v) => v.setUint32(stored.length - 6, 0, true)),
    /the directory is said to end/,
  );
  await refuse(
    changed(stored, (v) => v.setUint16(second + 28, 0xffff, true)),
    /ends at byte \d+, behind the directory/,
  );
  await refuse(fromBase64(bzip2), /method 12/);
});

/** A file with the sizes that its directory claims changed, for the one member that it has. */
const claiming = (file: Uint8Array, size: number): Uint8Array =>
  changed(file, (v) => v.setUint32(directoryOf(file) + 24, size, true));

test('a compressed member that claims another size is refused, and nothing of that size is allocated', async () => {
  const file = await npz.saveCompressed({ x: zeros(1000) });
  for (const size of [0, 1, 4127, 4129, 2 ** 32 - 2]) {
    await rejects(npz.load(claiming(file, size)), 'FormatError', /does not decompress/);
  }
  checkSame((await npz.load(claiming(file, 4128)))['x'], zeros(1000));
});

test('members that are no arrays are refused by name, folders are passed over', async () => {
  const file = npz.save({ 'a/': zeros(0), x: ones(2) });
  assert.equal(Object.keys(await npz.load(file)), ['a/', 'x']);
  const text = changed(file, (v) => {
    const at = 30 + 'a/.npy'.length;
    v.setUint8(at, 0x23);
    v.setUint32(directoryOf(file) + 16, crc32(new Uint8Array(v.buffer, at, 128)), true);
  });
  await rejects(
    npz.load(text),
    'FormatError',
    /npz.load: the member 'a\/.npy' is none that loads: npy.load: does not begin/,
  );
  const folder = changed(file, (v) => {
    for (const at of [30, directoryOf(file) + 46])
      for (const [i, c] of [...'a.npy/'].entries()) v.setUint8(at + i, c.charCodeAt(0));
  });
  assert.equal(Object.keys(await npz.load(folder)), ['x']);
});

test('arrays of one name, and members that overlap, are refused', async () => {
  const file = npz.save({ xa: ones(2), xb: ones(2) });
  const second = 30 + 6 + npy.save(ones(2)).length;
  const twice = changed(file, (v) => {
    for (const at of [second + 31, directoryOf(file) + 46 + 6 + 46 + 1]) v.setUint8(at, 0x61);
  });
  await rejects(npz.load(twice), 'FormatError', /two arrays are called 'xa'/);
  const overlapping = changed(twice, (v) => v.setUint32(directoryOf(file) + 46 + 6 + 42, 0, true));
  await rejects(npz.load(overlapping), 'FormatError', /members 'xa.npy' and 'xa.npy' overlap at byte 0/);
});

/** The file with all numbers of its directory moved to the fields of zip64, as a file beyond 4 GiB would have them. */
function asZip64(file: Uint8Array, name: string): Uint8Array {
  const start = directoryOf(file);
  const old = view(file);
  const entryBytes = 46 + name.length;
  const out = new Uint8Array(start + entryBytes + 28 + 56 + 20 + 22);
  out.set(file.subarray(0, start + entryBytes));
  const v = view(out);
  const extra = start + entryBytes;
  v.setUint16(start + 30, 28, true);
  v.setUint16(extra, 1, true);
  v.setUint16(extra + 2, 24, true);
  for (const [i, field] of [24, 20, 42].entries()) {
    v.setBigUint64(extra + 4 + 8 * i, BigInt(old.getUint32(start + field, true)), true);
    v.setUint32(start + field, 2 ** 32 - 1, true);
  }
  const end = extra + 28;
  v.setUint32(end, 0x06064b50, true);
  v.setBigUint64(end + 32, 1n, true);
  v.setBigUint64(end + 40, BigInt(end - start), true);
  v.setBigUint64(end + 48, BigInt(start), true);
  v.setUint32(end + 56, 0x07064b50, true);
  v.setBigUint64(end + 64, BigInt(end), true);
  v.setUint32(end + 76, 0x06054b50, true);
  for (let at = end + 84; at < end + 96; at += 4) v.setUint32(at, 2 ** 32 - 1, true);
  return out;
}

test('zip64 is read', async () => {
  for (const file of [npz.save({ x: ones(5) }), await npz.saveCompressed({ x: ones(5) })]) {
    const large = asZip64(file, 'x.npy');
    checkSame((await npz.load(large))['x'], ones(5));
    const extra = directoryOf(file) + 46 + 5;
    await rejects(npz.load(changed(large, (v) => v.setUint16(extra + 2, 16, true))), 'FormatError', /lacks its zip64/);
    await rejects(npz.load(changed(large, (v) => v.setUint16(extra, 2, true))), 'FormatError', /lacks its zip64/);
    const far = changed(large, (v) => v.setBigUint64(extra + 20, 2n ** 63n, true));
    await rejects(npz.load(far), 'FormatError', /is not at byte/);
    const farther = changed(large, (v) => v.setBigUint64(extra + 28 + 64, 2n ** 64n - 1n, true));
    await rejects(npz.load(farther), 'FormatError', /the end of a zip64 file/);
  }
});

test('fields of zip64 that would lie behind the file are refused', async () => {
  const file = npz.save({ x: ones(5) });
  const start = directoryOf(file);
  const end = file.length - 22;
  // an extra field that claims 24 bytes, and has none
  const longer = Uint8Array.of(...file.subarray(0, end), 1, 0, 24, 0, ...file.subarray(end));
  const claims = changed(longer, (v) => {
    v.setUint16(start + 30, 4, true);
    for (const field of [20, 24, 42]) v.setUint32(start + field, 2 ** 32 - 1, true);
    v.setUint32(end + 4 + 12, end + 4 - start, true);
  });
  await rejects(npz.load(claims), 'FormatError', /lacks its zip64/);
});

test('what would need zip64 is not written, nor is a name that is too long', async () => {
  const member = { name: 'x.npy', method: STORED, crc: 0, size: 0, data: new Uint8Array() };
  const refuse = (members: Member[], pattern: RegExp): void =>
    assert.throws(
      () => writeZip('npz.save', members),
      (e: Error) => e.name === 'ValueError' && pattern.test(e.message),
      String(pattern),
    );
  refuse([{ ...member, size: 2 ** 32 - 1 }], /need zip64, which is not written/);
  refuse(new Array<Member>(65_535).fill(member), /65535 members in \d+ bytes need zip64/);
  assert.is(readZip('npz.load', writeZip('npz.save', [member])).length, 1);
  refuse([{ ...member, name: 'x'.repeat(65_536) }], /more than 65,535 bytes/);
});

test('crc32 is that of zip, at every length modulo four', () => {
  const bytes = new TextEncoder().encode('123456789');
  assert.is(crc32(bytes), 0xcbf43926);
  assert.is(crc32(new Uint8Array()), 0);
  // one bit at a time, as the polynomial says
  const slowly = (list: Uint8Array): number => {
    let crc = 0xffffffff;
    for (const byte of list) {
      crc ^= byte;
      for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  const noise = new Uint8Array(300).map((_, i) => (i * 167 + 13) ^ (i >> 3));
  for (let length = 0; length < 300; length++) {
    assert.is(crc32(noise.subarray(0, length)), slowly(noise.subarray(0, length)), `${length} bytes`);
  }
});

test.run();
