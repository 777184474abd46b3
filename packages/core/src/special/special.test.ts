/** Special functions: against 60-digit arithmetic, and PyTorch's values at poles and ends (`tools/fixtures/special_functions.py`). */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../tensor.ts';
import type { FixtureNumber } from '../fixtures/check.ts';
import { decode, refuses, values } from '../fixtures/check.ts';
import data from '../fixtures/specialFunctions.json' with { type: 'json' };
import { special, tensor } from '../index.ts';
import type { Tensor } from '../tensor.ts';

interface Fixture {
  readonly points?: readonly (readonly number[])[];
  readonly ends: readonly (readonly FixtureNumber[])[];
}
const fixtures = data as unknown as Readonly<Record<string, Fixture>>;

const double = (x: number): Tensor => tensor([x], { dtype: 'float64' });

/** The call that a fixture's arguments stand for. */
function call(name: string, args: readonly number[]): number {
  const [a, b] = args;
  const fn = (special as unknown as Record<string, (...args: readonly unknown[]) => Tensor>)[name];
  if (name === 'polygamma') return fn(a, double(b)).item();
  if (name === 'multigammaln') return fn(double(a), b).item();
  if (name === 'round') return fn(double(a), { decimals: b }).item();
  return fn(...args.map(double)).item();
}

/** Largest errors, relative to the true value. A rounding error is 1.1e-16. */
const LIMITS: Readonly<Record<string, number>> = {
  erfcx: 1e-15,
  ndtri: 2e-15,
  i0: 2e-15,
  i0e: 2e-15,
  i1: 2e-15,
  i1e: 2e-15,
  zeta: 2e-15,
  gammainc: 3e-13,
  gammaincc: 3e-13,
};

for (const [name, limit] of Object.entries(LIMITS)) {
  test(`${name} has relative error ≤ ${limit}`, () => {
    const { points = [] } = fixtures[name];
    assert.ok(points.length > 30);
    let worst = 0;
    for (const point of points) {
      const want = point[point.length - 1];
      const error = Math.abs(call(name, point.slice(0, -1)) - want) / Math.abs(want);
      worst = Math.max(worst, error);
      if (!(error <= limit)) assert.unreachable(`${name}(${point.slice(0, -1)}) is off by ${error}`);
    }
  });
}

/** Where PyTorch's own values are further off: ndtr is 1 + erf there, which cancels; trigamma ends its series early. */
const COARSE: Readonly<Record<string, readonly [relative: number, absolute: number]>> = {
  ndtr: [1e-12, 1e-16],
  polygamma: [1e-9, 0],
};

for (const [name, { ends }] of Object.entries(fixtures)) {
  test(`${name} has PyTorch's values inside, and at NaN, infinities, zeros and poles`, () => {
    for (const entry of ends) {
      const [args, want] = [entry.slice(0, -1).map(decode), decode(entry[entry.length - 1])];
      const got = call(name, args);
      const [relative, absolute] = COARSE[name] ?? [1e-12, 0];
      const near = Object.is(got, want) || got === want || Math.abs(got - want) <= relative * Math.abs(want) + absolute;
      if (!near) assert.unreachable(`${name}(${args.join(', ')}) is ${got}, expected ${want}`);
    }
  });
}

test('integers become float32, and float32 stays', () => {
  assert.is(special.i0(tensor([1], { dtype: 'int32' })).dtype, 'float32');
  assert.is(special.zeta(tensor([2]), 1).dtype, 'float32');
  assert.is(special.entr(tensor([true])).dtype, 'float32');
  assert.is(special.sinc(tensor([1], { dtype: 'int64' })).dtype, 'float32');
});

test('operands of two dimensions broadcast', () => {
  assert.equal([...special.gammainc(tensor([[1], [2]]), tensor([1, 2, 3])).shape], [2, 3]);
  assert.equal([...special.xlog1py(tensor([[1], [2]]), tensor([1, 2, 3])).shape], [2, 3]);
});

test('logit holds its argument to [eps, 1 - eps]', () => {
  assert.equal(values(special.logit(tensor([0, 1]), 0.5)), [0, 0]);
  assert.equal(values(special.logit(tensor([0, 1]), { eps: 0.5 })), [0, 0]);
});

test('zeros have the signs of PyTorch', () => {
  assert.is(String(special.entr(tensor([0, 1]))), 'tensor([0., -0.])');
  assert.is(String(special.ndtri(tensor([0.5]))), 'tensor([0.])');
});

test('what cannot be is refused', () => {
  refuses(() => special.polygamma(-1, tensor([1])), 'ValueError', /^polygamma: .*negative n/, 'polygamma');
  refuses(() => special.multigammaln(tensor([1]), 0), 'ValueError', /^mvlgamma: p has to be/, 'multigammaln');
  refuses(() => special.i0([1] as never), 'DTypeError', /^i0: self must be a tensor/, 'i0');
});

test.run();
