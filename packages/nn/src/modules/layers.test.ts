import type { Tensor } from '@torsor/core';
import { manualSeed, rand, tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LayerCase } from '../fixtures/check.ts';
import { checkLayer, classOf, construct, crc, near, refuses, values, warningsOf } from '../fixtures/check.ts';
import data from '../fixtures/layers.json' with { type: 'json' };
import parameterData from '../fixtures/parameters.json' with { type: 'json' };
import * as nn from '../index.ts';

const cases = data as unknown as readonly LayerCase[];

for (const name of new Set(cases.map((c) => c.name))) {
  test(`${name} agrees with PyTorch: printed form, output, gradients, state`, () => {
    for (const c of cases) if (c.name === name) warningsOf(() => checkLayer(c, manualSeed));
  });
}

interface ParameterCase {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly seed: number;
  readonly state: Readonly<
    Record<string, readonly [dtype: string, shape: readonly number[], crc: number, ...few: number[]]>
  >;
  readonly after: number;
}

test('default initialisation is that of PyTorch, bit for bit, and leaves the generator where PyTorch leaves it', () => {
  for (const c of parameterData as unknown as readonly ParameterCase[]) {
    manualSeed(c.seed);
    const module = construct({ ...c, options: {} });
    const label = `${c.name}(${JSON.stringify(c.args)}) after seed ${c.seed}`;
    const state = module.stateDict();
    assert.equal(Object.keys(state), Object.keys(c.state), label);
    for (const [key, [dtype, shape, sum, ...few]] of Object.entries(c.state)) {
      assert.is(state[key].dtype, dtype, `${label}: dtype of ${key}`);
      assert.equal([...state[key].shape], [...shape], `${label}: shape of ${key}`);
      assert.equal(values(state[key]).slice(0, few.length), few, `${label}: first values of ${key}`);
      assert.is(crc(state[key]), sum, `${label}: bytes of ${key}`);
    }
    assert.is(rand(1).item(), c.after, `${label}: the next number`);
  }
});

test('resetParameters draws anew what construction drew', () => {
  for (const make of [
    () => new nn.Conv2d(3, 4, 3),
    () => new nn.Linear(5, 6),
    () => new nn.Bilinear(2, 3, 4),
    () => new nn.Embedding(5, 3, 2),
  ]) {
    manualSeed(3);
    const layer = make();
    const before = Object.values(layer.stateDict()).flatMap(values);
    manualSeed(3);
    layer.resetParameters();
    assert.equal(Object.values(layer.stateDict()).flatMap(values), before);
  }
});

test('inplace activations write into their input, with the same values and gradients', () => {
  const layers: [string, unknown[]][] = [
    ['ReLU', []],
    ['ReLU6', []],
    ['SELU', []],
    ['SiLU', []],
    ['Mish', []],
    ['Hardswish', []],
    ['Hardsigmoid', []],
    ['LeakyReLU', [0.1]],
    ['ELU', [0.5]],
    ['CELU', [0.5]],
    ['Hardtanh', [-1, 0.5]],
    ['Threshold', [0.1, -3]],
  ];
  for (const [name, args] of layers) {
    const gradients: number[][] = [];
    const outputs: number[][] = [];
    for (const inplace of [false, true]) {
      const layer = new (classOf(name))(...args, { inplace });
      const leaf = tensor([-4, -1.5, -0.2, 0.3, 1.2, 7], { dtype: 'float64', requiresGrad: true });
      const x = leaf.mul(1);
      const out = layer(x) as Tensor;
      assert.is(out === x, inplace, name);
      if (inplace) assert.equal(values(x), values(out), name);
      out.mul(out).sum().backward();
      gradients.push(values(leaf.grad as Tensor));
      outputs.push(values(out));
    }
    near(outputs[1], outputs[0], `${name}: output`, 0);
    near(gradients[1], gradients[0], `${name}: gradient`, 1e-14);
  }
});

test('a leaf that requires a gradient cannot be written to', () => {
  const leaf = tensor([1, -1], { requiresGrad: true });
  refuses(() => new nn.ReLU(true)(leaf), 'AutogradError', /leaf/);
  refuses(() => new nn.ELU(1, true)(leaf), 'AutogradError', /leaf/);
  assert.equal(values(leaf), [1, -1]);
});

test('a softmax without a dimension takes the one that PyTorch takes, and warns', () => {
  const softmax = new nn.Softmax();
  assert.is(String(softmax), 'Softmax(dim=None)');
  const heard = warningsOf(() => {
    assert.equal(values(softmax(rand(2, 3)).sum(1)).map(Math.round), [1, 1]);
    assert.equal(values(softmax(rand(2, 2, 2)).sum(0)).map(Math.round), [1, 1, 1, 1]);
  });
  assert.is(heard.length, 2);
  assert.match(heard[0], /Implicit dimension choice/);
});

test('max pooling returns indices when asked, and knows it in its type', () => {
  const x = tensor([[[1, 3, 2, 5]]]);
  const plain: Tensor = new nn.MaxPool1d(2)(x);
  assert.equal(plain.toArray(), [[[3, 5]]]);
  const { values: largest, indices } = new nn.MaxPool1d(2, { returnIndices: true })(x);
  assert.equal(largest.toArray(), [[[3, 5]]]);
  assert.equal(indices.toArray(), [[[1, 3]]]);
  const [best, at] = new nn.AdaptiveMaxPool1d(1, true)(x);
  assert.is(best.item(), 5);
  assert.is(at.item(), 3);
});

test('arguments that layers cannot use are refused', () => {
  refuses(
    () => new nn.Linear(3 as number, undefined as unknown as number),
    'ValueError',
    /^Linear: missing argument 'outFeatures'/,
  );
  refuses(() => new nn.Linear(1.5, 2), 'ValueError', /inFeatures must be an integer/);
  refuses(() => new nn.Linear(1, 2, 1 as unknown as boolean), 'ValueError', /bias must be true or false/);
  refuses(() => new nn.Linear(3, 4)(rand(2, 5)), 'ShapeError', /cannot be multiplied/);
  refuses(() => new nn.Dropout(1.5), 'ValueError', /probability has to be between 0 and 1, but got 1.5/);
  refuses(() => new nn.Hardtanh(1, -1), 'ValueError', /maxVal must be greater than minVal/);
  refuses(() => new nn.GLU()(rand(2, 3)), 'ShapeError', /Halving dimension must be even, but dimension -1 is size 3/);
  refuses(() => new nn.PReLU(3)(rand(2, 4)), 'ShapeError', /parameter numbers = 3 and channel size = 4/);
  refuses(() => new nn.MaxPool2d([1, 2, 3]), 'ValueError', /kernelSize must be a number or a list of 2/);
  refuses(() => new nn.ConstantPad1d(2), 'ValueError', /missing argument 'value'/);
  refuses(() => new nn.ReflectionPad1d(3)(rand(1, 3)), 'ShapeError', /less than the corresponding input dimension/);
  refuses(() => new nn.MSELoss({ reduction: 'average' as 'mean' }), 'ValueError', /not a valid value for reduction/);
  refuses(
    () => new nn.MSELoss('sum' as unknown as boolean),
    'ValueError',
    /sizeAverage must be a boolean.*give \{ reduction \}/,
  );
  refuses(
    () => new nn.CrossEntropyLoss()(rand(2, 3), tensor([0, 3], { dtype: 'int32' })),
    'IndexError',
    /Target 3 is out of bounds/,
  );
  refuses(() => new nn.Embedding(5, 2, 5), 'ValueError', /paddingIdx must be within numEmbeddings/);
  refuses(() => new nn.Embedding(5, 2, { sparse: true }), 'NotImplementedError', /sparse/);
  refuses(() => new nn.Embedding(5, 2)(tensor([5], { dtype: 'int32' })), 'IndexError', /5/);
  refuses(() => new nn.GroupNorm(4, 6), 'ShapeError', /numChannels must be divisible by numGroups/);
  refuses(() => new nn.LayerNorm([3, 4])(rand(2, 4)), 'ShapeError', /expected input with shape \[\*, 3, 4\]/);
  refuses(() => new nn.InstanceNorm1d(3)(rand(2, 3, 1)), 'ShapeError', /more than 1 spatial element/);
});

test('circular and one-dimensional zero padding, which PyTorch 1.13 has not, are those of pad', () => {
  const x = tensor([[1, 2, 3]]);
  assert.equal(new nn.CircularPad1d(2)(x).toArray(), [[2, 3, 1, 2, 3, 1, 2]]);
  assert.is(String(new nn.CircularPad1d([1, 2])), 'CircularPad1d((1, 2))');
  assert.equal(
    new nn.CircularPad2d([1, 0, 0, 1])(
      tensor([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
    ).toArray(),
    [
      [
        [2, 1, 2],
        [4, 3, 4],
        [2, 1, 2],
      ],
    ],
  );
  assert.equal(new nn.ZeroPad1d([1, 0])(x).toArray(), [[0, 1, 2, 3]]);
  assert.is(String(new nn.ZeroPad1d(1)), 'ZeroPad1d((1, 1))');
});

test('a table of given rows is frozen unless asked otherwise, and draws nothing', () => {
  const rows = tensor([
    [1, 2.5],
    [4, 5],
    [0, 1],
  ]);
  manualSeed(0);
  const next = rand(1).item();
  manualSeed(0);
  const frozen = nn.Embedding.fromPretrained(rows);
  assert.is(rand(1).item(), next);
  assert.is(frozen.weight.requiresGrad, false);
  assert.is(String(frozen), 'Embedding(3, 2)');
  assert.equal(frozen(tensor([1, 0], { dtype: 'int32' })).toArray(), [
    [4, 5],
    [1, 2.5],
  ]);
  const trained = nn.Embedding.fromPretrained(rows, { freeze: false, paddingIdx: -1 });
  assert.is(trained.weight.requiresGrad, true);
  assert.is(trained.paddingIdx, 2);
  assert.equal(Object.keys(trained.stateDict()), ['weight']);
});

test('Linear, ReLU and their like are callable instances of their class', () => {
  const layer = new nn.Linear(2, 3);
  assert.instance(layer, nn.Linear);
  assert.instance(layer, nn.Module);
  assert.is(typeof layer, 'function');
  const x = rand(4, 2);
  assert.equal(values(layer(x)), values(layer.forward(x)));
  assert.ok(nn.isModule(layer));
  assert.not.ok(nn.isModule(() => x));
});

test.run();
