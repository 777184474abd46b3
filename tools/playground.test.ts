/** The playground in a real browser: that its pages open without an error, and that what they show is what Torsor computes. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findBrowser } from './browsers.ts';
import type { Page } from './devtools.ts';
import { openPlayground, type Playground } from './playgroundDriver.ts';
import { boxOf, button, settle } from './playgroundHands.ts';
import { fitsPhones, staysQuiet } from './playgroundRules.ts';

const browser = findBrowser('chromium');
let playground: Playground;
let page: Page;

const shown = 'document.querySelector("[data-testid=value]")';

if (browser === undefined) {
  // a check that cannot be made is told of, as the test runner does for browsers
  console.log('note: no Chromium here, so the playground was not opened');
  test.skip('the playground opens in Chromium', () => {});
} else {
  test.before(async () => {
    playground = await openPlayground(browser.path);
    page = playground.page;
  });
  test.after(() => playground.close());

  test('pages are isolated, and have shared memory', async () => {
    await playground.open('conv2d', shown);
    assert.is(await page.evaluate('crossOriginIsolated'), true);
  });

  test('a network learns the digits, and reads one that is written', async () => {
    await playground.open('train', 'document.querySelector("[data-testid=epoch]")');
    await page.evaluate(`[...document.querySelectorAll('input[value=full]')].at(-1).click()`);
    await page.waitFor('Number(document.querySelector("[data-testid=epoch]").textContent) >= 15');
    assert.ok(Number.parseFloat(await page.text('[data-testid=held-out]')) >= 97);
    assert.is(await page.text('[data-testid=read]'), '3');

    const box = await boxOf(page, '[aria-label^="A pad"]');
    const at = (angle: number): [number, number] => [
      box.x + box.width * (0.5 + 0.22 * Math.cos(angle)),
      box.y + box.width * (0.5 + 0.34 * Math.sin(angle)),
    ];
    await page.mouse('mousePressed', ...at(0), true);
    for (let i = 1; i <= 24; i++) await page.mouse('mouseMoved', ...at((i / 24) * 2 * Math.PI), true);
    await page.mouse('mouseReleased', ...at(0));
    await page.waitFor('document.querySelector("[data-testid=read]")?.textContent === "0"');
  });

  test('training pauses, and goes on by single steps', async () => {
    const step = async () => Number(await page.text('[data-testid=step]'));
    await playground.open(
      'train?architecture=linear',
      'Number(document.querySelector("[data-testid=step]")?.textContent) > 5',
    );
    await playground.press('Pause');
    await page.waitFor(button('Resume'));
    await settle(200);
    const before = await step();
    await playground.press('One step');
    await page.waitFor(`document.querySelector('[data-testid=step]').textContent === '${before + 1}'`);
  });

  fitsPhones(
    () => playground,
    ['conv1d', 'conv2d', 'train'].map((hash) => [hash, 'document.querySelector("h1")']),
  );
  staysQuiet(() => playground);
}

test.run();
