/**
 * Files damaged at random: each loads as a FormatError, or as what it now says. What has checksums loads as it was before. Prints the
 * seed; `npm test` tries 10,000 files on Node 24, some hundreds elsewhere.
 *
 *     TORSOR_FUZZ_SEED=7 TORSOR_FUZZ_CASES=100000 node --conditions=@torsor/source packages/data/src/damage.test.ts
 */

import type { Tensor } from '@torsor/core';
import { arange, isTensor, itemBytes, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from './fixtures/formats.json' with { type: 'json' };
import { formatCsv, idx, npy, npz, parseCsv, safetensors } from './index.ts';
import { checkSame, fromBase64 } from './testing/files.ts';

const env = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
const seed =
  env.TORSOR_FUZZ_SEED === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(env.TORSOR_FUZZ_SEED ?? 20260601);
const cases = Number(env.TORSOR_FUZZ_CASES ?? 600);

type Loaded = Tensor | Readonly<Record<string, Tensor>>;

interface Format {
  readonly files: readonly Uint8Array<ArrayBuffer>[];
  readonly load: (file: Uint8Array<ArrayBuffer>) => Loaded | Promise<Loaded>;
  /** Whether damage that loads must have changed nothing. */
  readonly isChecked?: boolean;
  /** Kinds of error besides FormatError. */
  readonly errors?: readonly string[];
}

const tensors = {
  weight: arange(24).view(4, 6),
  'layer.1': tensor([1n, -(2n ** 40n)]),
  mask: zeros(40, 40, { dtype: 'bool' }),
};
const filesOf = (group: Readonly<Record<string, { readonly file: string }>>): Uint8Array<ArrayBuffer>[] =>
  Object.values(group).map(({ file }) => fromBase64(file));
const { native, big, shapes, order, versions } = fixtures.npy;
const { stored, compressed, piped } = fixtures.npz;

const formats: Readonly<Record<string, Format>> = {
  npy: { files: [native, big, shapes, order, versions].flatMap(filesOf), load: npy.load },
  npz: {
    files: [npz.save(tensors), await npz.saveCompressed(tensors), ...[stored, compressed, piped].map(fromBase64)],
    load: npz.load,
    isChecked: true,
  },
  idx: { files: filesOf(fixtures.idx.types), load: idx.load },
  'compressed idx': {
    files: [fixtures.idx.gzip.file, fixtures.idx.named].map(fromBase64),
    load: idx.loadGzip,
    isChecked: true,
  },
  safetensors: {
    files: [safetensors.save(tensors), safetensors.save({}, { format: 'pt' })],
    load: safetensors.load,
    errors: ['DTypeError'],
  },
  csv: {
    files: [new TextEncoder().encode(formatCsv(arange(24).view(4, 6)))],
    load: (file) => parseCsv(new TextDecoder().decode(file), { dtype: file.length % 2 ? 'float64' : 'int64' }),
  },
};

/** Numbers from a seed; the generator is "mulberry32". */
function numbers(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Values that lengths, counts and places go wrong with. */
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

function damaged(file: Uint8Array<ArrayBuffer>, below: (n: number) => number): Uint8Array<ArrayBuffer> {
  const out = file.slice();
  // More often where headers and directories are than in the midst of data.
  const place = (bytes: number): number => {
    const near = Math.min(bytes, 160);
    return [below(bytes), below(near), bytes - 1 - below(near)][below(3)];
  };
  const at = place(out.length);
  switch (below(7)) {
    case 0:
      return out.slice(0, at);
    case 1:
      return Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + 1 + below(8))]);
    case 2:
      return Uint8Array.from([...out.subarray(0, at), below(256), ...out.subarray(at)]);
    case 3: {
      const value = EXTREMES[below(EXTREMES.length)];
      for (let i = 0; i < 4 && at + i < out.length; i++) out[at + i] = value >>> (8 * i);
      return out;
    }
    case 4:
      return out.fill(below(2) * 255, at, at + 1 + below(16));
    case 5:
      return out.copyWithin(at, place(out.length), out.length);
    default:
      for (let n = below(3); n >= 0; n--) out[place(out.length)] ^= 1 << below(8);
      return out;
  }
}

const listOf = (loaded: Loaded): [string, Tensor][] =>
  isTensor(loaded) ? [['', loaded as Tensor]] : Object.entries(loaded as Readonly<Record<string, Tensor>>);

// the test runner shows notes, also of files that pass
console.log(`note: ${cases} damaged files, TORSOR_FUZZ_SEED=${seed}\n`);
const names = Object.keys(formats);
for (const [f, name] of names.entries()) {
  const { files, load, isChecked = false, errors = [] } = formats[name];
  test(`${name}: a damaged file is a FormatError or loads`, async () => {
    const originals = await Promise.all(files.map(async (file) => listOf(await load(file))));
    let refused = 0;
    const count = Math.ceil(cases / names.length);
    for (let i = 0; i < count; i++) {
      const below = numbers(seed + 7919 * f + 104729 * i);
      const which = below(files.length);
      const file = damaged(files[which], below);
      const where = `TORSOR_FUZZ_SEED=${seed}, case ${i}`;
      let loaded: [string, Tensor][];
      try {
        loaded = listOf(await load(file));
      } catch (error) {
        if (!['FormatError', ...errors].includes((error as Error).name)) throw new Error(where, { cause: error });
        refused++;
        continue;
      }
      // One byte of a file makes four bytes of a tensor at most, or eight where it is a digit.
      const bytes = loaded.reduce((sum, [, x]) => sum + x.numel() * itemBytes(x.dtype), 0);
      if (!isChecked) assert.ok(bytes <= 8 * file.length, `${where}: ${file.length} bytes loaded as ${bytes}`);
      else {
        assert.equal(
          loaded.map(([key]) => key),
          originals[which].map(([key]) => key),
          where,
        );
        for (const [k, [key, x]] of loaded.entries()) checkSame(x, originals[which][k][1], `${where}: ${key}`);
      }
    }
    assert.ok(refused > count / 10, `${refused} of ${count} were refused`);
  });
}

test.run();
