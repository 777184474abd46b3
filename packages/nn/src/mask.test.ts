/** Dropout's mask as bits: the same gradients, in a thirty-second part of the memory. */

import type { Tensor } from '@torsor/core';
import { manualSeed, ones, rand, randn, tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dropout, dropout2d } from './functional.ts';
import { packMask, unpackMask } from './mask.ts';

test('a mask comes back from its bits, at sizes around a word', () => {
  for (const dtype of ['float32', 'float64'] as const) {
    for (const size of [0, 1, 31, 32, 33, 64, 1000, 2049]) {
      const mask = rand(size, { dtype }).gt(0.3).to(dtype).mul(1.25);
      const bits = packMask(mask, 1.25);
      assert.is(bits.words.length, Math.ceil(size / 32));
      const back = unpackMask(bits);
      assert.equal([back.dtype, ...back.shape], [dtype, size]);
      assert.ok(back.equal(mask));
    }
  }
  const part = tensor([9, 2, 0, 2, 9]).narrow(0, 1, 3);
  assert.equal(unpackMask(packMask(part, 2)).toArray(), [2, 0, 2]);
});

test('the gradient of dropout is its mask, the tape keeps bits, and the node is called as in PyTorch', () => {
  for (const p of [0.1, 0.5, 0.75]) {
    manualSeed(3);
    const x = ones(50, 41).requiresGrad_();
    const y = dropout(x, p);
    assert.is(y.gradFn?.name, 'MulBackward0');
    y.sum().backward();
    assert.ok((x.grad as Tensor).equal(y.detach()), `p ${p}`);
    assert.ok(y.eq(0).any().item() && y.ne(0).any().item());
  }
  const z = randn(7, 9).t().requiresGrad_();
  const w = dropout(z, 0.4);
  w.sum().backward();
  assert.ok((z.grad as Tensor).mul(z).equal(w), 'of a transposed input');
  const image = ones(2, 8, 3, 3).requiresGrad_();
  const dropped = dropout2d(image, 0.5);
  dropped.sum().backward();
  assert.ok((image.grad as Tensor).equal(dropped), 'of channels');
});

test('a second backward through dropout adds the same again', () => {
  const x = randn(40).requiresGrad_();
  const y = dropout(x.mul(x), 0.5).sum();
  y.backward({ retainGraph: true });
  const once = (x.grad as Tensor).clone();
  y.backward();
  assert.ok((x.grad as Tensor).equal(once.mul(2)));
});

test.run();
