/** Everyone can use every page of the playground, whichever there are: axe-core has nothing to object to, and the tab key reaches all. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LOOKS, violations, wear } from './axe.ts';
import { findBrowser } from './browsers.ts';
import type { Page } from './devtools.ts';
import { openPlayground, type Playground } from './playgroundDriver.ts';

const chromium = findBrowser('chromium');
let playground: Playground;
let page: Page;

/** The pages, as the menu has them. */
let hashes: string[];
const STANDS = 'document.querySelector("main h1") && !document.querySelector("main > .soft")';

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function open(hash: string): Promise<void> {
  await page.goto(`${playground.address}${hash}`);
  await page.waitFor(STANDS);
}

if (chromium === undefined) {
  console.log('note: no Chromium here, so nobody looked whether everyone can use the playground');
  test.skip('every page can be used by everyone', () => {});
} else {
  test.before(async () => {
    playground = await openPlayground(chromium.path);
    page = playground.page;
    await page.goto(playground.address);
    await page.waitFor(STANDS);
    hashes = await page.evaluate(`[...document.querySelectorAll('nav a')].map((link) => link.hash)`);
  });
  test.after(() => playground.close());

  for (const look of LOOKS) {
    test(`axe finds nothing to object to, ${look.join()} pixels wide`, async () => {
      await wear(page, look);
      const found: string[] = [];
      for (const hash of hashes) {
        await open(hash);
        // formulas come later, and a training has something to show after a moment
        await rest(700);
        found.push(...(await violations(page)).map((violation) => `${hash} ${violation}`));
      }
      await wear(page, LOOKS[0]);
      assert.equal(found, []);
    });
  }

  test('everything that can be pressed can be reached with the tab key', async () => {
    for (const hash of hashes) {
      await open(hash);
      const unreachable = await page.evaluate<string[]>(
        `[...document.querySelectorAll('button, a, input, select, summary, [role=application]')]
          .filter((each) => each.tabIndex < 0 && !each.disabled)
          .map((each) => each.outerHTML.slice(0, 200))`,
      );
      assert.equal(unreachable, [], hash);
    }
  });
}

test.run();
