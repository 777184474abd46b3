import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FloatDType } from '../../dtype.ts';
import { GUARD, randoms, testMemory } from '../../fixtures/kernelMemory.ts';
import { inBothModes } from '../../fixtures/kernelRuns.ts';
import { features } from '../features.ts';
import type { Launch } from '../module.ts';
import { kernel, runInline } from '../module.ts';
import type { Addend, Gemm } from './gemm.ts';
import { gemm, gemmLaunches, gemmScratchBytes, gemmSharedBytes } from './gemm.ts';
import { paddedRows, tallPanels } from './gemm-macro.ts';
import { tilesFor } from './gemm-micro.ts';

const memory = testMemory(512);
const dtypes: readonly FloatDType[] = ['float32', 'float64'];

/** So many guards stand before and behind. */
const GUARDS = 16;

function viewOf(dtype: FloatDType): Float32Array | Float64Array {
  return dtype === 'float32' ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
}

interface Case {
  readonly dtype: FloatDType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly aTransposed?: boolean;
  readonly bTransposed?: boolean;
  /** Steps between elements that neither side has contiguous. */
  readonly spread?: number;
  readonly accumulate?: boolean;
  readonly bias?: 'row' | 'column' | 'matrix';
  readonly ldcExtra?: number;
  readonly fill?: () => number;
}

interface Laid {
  readonly options: Gemm & { readonly scratchPtr: number };
  readonly view: Float32Array | Float64Array;
  readonly c: number;
  readonly expected: Float64Array;
  /** Sums of the absolute values of the terms: rounding errors go with them. */
  readonly size: Float64Array;
}

/** What is added to the product: C itself, one value for each row or column, or a matrix. */
function addendOf(x: Case, at: { c: number; ldc: number; bias: number; biasRow: number }): Addend | null {
  if (x.accumulate === true) return { ptr: at.c, rowStride: at.ldc, columnStride: 1 };
  if (x.bias === 'row') return { ptr: at.bias, rowStride: 1, columnStride: 0 };
  if (x.bias === 'column') return { ptr: at.bias, rowStride: 0, columnStride: 1 };
  return x.bias === 'matrix' ? { ptr: at.bias, rowStride: at.biasRow, columnStride: 1 } : null;
}

/** Lays the matrices out in memory and computes what must come out, in double precision. */
function lay(x: Case): Laid {
  const { dtype, m, n, k, spread = 1 } = x;
  const bytes = dtype === 'float32' ? 4 : 8;
  const view = viewOf(dtype);
  const random = x.fill ?? randoms(m * 7919 + n * 104729 + k);
  const ldc = n + (x.ldcExtra ?? 0);
  const [aRow, aCol] = x.aTransposed === true ? [spread, m * spread] : [k * spread, spread];
  const [bRow, bCol] = x.bTransposed === true ? [spread, k * spread] : [n * spread, spread];
  const a = GUARDS;
  const b = a + m * k * spread + GUARDS;
  const bias = b + k * n * spread + GUARDS;
  const biasRow = n + 1;
  const c = bias + Math.max(m, n, m * biasRow) + GUARDS;
  const end = c + m * ldc + GUARDS;
  for (let i = a; i < end; i++) view[i] = random();
  const old = Float64Array.from(view.subarray(c, c + m * ldc));
  for (let i = c - GUARDS; i < end; i++) view[i] = GUARD;
  const expected = new Float64Array(m * n);
  const size = new Float64Array(m * n);
  const add = addendOf(x, { c: c * bytes, ldc, bias: bias * bytes, biasRow });
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      if (x.accumulate === true) view[c + i * ldc + j] = old[i * ldc + j];
      let sum = x.accumulate === true ? old[i * ldc + j] : 0;
      if (add !== null && x.accumulate !== true) sum = view[bias + i * add.rowStride + j * add.columnStride];
      let total = Math.abs(sum);
      for (let p = 0; p < k; p++) {
        const term = view[a + i * aRow + p * aCol] * view[b + p * bRow + j * bCol];
        sum += term;
        total += Math.abs(term);
      }
      expected[i * n + j] = sum;
      size[i * n + j] = total;
    }
  }
  const options = {
    dtype,
    m,
    n,
    k,
    aPtr: a * bytes,
    aRowStride: aRow,
    aColStride: aCol,
    bPtr: b * bytes,
    bRowStride: bRow,
    bColStride: bCol,
    cPtr: c * bytes,
    ldc,
    add,
    scratchPtr: Math.ceil((end * bytes) / 64) * 64,
  };
  return { options, view, c, expected, size };
}

/** Throws unless C holds what is expected, and everything around it what it held. */
function check(x: Case, { view, c, options, expected, size }: Laid): void {
  const { m, n, k, dtype } = x;
  const { ldc } = options;
  const unit = dtype === 'float32' ? 2 ** -24 : 2 ** -53;
  const name = JSON.stringify(x);
  for (let i = -GUARDS; i < m * ldc + GUARDS; i++) {
    const row = Math.floor(i / ldc);
    const column = i - row * ldc;
    if (i >= 0 && i < m * ldc && column < n) {
      const at = row * n + column;
      // A sum of k products errs by at most k + 1 roundings of its size.
      const tolerance = (k + 2) * unit * size[at];
      const isClose = Math.abs(view[c + i] - expected[at]) <= tolerance || Object.is(view[c + i], expected[at]);
      if (!isClose) assert.unreachable(`${name}: [${row}, ${column}] is ${view[c + i]}, expected ${expected[at]}`);
    } else if (view[c + i] !== GUARD) assert.unreachable(`${name}: wrote beside C, at ${i}`);
  }
}

function verify(x: Case): void {
  const laid = lay(x);
  gemm({ memory }, laid.options);
  check(x, laid);
}

test('sizes around the tile: 0, 1, tile − 1, tile, tile + 1, 2 · tile', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      const { heights, widths } = tilesFor(dtype, features());
      const around = (tile: number) => [0, 1, tile - 1, tile, tile + 1, 2 * tile];
      for (const m of [...around(heights[0]), 4, 8]) {
        for (const n of around(widths[0])) for (const k of [0, 1, 3, 4, 5, 9]) verify({ dtype, m, n, k });
      }
    }
  });
});

test('operands in any strides', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      for (const [m, n, k] of [
        [13, 21, 10],
        [1, 37, 19],
        [37, 1, 19],
        [4, 4, 4],
        [7, 50, 3],
      ]) {
        for (const aTransposed of [false, true]) {
          for (const bTransposed of [false, true]) {
            for (const spread of [1, 2]) verify({ dtype, m, n, k, aTransposed, bTransposed, spread, ldcExtra: 3 });
          }
        }
      }
    }
  });
});

test('blocks of rows, columns and k meet without a seam', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      verify({ dtype, m: 133, n: 37, k: 900, ldcExtra: 1 });
      verify({ dtype, m: 5, n: 1003, k: 11 });
      verify({ dtype, m: 9, n: 1003, k: 401, bTransposed: true, accumulate: true });
    }
  });
});

test('random sizes', () => {
  const random = randoms(1);
  const size = (most: number) => Math.floor((random() + 0.5) * most);
  for (let i = 0; i < 60; i++) {
    const dtype = dtypes[i % 2];
    const bias = ([undefined, 'row', 'column', 'matrix'] as const)[i % 4];
    const accumulate = bias === undefined && i % 8 === 0;
    const isTall = { aTransposed: i % 5 === 0, bTransposed: i % 7 === 0 };
    verify({ dtype, m: size(70), n: size(70), k: size(70), bias, accumulate, ...isTall, ldcExtra: i % 4 });
  }
});

test('accumulates, and starts from a bias, with k = 0 as well', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      for (const [m, n] of [
        [7, 13],
        [1, 13],
        [13, 1],
        [6, 8],
      ]) {
        for (const k of [0, 1, 17, 500]) {
          verify({ dtype, m, n, k, accumulate: true, ldcExtra: 2 });
          verify({ dtype, m, n, k, bias: 'row', ldcExtra: 2 });
          verify({ dtype, m, n, k, bias: 'column' });
          verify({ dtype, m, n, k, bias: 'matrix', ldcExtra: 2 });
        }
      }
    }
  });
});

test('a batch is so many products, each with its own addend', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      for (const [m, n, k, count] of [
        [5, 9, 7, 4],
        [1, 9, 7, 3],
        [9, 1, 7, 3],
        [70, 60, 50, 12],
        [64, 200, 128, 3],
      ]) {
        const laid = lay({ dtype, m, n, k, bias: 'matrix' });
        const { options, view } = laid;
        const { aPtr, bPtr } = options;
        const add = options.add as Addend;
        const bytes = dtype === 'float32' ? 4 : 8;
        // Product number i reads the operands i elements further on: the same numbers, so nothing else need be laid out.
        const one = (i: number) => ({
          ...options,
          aPtr: aPtr + i * bytes,
          bPtr: bPtr - i * bytes,
          add: { ...add, ptr: add.ptr + i * bytes },
        });
        const expected = Array.from({ length: count }, (_, i) => {
          gemm({ memory }, one(i));
          return view.slice(laid.c, laid.c + m * n);
        });
        const to = options.scratchPtr;
        const scratchPtr = to + Math.ceil((count * m * n * bytes) / 64) * 64;
        const batch = { count, aStride: 1, bStride: -1, cStride: m * n, addStride: 1 };
        const all: Gemm = { ...options, cPtr: to, batch };
        for (const cut of ['one', 'many'] as const) {
          view.fill(GUARD, to / bytes, scratchPtr / bytes);
          const [launch, ...rest] = gemmLaunches(all, cut);
          assert.is(rest.length, 0);
          runInline(launch, memory, scratchPtr);
          expected.forEach((values, i) => {
            const at = to / bytes + i * m * n;
            assert.equal(view.slice(at, at + m * n), values, `${m}×${n}×${k}, number ${i}, ${launch.tasks} tasks`);
          });
        }
      }
    }
  });
});

test('NaN and infinity reach exactly the elements that they should', () => {
  for (const dtype of dtypes) {
    const laid = lay({ dtype, m: 7, n: 9, k: 5 });
    const { options, view } = laid;
    const bytes = dtype === 'float32' ? 4 : 8;
    view[options.aPtr / bytes + 2 * 5 + 1] = Number.NaN;
    view[options.bPtr / bytes + 3 * 9 + 8] = Number.POSITIVE_INFINITY;
    gemm({ memory }, options);
    for (let i = 0; i < 7; i++) {
      for (let j = 0; j < 9; j++) {
        const value = view[laid.c + i * 9 + j];
        if (i === 2) assert.ok(Number.isNaN(value));
        else assert.is(Number.isFinite(value), j !== 8, `${i} ${j} ${value}`);
      }
    }
  }
});

/** Runs the tasks of a launch from the last to the first. */
function runBackwards({ name, emit, entry, args, tasks }: Launch, scratchPtr: number): void {
  const run = kernel(name, emit, memory)[entry];
  for (let task = tasks - 1; task >= 0; task--) run(task, task + 1, scratchPtr, ...args);
}

test('any division into tasks gives the same bits, whether they share a packed B or not', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      for (const [m, n, k, isShared] of [
        [200, 180, 150, true],
        [300, 1, 4000, false],
        [1, 3000, 400, false],
        [97, 301, 433, false],
        [150, 703, 390, true],
        [331, 61, 1100, true],
      ] as const) {
        for (const bTransposed of [false, true]) {
          const laid = lay({ dtype, m, n, k, bTransposed });
          const { cPtr, scratchPtr } = laid.options;
          const bytes = dtype === 'float32' ? 4 : 8;
          const result = () => new Uint8Array(memory.buffer, cPtr, m * n * bytes).slice();
          gemm({ memory }, laid.options);
          const whole = result();
          const shared = scratchPtr + gemmScratchBytes(dtype, m, n, k);
          const guard = new Uint8Array(memory.buffer, shared + gemmSharedBytes('many', dtype, m, n, k), 256).fill(
            GUARD,
          );
          const launches = gemmLaunches(laid.options, 'many', shared);
          assert.is(launches.length, isShared ? 2 : 1, `${m}×${n}×${k}`);
          assert.ok((launches.at(-1) as Launch).tasks > 1, `${m}×${n}×${k} is one task`);
          for (const launch of launches) runBackwards(launch, scratchPtr);
          assert.equal(result(), whole, `${m}×${n}×${k}`);
          assert.ok(guard.every((byte) => byte === GUARD));
        }
      }
    }
  });
});

test('scratch memory is as large as promised', () => {
  for (const dtype of dtypes) {
    for (const [m, n, k] of [
      [1, 1, 1],
      [7, 9, 5],
      [130, 500, 400],
      [1, 33, 65],
      [122, 17, 900],
    ]) {
      const x: Case = { dtype, m, n, k };
      const laid = lay(x);
      const end = laid.options.scratchPtr + gemmScratchBytes(dtype, m, n, k);
      const guard = new Uint8Array(memory.buffer, end, 256);
      guard.fill(GUARD);
      gemm({ memory }, laid.options);
      check(x, laid);
      assert.ok(
        guard.every((byte) => byte === GUARD),
        JSON.stringify(x),
      );
    }
  }
});

test('rows are cut into panels that waste at most three', () => {
  const tiles = { ...tilesFor('float32', features()), heights: [6, 4] };
  const waste = (rows: number) => paddedRows(tiles, rows) - rows;
  assert.equal([6, 12, 64, 8, 4, 16, 10].map(waste), [0, 0, 0, 0, 0, 0, 0]);
  assert.is(tallPanels(tiles, 64), 10);
  assert.is(tallPanels(tiles, 8), 0);
  for (let rows = 5; rows < 200; rows++) assert.ok(waste(rows) <= 1, `${rows}: ${waste(rows)}`);
});

test.run();
