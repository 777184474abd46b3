import { gradcheck, gradgradcheck } from '@torsor/autograd';
import type { DType, Tensor } from '@torsor/core';
import { arange, full, manualSeed, ones, rand, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from './fixtures/call.ts';
import { testCases } from './fixtures/call.ts';
import { near, refuses, values } from './fixtures/check.ts';
import nearestData from './fixtures/nearest.json' with { type: 'json' };
import data from './fixtures/resample.json' with { type: 'json' };
import type { InterpolateOptions } from './functional.ts';
import * as nn from './index.ts';

const { functional: F } = nn;
const cases = data as unknown as readonly Case[];

testCases(cases);

type NearestCase = readonly [
  DType,
  'nearest' | 'nearest-exact',
  number,
  number | null,
  number | null,
  readonly number[],
];

test('nearest takes the inputs that PyTorch takes where the last digit decides', () => {
  for (const [dtype, mode, inputs, size, scaleFactor, indices] of nearestData as unknown as readonly NearestCase[]) {
    const line = arange(inputs, { dtype }).view(1, 1, inputs);
    const out = F.interpolate(line, size, scaleFactor, mode);
    assert.equal(values(out), indices, `${dtype} ${mode} ${inputs} ${size ?? scaleFactor}`);
  }
});

/** A double on [-1, 1), with a gradient. */
const drawn = (...shape: number[]): Tensor => rand(shape, { dtype: 'float64' }).mul(2).sub(1).requiresGrad_();

function confirm(f: (...xs: Tensor[]) => Tensor, ...inputs: Tensor[]): void {
  assert.ok(gradcheck(f, inputs));
  // The sine, so that there is something to differentiate again.
  assert.ok(gradgradcheck((...xs: Tensor[]) => f(...xs).sin(), inputs));
}

test('interpolate has the gradients of first and second order that finite differences have', () => {
  manualSeed(0);
  const hows: InterpolateOptions[] = [
    { scaleFactor: 2 },
    { size: [3, 5], mode: 'bilinear' },
    { size: [7, 2], mode: 'bicubic', alignCorners: true },
    { size: 2, mode: 'bilinear', antialias: true },
    { size: 3, mode: 'area' },
  ];
  for (const how of hows) confirm((x) => F.interpolate(x, how), drawn(1, 2, 4, 3));
});

test('unfold, fold and the shuffles have them too', () => {
  manualSeed(1);
  confirm((x) => F.unfold(x, 2, { padding: 1, stride: 2 }), drawn(1, 2, 4, 3));
  confirm((x) => F.fold(x, [3, 3], [2, 3], { padding: [0, 1], stride: [1, 2] }), drawn(1, 6, 4));
  confirm((x) => F.pixelShuffle(F.pixelUnshuffle(x, 2), 2), drawn(1, 2, 4, 2));
  confirm((x) => F.channelShuffle(x, 2), drawn(1, 4, 2));
});

test('gridSample and affineGrid have them too, for image, grid and map', () => {
  manualSeed(2);
  for (const paddingMode of ['zeros', 'border', 'reflection'] as const) {
    confirm((x, grid) => F.gridSample(x, grid.mul(1.3), { paddingMode }), drawn(1, 1, 3, 4), drawn(1, 2, 2, 2));
  }
  confirm((x, grid) => F.gridSample(x, grid, { mode: 'bicubic' }), drawn(1, 1, 3, 2), drawn(1, 2, 1, 2));
  confirm((theta) => F.affineGrid(theta, [1, 1, 2, 3]), drawn(1, 2, 3));
});

test('strides, an empty batch and large sizes change nothing', () => {
  manualSeed(3);
  const image = rand(2, 33, 65, 3);
  const turned = image.permute(0, 3, 1, 2);
  const grid = rand(2, 31, 2, 9).mul(2.2).sub(1.1);
  const functions: ((x: Tensor, g: Tensor) => Tensor)[] = [
    (x) => F.interpolate(x, { scaleFactor: 2, mode: 'bilinear' }),
    (x) => F.interpolate(x, { size: [65, 33], mode: 'bicubic' }),
    (x) => F.interpolate(x, { scaleFactor: [3, 0.5] }),
    (x) => F.unfold(x, 3, { padding: 1 }),
    (x) => F.fold(F.unfold(x, 3, { dilation: 2 }).transpose(0, 1).contiguous().transpose(0, 1), [33, 65], 3, 2),
    (x) => F.pixelUnshuffle(x.narrow(3, 0, 63).narrow(2, 0, 33), 3),
    (x) => F.channelShuffle(x, 3),
    (x, g) => F.gridSample(x, g.transpose(2, 3), { paddingMode: 'reflection' }),
  ];
  for (const f of functions) {
    const plain = f(turned.contiguous(), grid.transpose(2, 3).contiguous().transpose(2, 3));
    assert.ok(f(turned, grid).allclose(plain, { rtol: 0, atol: 0 }));
    const empty = f(turned.narrow(0, 0, 0).requiresGrad_(), grid.narrow(0, 0, 0));
    assert.equal(empty.shape, [0, ...plain.shape.slice(1)]);
    empty.sum().backward();
  }
});

test('float32 agrees with float64 to rounding', () => {
  manualSeed(4);
  const image = rand(2, 5, 37, 41);
  const grid = rand(2, 20, 21, 2).mul(2.2).sub(1.1);
  const double = image.double();
  for (const mode of ['bilinear', 'bicubic'] as const) {
    for (const size of [
      [74, 82],
      [20, 100],
      [1, 3],
    ] as const) {
      const out = F.interpolate(image, { size, mode });
      // A few roundings of numbers below 2.
      assert.ok(out.double().allclose(F.interpolate(double, { size, mode }), { rtol: 0, atol: 1e-6 }));
    }
    // Positions up to 40 are rounded first, and slopes are below 1 (bicubic: 2).
    const sampled = F.gridSample(image, grid, { mode, paddingMode: 'border' });
    assert.ok(
      sampled
        .double()
        .allclose(F.gridSample(double, grid.double(), { mode, paddingMode: 'border' }), { rtol: 0, atol: 3e-5 }),
    );
  }
});

test('nearest takes any dtype, the others floats alone', () => {
  const x = tensor([[[1, 2, 3]]], { dtype: 'int32' });
  assert.equal(F.interpolate(x, 6).tolist(), [[[1, 1, 2, 2, 3, 3]]]);
  refuses(
    () => F.interpolate(x, 6, { mode: 'linear' }),
    'DTypeError',
    /mode linear takes a floating dtype, but got int32/,
  );
});

test('a gradient that is not finite stays where it belongs', () => {
  const x = rand(1, 1, 3, 3).requiresGrad_();
  const grad = zeros(1, 1, 6, 6);
  grad.setAt([0, 0, 5, 5], Number.POSITIVE_INFINITY);
  F.interpolate(x, { scaleFactor: 2, mode: 'nearest' }).backward(grad);
  const want = zeros(1, 1, 3, 3);
  want.setAt([0, 0, 2, 2], Number.POSITIVE_INFINITY);
  assert.equal(values(x.grad as Tensor), values(want));
});

test('a constant image stays constant, in every mode', () => {
  const image = full([1, 1, 5, 7], 3);
  for (const mode of ['nearest', 'nearest-exact', 'bilinear', 'bicubic', 'area'] as const) {
    near(F.interpolate(image, { size: [9, 4], mode }), new Array<number>(36).fill(3), mode, 1e-6);
  }
  // Away from the border, folding ones of 3 × 3 windows counts nine.
  const counts = F.fold(ones(1, 9, 25), 5, 3, { padding: 1 });
  const [ends, between] = [
    [4, 6, 6, 6, 4],
    [6, 9, 9, 9, 6],
  ];
  assert.equal(values(counts), [ends, between, between, between, ends].flat());
});

test('a place that is not a number gives the border or zeros, no error', () => {
  const image = full([1, 1, 2, 2], 5);
  const grid = full([1, 1, 1, 2], Number.NaN);
  assert.equal(values(F.gridSample(image, grid, { mode: 'nearest' })), [0]);
});

test('bad input is refused, with the rule and the values', () => {
  const line = rand(1, 2, 6);
  const image = rand(1, 4, 6, 6);
  const refused: [() => unknown, string, RegExp][] = [
    [() => F.interpolate(image), 'ValueError', /either size or scaleFactor/],
    [() => F.interpolate(image, 2, 3), 'ValueError', /only one of size or scaleFactor/],
    [() => F.interpolate(image, [2]), 'ValueError', /same number of spatial dimensions.*\[2\].*\[1, 4, 6, 6\]/],
    [() => F.interpolate(image, null, -1), 'ValueError', /scaleFactor must be positive, but got -1/],
    [() => F.interpolate(image, null, 0.1), 'ValueError', /greater than 0/],
    [
      () => F.interpolate(line, 2, { mode: 'bilinear' }),
      'NotImplementedError',
      /bilinear takes an input of 4-d.*\[1, 2, 6\]/,
    ],
    [() => F.interpolate(image, 2, { mode: 'trilinear' as 'area' }), 'NotImplementedError', /unknown mode "trilinear"/],
    [() => F.interpolate(image, 2, { alignCorners: true }), 'ValueError', /alignCorners.*nearest/],
    [() => F.interpolate(image, 2, { antialias: true }), 'ValueError', /antialias.*nearest/],
    [() => F.interpolate(image, 2, { recomputeScaleFactor: true }), 'ValueError', /explicit size/],
    [() => F.interpolate(rand(1, 0, 6, 6), 2), 'ShapeError', /\[1, 0, 6, 6\]/],
    [() => F.pixelShuffle(image, 3), 'ShapeError', /dimension -3.*square of upscaleFactor.*4 is not divisible by 9/],
    [() => F.pixelShuffle(image, 0), 'ValueError', /upscaleFactor.*at least 1.*0/],
    [() => F.pixelShuffle(rand(4, 4), 2), 'ShapeError', /at least 3 dimensions.*\[4, 4\]/],
    [() => F.pixelUnshuffle(image, 4), 'ShapeError', /dimension -2.*6 is not divisible by 4/],
    [() => F.channelShuffle(image, 3), 'ShapeError', /4 is not divisible by 3/],
    [() => F.unfold(image, 9), 'ShapeError', /kernelSize \[9, 9\].*\[-2, -2\] places in an image of \[6, 6\]/],
    [() => F.unfold(rand(6, 6), 2), 'ShapeError', /\[6, 6\]/],
    [() => F.unfold(image, 2, 0), 'ValueError', /dilation.*at least 1/],
    [() => F.fold(rand(1, 8, 9), 4, 3), 'ShapeError', /multiple of 3 \* 3.*2 \* 2 columns.*\[1, 8, 9\]/],
    [() => F.affineGrid(rand(1, 3, 3), [1, 1, 2, 2]), 'ShapeError', /Nx2x3.*\[1, 3, 3\]/],
    [() => F.affineGrid(rand(1, 3, 4), [1, 1, 2, 2, 2]), 'NotImplementedError', /images/],
    [() => F.gridSample(image, rand(2, 3, 3, 2)), 'ShapeError', /same batch size.*\[1, 4, 6, 6\] and \[2, 3, 3, 2\]/],
    [() => F.gridSample(image, rand(1, 3, 3, 2).double()), 'DTypeError', /float32 and float64/],
    [() => F.gridSample(image, rand(1, 3, 3, 2), { mode: 'area' as 'nearest' }), 'ValueError', /mode must be one of/],
    [() => new nn.PixelShuffle({}), 'ValueError', /missing argument 'upscaleFactor'/],
    [() => new nn.Unfold(0), 'ValueError', /kernelSize must be integers of at least 1/],
  ];
  for (const [run, name, message] of refused) refuses(run, name, message);
});

test.run();
