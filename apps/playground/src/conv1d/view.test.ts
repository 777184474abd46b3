import { nn, tensor } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Axis } from '../geometry.ts';
import { outputSize } from '../geometry.ts';
import type { Bank } from './compute.ts';
import { matrixOf, outputsOf, rowsOf } from './compute.ts';
import type { PaddingMode } from './padding.ts';
import { paddingModes, sourcedTaps } from './padding.ts';
import { snapped, viewOf } from './view.ts';

const modes = paddingModes.map(({ value }) => value);
const signal = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(0.7 * i * seed + seed));

function* axes(input: number): Generator<Axis> {
  for (const kernel of [1, 3, 9])
    for (const stride of [1, 2, 3, 4])
      for (const padding of [0, 1, 4])
        for (const dilation of [1, 2, 4]) {
          const axis = { input, kernel, stride, padding, dilation, transposed: false };
          if (outputSize(axis) >= 1) yield axis;
        }
}
const banks = (size: number): Bank => ({
  size,
  kernels: [1, 2, 3].map((seed) => Array.from({ length: 2 * size }, (_, i) => Math.cos(i * seed + seed))),
});
const optionsOf = ({ stride, padding, dilation }: Axis, mode: PaddingMode) => ({
  stride,
  padding,
  dilation,
  groups: 1,
  mode,
});

for (const mode of modes) {
  test(`padded by ${mode}, an output is the sum over its sourced taps`, () => {
    for (const axis of axes(24)) {
      const x = signal(24, 1);
      const w = Array.from({ length: axis.kernel }, (_, k) => 1 + k);
      const [y] = outputsOf([x], { size: axis.kernel, kernels: [w] }, optionsOf(axis, mode));
      assert.is(y.length, outputSize(axis));
      y.forEach((value, output) => {
        const sum = sourcedTaps(axis, mode, output).reduce(
          (total, { source, k }) => total + (source === undefined ? 0 : x[source] * w[k]),
          0,
        );
        // nine products of up to nine, in float32
        assert.ok(Math.abs(sum - value) < 2e-5, `${JSON.stringify(axis)} ${output}: ${sum} ${value}`);
      });
    }
  });

  test(`padded by ${mode}, what is cut out of a long signal gives the outputs of the whole`, () => {
    const channels = [signal(500, 1), signal(500, 2)];
    for (const axis of axes(500)) {
      const bank = banks(axis.kernel);
      const whole = outputsOf(channels, bank, optionsOf(axis, mode));
      for (const at of [0, 133, 500]) {
        const { from, to, first, last } = viewOf(axis, mode, at);
        assert.ok(last > first, `${JSON.stringify(axis)} at ${at} shows outputs`);
        const cut = channels.map((channel) => channel.slice(from, to));
        const offset = from / axis.stride;
        const parts = outputsOf(cut, bank, optionsOf(axis, mode));
        parts.forEach((part, kernel) => {
          // the same products; kernels may add them in another order
          for (let row = first; row < last; row++)
            assert.ok(Math.abs(part[row - offset] - whole[kernel][row]) < 2e-5, `${JSON.stringify(axis)} row ${row}`);
        });
      }
    }
  });

  test(`padded by ${mode}, the matrix times the signal is the convolution`, () => {
    const channels = [signal(24, 1), signal(24, 2)];
    for (const axis of axes(24)) {
      const bank = banks(axis.kernel);
      const matrix = matrixOf(2, 24, bank, optionsOf(axis, mode));
      const product = nn.functional.linear(
        tensor(Float32Array.from(channels.flatMap((channel) => [...channel]))),
        tensor(matrix.entries).reshape(matrix.kernels * matrix.rows, 48),
      );
      const outputs = outputsOf(channels, bank, optionsOf(axis, mode)).flatMap((output) => [...output]);
      assert.equal(product.shape, [outputs.length]);
      // 18 products of numbers up to 1
      assert.ok(product.sub(tensor(outputs)).abs().max().item() < 5e-6, JSON.stringify(axis));
    }
  });
}

test('rows taken out of a matrix are rows of each block', () => {
  const matrix = matrixOf(
    1,
    6,
    {
      size: 2,
      kernels: [
        [1, 2],
        [3, 4],
      ],
    },
    { stride: 1, padding: 0, dilation: 1, groups: 1, mode: 'zeros' },
  );
  const { rows, entries } = rowsOf(matrix, 1, 3);
  assert.is(rows, 2);
  assert.equal([...entries.subarray(0, 6)], [0, 1, 2, 0, 0, 0]);
  assert.equal([...entries.subarray(12, 18)], [0, 3, 4, 0, 0, 0]);
});

test('with groups, blocks off the diagonal are zero', () => {
  const { entries } = matrixOf(
    2,
    5,
    { size: 1, kernels: [[1], [2]] },
    { stride: 1, padding: 0, dilation: 1, groups: 2, mode: 'zeros' },
  );
  assert.equal([...entries.subarray(0, 10)], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal([...entries.subarray(50, 60)], [0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
});

test('views begin where all strides do, and end with the signal', () => {
  const axis = { input: 1001, kernel: 3, stride: 4, padding: 0, dilation: 1, transposed: false };
  for (const at of [-5, 0, 17, 500, 5000]) assert.is(snapped(axis, at) % 12, 0);
  assert.is(viewOf(axis, 'zeros', 5000).to, 1001);
  assert.equal(viewOf({ ...axis, input: 24 }, 'zeros', 7), { from: 0, to: 24, first: 0, last: 6 });
});

test.run();
