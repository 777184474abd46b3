/** The dashboard, built, in a browser: every view shows what was measured, and nothing goes wrong. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { test } from 'uvu';
import { equal, is, ok } from 'uvu/assert';
import { findBrowser, openBrowser } from './browsers.ts';
import { run } from './pnpm.mjs';
import { root } from './runtimes.mjs';

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
async function look(site: string, browserPath: string): Promise<Seen> {
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
  const browser = openBrowser('chromium', browserPath, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
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

const browser = findBrowser('chromium');
const where = browser ? test : test.skip;

where('every view of the built dashboard shows the rows that were measured, without an error', async () => {
  const site = mkdtempSync(join(tmpdir(), 'torsor-dashboard-'));
  try {
    const built = await run([process.execPath, `${root}apps/dashboard/index.ts`, '--build', '--out', site], {
      collect: true,
    });
    is(built.code, 0, built.output);
    const runs = JSON.parse(readFileSync(join(site, 'runs.json'), 'utf8')) as { results: { suite: string }[] }[];
    ok(runs.length > 0);
    const { views, errors } = await look(site, browser?.path as string);
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
  } finally {
    rmSync(site, { recursive: true, force: true });
  }
});

test.run();
