import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuses } from './fixtures/check.ts';
import { isOptions, listArgument, named, pick, tuple } from './options.ts';

const NAMES = ['dim', 'keepdim', 'dtype'];
const of = (...args: unknown[]): unknown[] => [...(named('sum', NAMES, args) as unknown as unknown[])];

test('only plain objects are options', () => {
  for (const value of [{}, { a: 1 }, Object.create(null)]) assert.ok(isOptions(value));
  class Thing {}
  for (const value of [
    null,
    undefined,
    1,
    'x',
    [],
    [{}],
    new Thing(),
    new Map(),
    new Float32Array(1),
    () => 1,
    new Date(0),
  ]) {
    assert.not.ok(isOptions(value));
  }
});

test('arguments come by position, by name, or first by position and then by name', () => {
  assert.equal(of(), [undefined, undefined, undefined]);
  assert.equal(of(1), [1, undefined, undefined]);
  assert.equal(of(1, true, 'x'), [1, true, 'x']);
  assert.equal(of({ dim: 1, dtype: 'x' }), [1, undefined, 'x']);
  assert.equal(of(1, { keepdim: true }), [1, true, undefined]);
  assert.equal(of(1, true, 'x', {}), [1, true, 'x']);
  assert.equal(of(Object.assign(Object.create(null), { dim: 2 })), [2, undefined, undefined]);
});

test('one argument may stand by its name among the options that another function reads', () => {
  assert.equal(pick('steps', 5, { dtype: 'x' }), [5, { dtype: 'x' }]);
  assert.equal(pick('steps', { steps: 5, dtype: 'x' }, undefined), [5, { dtype: 'x' }]);
  assert.equal(pick('steps', { dtype: 'x' }, undefined), [{ dtype: 'x' }, undefined], 'not named');
  assert.equal(pick('steps', { steps: 5 }, {}), [{ steps: 5 }, {}], 'options must come last');
});

test('undefined counts as left out, null as given', () => {
  assert.equal(of(1, undefined, undefined), [1, undefined, undefined]);
  assert.equal(of({ dim: 1 }, undefined, undefined), [1, undefined, undefined]);
  assert.equal(of(undefined, true), [undefined, true, undefined]);
  assert.equal(of(undefined, { dim: 3 }), [3, undefined, undefined]);
  assert.equal(of({ dim: undefined }), [undefined, undefined, undefined]);
  assert.equal(of(null, { keepdim: null }), [null, null, undefined]);
  refuses(() => of(null, { dim: 1 }), 'ValueError', /'dim' was given both by position and by name/, 'null is given');
});

test('what is unknown, given twice, too much or in the wrong place is refused', () => {
  refuses(
    () => of({ dims: 1 }),
    'ValueError',
    /^sum: unknown option 'dims'; known options are dim, keepdim, dtype/,
    'unknown',
  );
  refuses(() => of({ toString: 1 }), 'ValueError', /unknown option 'toString'/, 'inherited name');
  refuses(() => of(1, { dim: 1 }), 'ValueError', /^sum: argument 'dim' was given both/, 'twice');
  refuses(
    () => of(1, 2, 3, 4),
    'ValueError',
    /^sum: takes at most 3 arguments \(dim, keepdim, dtype\), but got 4/,
    'many',
  );
  refuses(() => of(1, 2, 3, 4, {}), 'ValueError', /takes at most 3/, 'many and options');
  refuses(() => of({ keepdim: true }, 1), 'ValueError', /^sum: options must come last, but argument 1 is/, 'first');
  refuses(() => of({ keepdim: true }, {}), 'ValueError', /^sum: options must come last/, 'two');
});

test('lists come as one list or as arguments', () => {
  assert.equal([...listArgument([2, 3])], [2, 3]);
  assert.equal([...listArgument([[2, 3]])], [2, 3]);
  assert.equal([...listArgument([2])], [2]);
  assert.equal([...listArgument([[]])], []);
  assert.equal([...listArgument([])], []);
});

test('tuple repeats a number, and refuses wrong lengths and entries', () => {
  assert.equal([...tuple('conv2d', 'stride', 2, 2)], [2, 2]);
  assert.equal([...tuple('conv2d', 'stride', [3], 2)], [3, 3]);
  assert.equal([...tuple('conv2d', 'stride', [1, 2], 2)], [1, 2]);
  assert.equal([...tuple('conv1d', 'padding', 0, 1)], [0]);
  refuses(
    () => tuple('conv2d', 'stride', [1, 2, 3], 2),
    'ValueError',
    /^conv2d: stride must be a number or a list of 2/,
    'long',
  );
  refuses(() => tuple('conv2d', 'stride', [], 2), 'ValueError', /but got \[\]/, 'empty');
  refuses(() => tuple('conv2d', 'stride', '2' as never, 2), 'ValueError', /but got "2"/, 'string');
  refuses(() => tuple('conv2d', 'stride', null as never, 2), 'ValueError', /but got null/, 'null');
  refuses(
    () => tuple('conv2d', 'stride', 0, 2, 1),
    'ValueError',
    /^conv2d: stride must be integers of at least 1/,
    'least',
  );
  for (const bad of [1.5, Number.NaN, -1, Infinity]) {
    refuses(() => tuple('conv2d', 'stride', [1, bad], 2), 'ValueError', /integers of at least 0/, String(bad));
  }
});

test.run();
