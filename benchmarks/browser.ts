/** Measures in a browser: bundles the suites, opens an isolated page on them, and listens to what it says. */

import { openPages } from '../tools/browserPages.ts';
import { type BrowserId, findBrowser } from '../tools/browsers.ts';
import { bundleSuites } from './bundle.ts';
import { describeMachine } from './machine.ts';
import type { Options } from './options.ts';
import type { Task, Word } from './pageWords.ts';
import { writeReport } from './report.ts';

/** Longer than all suites take. */
const LIMIT_MS = 2 * 3600_000;

/** Gives the exit code. */
export async function measureInBrowser(id: BrowserId, options: Options): Promise<number> {
  const browser = findBrowser(id);
  if (browser === undefined)
    throw new Error(`there is no ${id} here; install it, or name it in TORSOR_${id.toUpperCase()}`);
  const name = id === 'chromium' ? 'Chromium' : 'Firefox';
  const machine = { ...describeMachine(), runtime: name, version: browser.version };
  const task: Task = {
    filters: options.filters,
    effort: { rounds: options.rounds, budgetMs: options.budgetMs },
    machine,
  };
  const show = (text: string) => {
    if (process.stderr.isTTY && !options.quiet) process.stderr.write(`\r\x1b[2K${text}`);
  };
  let measured: Word['measured'];
  const pages = await openPages(id, browser.path, {
    isolated: true,
    count: 1,
    limitMs: LIMIT_MS,
    files: new Map<string, string | Uint8Array>([
      ...(await bundleSuites('page.ts')),
      ['/task.json', JSON.stringify(task)],
    ]),
    hear(said) {
      const word = JSON.parse(said) as Word;
      show(word.show ?? '');
      if (word.print !== undefined && !options.quiet) console.log(word.print);
      if (word.warn !== undefined) console.error(word.warn);
      measured = word.measured ?? measured;
    },
  });
  try {
    const { error } = await pages.run('benchmarks/peers/page.js');
    if (error !== null) console.error(error);
  } finally {
    await pages.close();
  }
  if (measured === undefined) return 1;
  const { threw, ...report } = measured;
  writeReport(options, report);
  return threw ? 1 : 0;
}
