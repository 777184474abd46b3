/** The dashboard, built, in browsers: every view shows what was measured, its controls do what they say, everyone can use it. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { test } from 'uvu';
import { equal, is, ok } from 'uvu/assert';
import { LOOKS, violations, wear } from './axe.ts';
import { type BrowserId, findBrowser, openBrowser } from './browsers.ts';
import { Page } from './devtools.ts';
import { run } from './pnpm.mjs';
import { root } from './runtimes.mjs';
import { serveFolder } from './staticServer.ts';

interface Seen {
  readonly views: readonly { address: string; title: string; rows: number; charts: number; text: string }[];
  readonly errors: readonly string[];
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};
const LIMIT_MS = 120_000;

/** Serves a built site with the probe in its page, and opens it; gives what the probe saw. */
async function look(id: BrowserId, browserPath: string): Promise<Seen> {
  let tell: (seen: Seen) => void = () => {};
  const seen = new Promise<Seen>((resolve) => {
    tell = resolve;
  });
  const server = createServer(async (request, response) => {
    const path = new URL(request.url as string, 'http://localhost').pathname.replace(/\/$/, '/index.html');
    if (path === '/seen') {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      response.writeHead(204).end();
      tell(JSON.parse(body) as Seen);
      return;
    }
    const file = path === '/probe.js' ? `${root}tools/browser/dashboardProbe.js` : site + path;
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const content = readFileSync(file);
    const page =
      path === '/index.html' && content.toString('utf8').replace('<head>', '<head><script src="/probe.js"></script>');
    response.writeHead(200, { 'Content-Type': types[extname(path)] }).end(page || content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = openBrowser(id, browserPath, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the page said nothing for two minutes')), LIMIT_MS);
    });
    const gone = browser.ended.then((said) => Promise.reject(new Error(`the browser ended: ${said}`)));
    return await Promise.race([seen, late, gone]);
  } finally {
    clearTimeout(timer);
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

interface Run {
  readonly results: readonly { readonly suite: string; readonly name: string; readonly value: number }[];
}

const site = mkdtempSync(join(tmpdir(), 'torsor-dashboard-'));
let runs: Run[] = [];

test.before(async () => {
  const built = await run([process.execPath, `${root}apps/dashboard/index.ts`, '--build', '--out', site], {
    collect: true,
  });
  is(built.code, 0, built.output);
  runs = JSON.parse(readFileSync(join(site, 'runs.json'), 'utf8')) as Run[];
  ok(runs.length > 0);
});
test.after(() => rmSync(site, { recursive: true, force: true }));

for (const id of ['chromium', 'firefox'] as const) {
  const browser = findBrowser(id);
  (browser ? test : test.skip)(`in ${id} every view shows the rows that were measured, without an error`, async () => {
    const { views, errors } = await look(id, browser?.path as string);
    equal(errors, []);
    const [overview, table, conv, benchmark, compare, sizes] = views;
    const counts = (suite?: string) =>
      runs.map(({ results }) => results.filter((row) => suite === undefined || row.suite === suite).length);
    is(overview.title, 'How fast it is');
    ok(overview.rows > 0);
    ok(counts().includes(table.rows), `${table.rows} rows`);
    ok(counts('conv').includes(conv.rows), `${conv.rows} rows of conv`);
    is(benchmark.title, 'matmul 1024');
    is(benchmark.charts, 1);
    is(compare.title, 'Two runs compared');
    is(compare.text.includes('There is one run so far'), runs.length === 1);
    ok(sizes.charts > 0);
  });
}

const chromium = findBrowser('chromium');
const where = chromium ? test : test.skip;

/** Opens the site; what it does with the page ends with it. */
async function withPage(use: (page: Page, open: (hash: string) => Promise<void>) => Promise<void>): Promise<void> {
  const server = await serveFolder(site);
  const page = await Page.open(chromium?.path as string);
  try {
    await page.resize(1400, 900);
    await use(page, async (hash) => {
      await page.goto(`${server.address}${hash}`);
      // the title of the page says which view stands
      const view = /\w+/.exec(hash)?.[0];
      await page.waitFor(
        `document.querySelector("main h1 ~ *, main tr, main canvas") !== null && document.title.toLowerCase().startsWith('${view}')`,
      );
    });
  } finally {
    await page.close();
    await server.close();
  }
}

where('rows can be filtered by name, suite and goal, and sorted, and the address says how', () =>
  withPage(async (page, open) => {
    const names = () =>
      page.evaluate<string[]>(`[...document.querySelectorAll('tbody th a')].map((each) => each.textContent)`);
    const choose = (label: string, value: string) =>
      page.evaluate(`(() => {
        const field = [...document.querySelectorAll('label')].find((each) => each.textContent.trim().startsWith('${label}'))
          .querySelector('select, input');
        field.value = '${value}';
        field.dispatchEvent(new Event(field.matches('select') ? 'change' : 'input', { bubbles: true }));
      })()`);
    await open('#/table');
    const all = await names();
    await choose('Name', 'conv stride');
    await page.waitFor(`location.hash.includes('text=conv')`);
    const some = await names();
    ok(some.length > 0 && some.length < all.length);
    const results = runs.flatMap((run) => run.results);
    const suiteOf = (name: string) => results.find((row) => row.name === name)?.suite;
    for (const name of some) for (const word of ['conv', 'stride']) ok(`${suiteOf(name)} ${name}`.includes(word), name);
    await choose('Name', '');
    await choose('Suite', 'matmul');
    await page.waitFor(`location.hash.includes('suite=matmul')`);
    for (const name of await names()) is(suiteOf(name), 'matmul', name);
    await choose('Goal', 'missed');
    await page.waitFor(`location.hash.includes('goal=missed')`);
    const missed = await page.evaluate<string[]>(
      `[...document.querySelectorAll('tbody tr')].map((row) => row.textContent)`,
    );
    ok(missed.length < all.length);
    await choose('Goal', '');
    const sortBy = `[...document.querySelectorAll('thead button')].find((each) => each.textContent.includes('Benchmark'))`;
    await page.evaluate(`${sortBy}.click()`);
    await page.waitFor(`location.hash.includes('sort=name')`);
    const sorted = await names();
    const order = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });
    const forward = [...sorted].sort(order);
    ok(`${sorted}` === `${forward}` || `${sorted}` === `${forward.reverse()}`, `${sorted}`);
    // a shared link restores it
    const hash = await page.evaluate<string>('location.hash');
    await open('#/overview');
    await open(hash);
    equal(await names(), sorted);
    equal(page.problems, []);
  }),
);

for (const look of LOOKS) {
  where(`axe finds nothing to object to, ${look.join()} pixels wide`, () =>
    withPage(async (page, open) => {
      await wear(page, look);
      const found: string[] = [];
      for (const view of ['overview', 'table', 'benchmark?name=matmul+1024', 'compare', 'sizes']) {
        await open(`#/${view}`);
        await new Promise((resolve) => setTimeout(resolve, 300));
        ok(await page.evaluate('document.querySelector("tbody tr, canvas") !== null'), `${view} shows nothing`);
        found.push(...(await violations(page)).map((violation) => `${view} ${violation}`));
      }
      equal(found, []);
    }),
  );
}

test.run();
