/**
 * Random tensors against PyTorch's, call after call on one generator (`tools/fixtures/tensor.py`). The distributions themselves are
 * tested in `random/`; here it is shapes, dtypes, layouts, options and refusals.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../tensor.ts';
import type { DType } from '../dtype.ts';
import { isFloating } from '../dtype.ts';
import type { FixtureTensor } from '../fixtures/check.ts';
import { agrees, refuses, values } from '../fixtures/check.ts';
import data from '../fixtures/tensor.json' with { type: 'json' };
import type { Shape } from '../layout.ts';
import { defaultGenerator, Generator, manualSeed } from '../random/generator.ts';
import type { Tensor } from '../tensor.ts';
import { full, ones, tensor, zeros } from './create.ts';
import * as random from './random.ts';

interface Given {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly value?: number;
  readonly data?: readonly number[];
  readonly chain: readonly (readonly [name: string, ...args: unknown[]])[];
}

type Call = readonly [name: string, args: readonly unknown[], result: FixtureTensor];

const streams = data.random as unknown as readonly { readonly seed: number; readonly calls: readonly Call[] }[];

function given(arg: unknown): unknown {
  if (typeof arg !== 'object' || arg === null || !('shape' in arg)) return arg;
  const { dtype, shape, value, data: list, chain } = arg as Given;
  let x = list !== undefined ? tensor(list, { dtype }) : full(shape, value as number, { dtype });
  for (const [name, ...args] of chain) {
    x = (x as unknown as Record<string, (...rest: unknown[]) => Tensor>)[name](...args);
  }
  return x;
}

type AnyOp = (...args: readonly unknown[]) => Tensor;
const op = (name: string): AnyOp => (random as unknown as Record<string, AnyOp>)[name];

/** Normals agree to 1e-6 (PyTorch approximates logarithms and sines), exponents of them the less so. */
function toleranceOf(name: string, dtype: DType) {
  if (!isFloating(dtype)) return {};
  const single = dtype === 'float32';
  if (/^rand$|^randLike|uniform|bernoulli|randint|randperm|random_|geometric/.test(name)) return {};
  return single ? { relative: 4e-6, absolute: 4e-6 } : { relative: 1e-12, absolute: 1e-13 };
}

streams.forEach(({ seed, calls }, i) => {
  const names = [...new Set(calls.map(([name]) => name))];
  test(`stream ${i}: ${names.join(', ')} give PyTorch's numbers, one call after the other`, () => {
    manualSeed(seed);
    const own = new Generator(seed);
    for (const generator of [defaultGenerator, own]) {
      for (const [name, args, want] of calls) {
        const list = args.map(given);
        if (generator === own) {
          const last = list[list.length - 1];
          const hasOptions =
            typeof last === 'object' && last !== null && Object.getPrototypeOf(last) === Object.prototype;
          if (hasOptions) list[list.length - 1] = { ...(last as object), generator };
          else list.push({ generator });
        }
        const label = `${name}(${JSON.stringify(args).slice(1, -1)})`;
        const before = name.endsWith('_') ? (list[0] as Tensor).version : 0;
        const result = op(name)(...list);
        if (name.endsWith('_')) {
          assert.is(result, list[0], `${label}: returns self`);
          assert.is(result.version, before + 1, `${label}: counts as a write`);
        } else assert.ok(result.isContiguous(), `${label}: contiguous`);
        agrees(result, want, label, toleranceOf(name, want.dtype));
      }
    }
  });
});

test('a view that is filled in place leaves the rest of its base alone', () => {
  const base = zeros(6, 5);
  base.slice(0, 1, 5, 2).slice(1, 1, 4).uniform_(1, 2);
  const flat = values(base);
  flat.forEach((value, i) => {
    const row = Math.floor(i / 5);
    const column = i % 5;
    const inside = (row === 1 || row === 3) && column >= 1 && column < 4;
    assert.is(value >= 1 && value < 2, inside, `element ${i}`);
    if (!inside) assert.is(value, 0);
  });
});

test('large tensors, which live in the heap, get the same numbers as small ones', () => {
  manualSeed(5);
  const large = values(random.rand(4000));
  manualSeed(5);
  const small = Array.from({ length: 40 }, () => values(random.rand(100))).flat();
  assert.equal(large, small);
  manualSeed(5);
  assert.equal(values(zeros(40, 100).t().uniform_().t()), small);
});

test('results are float32, integers int32, unless a dtype is asked for', () => {
  assert.is(random.rand(2).dtype, 'float32');
  assert.is(random.randint(5, [2]).dtype, 'int32');
  assert.is(random.randperm(3).dtype, 'int32');
  assert.is(random.multinomial(ones(3), 2).dtype, 'int32');
  assert.is(random.rand(2, { dtype: null }).dtype, 'float32');
  assert.is(random.randLike(zeros(2, { dtype: 'float64' })).dtype, 'float64');
});

test('methods are the functions', () => {
  for (const name of ['uniform_', 'normal_', 'bernoulli_', 'exponential_', 'logNormal_', 'cauchy_']) {
    manualSeed(1);
    const a = values(op(name)(zeros(3, 4)));
    manualSeed(1);
    const b = values((zeros(3, 4) as unknown as Record<string, AnyOp>)[name]());
    assert.equal(a, b, name);
  }
});

// ------------------------------------------------------------------------------------------------------------- refusals

test('refusals name the op, and neither write nor count a write', () => {
  const x = zeros(2, 3);
  const ints = zeros(3, { dtype: 'int32' });
  const expanded = zeros(3).expand(2, 3);
  const cases: readonly (readonly [string, RegExp, RegExp, () => unknown])[] = [
    ['rand of int32', /DTypeError/, /^rand: is only defined for floating/, () => random.rand(2, { dtype: 'int32' })],
    ['rand of a bad size', /ShapeError/, /^rand: /, () => random.rand(-1)],
    ['rand of an unknown option', /ValueError/, /unknown option 'seed'/, () => random.rand(2, { seed: 1 } as never)],
    [
      'rand of a bad generator',
      /ValueError/,
      /^rand: generator must be/,
      () => random.rand(2, { generator: 5 as never }),
    ],
    [
      'randint without a size',
      /ShapeError/,
      /^randint: size must be a list/,
      () => random.randint(3, undefined as never),
    ],
    ['randint low above high', /ValueError/, /low < high/, () => random.randint(3, 2, [2])],
    ['randint beyond uint8', /ValueError/, /uint8/, () => random.randint(300, [2], { dtype: 'uint8' })],
    ['randperm', /ValueError/, /^randperm: n must be/, () => random.randperm(-1)],
    ['randperm', /ValueError/, /^randperm: n must be/, () => random.randperm(1.5)],
    ['randLike of int', /DTypeError/, /^randLike: /, () => random.randLike(ints)],
    ['normal without a size', /ShapeError/, /^normal: needs a size/, () => random.normal(0, 1)],
    ['normal with a size', /ShapeError/, /^normal: takes no size/, () => random.normal(zeros(2), 1, [2])],
    ['normal, negative std', /ValueError/, /^normal: expects std >= 0/, () => random.normal(0, -1, [2])],
    ['normal, negative std', /ValueError/, /^normal: expects std >= 0/, () => random.normal(zeros(2), -1)],
    [
      'normal, negative stds',
      /ValueError/,
      /^normal: expects std >= 0/,
      () => random.normal(zeros(2), tensor([1, -1])),
    ],
    ['normal, shapes', /ShapeError/, /^normal: /, () => random.normal(zeros(2), ones(3))],
    ['bernoulli of 2', /ValueError/, /\[0, 1\]/, () => random.bernoulli(tensor([0.5, 2]))],
    ['bernoulli of NaN', /ValueError/, /\[0, 1\]/, () => random.bernoulli(tensor([Number.NaN]))],
    ['bernoulli of int', /DTypeError/, /^bernoulli: /, () => random.bernoulli(ints)],
    ['multinomial of 3d', /ShapeError/, /^multinomial: /, () => random.multinomial(ones(2, 2, 2), 1)],
    ['multinomial of int', /DTypeError/, /^multinomial: /, () => random.multinomial(ints, 1)],
    ['multinomial too many', /ValueError/, /^multinomial: /, () => random.multinomial(ones(3), 4)],
    ['multinomial none', /ValueError/, /^multinomial: /, () => random.multinomial(ones(3), 0)],
    ['multinomial negative', /ValueError/, /^multinomial: /, () => random.multinomial(tensor([1, -1]), 1)],
    ['multinomial of zeros', /ValueError/, /^multinomial: /, () => random.multinomial(zeros(3), 1)],
    ['uniform_ of int', /DTypeError/, /^uniform_: /, () => ints.uniform_()],
    ['uniform_ upside down', /ValueError/, /^uniform_: /, () => x.uniform_(1, 0)],
    ['uniform_ of expanded', /ValueError/, /^uniform_: .*single memory location/, () => expanded.uniform_()],
    ['normal_ of expanded', /ValueError/, /^normal_: .*single memory location/, () => expanded.normal_()],
    ['normal_ negative std', /ValueError/, /^normal_?: expects std >= 0/, () => x.normal_(0, -1)],
    ['normal_ NaN std', /ValueError/, /^normal_?: expects std >= 0/, () => x.normal_(0, Number.NaN)],
    ['bernoulli_ of 1.5', /ValueError/, /\[0, 1\]/, () => x.bernoulli_(1.5)],
    ['bernoulli_ shapes', /ShapeError/, /^bernoulli_: /, () => x.bernoulli_(tensor([0.5, 0.5]))],
    ['bernoulli_ too wide', /ShapeError/, /^bernoulli_: /, () => x.bernoulli_(full([4, 2, 3], 0.5))],
    ['bernoulli_ of ints', /DTypeError/, /^bernoulli_: /, () => x.bernoulli_(ones(3, { dtype: 'int32' }))],
    ['random_ upside down', /ValueError/, /low < high/, () => x.random_(3, 3)],
    ['exponential_', /ValueError/, /lambda > 0/, () => x.exponential_(0)],
    ['exponential_ of int', /DTypeError/, /^exponential_: /, () => ints.exponential_()],
    ['logNormal_', /ValueError/, /./, () => x.logNormal_(0, -1)],
    ['cauchy_', /ValueError/, /./, () => x.cauchy_(0, -1)],
    ['geometric_', /ValueError/, /./, () => x.geometric_(0)],
    ['geometric_ without p', /ValueError/, /./, () => x.geometric_(undefined as never)],
    ['normal_ of a bad generator', /ValueError/, /^normal_: generator/, () => x.normal_({ generator: {} as never })],
  ];
  for (const [label, kind, message, run] of cases) refuses(run, kind, message, label);
  for (const y of [x, ints, expanded]) {
    assert.is(y.version, 0);
    assert.ok(values(y).every((value) => value === 0));
  }
});

test('generators are apart from each other and from the default one', () => {
  manualSeed(9);
  const expected = values(random.rand(3));
  manualSeed(9);
  const own = new Generator(4);
  random.rand(10, { generator: own });
  random.randn(3, { generator: own });
  random.randperm(5, { generator: own });
  random.bernoulli(full([4], 0.5), { generator: own });
  random.multinomial(ones(4), 2, { generator: own });
  random.normal(zeros(3), 1, { generator: own });
  zeros(3).uniform_({ generator: own });
  zeros(3).normal_(0, { generator: own });
  assert.equal(values(random.rand(3)), expected);
  assert.equal(values(random.rand(3, { generator: new Generator(9) })), expected);
  manualSeed(9);
  assert.equal(values(random.rand(3, { generator: null })), expected);
});

test.run();
