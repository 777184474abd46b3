/** A program ends by itself when it has nothing left to do, whatever threads it has started: with Node, Bun and Deno. */

import { spawn } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRuntime, type RuntimeId, root } from './runtimes.mjs';

const trainings = JSON.stringify(new URL('packages/workers/src/testing/trainings.ts', `file://${root}`));
const datasets = JSON.stringify(new URL('packages/data/src/testing/datasets.ts', `file://${root}`));

const programs: Record<string, string> = {
  'a pool that nobody stops': `
    import { workers } from 'torsor';
    await workers.start({ threads: 2 });`,
  'a training that is paused': `
    import { workers } from 'torsor';
    const trainer = workers.spawn(${trainings}, { exportName: 'count' });
    for await (const _ of trainer) {
      trainer.pause();
      break;
    }`,
  'a training that has ended': `
    import { workers } from 'torsor';
    const { same } = await workers.spawn(${trainings}, { exportName: 'withPool' }).result;
    if (!same) throw new Error('not the same');`,
  'workers of a loader that are kept': `
    import { data } from 'torsor';
    const dataset = await data.importDataset(${datasets}, { exportName: 'noise', args: [6] });
    for await (const _ of new data.DataLoader(dataset, { numWorkers: 2, persistentWorkers: true }));`,
};

const starts: Partial<Record<RuntimeId, readonly string[]>> = {
  node24: ['--conditions=@torsor/source', '-e'],
  bun: ['--conditions=@torsor/source', '-e'],
  deno: ['eval', '--no-lock', '--cached-only', '--conditions=@torsor/source'],
};

for (const [title, program] of Object.entries(programs)) {
  for (const [id, args] of Object.entries(starts)) {
    test(`${id} ends with ${title}`, async () => {
      const { path } = findRuntime(id as RuntimeId) ?? { path: `${id} is missing` };
      // where the packages are found by name
      const child = spawn(path, [...args, program], {
        cwd: `${root}examples`,
        timeout: 30_000,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      child.stderr.on('data', (chunk) => {
        output += chunk;
      });
      const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
        child.on('close', (...how) => resolve(how));
      });
      assert.equal([code, signal], [0, null], output);
    });
  }
}

test.run();
