import type { Tensor } from '@torsor/core';
import { manualSeed, ones, rand, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { near, refuses, values } from './fixtures/check.ts';
import { Linear, Parameter, Sequential, Tanh, utils } from './index.ts';

/** Parameters with the gradients given. */
function withGradients(...gradients: readonly number[][]): Parameter[] {
  return gradients.map((gradient) => {
    const parameter = new Parameter(zeros(gradient.length, { dtype: 'float64' }));
    parameter.grad = tensor(gradient, { dtype: 'float64' });
    return parameter;
  });
}

const gradients = (parameters: readonly Tensor[]): number[] => parameters.flatMap((p) => values(p.grad as Tensor));

test('clipGradNorm_ scales all gradients by one factor, and returns the norm before', () => {
  const parameters = withGradients([3, 0], [0, 4, 0]);
  const total = utils.clipGradNorm_(parameters, 1);
  assert.is(total.item(), 5);
  near(
    gradients(parameters),
    [3, 0, 0, 4, 0].map((g) => g / (5 + 1e-6)),
    'gradients',
    1e-12,
  );
});

test('clipGradNorm_ leaves what is small enough, to the bit', () => {
  const parameters = withGradients([0.3], [0.4]);
  near(utils.clipGradNorm_(parameters, 2), [0.5], 'norm', 1e-15);
  assert.equal(gradients(parameters), [0.3, 0.4]);
});

test('clipGradNorm_ takes other norms, one tensor, and parameters without gradients', () => {
  const parameters = withGradients([3, -1], [-4]);
  assert.is(utils.clipGradNorm_(parameters, 2, Number.POSITIVE_INFINITY).item(), 4);
  near(gradients(parameters), [1.5, -0.5, -2], 'gradients', 1e-6);
  near(utils.clipGradNorm_(parameters, { maxNorm: 1, normType: 1 }), [4], 'sum norm', 1e-5);
  const [single] = withGradients([6]);
  utils.clipGradNorm_(single, 3);
  near(gradients([single]), [3], 'single', 1e-6);
  assert.is(utils.clipGradNorm_(new Linear(1, 1).parameters(), 1).item(), 0);
});

test('clipGradNorm_ throws for a norm that is not finite only when asked to, and then writes nothing', () => {
  const parameters = withGradients([Number.POSITIVE_INFINITY, 1]);
  refuses(() => utils.clipGradNorm_(parameters, 1, { errorIfNonfinite: true }), 'ValueError', /non-finite/);
  assert.equal(gradients(parameters), [Number.POSITIVE_INFINITY, 1]);
  assert.is(utils.clipGradNorm_(parameters, 1).item(), Number.POSITIVE_INFINITY);
});

test('clipGradValue_ clips every entry', () => {
  const parameters = withGradients([3, -0.5], [-4, Number.NEGATIVE_INFINITY]);
  utils.clipGradValue_(parameters, 1);
  assert.equal(gradients(parameters), [1, -0.5, -1, -1]);
});

test('parameters become a vector and come back', () => {
  manualSeed(0);
  const net = new Sequential(new Linear(2, 3), new Tanh(), new Linear(3, 1));
  const vector = utils.parametersToVector(net.parameters());
  assert.equal(vector.shape, [13]);
  assert.is(vector.requiresGrad, true);
  const expected = net.stateDict();
  assert.equal(values(vector), Object.values(expected).flatMap(values));
  const other = new Sequential(new Linear(2, 3), new Tanh(), new Linear(3, 1));
  utils.vectorToParameters(vector, other.parameters());
  for (const [key, x] of Object.entries(other.stateDict())) assert.equal(values(x), values(expected[key]), key);
  const x = rand(4, 2);
  assert.equal(values(other(x)), values(net(x)));
  other(x).sum().backward();
  assert.ok([...other.parameters()].every((parameter) => parameter.isLeaf && parameter.grad !== null));
  refuses(
    () => utils.vectorToParameters(ones(12), net.parameters()),
    'ShapeError',
    /a vector of 13 elements, but got shape \[12\]/,
  );
});

test('countParameters counts elements, shared ones once', () => {
  const net = new Sequential(new Linear(2, 3), new Linear(3, 1));
  assert.is(utils.countParameters(net), 13);
  net.at(0).requiresGrad_(false);
  assert.is(utils.countParameters(net, { trainable: true }), 4);
  const weight = ones(4);
  assert.is(utils.countParameters([weight, weight]), 4);
});

test.run();
