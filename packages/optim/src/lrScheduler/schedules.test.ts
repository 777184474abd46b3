import { zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AdamW, SGD } from '../index.ts';
import fixtures from './fixtures/lrScheduler.json' with { type: 'json' };
import type { ScheduledOptimizer } from './index.ts';
import * as lrScheduler from './index.ts';

type Options = Record<string, unknown>;

interface Case {
  readonly name: string;
  readonly options: Options;
  readonly lrs: readonly (readonly number[])[];
}

interface Schedule extends Case {
  /** Factors by which the rates are multiplied by hand before a step. */
  readonly edits: Readonly<Record<string, number>>;
  readonly momenta: readonly (readonly number[])[];
  readonly state: Record<string, unknown>;
}

type Kind = new (...args: readonly unknown[]) => lrScheduler.LRScheduler;
const kinds = lrScheduler as unknown as Readonly<Record<string, Kind>>;

/** Those of the script, by the same names. */
const functions: Readonly<Record<string, (x: number) => number>> = {
  inverse: (x) => 1 / (1 + x),
  thirds: (x) => (x % 3 === 1 ? 0.5 : 0.9),
};

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function sgd(groups: readonly object[] = fixtures.groups): SGD {
  const withParams = groups.map((group) => {
    const options = Object.entries(group).map(([key, value]) => [camel(key), value]);
    return { ...Object.fromEntries(options), params: [zeros(1, { requiresGrad: true })] };
  });
  return new SGD(withParams, { lr: 1, momentum: 0.9 });
}

function make(
  optimizer: ScheduledOptimizer,
  name: string,
  options: Options,
  more: Options = {},
): lrScheduler.LRScheduler {
  const { schedulers, ...rest } = options;
  const given: Options = { ...more };
  for (const [key, value] of Object.entries(rest)) {
    const isFunction = key === 'lr_lambda' || key === 'scale_fn';
    const named = (entry: unknown): unknown => (isFunction ? functions[entry as string] : entry);
    given[camel(key)] = Array.isArray(value) ? value.map(named) : named(value);
  }
  if (schedulers === undefined) return new kinds[name](optimizer, given);
  const parts = (schedulers as readonly [string, Options][]).map((part) => make(optimizer, ...part));
  return name === 'ChainedScheduler' ? new kinds[name](parts) : new kinds[name](optimizer, parts, given);
}

const ratesOf = (optimizer: ScheduledOptimizer): number[] => optimizer.paramGroups.map(({ lr }) => lr);

/**
 * Cosines, powers and products are each within an ulp of Python's; recursions carry that on, and where they leave a rate near 0, what
 * counts are the rates before it.
 */
function close(actual: readonly number[], expected: readonly number[], title: string): void {
  assert.is(actual.length, expected.length, `${title}: length`);
  expected.forEach((value, i) => {
    const error = Math.abs(actual[i] - value);
    assert.ok(error <= 4e-15 * Math.max(1, Math.abs(value)), `${title}: ${actual[i]}, expected ${value}`);
    assert.ok(error <= 1e-12 * Math.abs(value) || Math.abs(value) < 1e-6, `${title}: ${actual[i]}, expected ${value}`);
  });
}

/** Keys that only PyTorch 2 has, or this library. */
const ADDED = ['_anneal_func_type', 'use_beta1', 'mode_worse'];

function sameState(actual: unknown, expected: unknown, title: string): void {
  if (typeof expected === 'number') close([actual as number], [expected], title);
  else if (typeof expected !== 'object' || expected === null) assert.is(actual ?? null, expected, title);
  else {
    const own = actual as Options;
    // Without momentum PyTorch has no bounds of it.
    const mayBe = own['cycle_momentum'] === false ? [...ADDED, 'base_momentums', 'max_momentums'] : ADDED;
    const extra = Object.keys(own).filter((key) => !(key in expected) && !mayBe.includes(key));
    const missing = Object.keys(expected).filter((key) => !(key in own));
    assert.equal([extra, missing], [[], []], title);
    for (const [key, value] of Object.entries(expected)) sameState(own[key], value, `${title}.${key}`);
  }
}

const schedules = fixtures.schedules as unknown as readonly Schedule[];

function run(optimizer: SGD, scheduler: lrScheduler.LRScheduler, entry: Schedule, from: number, to: number): void {
  for (let step = from; step < to; step++) {
    optimizer.step();
    for (const group of optimizer.paramGroups) group.lr *= entry.edits[step] ?? 1;
    scheduler.step();
    close(ratesOf(optimizer), entry.lrs[step], `rates at step ${step}`);
    assert.equal(scheduler.getLastLr(), ratesOf(optimizer));
    close(
      optimizer.paramGroups.map(({ momentum }) => momentum),
      entry.momenta[step],
      `momenta at step ${step}`,
    );
  }
}

for (const entry of schedules) {
  const { name, options, lrs, edits, state } = entry;
  const isEdited = Object.keys(edits).length > 0;
  const title = `${name}(${JSON.stringify(options)})${isEdited ? ', with rates changed by hand' : ''}`;

  test(`${title} has PyTorch's rates and state`, () => {
    const optimizer = sgd();
    const scheduler = make(optimizer, name, options);
    close(ratesOf(optimizer), lrs[0], 'rates at first');
    run(optimizer, scheduler, entry, 1, lrs.length);
    sameState(scheduler.stateDict(), state, 'state');
  });

  test(`${title} goes on from state dicts as if it had not stopped, also through JSON`, () => {
    const first = sgd();
    const before = make(first, name, options);
    run(first, before, entry, 1, 5);
    const second = sgd();
    const after = make(second, name, options);
    // Another who has the state does not see what becomes of it.
    const saved = before.stateDict();
    second.loadStateDict(first.stateDict());
    after.loadStateDict(JSON.parse(JSON.stringify(saved)));
    assert.equal(after.stateDict(), saved);
    run(second, after, entry, 5, lrs.length);
    assert.equal(before.stateDict(), saved);
  });
}

for (const { name, options, groups, lrs } of fixtures.resumes as unknown as readonly (Case & { groups: object[] })[]) {
  test(`${name}(${JSON.stringify(options)}) resumes from lastEpoch as PyTorch does`, () => {
    const optimizer = sgd(groups);
    const scheduler = make(optimizer, name, options, { lastEpoch: fixtures.resumed });
    assert.is(scheduler.lastEpoch, fixtures.resumed + 1);
    for (const expected of lrs) {
      close(ratesOf(optimizer), expected, `rates at epoch ${scheduler.lastEpoch}`);
      optimizer.step();
      scheduler.step();
    }
  });
}

for (const { name, options, lrs } of fixtures.jumps as unknown as readonly Case[]) {
  test(`${name}(${JSON.stringify(options)}) steps to an epoch by its closed form`, () => {
    const optimizer = sgd();
    const scheduler = make(optimizer, name, options);
    optimizer.step();
    fixtures.epochs.forEach((epoch, i) => {
      scheduler.step(epoch);
      assert.is(scheduler.lastEpoch, epoch);
      close(ratesOf(optimizer), lrs[i], `rates at epoch ${epoch}`);
    });
    scheduler.step();
    close(ratesOf(optimizer), lrs[lrs.length - 1], 'rates at the next');
  });
}

test('CosineAnnealingWarmRestarts takes fractions of epochs', () => {
  const { epochs, lrs } = fixtures.fractions;
  const optimizer = sgd();
  const scheduler = new lrScheduler.CosineAnnealingWarmRestarts(optimizer, 3, { TMult: 2 });
  epochs.forEach((epoch, i) => {
    scheduler.step(epoch);
    close(ratesOf(optimizer), lrs[i], `rates at epoch ${epoch}`);
  });
  // The logarithm by which PyTorch finds the cycle is rounded below 5 here.
  const third = new lrScheduler.CosineAnnealingWarmRestarts(optimizer, 1, { TMult: 3 });
  third.step(121);
  close(third.getLastLr(), [0.1, 0.02], 'rates at a restart');
});

for (const { options, lrs, state } of fixtures.plateaus as unknown as readonly Schedule[]) {
  test(`ReduceLROnPlateau(${JSON.stringify(options)}) has PyTorch's rates and state`, () => {
    const optimizer = sgd();
    const given = Object.fromEntries(Object.entries(options).map(([key, value]) => [camel(key), value]));
    let scheduler = new lrScheduler.ReduceLROnPlateau(optimizer, given);
    fixtures.metrics.forEach((metric, step) => {
      if (step === 0 || step === 6) {
        const saved = JSON.parse(JSON.stringify(scheduler.stateDict()));
        scheduler = new lrScheduler.ReduceLROnPlateau(optimizer, { mode: scheduler.best < 0 ? 'min' : 'max' });
        scheduler.loadStateDict(saved);
      }
      scheduler.step(metric);
      close(ratesOf(optimizer), lrs[step], `rates after ${step + 1} measures`);
      assert.equal(scheduler.getLastLr(), ratesOf(optimizer));
    });
    sameState(scheduler.stateDict(), state, 'state');
  });
}

for (const name of ['OneCycleLR', 'CyclicLR']) {
  test(`${name} moves the first β of an Adam as it moves the momentum of SGD`, () => {
    for (const entry of schedules) {
      const isEdited = Object.keys(entry.edits).length > 0;
      if (entry.name !== name || isEdited || entry.options['cycle_momentum'] === false) continue;
      const params = fixtures.groups.map((group) => ({ ...group, params: [zeros(1, { requiresGrad: true })] }));
      const optimizer = new AdamW(params, { betas: [0.5, 0.99] });
      const scheduler = make(optimizer, name, entry.options);
      entry.momenta.forEach((expected, step) => {
        if (step > 0) {
          optimizer.step();
          scheduler.step();
        }
        close(
          optimizer.paramGroups.map(({ betas }) => betas[0]),
          expected,
          `β₁ at step ${step}`,
        );
        assert.ok(optimizer.paramGroups.every(({ betas }) => betas[1] === 0.99));
      });
    }
  });
}

test.run();
