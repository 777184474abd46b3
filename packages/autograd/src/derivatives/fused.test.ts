/** Gradients of activations on large tensors, which one kernel computes, against those that ops compute when they are recorded. */

import type { FloatDType, Tensor } from '@torsor/core';
import { celu, elu, gelu, hardswish, hardtanh, leakyRelu, linspace, selu, softplus } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../index.ts';
import { grad as gradOf } from '../index.ts';

const ACTIVATIONS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  sigmoid: (x) => x.sigmoid(),
  tanh: (x) => x.tanh(),
  silu: (x) => x.silu(),
  gelu: (x) => gelu(x),
  'gelu by tanh': (x) => gelu(x, 'tanh'),
  elu: (x) => elu(x, 0.7),
  selu,
  celu: (x) => celu(x, 2),
  leakyRelu: (x) => leakyRelu(x, 0.2),
  softplus: (x) => softplus(x, 2, 3),
  hardtanh,
  hardswish,
};

for (const dtype of ['float32', 'float64'] as const satisfies readonly FloatDType[]) {
  for (const [name, f] of Object.entries(ACTIVATIONS)) {
    test(`the gradient of ${name} in ${dtype} is the same from a kernel and from ops`, () => {
      const x = linspace(-6, 6, 3001, { dtype }).requiresGrad_();
      const upstream = linspace(-1, 2, 3001, { dtype });
      const [fused] = gradOf([f(x)], [x], { gradOutputs: [upstream] });
      const [composed] = gradOf([f(x)], [x], { gradOutputs: [upstream], createGraph: true });
      const difference = fused.sub(composed.detach()).abs().max().item();
      // some roundings of slopes that are at most 1.1, times an upstream of at most 2
      assert.ok(difference <= (dtype === 'float32' ? 2e-6 : 1e-14), `largest difference ${difference}`);
    });
  }
}

test.run();
