/** `using` where the language has no `Symbol.dispose` (Safari, Firefox before 141): what esbuild makes of it ends a scope and a guard. */

import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRuntime, root } from './runtimes.mjs';

const program = `
import { autograd, memory, noGrad, scope, zeros } from 'torsor';
function used() {
  using s = scope();
  const large = zeros(5000);
  using guard = noGrad();
  return [memory().usedBytes >= 20_000, autograd.isGradEnabled()];
}
const inside = used();
globalThis.seen = [typeof Symbol.dispose, ...inside, memory().usedBytes, autograd.isGradEnabled()];`;

/** A new context has what V8 knows of the language, and not what Node adds to its own. */
const run = `
const globals = { performance, queueMicrotask, TextEncoder, TextDecoder, console, URL };
require('node:vm').runInNewContext(require('node:fs').readFileSync(0, 'utf8'), globals);
console.log(JSON.stringify(globals.seen));`;

test('a scope and a guard end with `using`, on an engine that has no such symbol', async () => {
  const node20 = findRuntime('node20');
  assert.ok(node20, 'there is no Node 20');
  const { outputFiles } = await build({
    stdin: { contents: program, loader: 'ts', resolveDir: `${root}examples` },
    conditions: ['@torsor/source'],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    // Workers are not started here.
    logOverride: { 'empty-import-meta': 'silent' },
  });
  const seen = execFileSync(node20.path, ['-e', run], { input: outputFiles[0].text, encoding: 'utf8' });
  assert.equal(JSON.parse(seen), ['undefined', true, false, 0, true]);
});

test.run();
