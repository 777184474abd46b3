import type { Tensor } from '@torsor/core';
import { manualSeed, ones, rand, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc, near, refuses, values, warningsOf } from '../fixtures/check.ts';
import data from '../fixtures/dropout.json' with { type: 'json' };
import { AlphaDropout, Dropout, Dropout1d, Dropout2d, functional, Sequential } from '../index.ts';

interface DropoutCase {
  readonly name: string;
  readonly shape: readonly number[];
  readonly p: number;
  readonly crc: number;
  readonly values: readonly number[];
  readonly after: number;
}

type DropoutFunction = (input: Tensor, p: number, training: boolean) => Tensor;

const cases = data as unknown as readonly DropoutCase[];

for (const name of new Set(cases.map((c) => c.name))) {
  test(`${name} draws PyTorch's mask, and leaves the generator where PyTorch leaves it`, () => {
    for (const c of cases.filter((each) => each.name === name)) {
      const label = `${name} of ${c.shape.join('x')} with p ${c.p}`;
      manualSeed(11);
      const x = rand([...c.shape]);
      const out = (functional as unknown as Record<string, DropoutFunction>)[name](x, c.p, true);
      near(values(out).slice(0, 3), c.values, label, 0);
      assert.is(crc(out), c.crc, `${label}: bytes`);
      assert.is(rand(1).item(), c.after, `${label}: the next number`);
    }
  });
}

test('in evaluation mode the input itself is returned, and nothing drawn', () => {
  const x = rand(3, 4);
  for (const layer of [new Dropout(), new Dropout1d(), new AlphaDropout()]) assert.is(layer.eval()(x), x);
  assert.is(functional.dropout(x, { training: false }), x);
  assert.is(functional.alphaDropout(x), x);
  assert.is(new Dropout(0)(x), x);
  assert.equal(values(new Dropout(1)(x)), new Array(12).fill(0));
});

test('dropout in place writes into its input, and the gradient is the mask', () => {
  const leaf = ones(50).requiresGrad_();
  const x = leaf.mul(1);
  const out = new Dropout(0.5, { inplace: true })(x);
  assert.is(out, x);
  out.sum().backward();
  assert.equal(values(leaf.grad as Tensor), values(out));
  const mask = new Set(values(out));
  assert.equal([...mask].sort(), [0, 2]);
});

test('channels are dropped whole', () => {
  const out = new Dropout2d(0.5)(ones(4, 16, 3, 3));
  for (const channel of out.view(64, 9)) assert.ok(new Set(values(channel)).size === 1);
  const unbatched = new Dropout1d(0.5)(ones(16, 5));
  for (const channel of unbatched) assert.ok(new Set(values(channel)).size === 1);
  const held = ones(16, 5);
  assert.is(functional.dropout1d(held, { inplace: true }), held);
  for (const channel of held) assert.ok(new Set(values(channel)).size === 1);
});

test('ranks that are not meant are refused or warned of', () => {
  refuses(() => new Dropout1d()(rand(3)), 'ShapeError', /Expected 2D or 3D input, but received a 1D input/);
  assert.match(warningsOf(() => new Dropout2d()(rand(3, 4, 5))).join(), /3-D input/);
  assert.match(warningsOf(() => new Dropout2d()(rand(3, 4))).join(), /2-D input/);
  refuses(() => functional.featureAlphaDropout(rand(3), 0.5, true), 'ShapeError', /at least 2 dimensions/);
  refuses(() => functional.dropout(rand(3), -0.1), 'ValueError', /between 0 and 1, but got -0.1/);
  refuses(() => functional.dropout(rand(3), Number.NaN), 'ValueError', /between 0 and 1/);
  refuses(() => functional.dropout(tensor([1, 2], { dtype: 'int32' })), 'DTypeError', /int32/);
  assert.equal(functional.dropout(zeros(0, 3)).shape, [0, 3]);
});

test('a network in training mode differs from call to call, in evaluation mode not', () => {
  const net = new Sequential(new Dropout(0.5), new Dropout(0.5));
  const x = ones(200);
  assert.not.equal(values(net(x)), values(net(x)));
  net.eval();
  assert.equal(values(net(x)), values(x));
});

test.run();
