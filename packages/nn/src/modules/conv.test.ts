import type { Tensor } from '@torsor/core';
import { arange, manualSeed, rand, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LayerCase } from '../fixtures/check.ts';
import { checkLayer, near, refuses, values, warningsOf } from '../fixtures/check.ts';
import data from '../fixtures/conv.json' with { type: 'json' };
import { Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d } from './conv.ts';

const cases = data as unknown as readonly LayerCase[];

for (const name of ['Conv1d', 'Conv2d', 'ConvTranspose1d', 'ConvTranspose2d']) {
  test(`${name} agrees with PyTorch on a grid of its arguments, forward and all gradients`, () => {
    const grid = cases.filter((c) => c.name === name);
    assert.ok(grid.length > 15);
    for (const c of grid) checkLayer(c, manualSeed);
  });
}

test('the lesson: 16 kernels of length 3 over a stereo signal', () => {
  const conv = new Conv1d(2, 16, 3);
  assert.equal(conv.weight.shape, [16, 2, 3]);
  assert.equal(conv.bias?.shape, [16]);
  const x = rand(1, 2, 64);
  assert.equal(conv(x).shape, [1, 16, 62]);
  assert.equal(new Conv1d(2, 16, 5)(x).shape, [1, 16, 60]);
});

test('the lesson: a hyperspectral image, without and with padding', () => {
  const x = rand(1, 20, 64, 128);
  const conv = new Conv2d(20, 16, [3, 5]);
  assert.equal(conv.weight.shape, [16, 20, 3, 5]);
  assert.equal(conv(x).shape, [1, 16, 62, 124]);
  assert.equal(new Conv2d(20, 16, [3, 5], 1, [1, 2])(x).shape, [1, 16, 64, 128]);
  assert.equal(new Conv2d(20, 16, [3, 5], { stride: 1, padding: [1, 2] })(x).shape, [1, 16, 64, 128]);
});

test('the lesson: a convolution is the product with the matrix of its stacked, shifted kernels', () => {
  const n = 8;
  const k = 3;
  const m = 4;
  const conv = new Conv1d(1, m, k, { bias: false, dtype: 'float64' });
  const x = rand([1, 1, n], { dtype: 'float64' });
  const rows = n - k + 1;
  const layers: Tensor[] = [];
  for (let o = 0; o < m; o++) {
    const kernel = values(conv.weight.select(0, o));
    const matrix = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: n }, (_unused, j) => (j >= i && j < i + k ? kernel[j - i] : 0)),
    );
    layers.push(tensor(matrix, { dtype: 'float64' }).mv(x.view(n)));
  }
  near(conv(x), layers.flatMap(values), 'convolution', 1e-14);
});

test('arguments are taken by position, by name, and both', () => {
  const forms = [
    new Conv2d(4, 8, 3, 2, 1, 1, 2, false, 'reflect'),
    new Conv2d(4, 8, 3, 2, { padding: 1, groups: 2, bias: false, paddingMode: 'reflect' }),
    new Conv2d(4, 8, { kernelSize: 3, stride: 2, padding: 1, groups: 2, bias: false, paddingMode: 'reflect' }),
    new Conv2d({
      inChannels: 4,
      outChannels: 8,
      kernelSize: [3, 3],
      stride: [2, 2],
      padding: [1, 1],
      groups: 2,
      bias: false,
      paddingMode: 'reflect',
    }),
  ];
  for (const conv of forms) {
    assert.is(
      String(conv),
      'Conv2d(4, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=2, bias=False, padding_mode=reflect)',
    );
    assert.is(conv.inChannels, 4);
    assert.is(conv.outChannels, 8);
    assert.equal(conv.kernelSize, [3, 3]);
    assert.equal(conv.stride, [2, 2]);
    assert.equal(conv.padding, [1, 1]);
    assert.equal(conv.dilation, [1, 1]);
    assert.is(conv.groups, 2);
    assert.is(conv.paddingMode, 'reflect');
    assert.is(conv.bias, null);
  }
  assert.is(new Conv1d(1, 1, 1, { dtype: 'float64' }).weight.dtype, 'float64');
});

test('a transposed convolution makes the output size that it is asked for', () => {
  const up = new ConvTranspose1d(1, 1, 3, { stride: 3 });
  const x = rand(1, 1, 5);
  for (const size of [15, 16, 17]) assert.equal(up(x, [size]).shape, [1, 1, size]);
  assert.equal(up(x, [1, 1, 17]).shape, [1, 1, 17]);
  assert.equal(up(x.squeeze(0), [1, 16]).shape, [1, 16]);
  assert.equal(up(x, null).shape, [1, 1, 15]);
  refuses(() => up(x, [18]), 'ValueError', /requested an output size of .*18.*valid sizes range from .*15.* to .*17/);
  refuses(() => up(x, [1, 15]), 'ValueError', /outputSize must have 1 or 3 elements \(got 2\)/);
  const down = new Conv2d(2, 2, 3, { stride: 2, padding: 1 });
  const back = new ConvTranspose2d(2, 2, 3, { stride: 2, padding: 1 });
  const image = rand(1, 2, 12, 11);
  assert.equal(back(down(image), image.size()).shape, [1, 2, 12, 11]);
});

test('arguments that do not fit are refused, and name the layer', () => {
  refuses(() => new Conv2d(3, 8, 3, { groups: 2 }), 'ValueError', /^Conv2d: inChannels must be divisible by groups/);
  refuses(() => new Conv2d(4, 5, 3, { groups: 2 }), 'ValueError', /outChannels must be divisible by groups/);
  refuses(() => new Conv1d(4, 4, 3, { groups: 0 }), 'ValueError', /groups must be a positive integer/);
  refuses(
    () => new Conv1d(4, 4, 3, 2, 'same'),
    'ValueError',
    /padding='same' is not supported for strided convolutions/,
  );
  refuses(() => new Conv1d(4, 4, 3, 2, 'full' as 'same'), 'ValueError', /Invalid padding string 'full'/);
  refuses(
    () => new Conv1d(4, 4, 3, { paddingMode: 'mirror' as 'reflect' }),
    'ValueError',
    /paddingMode must be one of zeros, reflect, replicate, circular/,
  );
  refuses(() => new ConvTranspose2d(4, 4, 3, { paddingMode: 'reflect' }), 'ValueError', /Only "zeros" padding mode/);
  refuses(() => new Conv2d(4, 4, [3, 3, 3]), 'ValueError', /kernelSize must be a number or a list of 2/);
  refuses(() => new Conv2d(4, 4, {} as { kernelSize: number }), 'ValueError', /missing argument 'kernelSize'/);
  refuses(() => new Conv2d(4, 4, 3, { strides: 2 } as object), 'ValueError', /unknown option 'strides'/);
  refuses(() => new Conv2d(4, 4, 3, 1, { stride: 2 }), 'ValueError', /'stride' was given both/);
  refuses(() => new Conv2d(-1, 4, 3), 'ValueError', /inChannels must be an integer of at least 0/);
  const conv = new Conv2d(3, 4, 3);
  refuses(() => conv(zeros(1, 2, 8, 8)), 'ShapeError', /expected input.* to have 3 channels, but got 2/);
  refuses(() => conv(zeros(1, 3, 2, 2)), 'ShapeError', /Kernel size can't be greater than actual input size/);
  refuses(() => conv(zeros(3, 8)), 'ShapeError', /Expected 3D \(unbatched\) or 4D \(batched\) input/);
  const circular = new Conv1d(1, 1, 5, { padding: 4, paddingMode: 'circular' });
  refuses(() => circular(zeros(1, 1, 3)), 'ShapeError', /wrapping around more than once/);
  refuses(() => circular(zeros(3)), 'ShapeError', /Expected 2D \(unbatched\) or 3D \(batched\) input/);
  refuses(
    () =>
      conv(
        arange(3 * 64)
          .view(1, 3, 8, 8)
          .to('int32'),
      ),
    'DTypeError',
    /should be the same/,
  );
});

test('a layer without channels has empty parameters and no bound to divide by', () => {
  const heard = warningsOf(() => {
    assert.equal(new Conv1d(0, 2, 3).weight.shape, [2, 0, 3]);
  });
  assert.match(heard.join(), /zero-element tensors is a no-op/);
});

test.run();
