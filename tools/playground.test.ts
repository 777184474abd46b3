/** The playground in a real browser: that its pages open without an error, and that what they show is what Torsor computes. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findBrowser } from './browsers.ts';
import { Page } from './devtools.ts';
import { buildPlayground, folder } from './playground.ts';
import { type StaticServer, serveFolder } from './staticServer.ts';

const browser = findBrowser('chromium');
let server: StaticServer;
let page: Page;

async function open(hash: string, ready: string): Promise<void> {
  await page.goto(`${server.address}#/${hash}`);
  await page.waitFor(ready);
}

const shown = 'document.querySelector("[data-testid=value]")';

if (browser === undefined) {
  // a check that cannot be made is told of, as the test runner does for browsers
  console.log('note: no Chromium here, so the playground was not opened');
  test.skip('the playground opens in Chromium', () => {});
} else {
  test.before(async () => {
    const problem = await buildPlayground();
    if (problem !== undefined) throw new Error(problem);
    server = await serveFolder(folder);
    page = await Page.open(browser.path);
    await page.resize(1400, 900);
  });
  test.after(async () => {
    await page.close();
    await server.close();
  });

  test('pages are isolated, and have shared memory', async () => {
    await open('conv2d', shown);
    assert.is(await page.evaluate('crossOriginIsolated'), true);
  });

  test('a network learns the digits, and reads one that is written', async () => {
    await open('train', 'document.querySelector("[data-testid=epoch]")');
    await page.evaluate(`[...document.querySelectorAll('input[value=full]')].at(-1).click()`);
    await page.waitFor('Number(document.querySelector("[data-testid=epoch]").textContent) >= 15');
    assert.ok(Number.parseFloat(await page.text('[data-testid=held-out]')) >= 97);
    assert.is(await page.text('[data-testid=read]'), '3');

    const box = await page.evaluate<{ x: number; y: number; width: number }>(`(() => {
      const pad = document.querySelector('[aria-label^="A pad"]');
      pad.scrollIntoView({ block: 'center' });
      const { x, y, width } = pad.getBoundingClientRect();
      return { x, y, width };
    })()`);
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
    const press = (text: string) =>
      page.evaluate(`[...document.querySelectorAll('button')].find((b) => b.textContent === '${text}').click()`);
    const step = async () => Number(await page.text('[data-testid=step]'));
    await open('train?architecture=linear', 'Number(document.querySelector("[data-testid=step]")?.textContent) > 5');
    await press('Pause');
    await page.waitFor(`[...document.querySelectorAll('button')].some((b) => b.textContent === 'Resume')`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = await step();
    await press('One step');
    await page.waitFor(`document.querySelector('[data-testid=step]').textContent === '${before + 1}'`);
  });

  test('on a phone nothing is wider than the page', async () => {
    await page.resize(390, 844);
    for (const hash of ['conv1d', 'conv2d', 'train']) {
      await open(hash, 'document.querySelector("h1")');
      assert.is(await page.evaluate('document.documentElement.scrollWidth'), 390, hash);
    }
  });

  test('the console showed no error, and nothing was asked of another host', () => {
    assert.equal(page.problems, []);
  });
}

test.run();
