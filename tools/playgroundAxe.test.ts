/** Everyone can use every page of the playground, whichever there are: axe-core has nothing to object to, and the tab key reaches all. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LOOKS, violations, wear } from './axe.ts';
import { findBrowser } from './browsers.ts';
import type { Page } from './devtools.ts';
import { allPages, openPlayground, type Playground, STANDS } from './playgroundDriver.ts';
import { settle } from './playgroundHands.ts';

const chromium = findBrowser('chromium');
let playground: Playground;
let page: Page;

/** The pages, as the menu has them. */
let hashes: string[];

if (chromium === undefined) {
  console.log('note: no Chromium here, so nobody looked whether everyone can use the playground');
  test.skip('every page can be used by everyone', () => {});
} else {
  test.before(async () => {
    playground = await openPlayground(chromium.path);
    page = playground.page;
    hashes = await allPages(playground);
  });
  test.after(() => playground.close());

  for (const look of LOOKS) {
    test(`axe finds nothing to object to, ${look.join()} pixels wide`, async () => {
      await wear(page, look);
      const found: string[] = [];
      for (const hash of hashes) {
        await playground.open(hash, STANDS);
        // formulas come later, and a training has something to show after a moment
        await settle(700);
        found.push(...(await violations(page)).map((violation) => `${hash} ${violation}`));
      }
      await wear(page, LOOKS[0]);
      assert.equal(found, []);
    });
  }

  test('everything that can be pressed can be reached with the tab key', async () => {
    for (const hash of hashes) {
      await playground.open(hash, STANDS);
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
