/**
 * Pages in a browser that run one module after the other: a static server, and the browser that is shown its pages.
 *
 * A page asks the server for a module, imports it, sends back what it printed, and loads itself anew for the next one: so each
 * module has a document of its own, as it has a process of its own elsewhere. What is served is the build; packages are
 * found through an import map, as on a page without a bundler.
 */

import { readFileSync, realpathSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { build } from 'esbuild';
import { type BrowserId, openBrowser } from './browsers.ts';
import { packages } from './pack.ts';
import { root } from './runtimes.mjs';

/** What a module did: what it printed, and what went wrong outside its tests, if anything. */
export interface PageResult {
  readonly output: string;
  readonly error: string | null;
}

/** Pages in a running browser. */
export interface Pages {
  /** Imports a module, by its path from the root of the repository, in a fresh document. */
  run(path: string): Promise<PageResult>;
  close(): Promise<void>;
}

export interface PageOptions {
  /** Whether the pages are cross-origin isolated, and so have shared memory. */
  readonly isolated: boolean;
  /** How many modules run at a time. */
  readonly count: number;
  /** The longest that a module may take. */
  readonly limitMs: number;
  /** Further files, by their path on the server. */
  readonly files?: ReadonlyMap<string, string | Uint8Array>;
  /** Called with what a module sends to `/say`. */
  readonly hear?: (said: string) => void;
}

interface Task {
  readonly path: string;
  readonly resolve: (result: PageResult) => void;
  timer?: NodeJS.Timeout;
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
};

/** uvu and what it needs, for the server to hand out: browsers do not find packages in `node_modules`. */
async function bundleUvu(): Promise<Map<string, Uint8Array>> {
  const { outputFiles } = await build({
    entryPoints: { index: 'uvu', assert: 'uvu/assert' },
    absWorkingDir: root,
    outdir: '/uvu',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  return new Map(
    outputFiles.map(({ path, contents }) => [path.replaceAll('\\', '/').replace(/^.*\/uvu\//, '/uvu/'), contents]),
  );
}

const folders = new Map(packages().map(({ name, folder }) => [name, folder]));

/**
 * A module of `tsc`, with the names of our packages replaced by where their modules are: workers have no import map.
 * Bundles keep the names, and so are found as on a user's page.
 */
function withPaths(code: string): string {
  return code.replace(/\b(from |import )(['"])([\w@/]+)\2/g, (whole, keyword, quote, name) => {
    const folder = folders.get(name);
    return folder === undefined ? whole : `${keyword}${quote}/${folder}/dist/index.js${quote}`;
  });
}

/** The page, with an import map that leads tests to the modules of `tsc`, and the tests of what is published to the bundles. */
function pageOf(): string {
  const own = packages();
  const files = (file: string) => Object.fromEntries(own.map(({ name, folder }) => [name, `/${folder}/dist/${file}`]));
  const bundles = files('bundle.js');
  const scopes = Object.fromEntries(['/runtime-tests/', ...Object.values(bundles)].map((from) => [from, bundles]));
  const imports = { ...files('index.js'), uvu: '/uvu/index.js', 'uvu/assert': '/uvu/assert.js' };
  const page = readFileSync(`${root}tools/browser/page.html`, 'utf8');
  return page.replace('{ "imports": {} }', () => JSON.stringify({ imports, scopes }));
}

/** What `tsc` made of a package's source, as opposed to its bundle. */
const ownModule = /^\/packages\/\w+\/dist\/(?!bundle\.js$).*\.js$/;

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Starts a server, and browsers that show its page. */
export async function openPages(id: BrowserId, browserPath: string, options: PageOptions): Promise<Pages> {
  const files = new Map<string, string | Uint8Array>([...(await bundleUvu()), ...(options.files ?? [])]);
  files.set('/', pageOf());
  files.set('/page.js', readFileSync(`${root}tools/browser/page.js`));
  const home = realpathSync(root).replaceAll('\\', '/').replace(/\/?$/, '/');
  const isolation: Record<string, string> = options.isolated
    ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
    : {};

  const waiting: Task[] = [];
  const idle: ServerResponse[] = [];
  const running = new Map<string, Task>();
  let gone: string | null = null;

  const finish = (task: Task, result: PageResult) => {
    clearTimeout(task.timer);
    running.delete(task.path);
    task.resolve(result);
  };
  const giveUp = (reason: string) => {
    gone ??= reason;
    for (const task of [...running.values(), ...waiting.splice(0)]) finish(task, { output: '', error: gone });
  };
  const match = () => {
    while (waiting.length > 0 && idle.length > 0) {
      const task = waiting.shift() as Task;
      running.set(task.path, task);
      task.timer = setTimeout(
        () => giveUp(`${task.path} took longer than ${options.limitMs / 1000} s`),
        options.limitMs,
      );
      (idle.shift() as ServerResponse).end(JSON.stringify({ path: `/${task.path}`, isolated: options.isolated }));
    }
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url as string, 'http://localhost');
    if (pathname === '/next') {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
      // A page that went away asks no more.
      response.on('close', () => {
        if (idle.includes(response)) idle.splice(idle.indexOf(response), 1);
      });
      idle.push(response);
      match();
    } else if (pathname === '/done') {
      const { path, output, error } = JSON.parse(await readBody(request)) as PageResult & { path: string };
      response.writeHead(204).end();
      const task = running.get(path.slice(1));
      if (task !== undefined) finish(task, { output, error });
    } else if (pathname === '/say') {
      options.hear?.(await readBody(request));
      response.writeHead(204).end();
    } else {
      serve(pathname, response);
    }
  };
  const serve = (pathname: string, response: ServerResponse) => {
    let content = files.get(pathname);
    const type = pathname === '/' ? types['.html'] : types[extname(pathname)];
    if (content === undefined && type !== undefined && !pathname.includes('..')) {
      try {
        const file = readFileSync(home + decodeURIComponent(pathname.slice(1)));
        content = ownModule.test(pathname) ? withPaths(file.toString('utf8')) : file;
      } catch {
        // Answered below: there is no such file.
      }
    }
    if (content === undefined || type === undefined) {
      response.writeHead(404).end();
      return;
    }
    // A document is not kept for the way back, since what it held would be kept with it; modules are, for the next document.
    const cache = pathname === '/' ? 'no-store' : 'max-age=86400';
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': cache, ...isolation }).end(content);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  // A browser for each page: pages that share one may have to share a thread, and Chromium without a window opens but one.
  const browsers = Array.from({ length: options.count }, () => openBrowser(id, browserPath, url));
  let isClosing = false;
  for (const { ended } of browsers) {
    ended.then((said) => {
      if (!isClosing) giveUp(`${id} ended${said ? `:\n${said}` : ''}`);
    });
  }

  return {
    run(path) {
      return new Promise((resolve) => {
        if (gone !== null) resolve({ output: '', error: gone });
        else {
          waiting.push({ path, resolve });
          match();
        }
      });
    },
    async close() {
      isClosing = true;
      await Promise.all(browsers.map((browser) => browser.close()));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
