/**
 * The built packages, as a user's runtime resolves them: this folder's tests run without the source condition. What the
 * packages compute is tested in them; here, that they load, and that they are one copy each.
 */

import * as autograd from '@torsor/autograd';
import * as core from '@torsor/core';
import * as nn from '@torsor/nn';
import { exportOnnx } from '@torsor/onnx';
import * as torsor from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const resolved = import.meta.resolve('@torsor/core');

test('packages resolve to what is published', () => {
  assert.match(resolved, /\/packages\/core\/dist\/bundle\.js$/);
});

test('the umbrella re-exports the packages, not copies of them', () => {
  assert.is(torsor.Tensor, core.Tensor);
  assert.is(torsor.nn.Linear, nn.Linear);
  assert.is(torsor.noGrad, autograd.noGrad);
});

test('modules print their names, those too whose classes speak of themselves', () => {
  assert.is(String(new nn.Sequential(new nn.ReLU())), 'Sequential(\n  (0): ReLU()\n)');
  assert.is(nn.ModuleList.name, 'ModuleList');
});

test('models of the umbrella are exported by the package beside it', () => {
  const net = new torsor.nn.Sequential(new torsor.nn.Linear(2, 3), new torsor.nn.ReLU());
  const text = new TextDecoder().decode(exportOnnx(net, [torsor.ones(1, 2)]));
  for (const part of ['Gemm', '0.weight', 'Relu']) assert.ok(text.includes(part), part);
});

test('importing the umbrella makes gradients work', () => {
  const x = torsor.tensor([1, 2, 3], { requiresGrad: true });
  x.mul(x).sum().backward();
  assert.equal(x.grad?.toArray(), [2, 4, 6]);
});

test.run();
