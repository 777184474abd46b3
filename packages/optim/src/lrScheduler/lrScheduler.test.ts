import { ones, tensor, ValueError, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Adagrad, Adam, LBFGS, type Optimizer, SGD } from '../index.ts';
import * as lrScheduler from './index.ts';

const {
  ChainedScheduler,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  LRScheduler,
  MultiplicativeLR,
  MultiStepLR,
  OneCycleLR,
  PolynomialLR,
  ReduceLROnPlateau,
  SequentialLR,
  StepLR,
} = lrScheduler;

const sgd = (lr = 0.5): SGD => new SGD([zeros(1, { requiresGrad: true })], { lr, momentum: 0.9 });

/** What `run` writes to `console.warn`. */
function warningsOf(run: () => void): string[] {
  const { warn } = console;
  const heard: string[] = [];
  console.warn = (...args: readonly unknown[]) => void heard.push(args.join(' '));
  try {
    run();
  } finally {
    console.warn = warn;
  }
  return heard;
}

test('a schedule of a training changes what the optimiser does', () => {
  const p = tensor([0], { dtype: 'float64', requiresGrad: true });
  const optimizer = new SGD([p], { lr: 1 });
  const scheduler = new StepLR(optimizer, 2, { gamma: 0.5 });
  const seen: number[] = [];
  for (let epoch = 0; epoch < 6; epoch++) {
    p.grad = tensor([-1], { dtype: 'float64' });
    optimizer.step();
    scheduler.step();
    seen.push(p.item());
  }
  assert.equal(seen, [1, 2, 2.5, 3, 3.25, 3.5]);
});

test('options go by position or by name', () => {
  const rates = (make: (optimizer: SGD) => lrScheduler.LRScheduler): number[] => {
    const optimizer = sgd();
    const scheduler = make(optimizer);
    optimizer.step();
    return [0, 1, 2, 3].map(() => {
      scheduler.step();
      return scheduler.getLastLr()[0];
    });
  };
  const same = (...makes: ((optimizer: SGD) => lrScheduler.LRScheduler)[]): void => {
    for (const make of makes) assert.equal(rates(make), rates(makes[0]));
  };
  same(
    (o) => new StepLR(o, 2, 0.3),
    (o) => new StepLR(o, 2, { gamma: 0.3 }),
    (o) => new StepLR(o, { stepSize: 2, gamma: 0.3 }),
    (o) => new StepLR(o, 2, 0.3, -1),
  );
  same(
    (o) => new OneCycleLR(o, 1, 9),
    (o) => new OneCycleLR(o, 1, null, 3, 3),
    (o) => new OneCycleLR(o, { maxLr: 1, epochs: 3, stepsPerEpoch: 3, totalSteps: null }),
  );
  same(
    (o) => new CyclicLR(o, 0.1, 1, 2, null, 'triangular2'),
    (o) => new CyclicLR(o, 0.1, { maxLr: 1, stepSizeUp: 2, mode: 'triangular2', scaleFn: null }),
  );
});

test('a scheduler of your own has its state at hand in the first step, and in its state dict', () => {
  class InverseRoot extends LRScheduler<{ warmup: number }> {
    constructor(optimizer: Optimizer<{ lr: number }>, warmup: number) {
      super(optimizer, { warmup });
    }
    protected override getLr(): number[] {
      return this.baseLrs.map((lr) => lr * Math.sqrt(this.state.warmup / Math.max(this.state.warmup, this.lastEpoch)));
    }
  }
  const optimizer = sgd(8);
  const scheduler = new InverseRoot(optimizer, 1);
  optimizer.step();
  const seen = [0, 1, 2, 3].map(() => {
    scheduler.step();
    return optimizer.paramGroups[0].lr;
  });
  assert.equal(seen, [8, 8 * Math.sqrt(1 / 2), 8 * Math.sqrt(1 / 3), 4]);
  assert.is(scheduler.stateDict()['warmup'], 1);
});

test('a second scheduler begins with the rates that the first one found', () => {
  const optimizer = sgd(0.5);
  new ConstantLR(optimizer, 0.1, 2);
  assert.is(optimizer.paramGroups[0].lr, 0.05);
  assert.equal(new LambdaLR(optimizer, () => 1).baseLrs, [0.5]);
});

test('groups that come later keep their rates where a schedule is made for the first ones', () => {
  const optimizer = sgd(0.5);
  const schedulers = [new LambdaLR(optimizer, (epoch) => 1 / (epoch + 1)), new ExponentialLR(optimizer, 0.5)];
  optimizer.addParamGroup({ params: ones(1, { requiresGrad: true }), lr: 8 });
  optimizer.step();
  for (const scheduler of schedulers) scheduler.step();
  assert.equal(
    optimizer.paramGroups.map(({ lr }) => lr),
    [0.125, 4],
  );
});

test('schedules serve every optimiser with a learning rate', () => {
  const p = ones(2, { requiresGrad: true });
  for (const optimizer of [new Adam([p]), new Adagrad([p]), new LBFGS([p])]) {
    const scheduler = new StepLR(optimizer, 1, 0.5);
    const { lr } = optimizer.paramGroups[0];
    optimizer.step(() => p.sum().item());
    assert.equal(
      warningsOf(() => scheduler.step()),
      [],
    );
    assert.is(optimizer.paramGroups[0].lr, lr / 2);
  }
});

test('a step before that of the optimiser is warned of, once', () => {
  const optimizer = sgd();
  const scheduler = new ExponentialLR(optimizer, 0.5);
  const heard = warningsOf(() => {
    for (let i = 0; i < 3; i++) scheduler.step();
  });
  assert.is(heard.length, 1);
  assert.match(heard[0], /^torsor: ExponentialLR: step\(\) was called before optimizer\.step\(\)/);
});

test('a sequence in a sequence goes on where the outer one is', () => {
  const optimizer = sgd(1);
  const [a, b, c] = [0.5, 0.25, 0.125].map((factor) => new ConstantLR(optimizer, factor, 100));
  const inner = new SequentialLR(optimizer, [a, b], [2]);
  const outer = new SequentialLR(optimizer, [inner, c], { milestones: [4] });
  optimizer.step();
  const seen = outer.getLastLr();
  for (let epoch = 1; epoch < 6; epoch++) {
    outer.step();
    seen.push(...outer.getLastLr());
  }
  assert.equal(seen, [0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
  assert.is(outer.lastEpoch, 5);
});

test('a chain can be the first of a sequence, and knows its epoch', () => {
  const optimizer = sgd(1);
  const chain = new ChainedScheduler([new ExponentialLR(optimizer, 0.5), new ConstantLR(optimizer, 0.5, 100)]);
  assert.is(chain.lastEpoch, 0);
  const all = new SequentialLR(optimizer, [chain, new StepLR(optimizer, 10)], [2]);
  optimizer.step();
  const seen = all.getLastLr();
  for (let epoch = 1; epoch < 4; epoch++) {
    all.step();
    seen.push(...all.getLastLr());
  }
  assert.equal(seen, [0.5, 0.25, 1, 1]);
});

test('a step that fails leaves the scheduler where it was', () => {
  const optimizer = sgd();
  const cycle = new OneCycleLR(optimizer, 1, 3);
  optimizer.step();
  for (let step = 0; step < 3; step++) cycle.step();
  const [before, rates] = [cycle.stateDict(), [optimizer.paramGroups[0].lr, optimizer.paramGroups[0].momentum]];
  assert.throws(() => cycle.step(), /OneCycleLR: tried to step 4 times, but the cycle has 3 steps in all/);
  assert.equal(cycle.stateDict(), before);
  assert.equal([optimizer.paramGroups[0].lr, optimizer.paramGroups[0].momentum], rates);
});

test('ReduceLROnPlateau takes the measure as a tensor, and a NaN for no improvement', () => {
  const optimizer = sgd(1);
  const scheduler = new ReduceLROnPlateau(optimizer, { patience: 1, factor: 0.5 });
  scheduler.step(tensor(2));
  assert.equal([scheduler.best, scheduler.numBadEpochs, scheduler.lastEpoch], [2, 0, 1]);
  scheduler.step(tensor([Number.NaN]));
  assert.equal([scheduler.best, scheduler.numBadEpochs], [2, 1]);
  scheduler.step(3);
  assert.equal(scheduler.getLastLr(), [0.5]);
});

test('bad arguments are refused, and the message names class, rule and value', () => {
  const optimizer = sgd();
  const two = new SGD([{ params: [zeros(1, { requiresGrad: true })] }, { params: [zeros(1, { requiresGrad: true })] }]);
  const first = new StepLR(optimizer, 1);
  const refuses = (make: () => unknown, pattern: RegExp): void => {
    assert.throws(make, (error: Error) => error instanceof ValueError && pattern.test(error.message), String(pattern));
  };
  const none = undefined as unknown as SGD;
  for (const [name, kind] of Object.entries(lrScheduler)) {
    if (name === 'LRScheduler' || name === 'ChainedScheduler') continue;
    const make = kind as unknown as new (...args: unknown[]) => unknown;
    const args: Record<string, unknown[]> = { MultiStepLR: [[1]], LambdaLR: [() => 1], MultiplicativeLR: [() => 1] };
    const rest = args[name] ?? (name === 'OneCycleLR' ? [1, 2] : name === 'SequentialLR' ? [[first], []] : [1]);
    if (name === 'CyclicLR') rest.push(2);
    if (name === 'ReduceLROnPlateau') rest.length = 0;
    refuses(
      () => new make({}, ...rest),
      new RegExp(`^${name}: (optimizer must be an Optimizer|all schedulers must belong)`),
    );
    refuses(() => new make(none, ...rest), new RegExp(`^${name}: optimizer must be an Optimizer, but got nothing`));
    refuses(() => new make(optimizer, ...rest, { verbose: true }), new RegExp(`^${name}: unknown option 'verbose'`));
  }
  refuses(() => new StepLR(optimizer), /StepLR: invalid stepSize: nothing; it must be a number above 0/);
  refuses(() => new StepLR(optimizer, 0), /StepLR: invalid stepSize: 0; it must be a number above 0/);
  refuses(() => new StepLR(optimizer, 1, '2' as unknown as number), /StepLR: invalid gamma: "2"; it must be a finite/);
  refuses(
    () => new StepLR(optimizer, 1, 0.1, 0.5),
    /StepLR: invalid lastEpoch: 0.5; it must be an integer of at least -1/,
  );
  refuses(() => new StepLR(sgd(), 1, 0.1, 3), /StepLR: group 0 has no initialLr, .* lastEpoch 3/);
  refuses(() => first.step(Number.NaN), /StepLR: invalid epoch: NaN; it must be a finite number/);
  refuses(
    () => new MultiStepLR(optimizer, 3 as unknown as number[]),
    /MultiStepLR: milestones must be a list of epochs, but/,
  );
  refuses(() => new MultiStepLR(optimizer, [1, 2.5]), /MultiStepLR: invalid milestone: 2.5; it must be an integer/);
  refuses(() => new ConstantLR(optimizer, 1.5), /ConstantLR: invalid factor: 1.5; it must be a number from 0 to 1/);
  refuses(() => new LinearLR(optimizer, 0), /LinearLR: invalid startFactor: 0; it must be a number above 0/);
  refuses(() => new LinearLR(optimizer, 0.5, 2), /LinearLR: invalid endFactor: 2; it must be a number from 0 to 1/);
  refuses(() => new LinearLR(optimizer, { totalIters: 0 }), /LinearLR: invalid totalIters: 0/);
  refuses(() => new ExponentialLR(optimizer), /ExponentialLR: invalid gamma: nothing; it must be a finite number/);
  refuses(() => new PolynomialLR(optimizer, -1), /PolynomialLR: invalid totalIters: -1; it must be a number above 0/);
  refuses(() => new CosineAnnealingLR(optimizer, 0), /CosineAnnealingLR: invalid TMax: 0; it must be a number above 0/);
  refuses(
    () => new CosineAnnealingWarmRestarts(optimizer, 0),
    /WarmRestarts: invalid T0: 0; it must be an integer of at/,
  );
  refuses(
    () => new CosineAnnealingWarmRestarts(optimizer, 1, 0.5),
    /WarmRestarts: invalid TMult: 0.5; it must be an int/,
  );
  refuses(() => new CosineAnnealingWarmRestarts(optimizer, 1).step(-1), /expected an epoch of at least 0, but got -1/);
  refuses(
    () => new LambdaLR(optimizer, 0.5 as never),
    /LambdaLR: lrLambda must be a function or a list of them, but got 0.5/,
  );
  refuses(
    () => new LambdaLR(two, [() => 1]),
    /LambdaLR: expected 2 functions as lrLambda, one for each group, but got 1/,
  );
  const gives = new MultiplicativeLR(optimizer, (() => 'x') as never);
  optimizer.step();
  refuses(() => gives.step(), /MultiplicativeLR: lrLambda must give a number, but gave "x" at epoch 1/);
  refuses(() => new OneCycleLR(optimizer, 1), /OneCycleLR: needs totalSteps, or both epochs and stepsPerEpoch/);
  refuses(
    () => new OneCycleLR(optimizer, 1, 2.5),
    /OneCycleLR: invalid totalSteps: 2.5; it must be an integer of at least 1/,
  );
  refuses(() => new OneCycleLR(optimizer, 1, { epochs: 2, stepsPerEpoch: 0 }), /OneCycleLR: invalid stepsPerEpoch: 0/);
  refuses(
    () => new OneCycleLR(optimizer, 1, 5, { pctStart: 2 }),
    /OneCycleLR: invalid pctStart: 2; it must be a number from 0/,
  );
  refuses(
    () => new OneCycleLR(optimizer, [1, 2], 5),
    /OneCycleLR: expected 1 values for maxLr, one for each group, but got \[1, 2\]/,
  );
  refuses(
    () => new OneCycleLR(optimizer, 1, 5, { annealStrategy: 'sine' as 'cos' }),
    /OneCycleLR: invalid annealStrategy: "sine"; it must be one of 'cos', 'linear'/,
  );
  refuses(
    () => new OneCycleLR(new Adagrad([ones(1, { requiresGrad: true })]), 1, 5),
    /OneCycleLR: the optimizer must have momentum or betas for cycleMomentum, but Adagrad has lr, .*cycleMomentum: false/,
  );
  refuses(() => new CyclicLR(optimizer, 0.1), /CyclicLR: invalid maxLr: nothing; it must be a finite number/);
  refuses(() => new CyclicLR(optimizer, 0.1, 1, 0), /CyclicLR: invalid stepSizeUp: 0; it must be a number above 0/);
  refuses(
    () => new CyclicLR(optimizer, 0.1, 1, { mode: 'square' as 'triangular' }),
    /CyclicLR: invalid mode: "square"/,
  );
  refuses(
    () => new CyclicLR(optimizer, 0.1, 1, { scaleFn: 2 as never }),
    /CyclicLR: scaleFn must be a function, but got 2/,
  );
  refuses(
    () => new ReduceLROnPlateau(optimizer, { factor: 1 }),
    /ReduceLROnPlateau: factor must be below 1, but got 1/,
  );
  refuses(
    () => new ReduceLROnPlateau(optimizer, 'least' as 'min'),
    /ReduceLROnPlateau: invalid mode: "least"; it must be one/,
  );
  refuses(() => new ReduceLROnPlateau(two, { minLr: [1] }), /ReduceLROnPlateau: expected 2 values for minLr/);
  refuses(
    () => new ReduceLROnPlateau(optimizer).step(null as never),
    /step needs the measure of this epoch, but got null/,
  );
});

test('bad combinations are refused', () => {
  const optimizer = sgd();
  const [a, b] = [new StepLR(optimizer, 1), new ExponentialLR(optimizer, 0.5)];
  const plateau = new ReduceLROnPlateau(optimizer) as unknown as lrScheduler.LRScheduler;
  const chain = new ChainedScheduler([a]);
  const refuses = (make: () => unknown, pattern: RegExp): void => {
    assert.throws(make, (error: Error) => error instanceof ValueError && pattern.test(error.message), String(pattern));
  };
  refuses(() => new ChainedScheduler([]), /ChainedScheduler: needs a list of one scheduler at least, but got \[\]/);
  refuses(() => new ChainedScheduler([a, plateau]), /schedulers\[1\] must be an LRScheduler, but is ReduceLROnPlateau/);
  refuses(
    () => new ChainedScheduler([a, new StepLR(sgd(), 1)]),
    /must belong to one optimizer, but that of schedulers\[1\]/,
  );
  refuses(
    () => new ChainedScheduler([a], sgd()),
    /must belong to one optimizer, but that of schedulers\[0\] is another/,
  );
  refuses(() => new SequentialLR(sgd(), [a, b], [1]), /SequentialLR: all schedulers must belong to one optimizer/);
  refuses(
    () => new SequentialLR(optimizer, [a, b], []),
    /one milestone fewer than schedulers, but got milestones \[\] for 2/,
  );
  refuses(
    () => new SequentialLR(optimizer, [a, b, a], [3, 2]),
    /invalid milestones\[1\]: 2; it must be an integer of at least 3/,
  );
  refuses(
    () => new SequentialLR(optimizer, [a, chain], [1]),
    /schedulers\[1\] is a ChainedScheduler, which can only come first/,
  );
});

test('states that are none, or of another combination, are refused and change nothing', () => {
  const optimizer = sgd();
  const [a, b] = [new StepLR(optimizer, 1), new ExponentialLR(optimizer, 0.5)];
  const chain = new ChainedScheduler([a, b]);
  const before = chain.stateDict();
  assert.equal(Object.keys(before), ['_schedulers', '_last_lr']);
  for (const [scheduler, state, pattern] of [
    [a, {}, /StepLR.loadStateDict: expected a state dict with last_epoch, but got \{ +\}/],
    [a, null, /StepLR.loadStateDict: expected a state dict with last_epoch, but got null/],
    [
      chain,
      a.stateDict(),
      /ChainedScheduler.loadStateDict: expected a state dict with _schedulers, but got \{ step_size/,
    ],
    [chain, { _schedulers: [{}] }, /ChainedScheduler.loadStateDict: the state dict is of 1 schedulers, but here are 2/],
  ] as const) {
    assert.throws(() => scheduler.loadStateDict(state as lrScheduler.SchedulerStateDict), pattern);
  }
  assert.equal(chain.stateDict(), before);
  a.loadStateDict({ ...a.stateDict(), verbose: false, last_epoch: 7 });
  assert.is(a.lastEpoch, 7);
  assert.not.ok('verbose' in a.stateDict());
});

test('functions do not travel: those of the scheduler that loads stay', () => {
  const optimizer = sgd(1);
  const saved = new LambdaLR(optimizer, () => 0.5).stateDict();
  assert.equal(saved['lr_lambdas'], [null]);
  const scheduler = new LambdaLR(optimizer, () => 0.25);
  scheduler.loadStateDict(JSON.parse(JSON.stringify(saved)));
  optimizer.step();
  scheduler.step();
  assert.equal(scheduler.getLastLr(), [0.25]);
});

test.run();
