import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allocate, fromArray } from '../../base.ts';
import type { DType, FloatDType } from '../../dtype.ts';
import { newArray } from '../../dtype.ts';
// Gives `base.ts` the class that it constructs.
import '../../index.ts';
import { reducedShape, sizeOf } from '../../layout.ts';
import * as reference from '../../reference/reduce.ts';
import * as scan from '../../reference/scan.ts';
import type { Tensor } from '../../tensor.ts';
import { setStrict } from '../features.ts';
import { heap } from '../heap.ts';
import { launchArg, launchExtreme, launchSum, launchVariance } from '../launchReduce.ts';
import { kernel } from '../module.ts';
import type { Fold } from './reduce.ts';
import { argName, emitArgRows, emitReduceColumns, emitReduceRows, FOLDS, reduceName } from './reduce.ts';

type Run = { readonly run: (...args: number[]) => undefined };
type Floats = Float64Array | Float32Array | Int32Array;

const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function random(i: number, seed: number): number {
  return (Math.abs(Math.sin(seed * 1000 + i * 12.9898) * 43758.5453) % 1) - 0.5;
}

/** Room for n values in the heap between guards that must not change. */
function place(dtype: FloatDType | 'int32', n: number) {
  const bytes = dtype === 'float64' ? 8 : 4;
  const pointer = heap().allocate((n + 32) * bytes);
  const Kind = dtype === 'float64' ? Float64Array : dtype === 'float32' ? Float32Array : Int32Array;
  const whole = (): Floats => new Kind(heap().memory.buffer, pointer, n + 32);
  whole().fill(77);
  return {
    at: pointer + 16 * bytes,
    values: (): Floats => whole().subarray(16, 16 + n),
    close: (): void => {
      for (let i = 0; i < 16; i++) assert.is(whole()[i], 77, 'a guard before the run was overwritten');
      for (let i = n + 16; i < n + 32; i++) assert.is(whole()[i], 77, 'a guard after the run was overwritten');
      heap().release(pointer);
    },
  };
}

function folded(fold: Fold, values: readonly number[], center: number): number {
  if (fold === 'max') return Math.max(...values);
  if (fold === 'min') return Math.min(...values);
  return values.reduce((sum, v) => sum + (fold === 'sum' ? v : (v - center) ** 2), 0);
}

function checkClose(got: number, expected: number, where: string): void {
  const same = Object.is(got, expected) || got === expected;
  if (!same && !(Math.abs(got - expected) <= 1e-13 * Math.max(1, Math.abs(expected)))) {
    assert.unreachable(`${where}: ${got}, expected ${expected}`);
  }
}

const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 70];

for (const strict of [false, true]) {
  const how = strict ? 'in strict mode' : 'with the features found';
  for (const dtype of ['float32', 'float64'] as const) {
    for (const fold of FOLDS) {
      test(`${reduceName(fold, dtype, 'rows')} folds rows of every length by chunks, ${how}`, () => {
        const was = setStrict(strict);
        for (const n of SIZES) {
          for (const chunk of [16, 1024]) {
            const [rows, chunks] = [3, Math.ceil(n / chunk)];
            const [x, out, centers] = [place(dtype, rows * n), place('float64', rows * chunks), place('float64', rows)];
            for (let i = 0; i < rows * n; i++) x.values()[i] = random(i, n);
            if (n > 0) x.values()[2 * n - 1] = SPECIAL[n % 3];
            for (let r = 0; r < rows; r++) centers.values()[r] = r / 8;
            const { run } = kernel<Run>(reduceName(fold, dtype, 'rows'), emitReduceRows(fold, dtype), heap().memory);
            run(rows, n, chunk, x.at, out.at, centers.at);
            for (let r = 0; r < rows; r++) {
              for (let c = 0; c < chunks; c++) {
                const values = Array.from(x.values().subarray(r * n + c * chunk, r * n + Math.min(n, (c + 1) * chunk)));
                checkClose(out.values()[r * chunks + c], folded(fold, values, r / 8), `row ${r} of ${n}, chunk ${c}`);
              }
            }
            for (const operand of [x, out, centers]) operand.close();
          }
        }
        setStrict(was);
      });

      test(`${reduceName(fold, dtype, 'columns')} folds columns of every length by chunks, ${how}`, () => {
        const was = setStrict(strict);
        for (const m of SIZES) {
          for (const n of [0, 1, 3, 4, 5, 9, 18]) {
            const [outer, chunk] = [2, 8];
            const chunks = Math.ceil(n / chunk);
            const [x, out, centers] = [
              place(dtype, outer * n * m),
              place('float64', outer * chunks * m),
              place('float64', outer * m),
            ];
            for (let i = 0; i < outer * n * m; i++) x.values()[i] = random(i, n);
            if (n * m > 0) x.values()[n * m - 1] = SPECIAL[n % 3];
            for (let i = 0; i < outer * m; i++) centers.values()[i] = (i % 9) / 8;
            const name = reduceName(fold, dtype, 'columns');
            const { run } = kernel<Run>(name, emitReduceColumns(fold, dtype), heap().memory);
            run(outer, n, m, chunk, x.at, out.at, centers.at);
            for (let o = 0; o < outer * chunks * m; o++) {
              const [block, c, j] = [Math.floor(o / (chunks * m)), Math.floor(o / m) % chunks, o % m];
              const values: number[] = [];
              for (let i = c * chunk; i < Math.min(n, (c + 1) * chunk); i++)
                values.push(x.values()[(block * n + i) * m + j]);
              const expected = folded(fold, values, ((block * m + j) % 9) / 8);
              checkClose(out.values()[o], expected, `column ${j} of ${m}, block ${block}, chunk ${c} of ${n} rows`);
            }
            for (const operand of [x, out, centers]) operand.close();
          }
        }
        setStrict(was);
      });
    }

    for (const largest of [true, false]) {
      test(`${argName(largest, dtype)} finds the first extreme, or the first NaN, ${how}`, () => {
        const was = setStrict(strict);
        for (const n of SIZES.slice(1)) {
          for (const special of [false, true]) {
            const rows = 20;
            const [x, places, values] = [place(dtype, rows * n), place('int32', rows), place(dtype, rows)];
            for (let i = 0; i < rows * n; i++) {
              x.values()[i] =
                special && i % 7 === 3 ? [Number.NaN, -0, ...SPECIAL][i % 5] : Math.round(random(i, n) * 12);
            }
            const { run } = kernel<Run>(argName(largest, dtype), emitArgRows(largest, dtype), heap().memory);
            run(rows, n, x.at, places.at, values.at);
            const index = new Int32Array(rows);
            const extremes = new Float64Array(rows);
            const array = Float64Array.from(x.values());
            const all = { array, shape: [rows, n], strides: [n, 1], offset: 0, dtype: 'float64' } as const;
            scan.argExtreme(all, 1, largest, { array: index, offset: 0 }, { array: extremes, offset: 0 });
            assert.equal(Array.from(places.values()), Array.from(index));
            assert.equal(Array.from(values.values()), Array.from(extremes));
            for (const operand of [x, places, values]) operand.close();
          }
        }
        setStrict(was);
      });
    }

    test(`${dtype} reductions over any dimensions equal the reference, ${how}`, () => {
      const was = setStrict(strict);
      const bases = [
        tensorOf([8, 5, 40], dtype),
        tensorOf([4, 3, 11, 13], dtype),
        tensorOf([3000], dtype),
        tensorOf([600, 2], dtype),
      ];
      for (const base of bases) {
        for (const x of viewsOf(base)) {
          for (let mask = 1; mask < 1 << x.ndim; mask++) {
            const dims = x.shape.map((_, d) => d).filter((d) => mask & (1 << d));
            checkReductions(x, dims);
          }
        }
      }
      setStrict(was);
    });
  }
}

function tensorOf(shape: readonly number[], dtype: DType): Tensor {
  const array = newArray(dtype, sizeOf(shape)) as Float64Array;
  for (let i = 0; i < array.length; i++) array[i] = random(i, 3) * 4;
  array[array.length - 3] = Number.NaN;
  return fromArray(array, shape, dtype);
}

/** The operand itself, with its dimensions turned round, and with gaps. */
function viewsOf(x: Tensor): Tensor[] {
  const turned = x.permute(...x.shape.map((_, d) => x.ndim - 1 - d));
  const wide = allocate([...x.shape, 2], x.dtype);
  const gaps = wide.select(x.ndim, 0);
  gaps.copy_(x);
  return [x, turned, gaps];
}

function checkReductions(x: Tensor, dims: readonly number[]): void {
  const shape = reducedShape(x.shape, dims, false);
  const count = sizeOf(x.shape) / sizeOf(shape);
  const results = (fill: (out: Tensor) => unknown): number[] => {
    const out = allocate(shape, x.dtype);
    fill(out);
    return Array.from(out.array as Float64Array).slice(out.offset, out.offset + sizeOf(shape));
  };
  const cases: [string, (out: Tensor) => boolean, (out: Tensor) => void][] = [
    ['sum', (out) => launchSum(x, dims, out), (out) => reference.sum(x, dims, out)],
    ['mean', (out) => launchSum(x, dims, out, true), (out) => reference.sum(x, dims, out, true)],
    ['amax', (out) => launchExtreme(x, dims, true, out), (out) => reference.extreme(x, dims, true, out)],
    ['amin', (out) => launchExtreme(x, dims, false, out), (out) => reference.extreme(x, dims, false, out)],
    ['var', (out) => launchVariance(x, dims, 1, false, out), (out) => reference.variance(x, dims, 1, false, out)],
    ['std', (out) => launchVariance(x, dims, count, true, out), (out) => reference.variance(x, dims, count, true, out)],
  ];
  // Both sum in float64; what float32 rounds differently is one in its last place.
  const slack = x.dtype === 'float32' ? 1.2e-7 : 1e-13;
  for (const [name, launch, loop] of cases) {
    const got = results((out) => assert.ok(launch(out), `a kernel takes ${name}`));
    const expected = results(loop);
    for (let i = 0; i < expected.length; i++) {
      const same =
        Object.is(got[i], expected[i]) || Math.abs(got[i] - expected[i]) <= slack * Math.max(1, Math.abs(expected[i]));
      if (!same) assert.unreachable(`${name} over ${dims} of ${x.shape}: ${got[i]} at ${i}, expected ${expected[i]}`);
    }
  }
  if (dims.length !== 1 && dims.length !== x.ndim) return;
  const dim = dims.length === 1 ? dims[0] : null;
  const indices = allocate(shape, 'int32');
  if (!launchArg(x, dim, true, indices, null)) {
    assert.ok(dim !== null && dim !== x.ndim - 1);
    return;
  }
  const expected = allocate(shape, 'int32');
  if (dim === null) (expected.array as Int32Array)[expected.offset] = scan.argExtremeOfAll(x, true);
  else scan.argExtreme(x, dim, true, expected, null);
  const list = ({ array, offset }: Tensor) =>
    Array.from((array as Int32Array).subarray(offset, offset + sizeOf(shape)));
  assert.equal(list(indices), list(expected));
}

test('the sum of ten million 0.1 is 1000000', () => {
  const x = allocate([10_000_000], 'float32');
  (x.array as Float32Array).fill(0.1);
  const out = allocate([], 'float32');
  assert.ok(launchSum(x, [0], out));
  assert.is((out.array as Float32Array)[out.offset], 1_000_000);
});

test('the same bits come out however outputs are split', () => {
  const x = tensorOf([64, 70], 'float32');
  const whole = allocate([64], 'float32');
  const part = allocate([32], 'float32');
  launchSum(x, [1], whole);
  assert.ok(launchSum(x.narrow(0, 32, 32), [1], part));
  assert.equal(Array.from(part.array as Float32Array), Array.from((whole.array as Float32Array).subarray(32)));
});

test('small operands, other dtypes and dimensions of size 1 are left to the reference loops', () => {
  assert.not(launchSum(tensorOf([10, 10], 'float32'), [0], allocate([10], 'float32')));
  assert.not(launchSum(allocate([2000], 'int32'), [0], allocate([], 'int32')));
  assert.not(launchSum(allocate([2000, 1], 'float32'), [1], allocate([2000], 'float32')));
  assert.not(launchArg(allocate([50, 50], 'float32'), 0, true, allocate([50], 'int32'), null));
});

test.run();
