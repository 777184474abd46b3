/** A pool and its process: a program ends by itself, an idle pool takes no time, a forked process has a pool of its own. */

import { executor, heap } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

/** Pages have no processes. */
const processes = await import('node:child_process').catch(() => null);
const isShared = typeof SharedArrayBuffer !== 'undefined' && heap().memory.buffer instanceof SharedArrayBuffer;
const here = processes !== null && isShared ? test : test.skip;

/** Longer than any of the programs takes, on a busy machine, too. */
const LIMIT_MS = 60_000;

const isSource = import.meta.url.endsWith('.ts');

/** Runs `testing/program.ts` on this runtime; gives its exit code, null if it had to be ended, and what it printed. */
function run(what: string): Promise<{ code: number | null; output: string; errors: string }> {
  const program = new URL(`./testing/program.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const flags = 'Deno' in globalThis ? ['run', '-A', '--no-lock', '--cached-only'] : [];
  const condition = `--conditions=@torsor/${isSource ? 'source' : 'modules'}`;
  return new Promise((resolve, reject) => {
    const child = processes!.spawn(process.execPath, [...flags, condition, program.pathname, what], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, errors }));
  });
}

test('to import the package starts nothing', async () => {
  await import('./index.ts');
  assert.is(executor().threads, 1);
});

for (const what of ['ends', 'stops']) {
  here(`a program that ${what === 'ends' ? 'leaves its pool running' : 'stops its pool'} ends by itself`, async () => {
    const { code, output, errors } = await run(what);
    assert.is(code, 0, errors);
    assert.is(output.trim(), 'same');
  });
}

here('a program that throws ends, with its error', async () => {
  const { code, errors } = await run('throws');
  assert.is(code, 1);
  assert.match(errors, /the program failed/);
});

here('an idle pool takes no time of any core', async () => {
  const { code, output, errors } = await run('rests');
  assert.is(code, 0, errors);
  const usedMs = Number(/used ([\d.]+) ms/.exec(output)?.[1]);
  // Of one second and two threads. Timers and the collector of the runtime take some.
  assert.ok(usedMs < 50, `${usedMs} ms`);
});

here('a forked process has a pool of its own, and leaves that of its parent alone', async () => {
  const { code, output, errors } = await run('forks');
  assert.is(code, 0, errors);
  assert.equal(output.trim().split('\n'), ['forked: same', 'same']);
});

test.run();
