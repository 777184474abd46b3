/** Modules cast to float16 and bfloat16: outputs near those of float32, gradients of the parameters' dtype; PyTorch's recurrences. */

import type { DType } from '@torsor/core';
import { manualSeed, ones, rand, randn, Tensor, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import recurrent from './fixtures/recurrentHalf.json' with { type: 'json' };
import * as nn from './index.ts';

/** Beside a result of about 1 that is rounded a few times on its way. */
const TOLERANCE = { float16: 2 ** -8, bfloat16: 2 ** -5 } as const;

/** What a module gives: tensors, or lists of them. */
type Nested = Tensor | readonly Nested[];

/** A call, the module that it calls, and an input. */
type Case = readonly [
  (x: Tensor) => Tensor,
  Pick<nn.Module, 'zeroGrad' | 'parameters' | 'buffers'> & { to(dtype: DType): unknown },
  Tensor,
];

const MODULES: Readonly<Record<string, () => Case>> = {
  linear: () => called(new nn.Linear(8, 4), randn(3, 8)),
  conv: () => called(new nn.Conv2d(2, 3, 3), randn(2, 2, 9, 9)),
  transposed: () => called(new nn.ConvTranspose2d(2, 3, 3), randn(2, 2, 9, 9)),
  batchNorm: () => called(new nn.BatchNorm2d(2), randn(5, 2, 20, 20)),
  layerNorm: () => called(new nn.LayerNorm(8), randn(5, 8)),
  rmsNorm: () => called(new nn.RMSNorm(8), randn(5, 8)),
  groupNorm: () => called(new nn.GroupNorm(2, 4), randn(5, 4, 3)),
  pool: () => called(new nn.MaxPool2d(2), randn(1, 2, 8, 8)),
  attention: () => called(new nn.TransformerEncoderLayer(8, 2, 16, { dropout: 0 }), randn(5, 2, 8)),
  gru: () => {
    const gru = new nn.GRU(4, 3);
    return [(x) => gru(x)[0], gru, randn(5, 2, 4)];
  },
  lstm: () => {
    const lstm = new nn.LSTM(4, 3, { numLayers: 2, bidirectional: true });
    return [(x) => lstm(x)[0], lstm, randn(5, 2, 4)];
  },
  rnn: () => {
    const rnn = new nn.RNN(4, 3);
    return [(x) => rnn(x)[0], rnn, randn(5, 2, 4)];
  },
};

function called(module: nn.Module, x: Tensor): Case {
  return [module as unknown as (x: Tensor) => Tensor, module, x];
}

for (const dtype of ['float16', 'bfloat16'] as const) {
  for (const [name, make] of Object.entries(MODULES)) {
    test(`${name} in ${dtype}`, () => {
      manualSeed(1);
      const [call, module, given] = make();
      module.to(dtype);
      module.to('float32');
      const want = call(given.to(dtype).float().requiresGrad_());
      want.mean().backward();
      const x = given.to(dtype).requiresGrad_();
      module.zeroGrad();
      // After its first use: what the tape knows of the parameters is renewed.
      module.to(dtype);
      const got = call(x);
      assert.is(got.dtype, dtype);
      const error = got.float().sub(want).abs().max().item();
      assert.ok(error <= TOLERANCE[dtype] * Math.max(1, want.abs().max().item()), `off by ${error}`);
      got.float().mean().backward();
      for (const leaf of [x, ...module.parameters()]) assert.is(leaf.grad?.dtype, dtype);
      for (const buffer of module.buffers()) assert.ok(!buffer.isFloatingPoint() || buffer.dtype === dtype);
    });
  }

  test(`running statistics in ${dtype} move`, () => {
    manualSeed(2);
    const norm = new nn.BatchNorm1d(2).to(dtype);
    norm(randn(50, 2).add(10).to(dtype));
    assert.ok((norm.runningMean as Tensor).float().sub(1).abs().max().item() < 0.1);
  });

  test(`dropout of ${dtype} drops what it drops of float32`, () => {
    const dropped = [ones(100), ones(100).to(dtype)].map((x) => {
      manualSeed(3);
      return new nn.Dropout(0.5)(x);
    });
    assert.is(dropped[1].dtype, dtype);
    assert.ok(dropped[1].float().equal(dropped[0]));
  });

  test(`the way back through dropout of ${dtype} goes by its mask`, () => {
    for (const drop of [nn.functional.dropout, nn.functional.dropout1d, nn.functional.dropout2d]) {
      const x = ones(2, 30, 4, ...(drop === nn.functional.dropout2d ? [2] : []))
        .to(dtype)
        .requiresGrad_();
      const y = drop(x, 0.4);
      y.sum().backward();
      assert.is(x.grad?.dtype, dtype);
      // Of ones, what comes out is the mask.
      assert.ok((x.grad as Tensor).equal(y.detach()));
    }
  });

  test(`functions that look for places, or add up long chains, are rounded to ${dtype} once`, () => {
    manualSeed(4);
    const { functional: F } = nn;
    const image = randn(1, 2, 3, 700).to(dtype);
    const rows = randn(40, 6).mul(20).to(dtype);
    const labels = tensor([[1, 2, 3]], { dtype: 'int32' });
    const cases: Readonly<Record<string, readonly [(...x: Tensor[]) => Tensor, ...Tensor[]]>> = {
      gridSample: [(x, g) => F.gridSample(x, g), image, rand(1, 5, 4, 2).mul(2).sub(1).to(dtype)],
      interpolate: [(x) => F.interpolate(x, { size: [5, 900], mode: 'bicubic' }), image],
      nearest: [(x) => F.interpolate(x, { size: [5, 900] }), image],
      ctcLoss: [(x) => F.ctcLoss(x, labels, [40], [3]), rows.logSoftmax(1).unsqueeze(1)],
      localResponseNorm: [(x) => F.localResponseNorm(x.mul(300), 2), image],
      cosineSimilarity: [(x, y) => F.cosineSimilarity(x, y), rows, rows.flip(0)],
      normalize: [(x) => F.normalize(x, { dim: 1 }), rows],
      pairwiseDistance: [(x, y) => F.pairwiseDistance(x, y), rows, rows.add(1)],
    };
    // With an `eps` that float16 has not.
    assert.equal(F.normalize(zeros(1, 2).to(dtype)).toArray(), [[0, 0]]);
    for (const [name, [run, ...operands]] of Object.entries(cases)) {
      const results = ([dtype, 'float32'] as const).map((of) => {
        const leaves = operands.map((x) => x.to(of, { copy: true }).requiresGrad_());
        const y = run(...leaves);
        y.float().mean().backward();
        return [y.detach(), ...leaves.map((x) => x.grad as Tensor)];
      });
      results[0].forEach((got, i) => {
        assert.is(got.dtype, dtype, name);
        const want = results[1][i].to(dtype).float();
        const off = got.float().sub(want).abs().max().item();
        const unit = i === 0 && !/Norm|Sim/.test(name) ? 0 : TOLERANCE[dtype];
        assert.ok(off <= unit * want.abs().max().item(), `${name} ${i}: off by ${off}`);
      });
    }
  });

  test(`norms in float32 take inputs in ${dtype}, and learn in float32`, () => {
    manualSeed(6);
    for (const norm of [new nn.BatchNorm1d(3), new nn.LayerNorm(3), new nn.GroupNorm(1, 3)]) {
      const call = norm as unknown as (x: Tensor) => Tensor;
      const x = randn(20, 3).to(dtype).requiresGrad_();
      const wide = x.detach().float().requiresGrad_();
      const twin = nn.deepCopy(norm);
      for (const training of [true, false]) {
        for (const one of [norm, twin]) one.train(training);
        const [got, want] = [call(x), (twin as unknown as typeof call)(wide)];
        assert.is(got.dtype, dtype);
        assert.ok(got.equal(want.to(dtype)));
        const factor = randn(20, 3).to(dtype);
        got.mul(factor).sum().backward();
        want.mul(factor.float()).sum().backward();
      }
      assert.is(x.grad?.dtype, dtype);
      const [of, expected] = [norm, twin].map((one) => [...one.parameters()].map((p) => p.grad as Tensor));
      for (const [i, grad] of of.entries()) {
        assert.is(grad.dtype, 'float32');
        assert.ok(grad.sub(expected[i]).abs().max().item() <= TOLERANCE[dtype] * expected[i].abs().max().item());
      }
      const statistics = [norm, twin].map((one) => [...one.buffers()].map((buffer) => buffer.toArray()));
      assert.equal(statistics[0], statistics[1]);
    }
    assert.throws(() => new nn.LayerNorm(3).double()(randn(2, 3).to(dtype)), /dtype of the input/);
  });

  test(`a state dict of ${dtype} loads into float32`, () => {
    const from = new nn.Linear(4, 2).to(dtype);
    const into = new nn.Linear(4, 2);
    into.loadStateDict(from.stateDict());
    assert.is(into.weight.dtype, 'float32');
    assert.ok(into.weight.equal(from.weight.float()));
  });

  test(`a layer of ${dtype} computes its steps in float32, and refuses what has another dtype`, () => {
    for (const kind of [nn.LSTM, nn.GRU, nn.RNN] as readonly (typeof nn.GRU)[]) {
      manualSeed(5);
      const layer = new kind(4, 3, { numLayers: 1, bidirectional: true }).to(dtype);
      const x = randn(5, 2, 4).to(dtype);
      const got = layer(x)[0];
      layer.to('float32');
      const want = layer(x.float())[0];
      assert.is(got.dtype, dtype);
      assert.ok(got.equal(want.to(dtype)), kind.name);
      assert.throws(() => layer(x), /dtype/);
      assert.throws(() => layer.to(dtype)(x.float()), /dtype/);
    }
  });
}

for (const { name, options, results, grads } of recurrent) {
  test(`${name}(${JSON.stringify(options)}) of bfloat16 is near PyTorch's, which rounds in each step`, () => {
    manualSeed(21);
    const kind = (nn as unknown as Record<string, new (...args: unknown[]) => nn.Module & ((x: Tensor) => Nested)>)[
      name
    ];
    const module = new kind(5, 4, options).to('bfloat16');
    const shape = name.endsWith('Cell') ? [3, 5] : [4, 2, 5];
    const x = rand(shape).sub(0.5).mul(4).bfloat16().requiresGrad_();
    const flat = (value: Nested): readonly Tensor[] => (value instanceof Tensor ? [value] : value.flatMap(flat));
    const got = flat(module(x));
    got
      .map((y) => y.float().sum())
      .reduce((a, b) => a.add(b))
      .backward();
    const near = (y: Tensor, want: readonly number[], label: string): void => {
      assert.is(y.dtype, 'bfloat16');
      const values = Array.from(y.detach().toTypedArray(), Number);
      const scale = Math.max(...want.map(Math.abs));
      assert.is(values.length, want.length, label);
      values.forEach((value, i) => {
        assert.ok(Math.abs(value - want[i]) <= scale * TOLERANCE.bfloat16, `${label} ${i}: ${value} beside ${want[i]}`);
      });
    };
    assert.is(got.length, results.length);
    for (const [i, y] of got.entries()) near(y, results[i], `result ${i}`);
    const leaves = [x, ...module.parameters()];
    for (const [i, leaf] of leaves.entries()) near(leaf.grad as Tensor, grads[i], `gradient ${i}`);
  });
}

test.run();
