import type { Executor, Tensor } from '@torsor/core';
import {
  addcmul,
  cat,
  fromTypedArray,
  heap,
  kernel,
  manualSeed,
  mul,
  randn,
  runInline,
  setExecutor,
  setStrict,
} from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inHeap, lstmBackward, lstmForward } from './lstmKernel.ts';

type Float = 'float32' | 'float64';

/** Rows and cells: around whole vectors of either dtype, a single row, rows for several threads. */
const SIZES = [
  [1, 1],
  [1, 300],
  [2, 2],
  [3, 3],
  [5, 4],
  [7, 5],
  [33, 7],
  [17, 8],
  [40, 9],
] as const;

const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-40, 100, -100];

/** Normal numbers, with a special one here and there, in the heap. */
function operand(shape: readonly number[], dtype: Float, special = false): Tensor {
  const values = randn([...shape], { dtype });
  const array = values.toTypedArray() as Float32Array | Float64Array;
  if (special) for (let i = 3; i < array.length; i += 11) array[i] = SPECIAL[((i / 11) % SPECIAL.length) | 0];
  return inHeap(shape, values).copy_(fromTypedArray(array, [...shape]));
}

const flat = (x: Tensor): number[] => [...(x.toTypedArray() as Float64Array)];

/** What tensor ops make of it in double precision; kernels of either dtype are held to that. */
function forward(products: Tensor, before: Tensor): { gates: Tensor; cell: Tensor; hidden: Tensor } {
  const [a, b, c, d] = products.double().chunk(4, 1);
  const [i, f, g, o] = [a.sigmoid(), b.sigmoid(), c.tanh(), d.sigmoid()];
  const cell = addcmul(mul(f, before.double()), i, g);
  return { gates: cat([i, f, g, o], 1), cell, hidden: cell.tanh().mul(o) };
}

function backward(
  gates: Tensor,
  before: Tensor,
  cell: Tensor,
  ofHidden: Tensor,
  ofCell: Tensor,
): { factors: Tensor; ofCell: Tensor } {
  const [i, f, g, o] = gates.double().chunk(4, 1);
  const squashed = cell.double().tanh();
  const given = ofHidden.double();
  const steep = (x: Tensor): Tensor => x.mul(x.neg().add(1));
  const bent = (x: Tensor): Tensor => x.mul(x).neg().add(1);
  const d = ofCell.double().add(given.mul(o).mul(bent(squashed)));
  const factors = [
    d.mul(g).mul(steep(i)),
    d.mul(before.double()).mul(steep(f)),
    d.mul(i).mul(bent(g)),
    given.mul(steep(o)).mul(squashed),
  ];
  return { factors: cat(factors, 1), ofCell: d.mul(f) };
}

/** Some roundings of numbers of a size of about 10; functions of float64 are good to some 1e-15. */
const TOLERANCE = { float32: 4e-6, float64: 2e-14 } as const;

function near(actual: Tensor, wanted: Tensor, what: string): void {
  const [got, want] = [flat(actual), flat(wanted)];
  assert.is(got.length, want.length, what);
  got.forEach((value, k) => {
    const close = Math.abs(value - want[k]) <= TOLERANCE[actual.dtype as Float] * Math.max(1, Math.abs(want[k]));
    if (!close && !Object.is(value, want[k])) assert.unreachable(`${what}: ${value} at ${k}, not ${want[k]}`);
  });
}

for (const dtype of ['float32', 'float64'] as const) {
  for (const strict of [false, true]) {
    test(`${dtype}${strict ? ', strict' : ''}: steps forward and back are those of the formulas, at every size`, () => {
      const was = setStrict(strict);
      manualSeed(1);
      for (const [rows, size] of SIZES) {
        for (const special of [false, true]) {
          const what = `${rows} × ${size}${special ? ' with special values' : ''}`;
          const products = operand([rows, 4 * size], dtype, special);
          const [before, ofHidden, ofCell] = [0, 1, 2].map(() => operand([rows, size], dtype));
          const want = forward(products, before);
          const [gates, factors] = [0, 1].map(() => inHeap([rows, 4 * size], products).fill_(77));
          const [cell, hidden] = [0, 1].map(() => inHeap([rows, size], products).fill_(77));
          lstmForward(products, gates, before, cell, hidden);
          near(gates, want.gates, `gates, ${what}`);
          near(cell, want.cell, `cell, ${what}`);
          near(hidden, want.hidden, `hidden, ${what}`);
          const back = backward(gates, before, cell, ofHidden, ofCell);
          lstmBackward(gates, factors, before, cell, ofHidden, ofCell);
          near(factors, back.factors, `factors, ${what}`);
          near(ofCell, back.ofCell, `gradient of the cell, ${what}`);
        }
      }
      setStrict(was);
    });
  }
}

test('what is too small for the heap, ops compute alike', () => {
  manualSeed(2);
  const [products, gates, factors] = [0, 1, 2].map(() => randn(2, 12));
  const [before, cell, hidden, ofHidden, ofCell] = [0, 1, 2, 3, 4].map(() => randn(2, 3));
  assert.not(products.storage.enterHeap(), 'this test is of small tensors');
  const want = forward(products, before);
  lstmForward(products, gates, before, cell, hidden);
  near(gates, want.gates, 'gates');
  near(cell, want.cell, 'cell');
  near(hidden, want.hidden, 'hidden');
  const back = backward(gates, before, cell, ofHidden, ofCell);
  lstmBackward(gates, factors, before, cell, ofHidden, ofCell);
  near(factors, back.factors, 'factors');
  near(ofCell, back.ofCell, 'gradient of the cell');
});

test('the bits are the same when threads share the rows', () => {
  const calls: number[] = [];
  const sharing: Executor = {
    threads: 3,
    isWorthSharing: () => true,
    run: runInline,
    runRows({ name, emit, entry, rows }) {
      if (name.includes('lstm')) calls.push(rows.length);
      const run = kernel(name, emit, heap().memory)[entry];
      for (const row of rows.toReversed()) run(...row);
    },
  };
  const results = [null, sharing].map((executor) => {
    setExecutor(executor);
    manualSeed(3);
    const [products, gates, factors] = [0, 1, 2].map(() => operand([37, 36], 'float32'));
    const [before, cell, hidden, ofHidden, ofCell] = [0, 1, 2, 3, 4].map(() => operand([37, 9], 'float32'));
    lstmForward(products, gates, before, cell, hidden);
    lstmBackward(gates, factors, before, cell, ofHidden, ofCell);
    setExecutor(null);
    return [gates, cell, hidden, factors, ofCell].map(flat);
  });
  assert.equal(results[1], results[0]);
  assert.equal(calls, [13, 13]);
});

test.run();
