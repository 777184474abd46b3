/** Padding against PyTorch (fixtures/pad.json, by tools/fixtures/pad.py), and what fixtures cannot say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuses, repeated, scattered, values } from '../fixtures/check.ts';
import data from '../fixtures/pad.json' with { type: 'json' };
import { fromTypedArray, ones, tensor, zeros } from '../index.ts';
import type { Shape } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import { padBackward as adjoint, padForward } from '../reference/pad.ts';
import type { Tensor } from '../tensor.ts';
import type { PadMode } from './list.ts';
import { pad, padBackward } from './pad.ts';

interface Case {
  readonly input: Shape;
  readonly pad: readonly number[];
  readonly mode: PadMode;
  readonly value: number;
  readonly shape: Shape;
  readonly output: readonly number[];
  readonly gradInput: readonly number[];
}

const cases = data as unknown as readonly Case[];

/** 1, 2, 3, … */
function counted(shape: Shape): Tensor {
  return fromTypedArray(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
    shape,
  );
}

function label(c: Case): string {
  return `${c.mode} ${JSON.stringify(c.input)} ${JSON.stringify(c.pad)}`;
}

test("values and gradients are PyTorch's in every mode, cropping included", () => {
  for (const c of cases) {
    for (const layout of [(x: Tensor): Tensor => x, scattered]) {
      const out = pad(layout(counted(c.input)), c.pad, c.mode, c.value);
      assert.equal([...out.shape], [...c.shape], label(c));
      assert.equal(values(out), c.output, label(c));
      const dx = padBackward(layout(counted(c.shape)), c.input, c.pad, c.mode);
      assert.equal([...dx.shape], [...c.input], label(c));
      assert.equal(values(dx), c.gradInput, `${label(c)}: gradient`);
    }
  }
});

test('every dtype is padded, and integers take the integer part of the constant', () => {
  for (const dtype of ['float32', 'int32', 'int64', 'uint8'] as const) {
    const x = tensor([[1, 2, 3]]).to(dtype);
    const constant = pad(x, [1, 1], { value: 2.7 });
    assert.is(constant.dtype, dtype);
    const edge = dtype === 'float32' ? Math.fround(2.7) : 2;
    assert.equal(values(constant), [edge, 1, 2, 3, edge]);
    assert.equal(values(pad(x, [2, 1], 'reflect')), [3, 2, 1, 2, 3, 2]);
    const dx = padBackward(ones(1, 6).to(dtype), [1, 3], [2, 1], 'reflect');
    assert.is(dx.dtype, dtype);
    assert.equal(values(dx), [1, 3, 2]);
  }
  assert.equal(pad(tensor([true]), [1, 1], { value: 1 }).toArray(), [true, true, true]);
  assert.equal(values(pad(tensor([1, 2]).to('int32'), [1, 0], 'constant', -2.7)), [-2, 1, 2]);
});

test('NaN and infinities pad, and are padded', () => {
  assert.equal(values(pad(tensor([Number.NaN, -0]), [1, 0], 'constant', -Infinity)), [-Infinity, NaN, -0]);
  assert.equal(values(pad(tensor([[1, Infinity]]), [0, 1], 'replicate')), [1, Infinity, Infinity]);
});

test('the result is a copy, with no pads too', () => {
  const x = tensor([1, 2]);
  const y = pad(x, [0, 0]);
  y.fill_(5);
  assert.equal(values(x), [1, 2]);
});

test('a gradient of stride 0, as sum().backward() sends, is read as what it stands for', () => {
  assert.equal(values(padBackward(repeated(1, 'float32', [1, 7]), [1, 3], [2, 2], 'circular')), [2, 3, 2]);
});

test('arguments go by position or by name', () => {
  const x = tensor([[1, 2]]);
  assert.equal(values(pad(x, { pad: [1, 0], mode: 'circular' })), [2, 1, 2]);
  assert.equal(values(pad(x, [1, 0], { value: 9 })), [9, 1, 2]);
  refuses(() => pad(x, [1, 0], { val: 9 } as never), 'ValueError', /unknown option 'val'.*value/, 'unknown option');
});

test('what does not fit is refused in the words of PyTorch', () => {
  const shape = (run: () => unknown, message: RegExp): void => refuses(run, 'ShapeError', message, String(message));
  const value = (run: () => unknown, message: RegExp): void => refuses(run, 'ValueError', message, String(message));
  const none = (run: () => unknown, message: RegExp): void =>
    refuses(run, 'NotImplementedError', message, String(message));
  const x = ones(1, 2, 3);
  value(() => pad(x, [1]), /Padding length must be divisible by 2/);
  value(() => pad(x, [1.5, 0]), /list of integers/);
  value(() => pad(x, 1 as never), /list of integers/);
  shape(
    () => pad(ones(2), [1, 1, 1, 1]),
    /Padding length should be less than or equal to two times the input dimension/,
  );
  shape(() => pad(ones(2), [-1, -2]), /negative output size/);
  value(() => pad(x, [1, 1], 'reflect', 1), /Padding mode "reflect" doesn't take in value argument/);
  none(() => pad(x, [1, 1], 'foo' as never), /Unrecognised padding mode foo/);
  shape(
    () => pad(x, [3, 1], 'reflect'),
    /Padding size should be less than the corresponding input dimension, but got: padding \(3, 1\) at dimension 2 of input \[1, 2, 3\]/,
  );
  shape(() => pad(x, [1, 1, 2, 0], 'reflect'), /padding \(2, 0\) at dimension 1/);
  shape(() => pad(x, [4, 1], 'circular'), /Padding value causes wrapping around more than once/);
  none(
    () => pad(ones(3), [1, 1], 'reflect'),
    /Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now/,
  );
  none(() => pad(ones(3, 3), [1, 1, 1, 1], 'replicate'), /Only 2D, 3D, 4D, 5D padding/);
  none(() => pad(ones(1, 2, 2, 2), [1, 1], 'circular'), /Only 2D, 3D, 4D, 5D padding/);
  shape(() => pad(zeros(2, 0, 3), [1, 1], 'replicate'), /with possibly 0 batch size and other non-zero dimensions/);
  shape(() => pad(ones(1, 1, 4), [-3, -2], 'circular'), /empty dimension|negative output size/);
  shape(
    () => padBackward(ones(1, 4), [1, 3], [1, 1], 'constant'),
    /expected a gradient of shape \[1, 5\], but got \[1, 4\]/,
  );
});

test('large tensors, padded by moves, are as the loops through tables make them', () => {
  const shapes: [Shape, readonly number[]][] = [
    [
      [3, 40, 41],
      [2, 1, 0, 3],
    ],
    [
      [2, 5, 30, 17],
      [1, 1, 4, 2],
    ],
    [
      [2, 3, 9, 10, 11],
      [3, 0, 1, 2, 2, 8],
    ],
    [
      [2, 2000],
      [0, 1999],
    ],
    [
      [40, 3, 30],
      [-3, 5, 2, -1],
    ],
  ];
  for (const [shape, pads] of shapes) {
    for (const mode of ['constant', 'reflect', 'replicate', 'circular'] as const) {
      if (mode === 'circular' && pads[1] === 1999) continue;
      for (const dtype of ['float32', 'float64', 'uint8'] as const) {
        const x = counted(shape).to(dtype);
        const got = pad(x, pads, mode);
        const expected = zeros(got.shape, { dtype });
        padForward(x, expected, pads, mode, 0);
        assert.ok(got.equal(expected), `${mode} of ${shape} by ${pads} in ${dtype}`);
        if (dtype === 'uint8') continue;
        // sums of whole numbers, exact in whatever order they are added
        const grad = counted(got.shape).to(dtype).remainder(7);
        const back = zeros(shape, { dtype });
        adjoint(grad, back, pads, mode);
        assert.ok(padBackward(grad, shape, pads, mode).equal(back), `adjoint of ${mode} of ${shape} in ${dtype}`);
      }
    }
  }
});

test.run();
