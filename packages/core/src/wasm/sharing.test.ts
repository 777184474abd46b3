/**
 * Launches cut for 2, 3 and 7 threads give the bits of those that are not. The executors here are no threads: they run the pieces
 * from the last to the first, one of the orders in which threads might.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as torsor from '../index.ts';
import { manualSeed, rand, randint, randn, type Tensor } from '../index.ts';
import { binaryScalars, unaryScalars } from '../reference/scalars.ts';
import type { Executor } from './executor.ts';
import { setExecutor } from './executor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { kernel, runInline } from './module.ts';

/** Runs rows backwards, and counts the launches that had several. */
function backwards(threads: number): Executor & { shared: number } {
  return {
    threads,
    isWorthSharing: () => true,
    shared: 0,
    run: runInline,
    runRows({ name, emit, entry, rows }) {
      if (rows.length > 1) this.shared++;
      const run = kernel(name, emit, heap().memory)[entry];
      for (const row of [...rows].reverse()) run(...row);
    },
  };
}

const bits = (x: Tensor): Uint8Array => {
  const { buffer, byteOffset, byteLength } = x.contiguous().toTypedArray();
  return new Uint8Array(buffer, byteOffset, byteLength);
};

/** Where the first byte is that differs; -1 if none does. */
function difference(got: Uint8Array, want: Uint8Array): number {
  for (let i = 0; i < want.length; i++) if (got[i] !== want[i]) return i;
  return got.length === want.length ? -1 : want.length;
}

const simd = features().simd ? test : test.skip;

/** Odd sizes, so that rows and runs have tails; large enough that the cheapest launch is cut for two threads at least. */
const ROWS = 517;
const COLUMNS = 331;
const SIZE = ROWS * COLUMNS;
const square = (): Tensor => rand(ROWS, COLUMNS).mul(3).sub(1);

type Make = (a: Tensor, b: Tensor, c: Tensor) => Tensor | readonly Tensor[];

/** Claims that `make` gives the same bits for every number of threads, and that as many launches as it has results are shared. */
function same(title: string, make: Make): void {
  simd(`the same bits on 1, 2, 3 and 7 threads: ${title}`, () => {
    const results = (fake: Executor | null): Uint8Array[] => {
      manualSeed(7);
      const operands = [square(), square(), square()] as const;
      setExecutor(fake);
      try {
        const made = make(...operands);
        return ('shape' in made ? [made] : made).map(bits);
      } finally {
        setExecutor(null);
      }
    };
    const want = results(null);
    for (const threads of [2, 3, 7]) {
      const fake = backwards(threads);
      results(fake).forEach((got, k) => {
        const at = difference(got, want[k]);
        assert.is(at, -1, `result ${k} on ${threads} threads differs at byte ${at}`);
      });
      assert.ok(fake.shared >= want.length, `${fake.shared} launches were shared`);
    }
  });
}

const ops = torsor as unknown as Record<string, (...args: unknown[]) => Tensor>;

/** Loops alone compute these. */
const withoutKernel = ['lgamma', 'digamma'];
for (const name of Object.keys(unaryScalars)) {
  if (ops[name] === undefined || withoutKernel.includes(name)) continue;
  same(name, (a) => ops[name](a));
  same(`${name} of a transpose`, (a) => ops[name](a.t()));
}
for (const name of Object.keys(binaryScalars)) {
  if (ops[name] === undefined || name.startsWith('bitwise')) continue;
  same(name, (a, b) => ops[name](a, b));
  same(`${name}, a row and a column broadcast`, (a, b) => [
    ops[name](a, b.select(0, 1)),
    ops[name](b.select(1, 1).unsqueeze(1), a),
  ]);
}

const cases: Record<string, Make> = {
  float64: (a, b) => a.to('float64').exp().add(b.to('float64')),
  int32: () =>
    torsor
      .arange(SIZE, { dtype: 'int32' })
      .mul(3)
      .add(torsor.arange(SIZE, { dtype: 'int32' })),
  'a wide matrix of few rows': () => rand(2, 150_001).exp(),
  'many short rows': () => rand(9001, 19).permute(1, 0).add(rand(9001)),
  'in place': (a, b) => a.add_(b).mul_(2),
  'clamp, addcmul, lerp, leaky relu': (a, b, c) => [
    torsor.clamp(a, 0.1, 0.7),
    torsor.addcmul(a, b, c),
    torsor.lerp(a, b, 0.3),
    torsor.where(a.gt(b), b, c),
    torsor.prelu(a.sub(0.5), randn(a.shape[1])),
  ],
  'copies of a transpose and of a permutation': (a) => [
    a.t().contiguous(),
    randn(37, 41, 7, 11).permute(0, 2, 3, 1).contiguous(),
    randn(37, 41, 7, 11).permute(3, 1, 2, 0).contiguous(),
  ],
  'flip, roll, cat, stack, repeat, pad': (a, b) => [
    torsor.flip(a, [1]),
    torsor.flip(a, [0, 1]),
    torsor.roll(a, [5, 7], [0, 1]),
    torsor.cat([a, b], 1),
    torsor.stack([a, b], 2),
    a.repeat(2, 3),
    torsor.pad(a, [3, 5, 1, 2]),
  ],
  triangles: (a) => [torsor.tril(a, 5), torsor.triu(a, -7), torsor.triu(rand(5, 211, 203), 3)],
  'zeros and fills': () => [torsor.zeros(1_000_003), torsor.ones(1_000_003), torsor.full([3, 300_007], 0.1)],
  casts: (a) => [
    a.to('int32'),
    a.to('float64'),
    a.gt(0).to('float32'),
    a.t().to('float64'),
    torsor.arange(SIZE).to('int64').to('float32'),
  ],
  'running sums and products along either dimension': (a) => [
    a.cumsum(0),
    a.cumsum(1),
    a.cumprod(1),
    rand(11, 301, 53).cumsum(1),
  ],
  'sort, its few first, and the middle dimension': () => {
    const x = rand(301, 517);
    const middle = rand(19, 211, 43);
    return [
      ...Object.values(torsor.sort(x, 1)),
      ...Object.values(torsor.sort(x, { dim: 0, descending: true })),
      ...Object.values(torsor.topk(x, 5)),
      ...Object.values(torsor.sort(middle, 1)),
      torsor.argsort(randint(0, 3, [301, 517])),
    ] as Tensor[];
  },
  'gather, index select, embedding': (x) => [
    torsor.gather(x, 0, randint(0, ROWS, [ROWS, COLUMNS])),
    torsor.gather(x, 1, randint(0, COLUMNS, [ROWS, COLUMNS])),
    torsor.indexSelect(x, 0, randint(0, ROWS, [900])),
    torsor.indexSelect(x, 1, randint(0, COLUMNS, [400])),
    torsor.embedding(x, randint(0, ROWS, [30, 40])),
  ],
  'scatters that meet at one place': (x, y) => [
    torsor.scatter(x, 1, randint(0, 9, [ROWS, COLUMNS]), y),
    torsor.scatter(x, 0, randint(0, 9, [ROWS, COLUMNS]), y),
    torsor.scatterAdd(x, 1, randint(0, 9, [ROWS, COLUMNS]), y),
    torsor.scatterAdd(x, 0, randint(0, 9, [ROWS, COLUMNS]), y),
    torsor.indexAdd(x, 0, randint(0, 9, [ROWS]), y),
    torsor.indexAdd(x, 1, randint(0, 9, [COLUMNS]), y, { alpha: 0.7 }),
    torsor.indexCopy(x, 0, randint(0, 9, [ROWS]), y),
    torsor.indexPut(x, [randint(0, 9, [ROWS])], y, { accumulate: true }),
  ],
  'uniform and normal numbers': () => [rand(SIZE), randn(SIZE), torsor.normal(2, 3, [ROWS, COLUMNS])],
  'steps of SGD and Adam': (a, b, grad) => {
    const [buffer, mean, square] = [
      torsor.zeros(ROWS, COLUMNS),
      torsor.zeros(ROWS, COLUMNS),
      torsor.zeros(ROWS, COLUMNS),
    ];
    torsor.sgdStep(a, grad, buffer, { lr: 0.1, momentum: 0.9, weightDecay: 0.01 });
    const factors = { stepSize: 0.1, beta1: 0.9, beta2: 0.99, fresh2: 0.01, scale2: 1, eps: 1e-8 };
    const others = { sign: 1, decay: 1, penalty: 0, gradSize: 0, momentum: 0 };
    const state = { square, mean, largest: null, buffer: null };
    torsor.adaptiveStep(b, grad, state, 'step', { ...factors, ...others });
    return [a, buffer, b, mean, square];
  },
};
for (const [title, make] of Object.entries(cases)) same(title, make);

test.run();
