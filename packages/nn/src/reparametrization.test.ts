/** Weight and spectral normalisation are PyTorch's: outputs, gradients, keys and values of state dicts. */

import { gradcheck, gradgradcheck } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { linalg, manualSeed, ones, rand, randn, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Digest } from './fixtures/check.ts';
import { agrees, construct, near, refuses, values } from './fixtures/check.ts';
import data from './fixtures/reparametrized.json' with { type: 'json' };
import type { AnyModule } from './index.ts';
import { deepCopy, Linear, Parameter, ReLU, Sequential, utils } from './index.ts';

type State = Readonly<Record<string, Digest>>;

interface Case {
  readonly op: 'weightNorm' | 'spectralNorm';
  readonly name: string;
  readonly args: readonly unknown[];
  readonly shape: readonly number[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly outs: readonly (readonly [Digest, State])[];
  readonly states: readonly State[];
}

const REMOVE = { weightNorm: utils.removeWeightNorm, spectralNorm: utils.removeSpectralNorm } as const;

function agreesAll(actual: Readonly<Record<string, Tensor>>, expected: State, label: string): void {
  assert.equal(Object.keys(actual), Object.keys(expected), label);
  for (const [key, value] of Object.entries(actual)) agrees(value, expected[key], `${label}: ${key}`);
}

(data as unknown as readonly Case[]).forEach((c, seed) => {
  test(`${c.op} of a ${c.name} ${JSON.stringify(c.options)} agrees with PyTorch at each call, and removed`, () => {
    manualSeed(seed);
    const module = construct({ ...c, options: { dtype: 'float64' } });
    assert.is(utils[c.op](module, c.options), module);
    agreesAll(module.stateDict(), c.states[0], 'at first');
    c.outs.forEach(([expected, grads], i) => {
      module.train(i < 2);
      module.zeroGrad();
      const result: unknown = module(rand([...c.shape], { dtype: 'float64' }));
      const out = (Array.isArray(result) ? result[0] : result) as Tensor;
      agrees(out, expected, `output ${i}`);
      out
        .mul(rand([...out.shape], { dtype: 'float64' }))
        .sum()
        .backward();
      agreesAll(
        Object.fromEntries([...module.namedParameters()].map(([key, p]) => [key, p.grad as Tensor])),
        grads,
        `gradient ${i}`,
      );
      agreesAll(module.stateDict(), c.states[i + 1], `after call ${i}`);
    });
    REMOVE[c.op](module, (c.options['name'] as string | undefined) ?? 'weight');
    agreesAll(module.stateDict(), c.states[4], 'removed');
    assert.ok([...module.parameters()].every((parameter) => parameter.isLeaf && parameter.requiresGrad));
  });
});

test('what is computed is no parameter, is of the type of its module, and follows its parts', () => {
  const layer: Linear = utils.weightNorm(new Linear(2, 2));
  assert.equal(
    [...layer.namedParameters()].map(([key]) => key),
    ['bias', 'weight_g', 'weight_v'],
  );
  assert.not.instance(layer.weight, Parameter);
  const before = values(layer.weight);
  layer.getParameter('weight_g').data.mul_(2);
  layer(ones(1, 2));
  near(
    layer.weight,
    before.map((x) => 2 * x),
    'weight',
    1e-6,
  );
  assert.is(String(layer), String(new Linear(2, 2)));
});

test('a spectral norm comes near to the largest singular value', () => {
  manualSeed(1);
  const layer = utils.spectralNorm(new Linear(6, 5, { dtype: 'float64' }), { nPowerIterations: 60 });
  layer(zeros(1, 6, { dtype: 'float64' }));
  near(linalg.svdvals(layer.weight).narrow(0, 0, 1), [1], 'largest singular value', 1e-12);
});

test('states are saved and loaded, and copies compute for themselves', () => {
  for (const apply of [utils.weightNorm, utils.spectralNorm]) {
    manualSeed(2);
    const net = new Sequential(apply(new Linear(3, 4)), new ReLU(), apply(new Linear(4, 2))).eval();
    const other = new Sequential(apply(new Linear(3, 4)), new ReLU(), apply(new Linear(4, 2))).eval();
    other.loadStateDict(net.stateDict());
    const x = randn(5, 3);
    assert.equal(other(x).toArray(), net(x).toArray());
    const copy = deepCopy(net);
    for (const parameter of copy.parameters()) parameter.data.mul_(1.5);
    const out = copy(x);
    assert.not.equal(out.toArray(), net(x).toArray());
    copy.zeroGrad();
    out.sum().backward();
    assert.ok([...copy.parameters()].every((parameter) => parameter.grad !== null));
    assert.ok([...net.parameters()].every((parameter) => parameter.grad === null));
    const [first] = copy.children();
    (apply === utils.weightNorm ? utils.removeWeightNorm : utils.removeSpectralNorm)(first);
    near(copy(x), values(out), 'removed', 1e-6);
  }
});

test('two calls may be differentiated together, as critics are', () => {
  const critic = utils.spectralNorm(new Linear(3, 1, { dtype: 'float64' }));
  const [real, fake] = [rand([4, 3], { dtype: 'float64' }), rand([4, 3], { dtype: 'float64' })];
  critic(real).mean().sub(critic(fake).mean()).backward();
  assert.is(critic.getParameter('weight_orig').grad?.shape.join(), '1,3');
});

test('both norms have derivatives of first and second order', () => {
  for (const apply of [utils.weightNorm, utils.spectralNorm]) {
    manualSeed(3);
    const layer = apply(new Linear(3, 2, { dtype: 'float64' })).eval();
    const names = [...layer.namedParameters()].map(([name]) => name);
    const call = (x: Tensor, ...parts: Tensor[]): Tensor => {
      Object.assign(layer, Object.fromEntries(parts.map((part, i) => [names[i], part])));
      return layer(x);
    };
    const inputs = [rand([2, 3], { dtype: 'float64' }), ...[...layer.parameters()].map((p) => p.detach().clone())];
    for (const x of inputs) x.requiresGrad = true;
    assert.ok(gradcheck(call, inputs));
    assert.ok(gradgradcheck(call, inputs));
  }
});

test('what cannot be normalised, or is not, is refused by name', () => {
  const layer = new Linear(2, 2, { bias: false });
  refuses(() => utils.weightNorm(layer, 'bias'), 'ValueError', /^weightNorm: Linear has no parameter 'bias'/);
  refuses(() => utils.weightNorm(3 as unknown as AnyModule), 'ValueError', /^weightNorm: takes a module/);
  refuses(
    () => utils.weightNorm(layer, { dim: 2 }),
    'IndexError',
    /^weightNorm: dim must be null or from 0 to 1, but got 2/,
  );
  refuses(
    () => utils.weightNorm(layer, { axis: 2 } as object),
    'ValueError',
    /unknown option 'axis'; known options are name, dim/,
  );
  refuses(
    () => utils.spectralNorm(layer, { dim: -1 }),
    'IndexError',
    /^spectralNorm: dim must be from 0 to 1, but got -1/,
  );
  refuses(() => utils.spectralNorm(layer, 'weight', 0), 'ValueError', /^spectralNorm: nPowerIterations .* 0/);
  refuses(
    () => utils.removeWeightNorm(layer),
    'ValueError',
    /^removeWeightNorm: weightNorm of 'weight' not found in Linear/,
  );
  utils.weightNorm(layer);
  refuses(
    () => utils.weightNorm(layer),
    'ValueError',
    /^weightNorm: cannot be applied to the parameter 'weight' twice/,
  );
  refuses(() => utils.spectralNorm(layer), 'ValueError', /^spectralNorm: Linear has no parameter 'weight'/);
  refuses(
    () => utils.removeSpectralNorm(layer),
    'ValueError',
    /^removeSpectralNorm: spectralNorm of 'weight' not found/,
  );
  utils.removeWeightNorm(layer);
  utils.weightNorm(layer);
});

test.run();
