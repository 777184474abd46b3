/**
 * What holds for every page of the playground, whichever there are: it opens in Chromium and Firefox without an error, asks nobody else
 * for anything, is small and fluent, and does without shared memory.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FirefoxPage } from './bidi.ts';
import { findBrowser } from './browsers.ts';
import type { Page } from './devtools.ts';
import { allPages, openPlayground, type Playground, RESTS, STANDS } from './playgroundDriver.ts';
import { settle } from './playgroundHands.ts';
import { staysQuiet } from './playgroundRules.ts';
import { type StaticServer, serveFolder } from './staticServer.ts';

/** Gzipped, without what comes after the page: KaTeX, the editor. A formula for every op is in it, checks of all arguments, and all that 16-bit floats take. */
const LARGEST_FIRST_PAGE = 265_000;
/** Milliseconds for each of 60 frames a second. */
const FRAME_MS = 1000 / 60;

const chromium = findBrowser('chromium');
const firefox = findBrowser('firefox');
let playground: Playground;
/** The same without the headers that isolate pages. */
let plain: StaticServer;
let page: Page;

/** The pages, as the menu has them. */
let hashes: string[];

async function open(hash: string, at: { readonly address: string } = playground): Promise<void> {
  await page.goto(`${at.address}#/${hash}`);
  await page.waitFor(STANDS);
}

/** A built file, and all that it imports at once. */
function closure(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const code = readFileSync(`${playground.folder}/assets/${file}`, 'utf8');
  for (const [, other] of code.matchAll(/(?:\bfrom|\bimport)\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) closure(other, found);
  return found;
}

const gzipped = (file: string): number =>
  gzipSync(readFileSync(`${playground.folder}/assets/${file}`), { level: 9 }).length;

if (chromium === undefined) {
  console.log('note: no Chromium here, so the pages of the playground were not checked');
  test.skip('every page opens', () => {});
} else {
  test.before(async () => {
    playground = await openPlayground(chromium.path);
    plain = await serveFolder(playground.folder, 0, false);
    page = playground.page;
    hashes = await allPages(playground);
  });
  test.after(async () => {
    await plain.close();
    await playground.close();
  });

  test('there are pages', () => {
    assert.ok(hashes.length >= 4, hashes.join());
  });

  test(`the first page is at most ${LARGEST_FIRST_PAGE / 1000} kB of JavaScript, gzipped`, async () => {
    await page.goto(playground.address);
    await page.waitFor(STANDS);
    const loaded = await page.evaluate<string[]>(
      `performance.getEntriesByType('resource').map(({ name }) => name.split('/').pop())`,
    );
    const entry = /assets\/([\w.-]+\.js)/.exec(readFileSync(`${playground.folder}/index.html`, 'utf8'))?.[1] as string;
    const pages = loaded.filter((name) => /Page-[\w-]+\.js$/.test(name));
    assert.is(pages.length, 1, pages.join());
    const files = new Set([...closure(entry), ...closure(pages[0])]);
    const bytes = [...files].reduce((sum, file) => sum + gzipped(file), 0);
    console.log(`first page: ${(bytes / 1000).toFixed(1)} kB of JavaScript, gzipped, in ${files.size} files`);
    assert.ok(
      bytes <= LARGEST_FIRST_PAGE,
      `${bytes}: ${[...files].map((file) => `${file} ${gzipped(file)}`).join(', ')}`,
    );
    // WebAssembly is written by the page itself
    assert.equal(
      readdirSync(`${playground.folder}/assets`).filter((file) => file.endsWith('.wasm')),
      [],
    );
  });

  test('the first page can be used within a second', async () => {
    const turns: { wallMs: number; cpuMs: number }[] = [];
    for (let turn = 0; turn < 3; turn++) {
      await page.send('Page.navigate', { url: 'about:blank' });
      const startMs = performance.now();
      await page.send('Page.navigate', { url: playground.address });
      await page.waitFor(STANDS);
      turns.push({ wallMs: performance.now() - startMs, cpuMs: await page.mainThreadMs() });
    }
    const list = (times: readonly number[]) => times.map((ms) => ms.toFixed(0)).join(', ');
    const cpu = turns.map(({ cpuMs }) => cpuMs);
    console.log(
      `first page stands after ${list(turns.map(({ wallMs }) => wallMs))} ms, ${list(cpu)} ms of them computing`,
    );
    // what is computed, since other tests may run beside this one
    assert.ok(Math.max(...cpu) < 1000, list(cpu));
  });

  test('pages keep up 60 frames a second while a reader points at things', async () => {
    for (const hash of hashes) {
      await open(hash);
      await settle(500);
      await page.evaluate(`(() => {
        window.frames60 = [];
        let last = performance.now();
        const frame = (now) => {
          window.frames60.push(now - last);
          last = now;
          window.request60 = requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      })()`);
      const startMs = await page.mainThreadMs();
      for (let i = 0; i < 60; i++) await page.mouse('mouseMoved', 450 + 12 * i, 300 + 8 * ((7 * i) % 60));
      await settle(300);
      const frames = await page.evaluate<number[]>('(cancelAnimationFrame(window.request60), window.frames60)');
      const cpuMs = ((await page.mainThreadMs()) - startMs) / frames.length;
      const sorted = frames.slice(1).sort((a, b) => a - b);
      const [median, late] = [sorted[sorted.length >> 1], sorted[Math.floor(0.95 * sorted.length)]];
      console.log(
        `${hash}: ${(1000 / median).toFixed(0)} frames a second; 95 % within ${late.toFixed(1)} ms; ${cpuMs.toFixed(1)} ms to compute one`,
      );
      // what is computed, since other tests may run beside this one
      assert.ok(cpuMs <= FRAME_MS, `${hash}: ${cpuMs} ms`);
    }
  });

  test('without isolation there is one thread, and the page says so', async () => {
    await open('train?pace=full', plain);
    assert.is(await page.evaluate('crossOriginIsolated'), false);
    assert.match(await page.text('[data-testid=no-threads]'), /One thread: this page has no shared memory/);
    await page.waitFor('Number(document.querySelector("[data-testid=epoch]").textContent) >= 2');
    await page.waitFor(`document.querySelector('[data-testid=pace]')?.textContent.includes('one thread')`);

    await open('speed', plain);
    assert.match(await page.text('[data-testid=no-threads]'), /One thread/);
    await playground.press('Measure');
    await page.waitFor('document.querySelector("[data-testid=measured]")');
    assert.match(await page.text('[data-testid=features]'), 'Shared memory: no');
  });

  test('the benchmark measures this browser, beside its ceiling and recorded results', async () => {
    await open('speed');
    await playground.press('Measure');
    await page.waitFor('document.querySelector("[data-testid=measured]")');
    const texts = (id: string) =>
      page.evaluate<string[]>(
        `[...document.querySelectorAll('[data-testid=${id}]')].map((each) => each.textContent.trim())`,
      );
    const peak = Number(await page.text('[data-testid=peak]'));
    const [rate] = await texts('rate');
    const [share] = await texts('share');
    assert.match(rate, /^[\d.]+ GFLOP\/s/);
    assert.match(await page.text('main'), /recorded with [A-Z][a-z]+ [\d.]+ on /);
    console.log(`matmul 1024: ${rate}, ${share} of ${peak} GFLOP/s`);
    // how near it comes depends on who else computes; a product that passed the ceiling would be measured wrong
    assert.ok(Number.parseFloat(share) > 1 && Number.parseFloat(share) < 150, share);
    assert.ok(peak > 0.5 && Number.parseFloat(rate) < 3 * peak, `${rate} of ${peak}`);
  });

  test('a benchmark can be stopped, and keeps what it has', async () => {
    await open('speed?effort=long&threads=one');
    await playground.press('Measure');
    await page.waitFor('document.querySelector("[data-testid=rate]").textContent.includes("GFLOP")');
    await playground.press('Stop');
    await page.waitFor('document.querySelector("[role=status]")?.textContent.startsWith("Stopped")');
    assert.match(await page.text('[data-testid=rate]'), 'GFLOP');
    assert.is(await page.evaluate('location.hash'), '#/speed?effort=long&threads=one');
  });

  staysQuiet(() => playground, ' in Chromium');
}

const inFirefox = chromium === undefined || firefox === undefined ? test.skip : test;
if (firefox === undefined) console.log('note: no Firefox here, so the playground was not opened in it');

inFirefox('every page opens in Firefox without an error, asks no other host, and computes', async () => {
  const other = await FirefoxPage.open(firefox?.path as string);
  try {
    await other.resize(1400, 900);
    for (const hash of hashes) {
      await other.goto(`${playground.address}#/${hash}`);
      await other.waitFor(RESTS);
      // As readers do: what works in the background has begun.
      await settle(500);
      assert.ok((await other.text('main h1')).length > 0, hash);
    }
    assert.is(await other.evaluate('crossOriginIsolated'), true);

    // what Chromium shows, Firefox shows
    const settings = 'conv2d?bank=hand*1*0*-1*2*0*-2*1*0*-1&source=drawing&width=24';
    await other.goto(`${playground.address}#/${settings}`);
    await open(settings);
    const shown = '[data-testid=output-size]';
    assert.is(await other.text(shown), await page.text(shown));
    await other.waitFor(RESTS);

    await other.goto(`${playground.address}#/train?pace=full`);
    const trains = 'Number(document.querySelector("[data-testid=epoch]")?.textContent) >= 5';
    await other.waitFor(trains).catch(async (cause: Error) => {
      const said = `${await other.text('main')} ${other.problems.join(' ')}`;
      throw new Error(`${cause.message}; the page says: ${said}`, { cause });
    });
    assert.ok(Number.parseFloat(await other.text('[data-testid=held-out]')) >= 90);
    assert.is(await other.text('[data-testid=read]'), '3');
    assert.equal(other.problems, []);
  } finally {
    await other.close();
  }
});

test.run();
