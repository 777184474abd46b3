import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withNotes } from './names.ts';

for (const [code, noted] of [
  ['const y = x.sub(2);', 'const y = x.sub(2);;__torsorNote("y", y);'],
  ['let z = y\n  .mul(3)\nz.sum()', 'let z = y\n  .mul(3);__torsorNote("z", z);\nz.sum()'],
  [
    'const [a, { b, c: d }] = f();',
    'const [a, { b, c: d }] = f();;__torsorNote("a", a);;__torsorNote("b", b);;__torsorNote("d", d);',
  ],
  [
    'while (n < 9) {\n  y = y.mul(2); // twice\n}',
    'while (n < 9) {\n  y = y.mul(2);;__torsorNote("y", y); // twice\n}',
  ],
  ['const t: Tensor = f<number>(1);', 'const t: Tensor = f<number>(1);;__torsorNote("t", t);'],
  // no statements of their own
  ['if (a) y = 1; else y = 2;', 'if (a) y = 1; else y = 2;'],
  ['for (const x of xs) f(x);', 'for (const x of xs) f(x);'],
  ['for (let i = 0; i < 3; i++) f(i);', 'for (let i = 0; i < 3; i++) f(i);'],
  ['a.b = 3; f(y = 2);', 'a.b = 3; f(y = 2);'],
] as const) {
  test(`variables are noted in ${JSON.stringify(code)}`, () => assert.is(withNotes(code), noted));
}

test('a program that is not right stays as long as it was', () => {
  assert.is(withNotes('const = (;\n').split('\n').length, 2);
});

test.run();
