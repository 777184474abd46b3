/** Runs a scenario in a browser: bundles it, opens an isolated page on it, and listens to its samples. */

import { openPages } from '../../tools/browserPages.ts';
import { type BrowserId, findBrowser } from '../../tools/browsers.ts';
import { bundleSuites } from '../bundle.ts';
import type { PageTask } from './inPage.ts';
import type { Sample } from './scenarios.ts';

const LIMIT_MS = 3600_000;

export async function soakInBrowser(id: BrowserId, task: PageTask, hear: (sample: Sample) => void): Promise<void> {
  const browser = findBrowser(id);
  if (browser === undefined) throw new Error(`there is no ${id} here`);
  const pages = await openPages(id, browser.path, {
    isolated: true,
    count: 1,
    limitMs: LIMIT_MS,
    files: new Map<string, string | Uint8Array>([
      ...(await bundleSuites('memory/inPage.ts')),
      ['/task.json', JSON.stringify(task)],
    ]),
    hear: (said) => hear(JSON.parse(said) as Sample),
  });
  try {
    const { error } = await pages.run('benchmarks/peers/inPage.js');
    if (error !== null) throw new Error(error);
  } finally {
    await pages.close();
  }
}
