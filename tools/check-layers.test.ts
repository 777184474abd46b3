import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkTree, cycles, importsOf } from './check-layers.ts';

const manifest = (name: string, dependencies: Record<string, string> = {}) => JSON.stringify({ name, dependencies });
const onCore = { '@torsor/core': 'workspace:^' };

/** A small tree in order, to which each test adds what it is about. */
const good = {
  'package.json': JSON.stringify({ name: 'root', devDependencies: { uvu: '0.5.6' } }),
  'packages/core/package.json': manifest('@torsor/core'),
  'packages/core/src/index.ts': `export { a } from './a.ts';`,
  'packages/core/src/a.ts': `import type { B } from './b.ts';\nexport const a: B = 1;`,
  'packages/core/src/b.ts': `import { a } from './a.ts';\nexport type B = number;\nexport const b = a;`,
  'packages/core/src/a.test.ts': `import { test } from 'uvu';\nimport fs from 'node:fs';\nimport { a } from './index.ts';`,
  'packages/autograd/package.json': manifest('@torsor/autograd', onCore),
  'packages/autograd/src/index.ts': `import { a } from '@torsor/core';\nexport const c = a;`,
  'packages/nn/package.json': manifest('@torsor/nn', { ...onCore, '@torsor/autograd': 'workspace:^' }),
  'packages/nn/src/index.ts': `import { c } from '@torsor/autograd';\nexport const d = c;`,
  'examples/package.json': manifest('examples', onCore),
  'examples/x.ts': `import { a } from '@torsor/core';\nimport fs from 'node:fs';`,
};

/** The problems of the good tree with these files added, as one text. */
const problemsWith = (files: Record<string, string>) => checkTree({ ...good, ...files }).join('\n');

test('a tree in order has no problem', () => {
  assert.equal(checkTree(good), []);
});

test('a package must not import one above it, nor one beside it', () => {
  const files = { 'packages/core/src/x.ts': `import { c } from '@torsor/autograd';` };
  assert.match(problemsWith(files), 'packages/core/src/x.ts: @torsor/core must not import @torsor/autograd');
  const type = { 'packages/autograd/src/x.ts': `import type { d } from '@torsor/nn';` };
  assert.match(problemsWith(type), '@torsor/autograd must not import @torsor/nn');
  const dynamic = { 'packages/autograd/src/x.ts': `const nn = await import('@torsor/nn');` };
  assert.match(problemsWith(dynamic), '@torsor/autograd must not import @torsor/nn');
});

test('a package must not reach into another by a path, or past its entry point', () => {
  const files = { 'packages/nn/src/x.ts': `export * from '../../core/src/a.ts';` };
  assert.match(problemsWith(files), '../../core/src/a.ts leaves the package @torsor/nn');
  const deep = { 'packages/nn/src/x.ts': `import '@torsor/core/dist/a.js';` };
  assert.match(problemsWith(deep), '@torsor/core/dist/a.js is not a published entry point');
  const example = { 'examples/y.ts': `import { a } from '../packages/core/src/index.ts';` };
  assert.match(problemsWith(example), 'leaves the package examples');
});

test('benchmarks may use the scripts of tools/, and no other folder', () => {
  const own = { 'benchmarks/x.ts': `import { run } from '../tools/pnpm.mjs';` };
  assert.is(problemsWith({ ...own, 'tools/pnpm.mjs': 'export const run = 1;' }), '');
  const other = { 'examples/x.ts': `import { run } from '../tools/pnpm.mjs';` };
  assert.match(problemsWith(other), '../tools/pnpm.mjs leaves the package examples');
});

test('a dependency must be declared, and be allowed where it is declared', () => {
  const undeclared = { 'packages/nn/package.json': manifest('@torsor/nn', onCore) };
  assert.match(problemsWith(undeclared), '@torsor/autograd is not among the dependencies in packages/nn/package.json');
  const upward = { 'packages/core/package.json': manifest('@torsor/core', { '@torsor/nn': 'workspace:^' }) };
  assert.match(problemsWith(upward), '@torsor/core must not depend on @torsor/nn');
  const foreign = { 'packages/core/package.json': manifest('@torsor/core', { lodash: '^4.0.0' }) };
  assert.match(problemsWith(foreign), '@torsor/core must have no runtime dependency, and has lodash');
  const fixed = { 'packages/autograd/package.json': manifest('@torsor/autograd', { '@torsor/core': '0.1.0' }) };
  assert.match(problemsWith(fixed), '@torsor/core must be "workspace:^", not "0.1.0"');
});

test('a library imports nothing from elsewhere, and nothing of Node’s when it loads', () => {
  assert.match(problemsWith({ 'packages/core/src/x.ts': `import _ from 'lodash';` }), 'no library may import lodash');
  assert.match(problemsWith({ 'packages/core/src/x.ts': `import { test } from 'uvu';` }), 'no library may import uvu');
  assert.match(problemsWith({ 'packages/core/src/x.ts': `import fs from 'node:fs';` }), `node:fs is Node's`);
  assert.is(problemsWith({ 'packages/core/src/x.ts': `const fs = await import('node:fs');` }), '');
  assert.match(
    problemsWith({ 'packages/core/src/x.test.ts': `import _ from 'lodash';` }),
    'no library may import lodash',
  );
});

test('a library file must not import a test', () => {
  const files = { 'packages/core/src/x.ts': `import './a.test.ts';` };
  assert.match(problemsWith(files), './a.test.ts is for tests');
});

test('packages in a circle are found', () => {
  const files = { 'packages/core/package.json': manifest('@torsor/core', { '@torsor/autograd': 'workspace:^' }) };
  assert.match(problemsWith(files), /circle: @torsor\/core → @torsor\/autograd → @torsor\/core/);
});

test('files in a circle are found; types alone make none', () => {
  const files = { 'packages/core/src/a.ts': `import { b } from './b.ts';\nexport const a = () => b;` };
  assert.match(problemsWith(files), 'circle: packages/core/src/a.ts → packages/core/src/b.ts → packages/core/src/a.ts');
  const inline = { 'packages/core/src/a.ts': `import { type B, type C } from './b.ts';\nexport const a = 1;` };
  assert.is(problemsWith(inline), '');
  const mixed = { 'packages/core/src/a.ts': `import { b, type B } from './b.ts';\nexport const a = 1;` };
  assert.match(problemsWith(mixed), 'circle');
  const self = { 'packages/core/src/s.ts': `export * from './s.ts';` };
  assert.match(problemsWith(self), 'circle: packages/core/src/s.ts → packages/core/src/s.ts');
});

test('a package without a layer is refused', () => {
  assert.match(problemsWith({ 'packages/new/package.json': manifest('@torsor/new') }), '@torsor/new has no layer');
});

test('every circle of three is closed in the report', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
  ]);
  assert.equal(cycles(graph), [['a', 'b', 'c', 'a']]);
  assert.equal(
    cycles(
      new Map([
        ['a', ['b', 'b']],
        ['b', []],
      ]),
    ),
    [],
  );
});

test('every form of import is read', () => {
  const source = `
    import a from 'a';
    import * as b from "b";
    import { c, type C as D } from 'c';
    import d, { e } from 'd';
    import 'e';
    import type { F } from 'f';
    import { type G } from 'g';
    import {
      h,
      i as j,
    } from 'h';
    export { k } from 'k';
    export * from 'l';
    export * as m from 'm';
    export type { N } from 'n';
    export type * from 'o';
    import json from './p.json' with { type: 'json' };
    const q = await import('q');
    import type from 'r';
    import {} from 's';
  `;
  assert.equal(
    importsOf(source).map(({ specifier, kind }) => `${specifier} ${kind}`),
    [
      ...['a value', 'b value', 'c value', 'd value', 'f type', 'g type', 'h value', 'k value', 'l value', 'm value'],
      ...['n type', 'o type', './p.json value', 'r value', 's value', 'e value', 'q dynamic'],
    ],
  );
});

test('what looks like an import in a comment, string, template or regular expression is none', () => {
  const source = `
    // import a from 'a';
    /* import b from 'b'; it's */
    /** \`\`\`ts\n * import c from 'c';\n * \`\`\` */
    const s = "import d from 'd'";
    const t = \`import e from 'e' \${f(\`import g from 'g'\`)} import h from 'h'\`;
    const r = /['"\`/]import/.test(x) ? 6 / 2 : 8 / 4;
    const u = [/[/'"]/g, a / b];
    export const v = 'from', w = "x";
    export interface Empty {}
    import type Y from 'y';
    import z from 'z';
  `;
  assert.equal(importsOf(source), [
    { specifier: 'y', kind: 'type' },
    { specifier: 'z', kind: 'value' },
  ]);
});

test.run();
