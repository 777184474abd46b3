import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Tensor } from '../index.ts';
import { adaptiveStep, manualSeed, rand, randn, setMemoryLimits, sgdStep, zeros } from '../index.ts';
import type { AdaptiveRuns, FloatRun } from '../reference/optim.ts';
import { adaptive, sgd } from '../reference/optim.ts';

/** A copy of the elements, for the reference loop. */
const copyOf = (x: Tensor): FloatRun => ({ array: x.toTypedArray().slice() as unknown as Float64Array, offset: 0 });

function equals(x: Tensor, expected: FloatRun, title: string): void {
  const got = x.toTypedArray();
  for (let i = 0; i < got.length; i++) {
    assert.ok(Object.is(got[i], expected.array[i]), `${title}: entry ${i} is ${got[i]}, expected ${expected.array[i]}`);
  }
}

const SIZES = [0, 1, 255, 257, 1025, 20001];

/** Runs with storages in the heap where they are large, and once more with all of them in typed arrays. */
function inBothHomes(title: string, body: () => void): void {
  test(title, body);
  test(`${title}, with operands outside the heap`, () => {
    const before = setMemoryLimits({ softLimitBytes: 0 });
    try {
      body();
    } finally {
      setMemoryLimits(before);
    }
  });
}

for (const dtype of ['float32', 'float64'] as const) {
  for (const options of [
    { lr: 0.1, weightDecay: 0.1, maximize: true },
    { lr: 0.1, momentum: 0.9, dampening: 0.1 },
    { lr: 0.1, momentum: 0.9, nesterov: true },
  ]) {
    inBothHomes(
      `sgdStep takes the steps of the reference loop at every size, ${dtype} ${JSON.stringify(options)}`,
      () => {
        manualSeed(1);
        for (const n of SIZES) {
          const p = randn(n, { dtype });
          const b = 'momentum' in options ? zeros(n, { dtype }) : null;
          const pe = copyOf(p);
          const be = b === null ? null : copyOf(b);
          for (let step = 0; step < 3; step++) {
            const g = randn(n, { dtype });
            sgdStep(p, g, b, options);
            const { lr, weightDecay = 0, momentum = 0, dampening = 0, nesterov = false, maximize = false } = options;
            const sign = maximize ? -1 : 1;
            sgd(n, pe, copyOf(g), be, { lr, weightDecay, momentum, nesterov, sign, fresh: 1 - dampening });
          }
          equals(p, pe, `param of ${n}`);
          if (b !== null && be !== null) equals(b, be, `buffer of ${n}`);
        }
      },
    );
  }
}

const FACTORS = {
  stepSize: 0.1,
  beta1: 0.8,
  beta2: 0.9,
  fresh2: 0.2,
  scale2: 2,
  eps: 1e-3,
  sign: 1,
  decay: 0.99,
  penalty: 0.01,
  gradSize: 0.3,
  momentum: 0.7,
};

/** Null for what a method does not have. */
function allOf<Run>(runs: Readonly<Record<string, Run>>): AdaptiveRuns<Run> {
  return {
    square: runs['square'],
    mean: runs['mean'] ?? null,
    largest: runs['largest'] ?? null,
    buffer: runs['buffer'] ?? null,
  };
}

for (const dtype of ['float32', 'float64'] as const) {
  for (const [use, keys] of [
    ['step', []],
    ['step', ['mean']],
    ['step', ['mean', 'largest']],
    ['step', ['buffer']],
    ['nesterov', ['mean']],
    ['center', ['mean', 'buffer']],
  ] as const) {
    inBothHomes(`adaptiveStep takes the steps of the reference loop at every size, ${dtype} ${use} [${keys}]`, () => {
      manualSeed(3);
      for (const n of SIZES) {
        const p = randn(n, { dtype });
        const state = Object.fromEntries(['square', ...keys].map((key) => [key, zeros(n, { dtype })]));
        const expected = copyOf(p);
        const runs = Object.fromEntries(Object.entries(state).map(([key, x]) => [key, copyOf(x)]));
        for (let step = 0; step < 3; step++) {
          const g = rand(n, { dtype });
          const factors = { ...FACTORS, sign: step === 1 ? -1 : 1 };
          adaptiveStep(p, g, allOf(state), use, factors);
          adaptive(n, expected, copyOf(g), allOf(runs), use, factors);
        }
        equals(p, expected, `param of ${n}`);
        for (const [key, x] of Object.entries(state)) equals(x, runs[key], `${key} of ${n}`);
      }
    });
  }
}

test('a gradient that is not contiguous, or that lies across the parameter, is read as it was before the step', () => {
  const storage = randn(2001);
  const before = storage.clone();
  const p = storage.narrow(0, 0, 2000);
  sgdStep(p, storage.narrow(0, 1, 2000), null, { lr: 0.5 });
  assert.ok(p.allclose(before.narrow(0, 0, 2000).sub(before.narrow(0, 1, 2000), { alpha: 0.5 })));
  const q = zeros(40, 50);
  const g = randn(50, 40).t();
  sgdStep(q, g, null, { lr: -1 });
  assert.ok(q.allclose(g));
});

test('views into larger storages are updated where they are and nowhere else', () => {
  const storage = zeros(3, 1000);
  sgdStep(storage.select(0, 1), zeros(1000).add(1), null, { lr: 1 });
  assert.equal(storage.sum(1).toArray(), [0, -1000, 0]);
});

test('dtypes may differ: each store rounds to its own', () => {
  const p = zeros(500, { dtype: 'float64' });
  const g = zeros(500).add(0.1);
  sgdStep(p, g, null, { lr: 1 });
  assert.is(p.select(0, 499).item(), -Math.fround(0.1));
});

test('a step counts the versions of what it writes up', () => {
  const [p, g, mean, square] = [zeros(4), zeros(4), zeros(4), zeros(4)];
  adaptiveStep(p, g, allOf({ mean, square }), 'step', FACTORS);
  assert.equal(
    [p, g, mean, square].map((x) => x.storage.version),
    [1, 0, 1, 1],
  );
});

test('bad operands and options are refused before anything is written', () => {
  const p = zeros(2, 3);
  assert.throws(
    () => sgdStep(p, zeros(3), null, { lr: 1 }),
    /sgdStep: grad has shape \[3\], but param has shape \[2, 3\]/,
  );
  assert.throws(() => sgdStep(p, zeros(2, 3), zeros(6), { lr: 1 }), /momentumBuffer has shape \[6\]/);
  assert.throws(
    () => sgdStep(p.t(), zeros(3, 2), null, { lr: 1 }),
    /can only update contiguous tensors, but param is not/,
  );
  assert.throws(() => sgdStep(p.to('int32'), p, null, { lr: 1 }), /param must be floating point, but is int32/);
  assert.throws(() => sgdStep(p, p, null, {} as { lr: number }), /lr must be a number, but got undefined/);
  assert.throws(
    () => adaptiveStep(p, p, allOf({ square: zeros(2) }), 'step', FACTORS),
    /adaptiveStep: square has shape \[2\], but param has shape \[2, 3\]/,
  );
  const lacking = { ...FACTORS, beta2: undefined as unknown as number };
  assert.throws(
    () => adaptiveStep(p, p, allOf({ square: p }), 'step', lacking),
    /beta2 must be a number, but got undefined/,
  );
  assert.is(p.storage.version, 0);
});

test.run();
