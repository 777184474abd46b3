import { ones } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inspect, printed } from './inspect.ts';

for (const [value, text] of [
  ['a', "'a'"],
  ["it's", '"it\'s"'],
  [-0, '-0'],
  [3n, '3n'],
  [null, 'null'],
  [undefined, 'undefined'],
  [[], '[]'],
  [[1, 'two', [3]], "[ 1, 'two', [ 3 ] ]"],
  [{ a: 1, 'b c': { d: true } }, "{ a: 1, 'b c': { d: true } }"],
  [new Float32Array([1, 0.5]), 'Float32Array(2) [ 1, 0.5 ]'],
  [new Map([['k', 1]]), "Map(1) { 'k' => 1 }"],
  [new Set([1]), 'Set(1) { 1 }'],
  [new RangeError('far'), 'RangeError: far'],
  [Math.max, '[Function: max]'],
  [class A {}, '[class A]'],
  [() => 1, '[Function (anonymous)]'],
  [Symbol('s'), 'Symbol(s)'],
  [Object.create(null), '{}'],
] as const) {
  test(`${text} is printed so`, () => assert.is(inspect(value), text));
}

test('tensors print themselves, in lists too', () => {
  assert.is(inspect(ones(2)), 'tensor([1., 1.])');
  assert.is(inspect({ x: ones(2) }), '{ x: tensor([1., 1.]) }');
});

test('long lists take a line for each entry, and end somewhere', () => {
  const lines = inspect(Array.from({ length: 300 }, (_, i) => i)).split('\n');
  assert.is(lines.length, 103);
  assert.is(lines[101], '  … 200 more');
});

test('circles and depths are cut', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  assert.is(inspect(circle), '{ self: [Circular] }');
  assert.is(inspect([[[[1]]]]), '[ [ [ [Array] ] ] ]');
});

test('the arguments of console.log stand side by side, strings as they are', () => {
  assert.is(printed(['a', 1, ['b']]), "a 1 [ 'b' ]");
  assert.is(printed(['x\ny', 2]), 'x\ny\n2');
  assert.is(printed([]), '');
});

test.run();
