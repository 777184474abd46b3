/** Averages of weights are PyTorch's, step by step. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from './fixtures/swa.json' with { type: 'json' };
import type { Tensor } from './index.ts';
import { manualSeed, nn, optim, rand, tensor, zeros } from './index.ts';

const { AveragedModel, getEmaAvgFn, getSwaAvgFn, updateBn } = nn;
const { BatchNorm1d, Buffer, Linear, Module, Parameter, ReLU, Sequential } = nn;
const { lrScheduler, SGD, SWALR } = optim;

const values = (x: Tensor): number[] => Array.from(x.toTypedArray(), Number);

function near(actual: readonly number[], expected: readonly number[], label: string): void {
  assert.is(actual.length, expected.length, label);
  actual.forEach((value, i) => {
    assert.ok(
      Math.abs(value - expected[i]) <= 1e-12 * Math.max(1, Math.abs(expected[i])),
      `${label}: ${value} for ${expected[i]}`,
    );
  });
}

const averages: Readonly<Record<keyof typeof fixtures.averages, nn.AveragedModelOptions>> = {
  mean: {},
  ema: { avgFn: (averaged, current) => averaged.mul(0.9).add(current.mul(0.1)) },
  'mean, buffers too': { avgFn: getSwaAvgFn(), useBuffers: true },
  'ema, buffers too': { avgFn: getEmaAvgFn(0.9), useBuffers: true },
};

for (const [name, options] of Object.entries(averages)) {
  const expected = fixtures.averages[name as keyof typeof averages];
  test(`${name}: states, statistics and outputs are PyTorch's`, () => {
    manualSeed(6);
    const net = new Sequential(new Linear(3, 4), new BatchNorm1d(4), new ReLU(), new Linear(4, 1)).double();
    const batches = [...rand([4, 5, 3], { dtype: 'float64' })];
    const averaged = new AveragedModel(net, options);
    const optimizer = new SGD(net.parameters(), 0.5);
    assert.equal(Object.keys(averaged.stateDict()), expected.keys);
    const agrees = (step: number): void => {
      Object.entries(averaged.stateDict()).forEach(([key, value], i) => {
        near(values(value), expected.states[step][i], `${name}, step ${step}: ${key}`);
      });
    };
    batches.forEach((batch, step) => {
      optimizer.zeroGrad();
      net(batch).square().mean().backward();
      optimizer.step();
      averaged.updateParameters(net);
      assert.is(averaged.nAveraged, step + 1);
      agrees(step);
    });
    updateBn(
      batches.map((batch) => [batch, null] as const),
      averaged,
    );
    agrees(4);
    near(values(averaged.eval()(batches[0])), expected.output, 'output');
  });
}

test('the average is a model of its own: called, saved, loaded, and of the type of what it copies', () => {
  const net = new Linear(3, 2);
  const averaged = new AveragedModel(net);
  averaged.updateParameters(net);
  const weight: nn.Parameter = averaged.module.weight;
  assert.is.not(weight, net.weight);
  assert.equal(weight.toArray(), net.weight.toArray());
  net.weight.data.fill_(7);
  assert.not.equal(weight.toArray(), net.weight.toArray());
  const out: Tensor = averaged(rand(4, 3));
  assert.equal(out.shape, [4, 2]);
  const other = new AveragedModel(net);
  other.loadStateDict(averaged.stateDict());
  assert.equal([other.nAveraged, other.module.weight.toArray()], [1, weight.toArray()]);
  assert.is(String(averaged), `AveragedModel(\n  (module): ${net}\n)`);
  assert.ok([...averaged.parameters()].every((parameter) => parameter.requiresGrad && parameter.grad === null));
});

test('avgFn is given how many models there were before', () => {
  const net = new Linear(1, 1);
  const counts: number[] = [];
  const averaged = new AveragedModel(net, (own, _, count) => {
    counts.push(count);
    return own;
  });
  for (let i = 0; i < 3; i++) averaged.updateParameters(net);
  assert.equal(counts, [1, 1, 2, 2]);
});

test('models of several arguments and results keep their types', () => {
  class Pair extends Module<[x: Tensor, n: number], [Tensor, number]> {
    scale = new Parameter(tensor([2]));
    forward(x: Tensor, n: number): [Tensor, number] {
      return [x.mul(this.scale), n];
    }
  }
  const [y, n]: [Tensor, number] = new AveragedModel(new Pair())(tensor([3]), 4);
  assert.equal([y.toArray(), n], [[6], 4]);
});

test('a model that does not fit is refused before anything is written', () => {
  const averaged = new AveragedModel(new Linear(3, 2));
  const before = averaged.module.weight.toArray();
  assert.throws(
    () => averaged.updateParameters(new Linear(3, 1)),
    /^AveragedModel.updateParameters: the parameters of the model have shapes \[1, 3\], \[1\], but those of the average \[2, 3\], \[2\]/,
  );
  const more = new Linear(3, 2);
  Object.assign(more, { extra: new Buffer(zeros(1)) });
  assert.throws(() => averaged.updateParameters(more), /the buffers of the model/);
  assert.equal([averaged.nAveraged, averaged.module.weight.toArray()], [0, before]);
  assert.throws(() => new AveragedModel(3 as never), /^AveragedModel: model must be a module, but got 3/);
  assert.throws(
    () => new AveragedModel(more, { decay: 1 } as never),
    /unknown option 'decay'; known options are avgFn, useBuffers/,
  );
  assert.throws(() => new AveragedModel(more, 0.9 as never), /avgFn must be a function, but got 0.9/);
  assert.throws(() => getEmaAvgFn({ decay: 2 }), /^getEmaAvgFn: decay must be a number from 0 to 1, but got 2/);
});

test('updateBn leaves mode and momenta as they were, also when a batch is refused', () => {
  const norms = [new BatchNorm1d(2, { momentum: 0.3 }), new BatchNorm1d(2, { trackRunningStats: false })];
  const net = new Sequential(...norms).eval();
  const seen = () => [net.training, norms[0].training, norms[0].momentum, norms[1].momentum];
  const before = seen();
  updateBn(
    [
      tensor([
        [0, 0],
        [2, 4],
      ]),
      tensor([
        [2, 2],
        [2, 2],
      ]),
    ],
    net,
  );
  assert.equal(seen(), before);
  assert.equal(norms[0].runningMean?.toArray(), [1.5, 2]);
  assert.equal(norms[0].runningVar?.toArray(), [1, 4]);
  assert.throws(() => updateBn([zeros(1, 2)], net), /more than 1 value per channel/);
  assert.equal(seen(), before);
  const plain = new Linear(1, 1).eval();
  updateBn([zeros(1, 3)], plain);
  assert.is(plain.training, false);
});

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Two groups, as `tools/fixtures/swa.py` has them. */
const groups = (): optim.SGD => {
  const params = [0, 1].map(() => zeros(1, { requiresGrad: true }));
  return new SGD(
    [
      { params: [params[0]], lr: 0.1 },
      { params: [params[1]], lr: 0.02 },
    ],
    { lr: 1 },
  );
};

for (const { options, rates } of fixtures.schedules) {
  test(`SWALR(${JSON.stringify(options)}) sets PyTorch's rates, after another schedule`, () => {
    const optimizer = groups();
    const first = new lrScheduler.ExponentialLR(optimizer, 0.5);
    const named = Object.fromEntries(Object.entries(options).map(([key, value]) => [camel(key), value]));
    const scheduler = new SWALR(optimizer, named as Partial<optim.SWALROptions>);
    rates.forEach((expected, epoch) => {
      optimizer.step();
      (epoch < 3 ? first : scheduler).step();
      near(
        optimizer.paramGroups.map(({ lr }) => lr),
        expected,
        `epoch ${epoch}`,
      );
    });
  });
}

test('the state of a SWALR has the keys of PyTorch, and resumes', () => {
  const run = (optimizer: optim.SGD, scheduler: optim.SWALR, epochs: number): number[] => {
    for (let i = 0; i < epochs; i++) {
      optimizer.step();
      scheduler.step();
    }
    return scheduler.getLastLr();
  };
  const optimizer = groups();
  const scheduler = new SWALR(optimizer, 0.05, 6);
  run(optimizer, scheduler, 3);
  const saved = JSON.parse(JSON.stringify(scheduler.stateDict()));
  assert.equal(Object.keys(saved).sort(), [
    '_last_lr',
    '_step_count',
    'anneal_epochs',
    'anneal_func',
    'base_lrs',
    'last_epoch',
  ]);
  const group = optimizer.stateDict().param_groups[0];
  assert.equal([group['swa_lr'], group['initial_lr']], [0.05, 0.1]);
  const again = groups();
  again.loadStateDict(optimizer.stateDict());
  const resumed = new SWALR(again, 0.05, 6);
  again.loadStateDict(optimizer.stateDict());
  resumed.loadStateDict(saved);
  assert.equal(run(again, resumed, 2), run(optimizer, scheduler, 2));
});

test('SWALR refuses what makes no sense', () => {
  assert.throws(() => new SWALR(groups(), [0.1]), /^SWALR: expected 2 rates as swaLr, one for each group, but got 1/);
  assert.throws(() => new SWALR(groups()), /^SWALR: invalid swaLr/);
  assert.throws(() => new SWALR(groups(), 0.1, -1), /^SWALR: invalid annealEpochs: -1/);
  assert.throws(
    () => new SWALR(groups(), 0.1, { annealStrategy: 'cosine' as never }),
    /^SWALR: invalid annealStrategy: "cosine"; it must be one of 'cos', 'linear'/,
  );
  assert.throws(() => new SWALR(groups(), { swaLr: 0.1, epochs: 2 } as never), /unknown option 'epochs'/);
});

test.run();
