import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { finish, markConstants, shorten } from './bundle.ts';

test('calls that make constants are marked as pure, and nothing else is', () => {
  const marked = (line: string) => markConstants(line);
  assert.is(
    marked("export const exp = unaryOp('exp', toFloat);"),
    "export const exp = /* @__PURE__ */ unaryOp('exp', toFloat);",
  );
  assert.is(
    marked('const EMITTERS = { float32: emit(4), float64: emit(8) };'),
    'const EMITTERS = { float32: /* @__PURE__ */ emit(4), float64: /* @__PURE__ */ emit(8) };',
  );
  assert.is(marked('const bits = new Float64Array(1);'), 'const bits = /* @__PURE__ */ new Float64Array(1);');
  for (const line of [
    'const f = (x) => g(x);',
    '  const y = g(x);',
    'setTensorClass(Tensor);',
    'const seen = new Map();',
  ]) {
    assert.is(marked(line), line);
  }
});

test('a class that speaks of itself keeps its name, and no column moves', () => {
  const code = 'var Sequential = class _Sequential {\n  slice() { return new _Sequential(); }\n};\n';
  assert.is(finish(code), 'var Sequential = class  Sequential {\n  slice() { return new  Sequential(); }\n};\n');
});

test('a namespace becomes an expression that can be dropped, and no line moves', () => {
  const code = [
    'var __export = (target, all) => {',
    '  for (var name in all)',
    '    __defProp(target, name, { get: all[name], enumerable: true });',
    '};',
    'var init_exports = {};',
    '__export(init_exports, {',
    '  ones: () => ones',
    '});',
    '',
  ];
  const expected = [...code];
  expected[3] = 'return target; };';
  expected[4] = 'var init_exports =';
  expected[5] = '/* @__PURE__ */ __export({}, {';
  assert.is(finish(code.join('\n')), expected.join('\n'));
  assert.throws(() => finish('__export(init_exports, {'), /helper for namespaces/);
});

test('shortened code keeps names of functions and classes, and annotations; names of locals go', async () => {
  const code = `/** Adds. */
function addUp(first, second) {
  return first + second;
}
var Pair = class Pair {
  /** Both. */
  sum(left, right) { return addUp(left, right); }
};
var two = /* @__PURE__ */ addUp(1, 1);
export { addUp, Pair, two };
`;
  const map = { version: 3, sources: ['pair.ts'], names: [], mappings: ';AAAA' };
  const short = await shorten(code, JSON.stringify(map), 'pair.js');
  for (const kept of [/^function addUp\(/, /class Pair\{sum\(/, /__PURE__ ?\*\/ ?addUp\(1,1\)/, /addUp,Pair,two/]) {
    assert.match(short.code, kept);
  }
  assert.not.match(short.code, /first|second|left|right|Adds|Both/);
  assert.match(short.code, /\n\/\/# sourceMappingURL=pair\.js\.map$/);
  assert.equal(JSON.parse(short.map).sources, ['pair.ts']);
});

test.run();
