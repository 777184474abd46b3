/** What the tests of the playground share: a build of their own, a server for it, and a page of Chromium that opens its pages. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Page } from './devtools.ts';
import { buildPlayground } from './playground.ts';
import { button } from './playgroundHands.ts';
import { serveFolder } from './staticServer.ts';

export interface Playground {
  readonly page: Page;
  /** Where it is served, and the folder that is. */
  readonly address: string;
  readonly folder: string;
  /** Opens a page by what stands behind the `#/` of its address, and waits until an expression is truthy. */
  open(hash: string, ready: string): Promise<void>;
  /** Presses the first button with this text. */
  press(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Builds into a folder of its own, as test files run side by side. */
export async function openPlayground(browserPath: string, flags: readonly string[] = []): Promise<Playground> {
  const folder = mkdtempSync(join(tmpdir(), 'torsor-playground-'));
  const problem = await buildPlayground(folder);
  if (problem !== undefined) throw new Error(problem);
  const server = await serveFolder(folder);
  const page = await Page.open(browserPath, flags);
  await page.resize(1400, 900);
  return {
    page,
    address: server.address,
    folder,
    async open(hash, ready) {
      await page.goto(`${server.address}#/${hash}`);
      await page.waitFor(ready);
    },
    async press(text) {
      // in one turn: what is there now may be gone in the next
      await page.waitFor(`(() => {
        const found = ${button(text)};
        found?.click();
        return found !== undefined;
      })()`);
    },
    async close() {
      await page.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether a page stands, whichever it is: an expression. */
export const STANDS = 'document.querySelector("main h1") && !document.querySelector("main > .soft")';

/** Whether nothing of a page that stands is still to come (its editor, formulas, fonts, its program's end), which leaving would break off. */
export const RESTS = `${STANDS} && document.fonts.status === 'loaded' &&
  !document.querySelector('.editor > pre, .pending, [data-state=starting], [data-state=running]')`;

/** What stands behind the `#/` of the pages' addresses, as the menu has them. */
export async function allPages({ page, open }: Playground): Promise<string[]> {
  await open('', STANDS);
  return page.evaluate(`[...document.querySelectorAll('nav a')].map((link) => link.hash.replace('#/', ''))`);
}
