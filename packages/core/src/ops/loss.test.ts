/** Losses against PyTorch (fixtures/normloss.json, by tools/fixtures/normloss.py), and what fixtures cannot say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../dtype.ts';
import type { FixtureNumber } from '../fixtures/check.ts';
import { decode, make, refuses, scattered, values } from '../fixtures/check.ts';
import data from '../fixtures/normloss.json' with { type: 'json' };
import { fromTypedArray, logSoftmax, ones, tensor, zeros } from '../index.ts';
import type { Shape } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import type { LossReduction } from './list.ts';
import * as losses from './loss.ts';
import {
  bceLoss,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  nllLoss,
  nllLossBackward,
  smoothL1Loss,
} from './loss.ts';

interface Stored {
  readonly shape: Shape;
  readonly data: readonly FixtureNumber[];
}

interface Case {
  readonly op: Exclude<keyof typeof losses, 'nllLossBackward'>;
  readonly input: Stored;
  readonly target: Stored & { readonly classes: boolean };
  readonly options: Readonly<Record<string, unknown>>;
  readonly shape: Shape;
  readonly output: readonly FixtureNumber[];
  readonly gradInput: readonly FixtureNumber[];
}

const cases = data.loss as unknown as readonly Case[];

/** The eighths that tools/fixtures/normloss.py computes with. */
function pattern(shape: Shape, seed: number): Tensor {
  const array = new Float64Array(sizeOf(shape));
  for (let i = 0; i < array.length; i++) {
    array[i] = (((37 * i + 101 * seed + 11 * ((i * i) % 13)) % 17) - 8) / 8;
  }
  return fromTypedArray(array, shape);
}

function label(c: Case): string {
  return `${c.op} ${JSON.stringify(c.input.shape)} ${JSON.stringify(c.target.data)} ${JSON.stringify(c.options)}`;
}

function near(actual: Tensor, expected: readonly FixtureNumber[], tolerance: number, what: string): void {
  const got = values(actual);
  assert.is(got.length, expected.length, what);
  got.forEach((value, i) => {
    const want = decode(expected[i]);
    const close = Math.abs(value - want) <= tolerance * Math.max(1, Math.abs(want));
    if (!close && !Object.is(value, want)) assert.unreachable(`${what}: element ${i} is ${value}, not ${want}`);
  });
}

function run(c: Case, dtype: DType, classes: DType, layout: (x: Tensor) => Tensor = (x) => x): Tensor {
  const stored = (value: unknown): value is Stored => typeof value === 'object' && value !== null && 'data' in value;
  const options = Object.fromEntries(
    Object.entries(c.options).map(([name, value]) => [
      name,
      stored(value) ? make(value.data, dtype, value.shape) : value,
    ]),
  );
  const input = layout(make(c.input.data, dtype, c.input.shape));
  const target = layout(make(c.target.data, c.target.classes ? classes : dtype, c.target.shape));
  const f = losses[c.op] as unknown as (input: Tensor, target: Tensor, options: unknown) => Tensor;
  return f(input, target, options);
}

// Broadcasting warns; the last test looks at what it said and puts this back.
const warn = console.warn;
const warnings: string[] = [];
console.warn = (text: string) => {
  warnings.push(text);
};

test("losses are PyTorch's, for every reduction, in any layout, with int32 and int64 classes", () => {
  for (const c of cases) {
    const out = run(c, 'float64', 'int32');
    assert.is(out.dtype, 'float64', label(c));
    assert.equal([...out.shape], [...c.shape], label(c));
    near(out, c.output, 1e-9, label(c));
    near(run(c, 'float64', 'int64', scattered), c.output, 1e-9, label(c));
  }
});

test("losses in float32 agree to float32's precision", () => {
  for (const c of cases) {
    // 1 - 2^-50 and 1e300 are no float32.
    if (c.input.data.some((x) => typeof x === 'number' && (Math.abs(x) > 1e38 || (x > 0.999999 && x < 1)))) continue;
    const out = run(c, 'float32', 'int32');
    assert.is(out.dtype, 'float32', label(c));
    near(out, c.output, 2e-6, label(c));
  }
});

test('nllLossBackward is the gradient of nllLoss, and its adjoint is nllLoss', () => {
  const one = tensor(1, { dtype: 'float64' });
  let checked = 0;
  for (const c of cases) {
    if (c.op !== 'nllLoss' || c.input.shape.length < 2) continue;
    const {
      reduction,
      ignoreIndex = -100,
      weight: w,
    } = c.options as {
      reduction: LossReduction;
      ignoreIndex?: number;
      weight?: Stored;
    };
    const weight = w === undefined ? null : make(w.data, 'float64', w.shape);
    for (const classes of ['int32', 'int64'] as const) {
      const target = make(c.target.data, classes, c.target.shape);
      // What the op returns beside the loss: the weight of the targets that count.
      const total = values(target).reduce(
        (sum, t) => (t === ignoreIndex ? sum : sum + (weight === null ? 1 : values(weight)[t])),
        0,
      );
      const totalWeight = tensor(total, { dtype: 'float64' });
      const g = reduction === 'none' ? pattern(c.shape, 4) : one;
      const dx = nllLossBackward(g, c.input.shape, target, weight, reduction, ignoreIndex, totalWeight);
      assert.equal([...dx.shape], [...c.input.shape], label(c));
      near(dx, c.gradInput, 1e-9, label(c));
      if (total === 0) continue;
      const x = make(c.input.data, 'float64', c.input.shape);
      const loss = nllLoss(x, target, weight, { reduction, ignoreIndex });
      assert.ok(Math.abs(loss.mul(g).sum().item() - dx.mul(x).sum().item()) < 1e-12, label(c));
      checked++;
    }
  }
  assert.ok(checked > 10);
});

test('the op keeps its sum in double precision', () => {
  const n = 20_000;
  const x = zeros(n, 2).sub(0.1);
  const target = zeros(n).to('int32');
  assert.is(nllLoss(x, target, { reduction: 'sum' }).item(), Math.fround(n * Math.fround(0.1)));
  assert.is(mseLoss(x, zeros(n, 2), { reduction: 'sum' }).item(), Math.fround(2 * n * Math.fround(0.1) ** 2));
});

test('arguments go by position or by name, the deprecated ones too', () => {
  const x = tensor([1, 2]);
  const y = tensor([1, 4]);
  assert.is(mseLoss(x, y).item(), 2);
  assert.is(mseLoss(x, { target: y, reduction: 'sum' }).item(), 4);
  assert.is(mseLoss(x, y, null, null, 'sum').item(), 4);
  assert.is(mseLoss(x, y, false).item(), 4);
  assert.equal(values(mseLoss(x, y, null, false)), [0, 4]);
  assert.is(l1Loss(x, y, { sizeAverage: false }).item(), 2);
  assert.is(huberLoss(x, y, 'sum', 0.5).item(), 0.5 * (2 - 0.25));
  assert.is(bceLoss, binaryCrossEntropy);
  const logits = logSoftmax(pattern([2, 3], 1), 1);
  const classes = tensor([2, 0]).to('int32');
  assert.is(nllLoss(logits, classes, null, null, 2, null, 'sum').item(), -values(logits)[3]);
  refuses(
    () => mseLoss(x, y, 'sum' as never),
    'ValueError',
    /sizeAverage must be a boolean.*give \{ reduction \} instead/,
    'place',
  );
  refuses(
    () => mseLoss(x, y, { reduction: 'batchmean' as never }),
    'ValueError',
    /batchmean is not a valid value for reduction/,
    'kind',
  );
  refuses(
    () => crossEntropy(logits, classes, { smoothing: 1 } as never),
    'ValueError',
    /unknown option 'smoothing'/,
    'option',
  );
});

test('dtypes: what is promoted and what is refused', () => {
  const dtype = (run: () => unknown, message: RegExp): void => refuses(run, 'DTypeError', message, String(message));
  assert.is(mseLoss(ones(2), ones(2).to('float64')).dtype, 'float64');
  assert.is(mseLoss(ones(2), ones(2).to('int32')).dtype, 'float32');
  assert.is(l1Loss(ones(2).to('int32'), ones(2).to('int32'), { reduction: 'none' }).dtype, 'int32');
  dtype(() => mseLoss(ones(2).to('int32'), ones(2).to('int32')), /int32/);
  dtype(() => l1Loss(ones(2).to('int32'), ones(2).to('int32')), /could not infer output dtype/);
  dtype(() => nllLoss(ones(2, 3), ones(2)), /expected class indices of dtype int32, int64 or uint8, but found float32/);
  dtype(() => nllLoss(ones(2, 3).to('int32'), zeros(2).to('int32')), /int32/);
  dtype(
    () => nllLoss(ones(2, 3), zeros(2).to('int32'), ones(3).to('float64')),
    /weight to have the dtype of the input/,
  );
  dtype(
    () => crossEntropy(ones(2, 3), ones(2, 3).to('int32')),
    /Expected floating point type for target with class probabilities/,
  );
  dtype(
    () => binaryCrossEntropy(ones(2), ones(2).to('int32')),
    /Found dtype int32 for the target but expected float32/,
  );
  dtype(() => binaryCrossEntropy(ones(2).to('int32'), ones(2).to('int32')), /int32/);
  dtype(() => klDiv(ones(2).to('int32'), ones(2)), /klDiv: .*int32/);
  dtype(() => klDiv(ones(2), ones(2).to('bool')), /klDiv: .*bool/);
  dtype(() => mseLoss(ones(2), [1, 2] as never), /target must be a tensor, but got an array/);
  assert.is(nllLoss(ones(2, 3), zeros(2).to('uint8')).item(), -1);
});

test('targets out of range are refused', () => {
  const index = (run: () => unknown, message: RegExp): void => refuses(run, 'IndexError', message, String(message));
  index(() => nllLoss(ones(2, 3), tensor([0, 7]).to('int32')), /^nllLoss: Target 7 is out of bounds/);
  index(() => nllLoss(ones(2, 3), tensor([0, -1]).to('int64')), /Target -1 is out of bounds/);
  index(
    () =>
      crossEntropy(
        ones(2, 3, 2),
        tensor([
          [0, 1],
          [2, 3],
        ]).to('int32'),
      ),
    /Target 3 is out of bounds/,
  );
  index(
    () => crossEntropy(ones(2, 3), tensor([0, 7]).to('int32'), { labelSmoothing: 0.1 }),
    /Target 7 is out of bounds/,
  );
  assert.is(nllLoss(ones(2, 3), tensor([0, 7]).to('int32'), { ignoreIndex: 7 }).item(), -1);
});

test('what does not fit is refused in the words of PyTorch', () => {
  const shape = (run: () => unknown, message: RegExp): void => refuses(run, 'ShapeError', message, String(message));
  const value = (run: () => unknown, message: RegExp): void => refuses(run, 'ValueError', message, String(message));
  const classes = (...sizes: number[]): Tensor => zeros(...sizes).to('int32');
  for (const loss of [nllLoss, crossEntropy] as const) {
    shape(() => loss(tensor(1), classes()), /Expected 1 or more dimensions \(got 0\)/);
    shape(() => loss(ones(2, 3), classes(3)), /Expected input batch_size \(2\) to match target batch_size \(3\)/);
    shape(() => loss(ones(2, 3), classes(2, 1)), /multi-target not supported/);
    shape(() => loss(ones(3), classes(1)), /size mismatch \(got input: \[3\], target: \[1\]\)/);
    shape(() => loss(ones(2, 3, 4), classes(2, 5)), /Expected target size \[2, 4\], got \[2, 5\]/);
    shape(() => loss(ones(2, 3, 4, 5), classes(2, 4)), /Expected target size \[2, 4, 5\], got \[2, 4\]/);
    shape(
      () => loss(ones(2, 3), classes(2), ones(4)),
      /defined either for all 3 classes or no classes but got weight tensor of shape: \[4\]/,
    );
    value(() => loss(ones(2, 3), classes(2), { reduction: 'foo' as never }), /foo is not a valid value for reduction/);
    value(() => loss(ones(2, 3), classes(2), { ignoreIndex: 0.5 }), /ignoreIndex must be an integer/);
  }
  value(
    () => crossEntropy(ones(2, 3), classes(2), { labelSmoothing: 2 }),
    /labelSmoothing must be between 0.0 and 1.0. Got: 2/,
  );
  value(() => crossEntropy(ones(2, 3), ones(2, 3), { ignoreIndex: 1 }), /not supported for floating point target/);
  shape(() => crossEntropy(ones(2, 3), ones(2, 3), ones(2)), /defined either for all 3 classes or no classes/);
  for (const loss of [mseLoss, l1Loss, smoothL1Loss, huberLoss, klDiv] as const) {
    shape(() => loss(ones(2, 3), ones(2)), /the size of tensor a \(3\) must match the size of tensor b \(2\)/);
  }
  value(() => smoothL1Loss(ones(2), ones(2), { beta: -1 }), /does not support negative values for beta/);
  value(() => huberLoss(ones(2), ones(2), { delta: 0 }), /does not support non-positive values for delta/);
  shape(
    () => binaryCrossEntropy(ones(2, 3), ones(3)),
    /Using a target size \(\[3\]\) that is different to the input size \(\[2, 3\]\)/,
  );
  shape(() => binaryCrossEntropyWithLogits(ones(2, 3), ones(3)), /arget size.*must be the same as input size/);
  for (const bad of [2, -2, Number.NaN]) {
    value(() => binaryCrossEntropy(zeros(2).add(bad), ones(2)), /all elements of input should be between 0 and 1/);
  }
  shape(() => binaryCrossEntropy(ones(2, 3), ones(2, 3), ones(4)), /size of tensor/);
});

test('nothing averages to NaN and sums to 0', () => {
  const none = zeros(0, 3);
  const classes = zeros(0).to('int32');
  assert.equal(values(nllLoss(none, classes)), [NaN]);
  assert.equal(values(nllLoss(none, classes, { reduction: 'sum' })), [0]);
  assert.equal(values(crossEntropy(none, classes)), [NaN]);
  assert.equal(values(crossEntropy(none, zeros(0, 3))), [NaN]);
  assert.equal(values(mseLoss(none, none)), [NaN]);
  assert.equal(values(mseLoss(none, none, { reduction: 'sum' })), [0]);
  assert.equal(values(binaryCrossEntropy(none, none)), [NaN]);
  assert.equal(values(klDiv(none, none, { reduction: 'batchmean' })), [NaN]);
});

test('logits of any size neither overflow nor lose the loss', () => {
  assert.equal(values(crossEntropy(tensor([[1000, -1000]]), tensor([1]).to('int32'))), [2000]);
  const infinite = tensor([Infinity, -Infinity, 200, -200]);
  const out = binaryCrossEntropyWithLogits(infinite, tensor([1, 0, 0, 1]), { reduction: 'none' });
  assert.equal(values(out), [NaN, NaN, 200, 200]);
});

test('broadcasting input and target warns, once', () => {
  mseLoss(ones(2, 3), ones(3));
  l1Loss(ones(2, 3), ones(3));
  console.warn = warn;
  assert.is(warnings.length, 1);
  assert.match(warnings[0], /Loss: using a target size \(\[.*\]\) that is different to the input size/);
});

test.run();
