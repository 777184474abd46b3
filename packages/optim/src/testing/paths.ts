/** Tests that every optimiser passes: PyTorch's paths and states, and what holds for all kinds of parameters. */

import { memory, ones, Tensor, tensor, tidy, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from '../fixtures/optim.json' with { type: 'json' };
import type { Optimizer, ParamState } from '../index.ts';
import * as optim from '../index.ts';

type Plain = number | null | readonly Plain[];

interface Case {
  readonly name: string;
  readonly options: Record<string, unknown>;
  /** Of a parameter group in PyTorch's state dict. */
  readonly keys: readonly string[];
  /** The parameter after each step. */
  readonly path: readonly (readonly number[])[];
  /** The state half way, and at the end. */
  readonly middle: Record<string, Plain>;
  readonly state: Record<string, Plain>;
}

type Groups = readonly Tensor[] | readonly ({ readonly params: readonly Tensor[] } & Record<string, unknown>)[];
type Kind = new (params: Groups, options: object) => Optimizer<{ lr: number }>;

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const camelKeys = (options: object): object =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [camel(key), value]));

const { start, steps, middle: half } = fixtures;

/** So many copies of the six elements are longer than the pieces in which some steps are taken. */
const COPIES = 11_000;

/** A loss whose form changes from step to step. */
function lossOf(p: Tensor, step: number, target: Tensor): Tensor {
  return p
    .sub(target)
    .pow(2)
    .mul(1 + (step % 3))
    .sum()
    .add(p.sin().sum());
}

/**
 * @param tolerance relative, beside 1 or the value; 1e-12 where operations are PyTorch's but for their order
 */
function close(actual: Tensor | number, expected: Plain, title: string, tolerance = 1e-12): void {
  const values = typeof actual === 'number' ? [actual] : [...actual.detach().toTypedArray()].map(Number);
  const wanted = [expected].flat() as number[];
  assert.is(values.length, wanted.length, `${title}: length`);
  wanted.forEach((value, i) => {
    const error = Math.abs(values[i] - value);
    assert.ok(
      error <= tolerance * Math.max(1, Math.abs(value)),
      `${title}: entry ${i} is ${values[i]}, expected ${value}`,
    );
  });
}

/** Tests of one optimiser against PyTorch, and of what none may get wrong. */
export function followsPyTorch(name: string, tolerance?: number): void {
  const kind = (optim as unknown as Record<string, Kind>)[name];
  const target = tensor(fixtures.target, { dtype: 'float64' });
  const cases = (fixtures.cases as unknown as readonly Case[]).filter((entry) => entry.name === name);

  /** Steps `from … to - 1` on the fixture's loss. */
  const run = (
    optimizer: Optimizer<{ lr: number }>,
    p: Tensor,
    from: number,
    to: number,
    visit?: (step: number) => void,
  ) => {
    const towards = p.ndim === 2 ? target : target.reshape(-1).repeat(p.numel() / target.numel());
    for (let step = from; step < to; step++) {
      const closure = (): Tensor => {
        optimizer.zeroGrad();
        const loss = lossOf(p, step, towards);
        loss.backward();
        return loss;
      };
      optimizer.step(closure);
      visit?.(step);
    }
  };
  const begin = (): Tensor => tensor(start, { dtype: 'float64', requiresGrad: true });

  for (const { options, keys, path, middle, state } of cases) {
    const title = `${name}(${JSON.stringify(options)})`;
    const make = (p: Tensor): Optimizer<{ lr: number }> => new kind([p], camelKeys(options));

    test(`${title} takes PyTorch's path, and its state has PyTorch's entries`, () => {
      const p = begin();
      const optimizer = make(p);
      run(optimizer, p, 0, steps, (step) => close(p, path[step], `step ${step}`, tolerance));
      const entries = optimizer.stateDict().state['0'] ?? {};
      const wanted = Object.entries(state).filter(([, value]) => value !== null);
      assert.equal(Object.keys(entries).sort(), wanted.map(([key]) => key).sort());
      for (const [key, value] of wanted) {
        const entry = entries[key];
        if (['step', 'eta', 'mu', 'mu_product'].includes(key)) assert.is((entry as Tensor).dtype, 'float32', key);
        const list = (Array.isArray(entry) ? entry : [entry]) as readonly (Tensor | number)[];
        const many = Array.isArray(entry) ? (value as readonly Plain[]) : [value];
        assert.is(list.length, many.length, `${key}: length`);
        for (const [i, one] of list.entries()) close(one, many[i], `${key} ${i}`, tolerance);
      }
    });

    test(`${title} has PyTorch's keys in its groups`, () => {
      const [group] = make(begin()).stateDict().param_groups;
      const missing = keys.filter((key) => !(key in group));
      assert.equal(missing, []);
      for (const [key, value] of Object.entries(options)) assert.equal(group[key], value, key);
    });

    test(`${title} goes on from a state that PyTorch saved`, () => {
      const p = tensor(path[half - 1] as number[], { dtype: 'float64' })
        .reshape(2, 3)
        .requiresGrad_();
      const optimizer = new kind([p], {});
      const asTensor = (key: string, value: Plain): ParamState[string] => {
        if (!Array.isArray(value))
          return typeof value === 'number' && key !== 't' ? tensor(value, { dtype: 'float64' }) : (value as null);
        if (value.length !== p.numel() || Array.isArray(value[0]))
          return value.map((one) => asTensor(key, one)) as Tensor[];
        const whole = tensor(value as number[], { dtype: 'float64' });
        return name === 'LBFGS' ? whole : whole.reshape(2, 3);
      };
      const entries = Object.entries(middle).map(([key, value]) => [key, asTensor(key, value)]);
      const group = { ...make(p).stateDict().param_groups[0], ...options, foreach: null, params: [0] };
      optimizer.loadStateDict({ state: { 0: Object.fromEntries(entries) }, param_groups: [group] });
      run(optimizer, p, half, steps);
      close(p, path[steps - 1], 'last step', tolerance);
    });

    test(`${title} goes on from its own state dict as if it had not stopped`, () => {
      const p = begin();
      const first = make(p);
      run(first, p, 0, 3);
      const q = p.detach().clone().requiresGrad_();
      const second = new kind([q], { lr: 123 });
      second.loadStateDict(first.stateDict());
      run(first, p, 3, steps);
      run(second, q, 3, steps);
      assert.equal(q.toArray(), p.toArray());
    });
  }

  test(`${name} takes the same path with long parameters, which kernels compute, in pieces`, () => {
    const p = begin();
    const q = tensor(start.flat(), { dtype: 'float64' }).repeat(COPIES).requiresGrad_();
    for (const x of [p, q]) run(new kind([x], { lr: 0.05 }), x, 0, 3);
    if (name === 'LBFGS') return;
    const once = [...p.detach().toTypedArray()] as number[];
    close(q, Array.from({ length: COPIES }, () => once).flat(), 'path', 1e-12);
  });

  if (['Adadelta', 'Adamax', 'Rprop'].includes(name)) {
    test(`${name} takes parameters whose elements lie in another order`, () => {
      const p = begin();
      const q = p.detach().t().contiguous().t().requiresGrad_();
      assert.not.ok(q.isContiguous());
      for (const x of [p, q]) run(new kind([x], { lr: 0.05 }), x, 0, 3);
      assert.equal(q.toArray(), p.toArray());
    });
  }

  test(`${name} takes parameters of no dimensions and of no elements`, () => {
    const one = tensor(0.5, { dtype: 'float64', requiresGrad: true });
    const none = zeros([0, 3], { dtype: 'float64', requiresGrad: true });
    const list = tensor([0.5], { dtype: 'float64', requiresGrad: true });
    const run = (params: readonly Tensor[]): void => {
      const optimizer = new kind(params, { lr: 0.1 });
      for (let step = 0; step < 4; step++) {
        optimizer.step(() => {
          optimizer.zeroGrad();
          let loss = params[0].sub(2).pow(2).sum();
          for (const param of params.slice(1)) loss = loss.add(param.sum());
          loss.backward();
          return loss;
        });
      }
      const saved = optimizer.stateDict();
      new kind(params, {}).loadStateDict(saved);
    };
    run([one, none]);
    run([list]);
    assert.is(one.item(), list.item());
    assert.is.not(one.item(), 0.5);
    assert.equal(none.shape, [0, 3]);
  });

  test(`${name} in float32 stays near its path in float64`, () => {
    const p = begin();
    const q = p.detach().to('float32').requiresGrad_();
    const towards = target.to('float32');
    const optimizers = [p, q].map((x) => new kind([x], { lr: 0.05 }));
    for (let step = 0; step < 4; step++) {
      [p, q].forEach((x, i) => {
        optimizers[i].step(() => {
          optimizers[i].zeroGrad();
          const loss = lossOf(x, step, i === 0 ? target : towards);
          loss.backward();
          return loss;
        });
      });
    }
    assert.is(q.dtype, 'float32');
    // Some fifty roundings of values about 1.
    close(q, [...p.detach().toTypedArray()] as number[], 'path', 5e-6);
  });

  if (name === 'LBFGS') return;

  test(`${name} gives each group its own options`, () => {
    const [a, b] = [begin(), begin()];
    const both = new kind([{ params: [a] }, { params: [b], lr: 0.3 }], { lr: 0.05 });
    const [c, d] = [begin(), begin()];
    const [slow, fast] = [new kind([c], { lr: 0.05 }), new kind([d], { lr: 0.3 })];
    for (let step = 0; step < 3; step++) {
      for (const x of [a, b, c, d]) {
        x.grad = null;
        lossOf(x, step, target).backward();
      }
      for (const optimizer of [both, slow, fast]) optimizer.step();
    }
    assert.equal([a.toArray(), b.toArray()], [c.toArray(), d.toArray()]);
    assert.not.equal(a.toArray(), b.toArray());
  });

  test(`${name} leaves parameters without gradient alone, and is noticed by backward`, () => {
    const [p, q] = [ones(2, { requiresGrad: true }), ones(2, { requiresGrad: true })];
    const y = q.mul(q).sum();
    q.grad = ones(2);
    new kind([p, q], {}).step();
    assert.equal(p.detach().toArray(), [1, 1]);
    assert.throws(() => y.backward(), /modified by an inplace operation/);
  });

  test(`${name} gives back all memory that a step takes on its way`, () => {
    const p = ones(4096, { requiresGrad: true });
    const optimizer = new kind([p], { lr: 0.1, maximize: true });
    const step = (): number => {
      p.grad = null;
      tidy(() => p.mul(3).sum().backward());
      optimizer.step();
      return memory().usedBytes;
    };
    step();
    const before = step();
    for (let i = 0; i < 3; i++) assert.is(step(), before);
  });

  test(`${name} makes nothing that is recorded, and refuses what it does not know`, () => {
    const p = begin();
    const optimizer = new kind([p], { lr: 0.1 });
    run(optimizer, p, 0, 2);
    assert.is(p.gradFn, null);
    for (const entry of Object.values(optimizer.stateDict().state['0'] ?? {})) {
      if (entry instanceof Tensor) assert.not.ok(entry.requiresGrad);
    }
    assert.throws(() => new kind([p], { lr: -1 }), new RegExp(`${name}: invalid learning rate: -1; it must be`));
    assert.throws(() => new kind([p], { lrr: 1 }), new RegExp(`${name}: unknown option 'lrr'; known options are lr`));
    const other = new kind([ones(3, { dtype: 'float64', requiresGrad: true })], {});
    const hasState = Object.values(optimizer.stateDict().state['0'] ?? {}).some(
      (x) => x instanceof Tensor && x.ndim > 0,
    );
    if (hasState)
      assert.throws(() => other.loadStateDict(optimizer.stateDict()), /has shape \[2, 3\], but its parameter/);
  });
}
