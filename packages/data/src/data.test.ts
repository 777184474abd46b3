import type { DType } from '@torsor/core';
import { arange, Generator, manualSeed, ones, rand, type Tensor, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from './fixtures/data.json' with { type: 'json' };
import { ConcatDataset, DataLoader, defaultCollate, randomSplit, Subset, safetensors, TensorDataset } from './index.ts';
import { fromBase64 } from './testing/files.ts';

// ---------------------------------------------------------------------------------------------------------- safetensors

test('safetensors keep every dtype, shape, value and the metadata', () => {
  const tensors: Record<string, Tensor> = {
    'conv.weight': rand(2, 3, 3),
    scalar: tensor(2.5),
    empty: zeros(0, 4),
    turned: arange(6).view(2, 3).t(),
  };
  for (const dtype of ['float64', 'int32', 'int64', 'uint8', 'bool'] as DType[]) tensors[dtype] = ones(3, { dtype });
  const file = safetensors.loadFile(safetensors.save(tensors, { format: 'pt' }));
  assert.equal(file.metadata, { format: 'pt' });
  assert.equal(Object.keys(file.tensors).sort(), Object.keys(tensors).sort());
  for (const [name, x] of Object.entries(tensors)) {
    assert.is(file.tensors[name].dtype, x.dtype);
    assert.equal(file.tensors[name].shape, [...x.shape]);
    assert.ok(file.tensors[name].equal(x), name);
  }
});

test('safetensors of known bytes load, F16 and BF16 as float16 and bfloat16, and are saved so', () => {
  const loaded = safetensors.load(fromBase64(fixtures.halves));
  assert.is(loaded['f16'].dtype, 'float16');
  assert.is(loaded['bf16'].dtype, 'bfloat16');
  const again = safetensors.load(safetensors.save(loaded));
  for (const [name, x] of Object.entries(loaded)) {
    assert.is(again[name].dtype, x.dtype);
    assert.equal(again[name].toBits(), x.toBits());
  }
  const large = arange(5000, { dtype: 'bfloat16' }).view(50, 100).t();
  assert.ok(safetensors.load(safetensors.save({ large }))['large'].equal(large));
  assert.equal(loaded['f16'].toArray(), [1, -2.5, 65504, Number.POSITIVE_INFINITY, 2 ** -24]);
  assert.equal(loaded['bf16'].toArray(), [1, -2.5, 3.140625]);
});

/** A file with that header, and as many bytes of data. */
const header = (entries: object, bytes: number): Uint8Array => {
  const text = new TextEncoder().encode(JSON.stringify(entries));
  const file = new Uint8Array(8 + text.length + bytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
};

test('safetensors of types without a dtype are widened', () => {
  const widened = { I8: -2, I16: -2, U16: 65534, I32: -2, U32: 4294967294n, I64: -2n } as const;
  const widths = { I8: 1, I16: 2, U16: 2, I32: 4, U32: 4, I64: 8 } as const;
  for (const [dtype, value] of Object.entries(widened)) {
    const width = widths[dtype as keyof typeof widths];
    const file = header({ x: { dtype, shape: [1], data_offsets: [0, width] } }, width);
    file.fill(0xff, file.length - width);
    file[file.length - width] = 0xfe;
    assert.equal(safetensors.load(file)['x'].toArray(), [value], dtype);
  }
  const unsigned = header({ x: { dtype: 'U64', shape: [1], data_offsets: [0, 8] } }, 8);
  assert.equal(safetensors.load(unsigned)['x'].toArray(), [0n]);
  unsigned[unsigned.length - 1] = 0x80;
  assert.throws(() => safetensors.load(unsigned), /2⁶³ or more/);
});

test('safetensors keep names that objects have a meaning for', () => {
  const names = Object.keys(safetensors.load(safetensors.save(new Map([['__proto__', ones(1)]]))));
  assert.equal(names, ['__proto__']);
});

test('damaged safetensors are refused', () => {
  const good = safetensors.save({ a: ones(4), b: zeros(2) });
  assert.throws(() => safetensors.load(good.slice(0, 4)), /too short/);
  assert.throws(() => safetensors.load(good.slice(0, good.length - 1)), /bytes/);
  const huge = good.slice();
  new DataView(huge.buffer).setBigUint64(0, 1n << 60n, true);
  assert.throws(() => safetensors.load(huge), /header claims/);
  const broken = good.slice();
  broken[8] = 0x21;
  assert.throws(() => safetensors.load(broken), /not valid JSON/);
  const longer = new Uint8Array(good.length + 4);
  longer.set(good);
  assert.throws(() => safetensors.load(longer), /cover/);
  assert.throws(
    () => safetensors.load(header({ a: { dtype: 'F8', shape: [1], data_offsets: [0, 1] } }, 1)),
    /dtype F8/,
  );
  assert.throws(() => safetensors.load(header({ a: { dtype: 'F32', shape: [-1], data_offsets: [0, 4] } }, 4)), /lacks/);
  assert.throws(
    () => safetensors.load(header({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, 4)),
    /has bytes/,
  );
  assert.throws(() => safetensors.load(header({ __metadata__: { format: 1 } }, 0)), /metadata is not text/);
  assert.throws(() => safetensors.load(header({ __metadata__: 'pt' }, 0)), /metadata is not text/);
  const twice = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  assert.throws(() => safetensors.load(header({ a: twice, b: twice }, 4)), /overlap/);
});

// -------------------------------------------------------------------------------------------------------------- loaders

test('a list of samples, or a tensor of them, is a dataset', () => {
  const list = Array.from({ length: 6 }, (_, i) => [tensor([i]), i] as const);
  const order = (shuffled: DataLoader<readonly [Tensor, number]>): number[] =>
    [...shuffled].flatMap(([x, y]) => {
      assert.equal(x.view(-1).toArray(), y.toArray());
      return y.tolist<number[]>();
    });
  assert.equal(order(new DataLoader(list, { batchSize: 4 })), [0, 1, 2, 3, 4, 5]);
  manualSeed(1);
  const shuffled = order(new DataLoader(list, { batchSize: 4, shuffle: true }));
  manualSeed(1);
  const indexed = { length: 6, get: (i: number) => list[i] };
  assert.equal(shuffled, order(new DataLoader(indexed, { batchSize: 4, shuffle: true })));
  assert.equal(order(new DataLoader(list, { sampler: [5, 0] })), [5, 0]);
  const collated = new DataLoader(list, { batchSize: 3, shuffle: true, collateFn: (samples) => samples.length });
  assert.equal([...collated], [3, 3]);
  assert.is(new DataLoader(list, { batchSize: 4, dropLast: true }).length, 1);
  const [few] = randomSplit(list, [2, 4]);
  assert.is(few.get(0)[1], few.get(0)[0].item());
  assert.is(new ConcatDataset([list, new Subset(list, [3])]).get(6)[1], 3);
  const rows = new DataLoader(arange(6).view(3, 2), { batchSize: 3, shuffle: true });
  for (const x of rows) assert.equal([x.shape, x.sum().item()], [[3, 2], 15]);
});

test('samples and batches of a TensorDataset have as many entries, by their types, as there are tensors', () => {
  const pairs = new TensorDataset(arange(4), arange(4));
  const loader: DataLoader<[Tensor, Tensor]> = new DataLoader(pairs, { batchSize: 2 });
  for (const [x, y] of loader) assert.equal(x.toArray(), y.toArray());
  const [part] = randomSplit(pairs, [3, 1]);
  const [x, y] = part.get(0);
  assert.is(x.item(), y.item());
  // @ts-expect-error there is no third
  assert.is(pairs.get(0)[2], undefined);
  const unknown: TensorDataset = new TensorDataset(...[arange(4), arange(4), arange(4)]);
  assert.is(unknown.get(0)[2].item(), 0);
  assert.is(([pairs] as TensorDataset[])[0].length, 4);
});

const dataset = (n: number): TensorDataset =>
  new TensorDataset(arange(n * 2).view(n, 2), arange(n, { dtype: 'int32' }));

test('DataLoader batches in order, the last one smaller', () => {
  const loader = new DataLoader(dataset(5), { batchSize: 2 });
  const batches = [...loader];
  assert.is(loader.length, 3);
  assert.equal(
    batches.map(([x]) => x.shape[0]),
    [2, 2, 1],
  );
  assert.equal(batches[1][0].toArray(), [
    [4, 5],
    [6, 7],
  ]);
  assert.equal(batches[1][1].toArray(), [2, 3]);
  assert.is(batches[1][1].dtype, 'int32');
});

test('dropLast leaves out what is not full', () => {
  const loader = new DataLoader(dataset(5), 2, false, { dropLast: true });
  assert.is(loader.length, 2);
  assert.is([...loader].length, 2);
});

test('shuffling visits samples in the order of PyTorch under the same seed', () => {
  manualSeed(fixtures.shuffle.seed);
  const loader = new DataLoader(dataset(10), { batchSize: 4, shuffle: true });
  const seen = [0, 1].map(() => [...loader].map(([, y]) => y.toArray()));
  assert.equal(seen, fixtures.shuffle.epochs);
  assert.equal(rand(2).toArray(), fixtures.shuffle.after, 'what is drawn afterwards is in step too');
});

test('shuffling with a generator of its own does so too', () => {
  const loader = new DataLoader(dataset(10), { batchSize: 4, shuffle: true, generator: new Generator(7) });
  const seen = [0, 1].map(() => [...loader].map(([, y]) => y.toArray()));
  assert.equal(seen, fixtures.generator);
});

test('randomSplit draws as PyTorch does, by lengths and by shares', () => {
  const parts = randomSplit(dataset(10), [7, 3], { generator: new Generator(42) });
  assert.equal(
    parts.map((part) => part.indices),
    fixtures.split,
  );
  assert.equal(
    randomSplit(dataset(10), [0.55, 0.45]).map((part) => part.length),
    [6, 4],
  );
  const sharesOfOne = (shares: readonly number[]): number[] =>
    randomSplit(dataset(1), shares).map((part) => part.length);
  assert.equal(sharesOfOne([0.3, 0.7]), [1, 0]);
  assert.equal(sharesOfOne([0, 1]), [0, 1]);
  assert.throws(() => randomSplit(dataset(10), [7, 4]), /do not sum to 10/);
});

test('any object with length and get is a dataset; samples are collated by form', () => {
  const samples = { length: 3, get: (i: number) => ({ x: ones(2).mul(i), n: i, name: `s${i}` }) };
  const [batch] = [...new DataLoader(samples, { batchSize: 3 })];
  assert.equal(batch.x.shape, [3, 2]);
  assert.equal(batch.n.toArray(), [0, 1, 2]);
  assert.equal(batch.name, ['s0', 's1', 's2']);
  assert.equal((defaultCollate([[1n], [2n]]) as unknown as Tensor[])[0].toArray(), [1n, 2n]);
  const own = new DataLoader(samples, { batchSize: 2, collateFn: (list) => list.length });
  assert.equal([...own], [2, 1]);
});

test('Subset and ConcatDataset pick from others', () => {
  const joined = new ConcatDataset([dataset(2), new Subset(dataset(5), [4])]);
  assert.is(joined.length, 3);
  assert.is(joined.get(2)[1].item(), 4);
  assert.throws(() => joined.get(3), /out of range/);
  assert.throws(() => joined.get(-1), /out of range/);
});

test('contradictory or impossible arguments are refused', () => {
  assert.throws(() => new DataLoader(dataset(3), { batchSize: 0 }), /positive integer/);
  assert.throws(() => new DataLoader(dataset(3), { numWorkers: 2 }), /numWorkers/);
  assert.throws(
    () =>
      new DataLoader(dataset(3), {
        shuffle: true,
        sampler: { length: 1, [Symbol.iterator]: () => [0][Symbol.iterator]() },
      }),
    /mutually exclusive/,
  );
  assert.throws(() => new TensorDataset(ones(2), ones(3)), /size mismatch/);
});

test.run();
