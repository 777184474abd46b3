import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allocate, fromArray } from '../../base.ts';
// Gives `base.ts` the class that it constructs.
import '../../index.ts';
import { sizeOf } from '../../layout.ts';
import { logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from '../../ops/softmax.ts';
import { logsumexp } from '../../reference/reduce.ts';
import * as reference from '../../reference/softmax.ts';
import type { Tensor } from '../../tensor.ts';
import { setStrict } from '../features.ts';
import { launchLogsumexp, launchSoftmax, launchSoftmaxBackward } from '../launchSoftmax.ts';

const GUARD = 1000;

/** A tensor in the middle of a large storage in the heap, whose other elements are guards. */
function guarded(shape: readonly number[]): { tensor: Tensor; check: () => void } {
  const size = sizeOf(shape);
  const room = allocate([size + 2 * GUARD], 'float32');
  assert.ok(room.storage.inHeap, 'the operand of this test is in the heap');
  (room.array as Float32Array).fill(77);
  const check = (): void => {
    const all = room.array as Float32Array;
    for (let i = 0; i < all.length; i++) {
      if ((i < GUARD || i >= GUARD + size) && all[i] !== 77) assert.unreachable(`guard ${i - GUARD} was overwritten`);
    }
  };
  return { tensor: room.narrow(0, GUARD, size).view(...shape), check };
}

function input(shape: readonly number[], spread: number, special: readonly number[]): Tensor {
  const array = new Float32Array(sizeOf(shape));
  for (let i = 0; i < array.length; i++) {
    array[i] = (Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1) * 2 * spread - spread;
    if (special.length > 0 && i % 97 === 5) array[i] = special[Math.floor(i / 97) % special.length];
  }
  return fromArray(array, shape, 'float32');
}

/** In double precision, whatever the dtype of `x`. */
function expected(form: 'softmax' | 'logSoftmax', x: Tensor, dim: number): Float64Array {
  const double = x.double();
  const out = allocate(x.shape, 'float64');
  reference[form](double, dim, out);
  return out.array as Float64Array;
}

/** Rounding of x - max to float32 alone makes an error of 2^-24 |x - max| in the exponent; some ulp of exp and sum come on top. */
function closeTo(form: string, got: number, exact: number): boolean {
  if (Object.is(Math.fround(exact), got) || (Number.isNaN(exact) && Number.isNaN(got))) return true;
  if (form === 'logSoftmax') return Math.abs(got - exact) <= 1e-6 * Math.max(Math.abs(exact), 1e-3);
  return Math.abs(got - exact) <= (4e-7 + 1.2e-7 * Math.abs(Math.log(exact))) * exact + 2e-45;
}

const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 33, 100, 1000];

for (const strict of [false, true]) {
  const how = strict ? 'in strict mode' : 'with the features found';
  for (const form of ['softmax', 'logSoftmax'] as const) {
    test(`${form} by kernels equals the reference at every length, ${how}`, () => {
      const was = setStrict(strict);
      for (const n of LENGTHS) {
        const lines = Math.ceil(1024 / n);
        const shapes: [readonly number[], number][] = [
          [[lines, n], 1],
          [[n, lines], 0],
          [[3, n, Math.ceil(lines / 3)], 1],
          [[Math.ceil(lines / 2), n, 2], 1],
          [[lines, 2, n], 1],
          [[lines, 1, n], 1],
        ];
        for (const [shape, dim] of shapes) {
          for (const [spread, special] of [
            [3, []],
            [80, [Number.NEGATIVE_INFINITY]],
            [5, [Number.NaN, Number.POSITIVE_INFINITY]],
          ] as const) {
            const x = input(shape, spread, special);
            const out = guarded(shape);
            const title = `${form} over ${dim} of ${shape}, spread ${spread}`;
            assert.ok(launchSoftmax(form, x, dim, out.tensor), `${title}: a kernel takes it`);
            const exact = expected(form, x, dim);
            const { array, offset } = out.tensor;
            for (let i = 0; i < exact.length; i++) {
              const got = (array as Float32Array)[offset + i];
              if (!closeTo(form, got, exact[i])) assert.unreachable(`${title}: ${got} at ${i}, expected ${exact[i]}`);
            }
            out.check();
          }
        }
      }
      setStrict(was);
    });
  }
}

for (const form of ['softmax', 'logSoftmax'] as const) {
  test(`the gradient of ${form} by kernels equals the reference at every length`, () => {
    for (const n of LENGTHS) {
      const lines = Math.ceil(1024 / n);
      for (const [shape, dim] of [
        [[lines, n], 1],
        [[n, lines], 0],
        [[2, n, Math.ceil(lines / 2)], 1],
      ] as [number[], number][]) {
        const y = allocate(shape, 'float32');
        reference[form](input(shape, 3, []), dim, y);
        const g = input(shape, 1, n > 40 ? [Number.NaN] : []);
        const out = guarded(shape);
        assert.ok(launchSoftmaxBackward(form, g, y, dim, out.tensor));
        const exact = allocate(shape, 'float64');
        reference[`${form}Backward`](g.double(), y.double(), dim, exact);
        const want = exact.array as Float64Array;
        // The sum over the line, of terms below 1, is rounded once, and so are products.
        const slack = 2 ** -22 * Math.max(1, form === 'softmax' ? 1 : n / 4);
        for (let i = 0; i < want.length; i++) {
          const got = (out.tensor.array as Float32Array)[out.tensor.offset + i];
          const same = Object.is(got, want[i]) || Math.abs(got - want[i]) <= slack;
          if (!same) assert.unreachable(`${form} over ${dim} of ${shape}: ${got} at ${i}, expected ${want[i]}`);
        }
        out.check();
      }
    }
  });
}

test('logsumexp by kernels equals the reference, at infinities and NaN too', () => {
  for (const n of LENGTHS) {
    const lines = Math.ceil(1024 / n);
    for (const [shape, dims] of [
      [[lines, n], [1]],
      [[n, lines], [0]],
      [
        [2, n, Math.ceil(lines / 2)],
        [0, 1],
      ],
    ] as [number[], number[]][]) {
      for (const special of [[], [Number.NEGATIVE_INFINITY], SPECIALS]) {
        const x = input(shape, 20, special);
        if (special.length === 1) (x.array as Float32Array).fill(Number.NEGATIVE_INFINITY);
        const results = shape.filter((_, d) => !dims.includes(d));
        const [got, want] = [guarded(results), allocate(results, 'float64')];
        assert.ok(launchLogsumexp(x, dims, got.tensor));
        logsumexp(x, dims, want);
        const exact = want.array as Float64Array;
        for (let i = 0; i < exact.length; i++) {
          const value = (got.tensor.array as Float32Array)[got.tensor.offset + i];
          const same =
            Object.is(value, exact[i]) || Math.abs(value - exact[i]) <= 3e-7 * Math.max(1, Math.abs(exact[i]));
          if (!same) assert.unreachable(`over ${dims} of ${shape}: ${value} at ${i}, expected ${exact[i]}`);
        }
        got.check();
      }
    }
  }
});

const SPECIALS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

test('a row of nothing but -Infinity is NaN, and its neighbours are not', () => {
  const x = input([256, 5], 2, []);
  (x.array as Float32Array).fill(Number.NEGATIVE_INFINITY, 5, 10);
  const out = allocate([256, 5], 'float32');
  assert.ok(launchSoftmax('softmax', x, 1, out));
  const all = Array.from(out.array as Float32Array);
  assert.ok(all.slice(5, 10).every(Number.isNaN));
  assert.ok([...all.slice(0, 5), ...all.slice(10)].every((v) => v > 0 && v < 1));
});

test('logSoftmax of a dominant element keeps what float32 would round away from the sum', () => {
  const x = fromArray(new Float32Array(1024).fill(-30), [256, 4], 'float32');
  for (let row = 0; row < 256; row++) (x.array as Float32Array)[row * 4] = 0;
  const out = allocate([256, 4], 'float32');
  assert.ok(launchSoftmax('logSoftmax', x, 1, out));
  const exact = -Math.log1p(3 * Math.exp(-30));
  // 1 + 2.8e-13 has three digits of it left in double precision.
  assert.ok(Math.abs((out.array as Float32Array)[0] - exact) <= 1e-3 * Math.abs(exact));
});

test('the same bits come out however rows are split', () => {
  const x = input([64, 37], 4, []);
  const whole = allocate([64, 37], 'float32');
  launchSoftmax('softmax', x, 1, whole);
  const half = x.narrow(0, 32, 32);
  const part = allocate([32, 37], 'float32');
  assert.ok(launchSoftmax('softmax', half, 1, part));
  assert.equal(Array.from(part.array as Float32Array), Array.from((whole.array as Float32Array).subarray(32 * 37)));
});

test('small operands and float64 are left to the reference loops', () => {
  for (const [shape, dim, dtype] of [
    [[10, 10], 1, 'float32'],
    [[100, 100], 1, 'float64'],
  ] as const) {
    assert.not(launchSoftmax('softmax', allocate(shape, dtype), dim, allocate(shape, dtype)));
  }
  // These dimensions are no neighbours.
  assert.not(launchLogsumexp(allocate([10, 10, 10], 'float32'), [0, 2], allocate([10], 'float32')));
});

test('float64 goes by passes of other kernels, along any dimension, NaN and infinities included', () => {
  for (const shape of [[300], [40, 17], [17, 40], [5, 1, 100], [6, 50, 7]]) {
    for (let dim = 0; dim < shape.length; dim++) {
      for (const special of [[], [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 800, -0]]) {
        const x = input(shape, 30, special)
          .double()
          .mul(1 + 2 ** -30);
        const grad = input(shape, 2, []).double();
        const [soft, log, gradient, slope] = Array.from({ length: 4 }, () => allocate(shape, 'float64'));
        reference.softmax(x, dim, soft);
        reference.logSoftmax(x, dim, log);
        reference.logSoftmaxBackward(grad, log, dim, gradient);
        reference.softmaxBackward(grad, soft, dim, slope);
        const compare = (got: Tensor, exact: Tensor, tolerance: (value: number) => number, what: string): void => {
          const [a, b] = [got.toTypedArray() as Float64Array, exact.toTypedArray() as Float64Array];
          for (let k = 0; k < a.length; k++) {
            const isClose = Object.is(a[k], b[k]) || Math.abs(a[k] - b[k]) <= tolerance(Math.abs(b[k])) * 2 ** -53;
            assert.ok(isClose, `${what} of ${shape} along ${dim}, at ${k}: ${a[k]}, expected ${b[k]}`);
          }
        };
        // A power is off by up to 3 ulp, its sum and its quotient by one each; the logarithm of a sum is below 8.
        compare(softmax(x, dim), soft, (value) => 12 * value, 'softmax');
        compare(logSoftmax(x, dim), log, (value) => 4 * Math.max(value, 8), 'logSoftmax');
        // The sum of gradients below 2 is below 2n, and is added in another order.
        const n = shape[dim];
        compare(logSoftmaxBackward(grad, log, dim), gradient, () => 12 * n, 'the gradient of logSoftmax');
        compare(softmaxBackward(grad, soft, dim), slope, () => 12 * n, 'the gradient of softmax');
      }
    }
  }
});

test.run();
