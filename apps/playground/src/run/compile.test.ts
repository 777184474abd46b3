import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompileError, compile, nearest, stripTypes } from './compile.ts';

const packages = {
  torsor: { url: 'blob:1', names: ['tensor', 'onesLike', 'noGrad', 'autograd', 'nn'] },
  '@torsor/nn': { url: 'blob:2', names: ['Linear'] },
};

async function failure(code: string): Promise<CompileError> {
  try {
    await compile(code, packages);
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error('it compiled');
}

test('types go, and lines stay', () => {
  const code = 'interface A {\n  b: number;\n}\nconst a: A = { b: 1 } as A;\nusing x = f<number>(a!);\n';
  const lines = stripTypes(code).split('\n');
  assert.is(lines.length, code.split('\n').length);
  assert.match(lines[3], /^const a = \{ b: 1 \}/);
  assert.match(lines[4], /^using x = f\(a\)/);
});

test('packages become addresses, in every form of import', async () => {
  const out = await compile(
    `import * as torch from 'torsor';\nimport { Linear } from "@torsor/nn";\nconst m = await import('torsor');\nf(torch, Linear, m);`,
    packages,
  );
  assert.match(out, /from 'blob:1';\n/);
  assert.match(out, /from "blob:2";\n/);
  assert.match(out, /import\("blob:1"\)/);
});

test('an import of types alone is not asked for', async () => {
  assert.not.match(await compile(`import type { Tensor } from 'torsor';\nlet x: Tensor;`, packages), /blob/);
  assert.match(
    await compile(`import { type Tensor, tensor } from 'torsor';\ntensor(1);`, packages),
    /import \{ *tensor/,
  );
});

test('what is not exported is named, with what was meant', async () => {
  const { message, place } = await failure(`\nimport { tensor, ones_like } from 'torsor';\ntensor(ones_like);`);
  assert.is(message, "'torsor' exports no 'ones_like'. Did you mean 'onesLike'?");
  assert.is(place?.line, 2);
  assert.match(
    (await failure(`import torch from 'torsor';\ntorch()`)).message,
    /no default export: write import \* as torch/,
  );
  assert.match(
    (await failure(`import { x } from 'numpy';\nx()`)).message,
    /no package 'numpy' here.*'torsor', '@torsor\/nn'/,
  );
});

test('what cannot be read is told with its place', async () => {
  const { name, message, place } = await failure('const a = 1;\nconst b = (a;\n');
  assert.is(`${name}: ${message}`, 'SyntaxError: Unexpected token, expected ","');
  assert.is(place?.line, 2);
});

test('the nearest name is near', () => {
  assert.is(nearest('no_grad', packages.torsor.names), 'noGrad');
  assert.is(nearest('tensr', packages.torsor.names), 'tensor');
  assert.is(nearest('quite_another', packages.torsor.names), undefined);
});

test.run();
