/** What holds for several pages of the playground, as tests that their files have in common, and as a step of tests. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LOOKS, violations, wear } from './axe.ts';
import type { Playground } from './playgroundDriver.ts';
import { settle } from './playgroundHands.ts';

/** Pages by what stands behind the `#/` of their addresses, each with an expression that is truthy once it stands. */
type Pages = readonly (readonly [hash: string, ready: string])[];

/** On a phone no page is wider than the window. */
export function fitsPhones(playground: () => Playground, pages: Pages): void {
  test('on a phone nothing is wider than the page', async () => {
    const { page, open } = playground();
    await page.resize(390, 844);
    for (const [hash, ready] of pages) {
      await open(hash, ready);
      assert.is(await page.evaluate('document.documentElement.scrollWidth'), 390, hash);
    }
    await page.resize(1400, 900);
  });
}

/** Everyone can use the page, in each of its looks. */
export function pleasesAxe(playground: () => Playground, hash: string, ready: string): void {
  for (const look of LOOKS) {
    test(`axe finds nothing wrong, ${look.join()} pixels wide`, async () => {
      const { page, open } = playground();
      await wear(page, look);
      await open(hash, ready);
      assert.equal(await violations(page), []);
    });
  }
}

/** All that was done before went without a word on the console, and without a host but ours. */
export function staysQuiet(playground: () => Playground, where = ''): void {
  test(`the console showed no error${where}, and nothing was asked of another host`, () => {
    assert.equal(playground().page.problems, []);
  });
}

/** Opens a page and does something that it cannot take: it says why, and keeps its number and its address. */
export async function refuses(
  { page, open }: Playground,
  [hash, ready]: Pages[number],
  act: () => Promise<void>,
  words: RegExp,
): Promise<void> {
  await open(hash, ready);
  const before = await page.text('[data-testid=value]');
  await act();
  assert.match(await page.text('[data-testid=trouble]'), words);
  assert.is(await page.text('[data-testid=value]'), before);
  // Pages write their addresses in their own time.
  await settle();
  await page.waitFor(`location.hash === '#/${hash}'`);
}
