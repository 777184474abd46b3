/** A program with a pool, which `process.test.ts` runs as a process of its own. The last argument says what it does. */

import { arange } from '@torsor/core';
import { start } from '../start.ts';

/** A product that threads share; always the same number. */
function compute(): number {
  const a = arange(300 * 300)
    .view(300, 300)
    .remainder(7);
  return a.matmul(a).sum().item();
}

/** Milliseconds of all cores that the process has used. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const alone = compute();
const pool = await start({ threads: 3 });
pool.sharesAll = true;
const same = compute() === alone && pool.stats().launches > 0;

switch (process.argv.at(-1)) {
  case 'ends':
    break;
  case 'stops':
    await pool.stop();
    break;
  case 'throws':
    throw new Error('the program failed');
  case 'rests': {
    await later(200);
    const beforeMs = usedMs();
    await later(1000);
    console.log(`used ${usedMs() - beforeMs} ms`);
    break;
  }
  case 'forks': {
    const { fork } = await import('node:child_process');
    const child = fork(new URL(import.meta.url).pathname, ['ends'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    let output = '';
    child.stdout?.on('data', (text) => {
      output += text;
    });
    // Both at work at once.
    const ended = new Promise((resolve) => child.on('close', resolve));
    let isOpen = true;
    ended.then(() => {
      isOpen = false;
    });
    let agrees = true;
    while (isOpen) {
      agrees &&= compute() === alone;
      await later(1);
    }
    console.log(agrees ? `forked: ${output.trim()}` : 'the forking process got other numbers');
    break;
  }
}
console.log(same ? 'same' : 'other');
