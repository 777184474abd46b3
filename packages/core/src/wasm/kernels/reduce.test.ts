import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allocate, fromArray } from '../../base.ts';
import type { DType } from '../../dtype.ts';
import { newArray, viewArray } from '../../dtype.ts';
// Gives `base.ts` the class that it constructs.
import '../../index.ts';
import { reducedShape, sizeOf } from '../../layout.ts';
import { mse } from '../../reference/loss.ts';
import * as reference from '../../reference/reduce.ts';
import * as scan from '../../reference/scan.ts';
import type { Tensor } from '../../tensor.ts';
import { setStrict } from '../features.ts';
import { heap } from '../heap.ts';
import {
  launchArg,
  launchFold,
  launchMean,
  launchMoments,
  launchSquaredDifference,
  launchVariance,
} from '../launchReduce.ts';
import { kernel } from '../module.ts';
import { argName, emitArgColumns, emitArgRows } from './extremes.ts';
import { emitMomentsColumns, emitMomentsRows, momentsName } from './moments.ts';
import type { Fold, FoldDType } from './reduce.ts';
import { emitReduceColumns, emitReduceRows, FOLDS, foldedDType, reduceName } from './reduce.ts';

type Run = { readonly run: (...args: number[]) => undefined };
type Floats = Float64Array | Float32Array | Int32Array | Uint8Array;

const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function random(i: number, seed: number): number {
  return (Math.abs(Math.sin(seed * 1000 + i * 12.9898) * 43758.5453) % 1) - 0.5;
}

/** Room for n values in the heap between guards that must not change. */
function place(dtype: FoldDType, n: number) {
  const pointer = heap().allocate((n + 32) * 8);
  const whole = (): Floats => viewArray(dtype, heap().memory.buffer, pointer, n + 32) as Floats;
  const bytes = whole().BYTES_PER_ELEMENT;
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

function folded(fold: Fold, values: readonly number[]): number {
  if (fold === 'max') return Math.max(...values);
  if (fold === 'min') return Math.min(...values);
  if (fold === 'prod') return values.reduce((product, v) => product * v, 1);
  const term = { sum: (v: number) => v, abs: Math.abs, squares: (v: number) => v * v }[fold];
  return values.reduce((sum, v) => sum + term(v), 0);
}

/** Rounding of what is added before it is widened: two roundings of numbers below 4, for float32. */
const slackOf = (fold: Fold, dtype: FoldDType): number =>
  dtype === 'float32' && (fold === 'sum' || fold === 'abs') ? 2 ** -23 * 70 : 1e-13;

function checkClose(got: number, expected: number, slack: number, where: string): void {
  const same = Object.is(got, expected) || got === expected;
  if (!same && !(Math.abs(got - expected) <= slack * Math.max(1, Math.abs(expected)))) {
    assert.unreachable(`${where}: ${got}, expected ${expected}`);
  }
}

const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 70];
const KERNELS: readonly (readonly [Fold, FoldDType])[] = [
  ...FOLDS.flatMap((fold) => [[fold, 'float32'] as const, [fold, 'float64'] as const]),
  ['sum', 'int32'],
  ['sum', 'uint8'],
];

/** Elements below 2 in size, with a special one in float operands. */
function fill(values: Floats, dtype: FoldDType, seed: number, special: number | null): void {
  for (let i = 0; i < values.length; i++) {
    const x = random(i, seed) * 4;
    values[i] = dtype === 'int32' ? Math.round(x * 1e9) : dtype === 'uint8' ? Math.round(Math.abs(x) * 100) : x;
  }
  if (special !== null && special >= 0 && !dtype.includes('int')) values[special] = SPECIAL[seed % 3];
}

const wrapped = (fold: Fold, dtype: FoldDType, values: readonly number[]): number =>
  dtype.includes('int') ? folded(fold, values) | 0 : folded(fold, values);

for (const strict of [false, true]) {
  const how = strict ? 'in strict mode' : 'with the features found';
  const inMode = (body: () => void) => (): void => {
    const was = setStrict(strict);
    body();
    setStrict(was);
  };
  for (const [fold, dtype] of KERNELS) {
    const kind = foldedDType(fold, dtype);
    test(
      `${reduceName(fold, dtype, 'rows')} folds rows of every length by chunks, ${how}`,
      inMode(() => {
        for (const n of SIZES) {
          for (const chunk of [16, 1024]) {
            const [rows, chunks] = [4, Math.ceil(n / chunk)];
            const [x, out] = [place(dtype, rows * n), place(kind, rows * chunks)];
            fill(x.values(), dtype, n, 2 * n - 1);
            // a sum that is NaN, of elements that are not
            if (n > 1 && !dtype.includes('int')) x.values().set([Number.POSITIVE_INFINITY, -Infinity], 3 * n);
            const { run } = kernel<Run>(reduceName(fold, dtype, 'rows'), emitReduceRows(fold, dtype), heap().memory);
            run(rows, n, chunk, x.at, out.at);
            for (let r = 0; r < rows; r++) {
              for (let c = 0; c < chunks; c++) {
                const values = Array.from(x.values().subarray(r * n + c * chunk, r * n + Math.min(n, (c + 1) * chunk)));
                const expected = wrapped(fold, dtype, values);
                checkClose(
                  out.values()[r * chunks + c],
                  expected,
                  slackOf(fold, dtype),
                  `row ${r} of ${n}, chunk ${c}`,
                );
              }
            }
            for (const operand of [x, out]) operand.close();
          }
        }
      }),
    );

    test(
      `${reduceName(fold, dtype, 'columns')} folds columns of every length by chunks, ${how}`,
      inMode(() => {
        for (const m of SIZES) {
          for (const n of [0, 1, 3, 4, 5, 7, 9, 12, 18]) {
            const [outer, chunk] = [2, 8];
            const chunks = Math.ceil(n / chunk);
            const [x, out] = [place(dtype, outer * n * m), place(kind, outer * chunks * m)];
            fill(x.values(), dtype, n, n * m - 1);
            const name = reduceName(fold, dtype, 'columns');
            const { run } = kernel<Run>(name, emitReduceColumns(fold, dtype), heap().memory);
            run(outer, n, m, m, chunk, x.at, out.at);
            for (let o = 0; o < outer * chunks * m; o++) {
              const [block, c, j] = [Math.floor(o / (chunks * m)), Math.floor(o / m) % chunks, o % m];
              const values: number[] = [];
              for (let i = c * chunk; i < Math.min(n, (c + 1) * chunk); i++)
                values.push(x.values()[(block * n + i) * m + j]);
              const where = `column ${j} of ${m}, block ${block}, chunk ${c} of ${n} rows`;
              checkClose(out.values()[o], wrapped(fold, dtype, values), slackOf(fold, dtype), where);
            }
            for (const operand of [x, out]) operand.close();
          }
        }
      }),
    );
  }

  for (const dtype of ['float32', 'float64'] as const) {
    for (const largest of [true, false]) {
      for (const along of ['rows', 'columns'] as const) {
        test(
          `${argName(largest, dtype, along)} finds the first extreme, or the first NaN, ${how}`,
          inMode(() => {
            for (const n of [...SIZES.slice(1), 2048, 4100]) {
              for (const special of ['none', 'many', 'one', 'infinite'] as const) {
                const lines = n > 100 ? 5 : 21;
                const [x, places, values] = [place(dtype, lines * n), place('int32', lines), place(dtype, lines)];
                for (let i = 0; i < lines * n; i++) {
                  x.values()[i] =
                    special === 'many' && i % 7 === 3
                      ? [Number.NaN, -0, ...SPECIAL][i % 5]
                      : Math.round(random(i, n) * 12);
                }
                if (special === 'many')
                  x.values().fill(largest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, 0, n);
                const isRows = along === 'rows';
                // In some lines one NaN, late or early; in some both infinities, whose sum is a NaN where none is among them.
                const rare = { none: [], many: [], one: [Number.NaN], infinite: [Number.POSITIVE_INFINITY, -Infinity] };
                for (let line = 0; line < lines; line += 2) {
                  for (const [k, value] of rare[special].entries()) {
                    const i = Math.floor((random(line, n + k) + 0.5) * n);
                    x.values()[isRows ? line * n + i : i * lines + line] = value;
                  }
                }
                const emit = isRows ? emitArgRows(largest, dtype) : emitArgColumns(largest, dtype);
                const { run } = kernel<Run>(argName(largest, dtype, along), emit, heap().memory);
                run(...(isRows ? [lines, n] : [1, n, lines, lines]), x.at, places.at, values.at);
                const index = new Int32Array(lines);
                const extremes = new Float64Array(lines);
                const array = Float64Array.from(x.values());
                const layout = isRows
                  ? ({ shape: [lines, n], strides: [n, 1] } as const)
                  : ({ shape: [n, lines], strides: [lines, 1] } as const);
                const all = { array, ...layout, offset: 0, dtype: 'float64' } as const;
                const results = [index, extremes].map((result) => ({ array: result, offset: 0 }));
                scan.argExtreme(all, isRows ? 1 : 0, largest, results[0], results[1]);
                assert.equal(Array.from(places.values()), Array.from(index));
                assert.equal(Array.from(values.values()), Array.from(extremes));
                for (const operand of [x, places, values]) operand.close();
              }
            }
          }),
        );
      }
    }

    test(
      `${momentsName(dtype, 'rows')} and columns give means and squared distances of every length by chunks, ${how}`,
      inMode(() => {
        for (const along of ['rows', 'columns'] as const) {
          for (const n of SIZES) {
            for (const [lines, chunk] of [
              [1, 16],
              [6, 1024],
            ]) {
              const chunks = Math.ceil(n / chunk);
              const x = place(dtype, lines * n);
              const [means, squares] = [place('float64', lines * chunks), place('float64', lines * chunks)];
              fill(x.values(), dtype, n, null);
              x.values().forEach((v, i) => {
                x.values()[i] = v + 1000;
              });
              const isRows = along === 'rows';
              const emit = isRows ? emitMomentsRows(dtype) : emitMomentsColumns(dtype);
              const { run } = kernel<Run>(momentsName(dtype, along), emit, heap().memory);
              run(...(isRows ? [lines, n] : [1, n, lines, lines]), chunk, x.at, means.at, squares.at);
              for (let o = 0; o < lines * chunks; o++) {
                const [line, c] = isRows ? [Math.floor(o / chunks), o % chunks] : [o % lines, Math.floor(o / lines)];
                const values: number[] = [];
                for (let i = c * chunk; i < Math.min(n, (c + 1) * chunk); i++) {
                  values.push(x.values()[isRows ? line * n + i : i * lines + line]);
                }
                const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
                const spread = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
                checkClose(means.values()[o], mean, 1e-13, `mean ${o} of ${along}, ${n}`);
                // Distances from a mean near 1000 have lost three of their digits, in the loop here too.
                checkClose(squares.values()[o], spread, 1e-11, `squares ${o} of ${along}, ${n}`);
              }
              for (const operand of [x, means, squares]) operand.close();
            }
          }
        }
      }),
    );

    test(
      `${dtype} reductions over any dimensions equal the reference, ${how}`,
      inMode(() => {
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
      }),
    );
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
    ['sum', (out) => launchFold('sum', x, dims, out), (out) => reference.sum(x, dims, out)],
    ['mean', (out) => launchMean(x, dims, out), (out) => reference.sum(x, dims, out, true)],
    ['prod', (out) => launchFold('prod', x, dims, out), (out) => reference.prod(x, dims, out)],
    ['norm 1', (out) => launchFold('abs', x, dims, out), (out) => reference.norm(x, 1, dims, out)],
    ['norm 2', (out) => launchFold('squares', x, dims, out, Math.sqrt), (out) => reference.norm(x, 2, dims, out)],
    ['amax', (out) => launchFold('max', x, dims, out), (out) => reference.extreme(x, dims, true, out)],
    ['amin', (out) => launchFold('min', x, dims, out), (out) => reference.extreme(x, dims, false, out)],
    ['var', (out) => launchVariance(x, dims, 1, false, out), (out) => reference.variance(x, dims, 1, false, out)],
    ['std', (out) => launchVariance(x, dims, count, true, out), (out) => reference.variance(x, dims, count, true, out)],
  ];
  // The kernels round sums of four float32, below 8 in size, twice. All else differs by one in the last place.
  const slack = x.dtype === 'float32' ? 1.2e-7 : 1e-13;
  const sumSlack = x.dtype === 'float32' ? 2 ** -23 * 2 * Math.sqrt(count) : slack;
  for (const [name, launch, loop] of cases) {
    const got = results((out) => assert.ok(launch(out), `a kernel takes ${name}`));
    const expected = results(loop);
    for (let i = 0; i < expected.length; i++) {
      const limit = name === 'sum' ? sumSlack : slack;
      const same =
        Object.is(got[i], expected[i]) || Math.abs(got[i] - expected[i]) <= limit * Math.max(1, Math.abs(expected[i]));
      if (!same) assert.unreachable(`${name} over ${dims} of ${x.shape}: ${got[i]} at ${i}, expected ${expected[i]}`);
    }
  }
  if (dims.length !== 1 && dims.length !== x.ndim) return;
  const dim = dims.length === 1 ? dims[0] : null;
  const indices = allocate(shape, 'int32');
  assert.ok(launchArg(x, dim, true, indices, null));
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
  assert.ok(launchFold('sum', x, [0], out));
  assert.is((out.array as Float32Array)[out.offset], 1_000_000);
});

test('an outlier in first place does not spoil the variance of the rest', () => {
  const x = allocate([1, 100_000], 'float32');
  const values = x.array as Float32Array;
  for (let i = 0; i < values.length; i++) values[i] = random(i, 1);
  values[0] = 1e6;
  const { squares } = launchMoments(x, [1]) as { squares: Float64Array };
  const all = Array.from(values);
  const mean = all.reduce((sum, v) => sum + v, 0) / all.length;
  const spread = all.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  assert.ok(Math.abs(squares[0] / spread - 1) < 1e-9);
});

test('the same bits come out however outputs are split', () => {
  const x = tensorOf([64, 70], 'float32');
  const whole = allocate([64], 'float32');
  const part = allocate([32], 'float32');
  launchFold('sum', x, [1], whole);
  assert.ok(launchFold('sum', x.narrow(0, 32, 32), [1], part));
  assert.equal(Array.from(part.array as Float32Array), Array.from((whole.array as Float32Array).subarray(32)));
});

test('columns are split by their pointers: a kernel on some of them gives their bits', () => {
  const [n, m, from, count] = [50, 40, 13, 9];
  const x = place('float32', n * m);
  fill(x.values(), 'float32', 1, null);
  const { run } = kernel<Run>(
    reduceName('sum', 'float32', 'columns'),
    emitReduceColumns('sum', 'float32'),
    heap().memory,
  );
  const [whole, part] = [place('float64', m), place('float64', m)];
  run(1, n, m, m, 1024, x.at, whole.at);
  run(1, n, count, m, 1024, x.at + 4 * from, part.at + 8 * from);
  assert.equal(part.values().slice(from, from + count), whole.values().slice(from, from + count));
  assert.is(part.values()[from - 1], 77);
  assert.is(part.values()[from + count], 77);
  for (const operand of [x, whole, part]) operand.close();
});

test('squared differences are those of the reference loop, at every length', () => {
  for (const dtype of ['float32', 'float64'] as const) {
    for (const n of [1024, 1025, 1039, 2048, 70_001]) {
      const [x, y] = [1, 2].map((seed) => {
        const array = newArray(dtype, n) as Float64Array;
        for (let i = 0; i < n; i++) array[i] = random(i, seed);
        return fromArray(array, [n], dtype);
      });
      const want = allocate([], 'float64');
      mse(x, y, 'sum', want);
      const exact = (want.array as Float64Array)[0];
      // Differences are rounded to the dtype.
      const got = launchSquaredDifference(x, y);
      assert.ok(got !== null && Math.abs(got / exact - 1) <= (dtype === 'float32' ? 2 ** -22 : 1e-13), `${dtype} ${n}`);
    }
  }
});

test('booleans and integers add up by kernels, along any dimension', () => {
  for (const dtype of ['bool', 'uint8', 'int32'] as const) {
    const array = newArray(dtype, 2400) as Int32Array;
    for (let i = 0; i < array.length; i++) array[i] = dtype === 'bool' ? (i % 3) & 1 : (i * 37) % 251;
    const x = fromArray(array, [8, 30, 10], dtype);
    for (const dims of [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
      const shape = reducedShape(x.shape, dims, false);
      const [got, want] = [allocate(shape, 'int32'), allocate(shape, 'int32')];
      assert.ok(launchFold('sum', x, dims, got));
      reference.sum(x, dims, want);
      assert.equal(Array.from(got.array as Int32Array), Array.from(want.array as Int32Array));
    }
  }
});

test('small operands, other dtypes and dimensions of size 1 are left to the reference loops', () => {
  assert.not(launchFold('sum', tensorOf([10, 10], 'float32'), [0], allocate([10], 'float32')));
  assert.not(launchFold('sum', allocate([2000], 'int64'), [0], allocate([], 'int64')));
  assert.not(launchFold('max', allocate([2000], 'int32'), [0], allocate([], 'int32')));
  assert.not(launchFold('sum', allocate([2000, 1], 'float32'), [1], allocate([2000], 'float32')));
});

test.run();
