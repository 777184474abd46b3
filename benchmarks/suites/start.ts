/** What it takes to start: the import of what is published and the first convolution in a cold process, over an empty script. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { seconds } from '../process.ts';
import type { Line } from '../row.ts';

const START = fileURLToPath(new URL('../start.mjs', import.meta.url));
const EMPTY = fileURLToPath(new URL('../empty.mjs', import.meta.url));
const BUILD = fileURLToPath(new URL('../../packages/torsor/dist/bundle.js', import.meta.url));
const RUNS = 9;

/** Milliseconds that a fresh process takes for a script. */
async function runMs(script: string): Promise<number> {
  const args = process.versions.deno === undefined ? [script] : ['run', '-A', '--no-lock', '--cached-only', script];
  return 1000 * (await seconds(process.execPath, args));
}

export function lines(): Line[] {
  return [
    {
      name: 'import torsor and the first conv2d, cold process, over an empty script',
      unit: 'ms',
      atMost: 60,
      async measure() {
        if (!existsSync(BUILD)) return 'there is no build: npm run build';
        const samples: number[] = [];
        await runMs(START);
        await runMs(EMPTY);
        for (let i = 0; i < RUNS; i++) samples.push(-(await runMs(EMPTY)) + (await runMs(START)));
        return samples;
      },
    },
  ];
}
