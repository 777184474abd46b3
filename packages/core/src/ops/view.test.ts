/**
 * Views against PyTorch's (`tools/fixtures/view.py`): shape, strides, offset and values of every op and of random chains; then what
 * a fixture cannot hold: shared memory, refusals beyond PyTorch's types, and the gradients of views.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DTYPES } from '../dtype.ts';
import { TorsorError } from '../errors.ts';
import { refuses, values } from '../fixtures/check.ts';
import data from '../fixtures/view.json' with { type: 'json' };
import type { Shape } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import { Tensor } from '../tensor.ts';
import { arange, tensor, zeros } from './create.ts';
import * as views from './view.ts';

type Step = readonly [name: string, ...args: unknown[]];
/** Shape, strides, offset and values of a view. */
type Look = readonly [Shape, Shape, number, readonly number[]];
interface Refusal {
  readonly error: string;
}
type Outcome = Look | { readonly list: readonly Look[] } | Refusal;

const cases = data as unknown as readonly (readonly [Shape, readonly Step[], Outcome])[];

type Result = Tensor | Tensor[];
type AnyOp = (...args: readonly unknown[]) => Result;

/** As a free function. */
function callFunction(x: Result, [name, ...args]: Step): Result {
  if (name === 'pick') return (x as Tensor[])[args[0] as number];
  if (name === 'T' || name === 'mT') return (x as Tensor)[name];
  const aliases: Readonly<Record<string, string>> = { slice: 'sliceDim', swapaxes: 'transpose' };
  return (views as unknown as Record<string, AnyOp>)[aliases[name] ?? name](x, ...args);
}

/** As a method; lists of sizes as arguments, too. */
function callMethod(x: Result, [name, ...args]: Step): Result {
  if (name === 'pick' || name === 'T' || name === 'mT') return callFunction(x, [name, ...args]);
  const spread = ['view', 'reshape', 'permute', 'expand'].includes(name) && (args[0] as number[]).length > 0;
  return (x as unknown as Record<string, AnyOp>)[name](...(spread ? (args[0] as number[]) : args));
}

const iota = (shape: Shape): Tensor => views.view(arange(sizeOf(shape)), shape);

function looksLike(x: Tensor, [shape, strides, offset, elements]: Look, label: string): void {
  assert.ok(x instanceof Tensor, label);
  assert.equal([...x.shape], [...shape], `${label}: shape`);
  assert.equal([...x.strides], [...strides], `${label}: strides`);
  assert.is(x.storageOffset(), offset, `${label}: offset`);
  assert.equal(values(x), [...elements], `${label}: values`);
}

const names = [...new Set(cases.filter(([, chain]) => chain.length < 2).map(([, [[name]]]) => name))];

function runCases(chosen: typeof cases): void {
  for (const [shape, chain, want] of chosen) {
    const label = `${JSON.stringify(shape)} ${chain.map((step) => JSON.stringify(step)).join(' ')}`;
    for (const call of [callFunction, callMethod]) {
      const x = iota(shape);
      if ('error' in want) {
        const before = x.version;
        const said = chain[chain.length - 1];
        refuses(() => chain.reduce<Result>(call, x), want.error, /./, label);
        try {
          chain.reduce<Result>(call, x);
        } catch (error) {
          assert.ok(error instanceof TorsorError, label);
          const op = said[0] === 'broadcastTo' ? 'expand' : said[0];
          assert.is(error.op, op, `${label}: op`);
          assert.ok(error.message.startsWith(`${op}: `), `${label}: ${error.message}`);
        }
        assert.is(x.version, before, `${label}: nothing is written`);
        continue;
      }
      const result = chain.reduce<Result>(call, x);
      if ('list' in want) {
        assert.is((result as Tensor[]).length, want.list.length, `${label}: how many`);
        want.list.forEach((look, i) => {
          looksLike((result as Tensor[])[i], look, `${label}[${i}]`);
        });
      } else looksLike(result as Tensor, want, label);
      for (const y of [result].flat()) {
        if (!chain.some(([name]) => ['reshape', 'flatten', 'ravel'].includes(name))) {
          assert.ok(y.sharesStorageWith(x), `${label}: shares the storage`);
        }
      }
    }
  }
}

const isFixed = ([, chain]: (typeof cases)[number]): boolean => chain.length < 2;

for (const name of names) {
  test(`${name} gives PyTorch's shapes, strides, offsets, values and refusals`, () => {
    runCases(cases.filter((entry) => isFixed(entry) && entry[1][0][0] === name));
  });
}

test("chains of views, 300 random ones among them, give PyTorch's shapes, strides, offsets and values", () => {
  const chains = cases.filter((entry) => !isFixed(entry));
  assert.ok(chains.length > 300);
  runCases(chains);
});

test('views of every dtype keep it', () => {
  for (const dtype of DTYPES) {
    const x = zeros(2, 3, { dtype });
    for (const y of [
      x.t(),
      x.view(6),
      x.slice(1, 1),
      x.select(0, 1),
      x.expand(2, 2, 3),
      x.unfold(1, 2, 1),
      x.split(1)[0],
    ]) {
      assert.is(y.dtype, dtype);
      assert.ok(y.sharesStorageWith(x));
    }
  }
});

// ------------------------------------------------------------------------------------------------------------- sharing

test('writing through a view shows in its base and in the other views, and counts as a write to all', () => {
  const base = zeros(4, 4);
  const view = base.transpose(0, 1).slice(0, 1, 3).select(1, 2).unsqueeze(0);
  const other = base.view(16);
  view.fill_(7);
  assert.equal(values(other), [0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 7, 0, 0, 0, 0, 0]);
  assert.is(view.version, 1);
  assert.is(base.version, 1);
  assert.is(other.version, 1);
  base.diagonal().copy_(tensor([1, 2, 3, 4]));
  assert.equal(values(other), [1, 0, 0, 0, 0, 2, 0, 0, 0, 7, 3, 0, 0, 0, 0, 4]);
});

test('the base of a view of a view is the tensor at the bottom', () => {
  const x = zeros(2, 3);
  assert.is(x.base, null);
  assert.is(x.t().base, x);
  assert.is(x.t().slice(0, 1).unsqueeze(0).base, x);
});

test('reshape and flatten copy only where no view can do it, and then no longer share', () => {
  const x = iota([3, 4]);
  assert.ok(x.reshape(2, 6).sharesStorageWith(x));
  assert.ok(x.flatten().sharesStorageWith(x));
  const copied = x.t().reshape(12);
  assert.not.ok(copied.sharesStorageWith(x));
  copied.zero_();
  assert.equal(values(x), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.is(x.flatten(1, 1), x, 'what needs no change is returned as it is');
});

// --------------------------------------------------------------------------------------------- forms without a fixture

test('squeeze takes a list of dims, of which those of size 1 go, and refuses one that is named twice', () => {
  const x = zeros(1, 3, 1, 2, 1);
  assert.equal([...x.squeeze([0, 2]).shape], [3, 2, 1]);
  assert.equal([...x.squeeze([-1, 1]).shape], [1, 3, 1, 2]);
  assert.equal([...x.squeeze([]).shape], [1, 3, 1, 2, 1]);
  assert.equal([...x.squeeze({ dim: 0 }).shape], [3, 1, 2, 1]);
  assert.equal([...x.squeeze({ dim: [0, -1] }).shape], [3, 1, 2]);
  refuses(() => x.squeeze([0, -5]), 'ShapeError', /^squeeze: dim 0 appears multiple times/, 'squeeze twice');
});

test('options stand for arguments', () => {
  const x = iota([2, 3, 4]);
  assert.equal(values(x.flatten({ startDim: 1 })), values(x.flatten(1)));
  assert.equal([...x.flatten({ endDim: 1 }).shape], [6, 4]);
  assert.equal([...x.flatten(1, { endDim: 2 }).shape], [2, 12]);
  assert.equal(values(x.diagonal({ offset: 1, dim1: 1, dim2: 2 })), values(x.diagonal(1, 1, 2)));
  assert.equal(
    x.split(2, { dim: 2 }).map((y) => [...y.shape]),
    [
      [2, 3, 2],
      [2, 3, 2],
    ],
  );
  assert.is(x.chunk(3, { dim: 1 }).length, 3);
  assert.is(x.unbind({ dim: 2 }).length, 4);
  assert.is(x.asStrided([2], [1], { storageOffset: 5 }).offset, 5);
  refuses(() => x.flatten({ start: 1 } as never), 'ValueError', /unknown option 'start'/, 'flatten');
  refuses(() => x.flatten({ startDim: 1 }, 2), 'ValueError', /options must come last/, 'flatten');
});

test('viewAs, reshapeAs, expandAs, broadcastTensors and alias follow another tensor', () => {
  const x = iota([2, 3]);
  assert.equal([...views.viewAs(x, zeros(3, 2)).shape], [3, 2]);
  assert.equal([...views.reshapeAs(x.t(), zeros(6)).shape], [6]);
  assert.equal([...views.expandAs(x, zeros(4, 2, 3)).strides], [0, 3, 1]);
  const [a, b, c] = views.broadcastTensors(zeros(3, 1), zeros(4), zeros([]));
  for (const y of [a, b, c]) assert.equal([...y.shape], [3, 4]);
  assert.equal(views.broadcastTensors(), []);
  refuses(
    () => views.broadcastTensors(zeros(3), zeros(4)),
    'ShapeError',
    /^broadcastTensors: .*\[3\].*\[4\]/,
    'broadcast',
  );
  const same = views.alias(x);
  assert.is.not(same, x);
  assert.ok(same.sharesStorageWith(x));
});

test('what is no integer is refused', () => {
  const x = zeros(4, 4);
  const kinds = 'ShapeError|IndexError|ValueError';
  for (const [name, args] of [
    ['view', [[1.5, -1]]],
    ['view', [[Number.NaN, 4]]],
    ['reshape', [[Infinity, 4]]],
    ['transpose', [0.5, 1]],
    ['permute', [[0, Number.NaN]]],
    ['select', [0, 1.5]],
    ['sliceDim', [0, 0.5]],
    ['sliceDim', [0, 0, Number.NaN]],
    ['sliceDim', [0, 0, 4, 1.5]],
    ['narrow', [0, 0.5, 1]],
    ['narrow', [0, 0, Number.NaN]],
    ['unsqueeze', [0.5]],
    ['squeeze', [Number.NaN]],
    ['expand', [[2.5, 4, 4]]],
    ['unfold', [0, 1.5, 1]],
    ['unfold', [0, 2, 0.5]],
    ['diagonal', [0.5]],
    ['asStrided', [[2], [0.5]]],
    ['asStrided', [[2], [1], Number.NaN]],
    ['split', [1.5]],
    ['split', [[1.5, 2.5]]],
    ['chunk', [1.5]],
    ['chunk', [Number.NaN]],
    ['unflatten', [0, [1.5, -1]]],
  ] as const) {
    const call = (views as unknown as Record<string, AnyOp>)[name];
    refuses(() => call(x, ...args), new RegExp(kinds), /^\w+: /, `${name} ${JSON.stringify(args)}`);
  }
  assert.equal([...x.slice(0, -Infinity, Infinity).shape], [4, 4], 'infinite bounds are bounds');
});

test('messages state the rule and the values', () => {
  const x = iota([4, 6]);
  refuses(() => x.t().view(24), 'ShapeError', /size \[24\].*\[6, 4\].*stride \[1, 6\].*reshape/, 'view');
  refuses(() => x.view(5, -1), 'ShapeError', /shape \[5, -1\] is invalid for input of size 24/, 'view');
  refuses(() => x.select(0, 9), 'IndexError', /index 9 is out of bounds for dimension 0 with size 4/, 'select');
  refuses(() => x.expand(4, 7), 'ShapeError', /\(7\) must match the existing size \(6\) at dimension 1/, 'expand');
  refuses(() => x.asStrided([5], [6]), 'ShapeError', /reach element 24 of a storage of 24/, 'asStrided');
  try {
    x.narrow(1, 4, 4);
    assert.unreachable();
  } catch (error) {
    assert.equal((error as TorsorError).operands, { dim: 1, start: 4, length: 4, size: 6 });
  }
});

// --------------------------------------------------------------------------------------------------- gradients of views

/** Adds the elements of `grad` to the places of `shape` that a view takes them from, the slow and plain way. */
function scattered(grad: Tensor, shape: Shape, view: (x: Tensor) => Tensor): number[] {
  const sums = new Array<number>(sizeOf(shape)).fill(0);
  const places = values(view(iota(shape)));
  values(grad).forEach((g, i) => {
    sums[places[i]] += g;
  });
  return sums;
}

test('the gradient of a view puts each element where it came from, and adds up where a view repeats elements', () => {
  const g = (shape: Shape): Tensor => iota(shape).add(1);
  const check = (actual: Tensor, grad: Tensor, shape: Shape, view: (x: Tensor) => Tensor): void => {
    assert.equal([...actual.shape], [...shape]);
    assert.equal(values(actual), scattered(grad, shape, view));
  };
  const row = g([4]);
  check(views.selectBackward(row, [3, 4], 0, 2), row, [3, 4], (x) => x.select(0, 2));
  const part = g([2, 2]).t();
  check(views.sliceBackward(part, [2, 5], 1, 1, 4, 2), part, [2, 5], (x) => x.slice(1, 1, 4, 2));
  const windows = g([3, 2, 3]);
  check(views.unfoldBackward(windows, [3, 5], 1, 3, 2), windows, [3, 5], (x) => x.unfold(1, 3, 2));
  const overlapping = g([4, 4]);
  check(views.unfoldBackward(overlapping, [7], 0, 4, 1), overlapping, [7], (x) => x.unfold(0, 4, 1));
  const diagonal = g([2, 3]);
  check(views.diagonalBackward(diagonal, [3, 2, 4], 1, 0, 2), diagonal, [3, 2, 4], (x) => x.diagonal(1, 0, 2));
  const strided = g([3, 2]);
  check(views.asStridedBackward(strided, [8], [0, 2], 3), strided, [8], (x) => x.asStrided([3, 2], [0, 2], 3));
  // Sizes that kernels take; windows that overlap in two dimensions, in columns, and everywhere.
  const large = g([9, 20, 6, 4]).permute(1, 0, 2, 3);
  check(views.unfoldBackward(large, [20, 9, 9], 2, 4, 1), large, [20, 9, 9], (x) => x.unfold(2, 4, 1));
  const columns = g([13, 30, 5]);
  check(views.unfoldBackward(columns, [29, 30], 0, 5, 2), columns, [29, 30], (x) => x.unfold(0, 5, 2));
  const patches = g([7, 8, 3, 4]);
  const patch = (x: Tensor): Tensor => x.asStrided([7, 8, 3, 4], [11, 1, 11, 1], 2);
  check(views.asStridedBackward(patches, [120], [11, 1, 11, 1], 2), patches, [120], patch);
  const repeated = g([5, 6]);
  check(views.asStridedBackward(repeated, [4], [0, 0], 1), repeated, [4], (x) => x.asStrided([5, 6], [0, 0], 1));
  const none = g([0, 3]);
  check(views.unfoldBackward(none.t().reshape(0, 3), [2], 0, 3, 1), none, [2], (x) => x.asStrided([0, 3], [1, 1]));
  const gradient = zeros(2, 3, { dtype: 'float64' });
  assert.is(views.selectBackward(gradient, [2, 5, 3], 1, 0).dtype, 'float64');
});

test('the one dimension of a 0-d tensor can be moved, to where it is', () => {
  assert.equal(views.movedim(tensor(1), 0, -1).shape, []);
  assert.equal(views.movedim(tensor(1), [-1], [0]).shape, []);
});

test.run();
