/**
 * `npm test`: everything that must hold. Builds; checks format, layering and the packages as packed; runs the tests on every
 * runtime, and the consumers. Goes on after a failure; the last line is `N passed, N failed`, a check counting as one test.
 *
 *     node tools/verify.ts [--runtime node24,bun] [part of a test's path…]
 */

import { parseArgs } from 'node:util';
import { bundle } from './bundle.ts';
import { Checks } from './checks.ts';
import { checkConsumers } from './consumer.ts';
import { pack } from './pack.ts';
import { run } from './pnpm.mjs';
import { root } from './runtimes.mjs';
import { parseRuntimes, type RuntimeResult, resultLine, runTests } from './test.ts';

const checks = new Checks();

/** The apps, whose Svelte files `tsc` does not read. */
const apps = ['playground', 'dashboard'];

/** Runs a tool's JavaScript on this Node. */
async function tool(path: string, ...args: string[]): Promise<void> {
  const { code, output } = await run([process.execPath, root + path, ...args], {
    collect: true,
    env: { NO_COLOR: '1' },
  });
  if (code !== 0) throw new Error(output || `ended with ${code}`);
}

async function checkPackages(): Promise<void> {
  let tarballs = new Map<string, string>();
  const packed = await checks.run('packages pack', async () => {
    tarballs = await pack();
  });
  if (!packed) return;
  for (const [name, tarball] of tarballs) {
    await checks.run(`publint ${name}`, () =>
      tool('tools/node_modules/publint/src/cli.js', 'run', tarball, '--strict'),
    );
    const attw = 'tools/node_modules/@arethetypeswrong/cli/dist/index.js';
    await checks.run(`attw ${name}`, () => tool(attw, tarball, '--profile', 'esm-only', '--no-color'));
  }
  await checkConsumers(checks, tarballs);
}

let results: RuntimeResult[] = [];
try {
  const { values, positionals } = parseArgs({
    options: { runtime: { type: 'string', short: 'r' } },
    allowPositionals: true,
  });
  await checks.run('types and build', async () => {
    await tool('node_modules/typescript/bin/tsc', '-b');
    await bundle();
  });
  for (const app of apps) {
    const svelteCheck = `apps/${app}/node_modules/svelte-check/bin/svelte-check`;
    const options = ['--workspace', `${root}apps/${app}`, '--tsconfig', './tsconfig.json', '--output', 'human'];
    await checks.run(`svelte-check ${app}`, () => tool(svelteCheck, ...options, '--fail-on-warnings'));
  }
  await checks.run('format and lint', () => tool('node_modules/@biomejs/biome/bin/biome', 'check', '.'));
  await checks.run('layering', () => tool('tools/check-layers.ts'));
  await checkPackages();
  await checks.run('test runner', async () => {
    results = await runTests(parseRuntimes(values.runtime), positionals);
  });
} catch (error) {
  checks.failed++;
  console.error(error);
}

console.log();
for (const result of results) {
  console.log(resultLine(result));
  checks.passed += result.passed;
  checks.failed += result.failed;
}
checks.close();
