/**
 * Runs every test file on every runtime, each file as a process of its own, or in browsers as a page of its own.
 *
 *     node tools/test.ts [--runtime node24,bun,firefox] [part of a path…]
 *
 * Sources run on Node 24 and 26, Bun and Deno; Node 20 and 22 and the browsers run the modules that `tsc` made of them. A file
 * fails when its process does, when it ran no test (a forgotten `test.run()` passes in silence elsewhere), and when two runtimes ran different numbers
 * of tests.
 */

import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { openPages } from './browserPages.ts';
import { type BrowserId, findBrowser } from './browsers.ts';
import { findRuntime, type RuntimeId, root } from './runtimes.mjs';

/** A runtime, a browser, or a browser's page that is not isolated from others and so has no shared memory. */
export type HostId = RuntimeId | BrowserId | `${BrowserId}-plain`;

/** How a runtime is started, and whether it runs the sources or the build; `only` are the files that it runs, if not all. */
interface Start {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly built?: true;
  readonly browser?: BrowserId;
  readonly only?: RegExp;
}

const runtimes: Record<HostId, Start> = {
  // One runtime draws random cases at length, the others some.
  node24: { env: { TORSOR_FUZZ_CASES: '10000' } },
  node20: { built: true },
  node22: { built: true },
  node26: {},
  bun: {},
  deno: { args: ['run', '-A', '--no-lock', '--cached-only'] },
  chromium: { built: true, browser: 'chromium' },
  firefox: { built: true, browser: 'firefox' },
  // What depends on the kind of memory, and one of everything.
  'chromium-plain': { built: true, browser: 'chromium', only: plainFiles() },
  'firefox-plain': { built: true, browser: 'firefox', only: plainFiles() },
};
const defaultRuntimes: HostId[] = [
  'node24',
  'node20',
  'node26',
  'bun',
  'deno',
  'chromium',
  'firefox',
  'chromium-plain',
  'firefox-plain',
];
const sourceCondition = '--conditions=@torsor/source';
/** Tests import single modules: the bundles that are published would be second copies of them. */
const modulesCondition = '--conditions=@torsor/modules';

function plainFiles(): RegExp {
  return /^runtime-tests\/|\/(wasm\/(heap|features|module|launch)|storage|nn\/src\/training|lesson|strict|trainer|workers)\.test\.ts$/;
}

/** The longest that one file may take. */
const limitMs = 300_000;

/** What one file did on one runtime. `error` is undefined if all is well. */
interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly error: string | undefined;
  readonly output: string;
}

/** The sum over a runtime. */
export interface RuntimeResult {
  readonly runtime: string;
  readonly files: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** True for a runtime that this machine has not, and can do without. */
  readonly missing?: boolean;
}

/** Every test file, or those whose path holds one of the filters; as paths from the root. */
export function findTests(filters: readonly string[] = []): string[] {
  const patterns = [
    'packages/*/src/**/*.test.ts',
    'runtime-tests/src/**/*.test.ts',
    'examples/*.test.ts',
    'benchmarks/*.test.ts',
    'apps/*/src/**/*.test.ts',
    'tools/*.test.ts',
  ];
  const files = globSync(patterns, { cwd: root }).map((file) => file.replaceAll('\\', '/'));
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ''));
  return files.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part))).sort();
}

/** Whether a file is meant for a runtime: tests of tools, benchmarks and apps are for the Node that the tools run on. */
function runsOn(file: string, runtime: HostId): boolean {
  if (/^(tools|benchmarks|apps)\//.test(file)) return runtime === 'node24';
  if (runtimes[runtime].only?.test(file) === false) return false;
  if (file.startsWith('examples/')) return !runtimes[runtime].built;
  return true;
}

/** What a run of uvu says of itself; sums, should there be several summaries. */
export function readSummary(output: string): { total: number; passed: number; skipped: number } {
  const sum = (word: string) => {
    let n = 0;
    for (const [, digits] of output.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)\\s*$`, 'gm'))) n += Number(digits);
    return n;
  };
  return { total: sum('Total'), passed: sum('Passed'), skipped: sum('Skipped') };
}

/** What is wrong with a run, if anything. */
export function judge(code: number | null, signal: string | null, output: string): Outcome {
  const { total, passed, skipped } = readSummary(output);
  let error: string | undefined;
  if (signal !== null) error = `was ended by ${signal}`;
  else if (passed < total) error = `${total - passed} of ${total} tests failed`;
  else if (code !== 0) error = `ended with exit code ${code}`;
  else if (total === 0) error = 'ran no test (is test.run() missing?)';
  const failed = error === undefined ? 0 : Math.max(1, total - passed);
  return { passed, failed, skipped, error, output };
}

/** What runs test files. */
interface Host {
  /** With the version. */
  readonly name: string;
  /** Whether tests may be skipped: those of what a page does not have, such as processes. The last line says how many. */
  readonly maySkip: boolean;
  run(file: string): Promise<Outcome>;
  close?(): Promise<void>;
}

/** Where `tsc` puts what it makes of a file. */
function builtPath(file: string): string {
  return file.replace('/src/', '/dist/').replace(/\.ts$/, '.js');
}

/** A runtime that runs each file as a process. */
function processHost(id: RuntimeId): Host | undefined {
  const found = findRuntime(id);
  if (found === undefined) return undefined;
  const { args: start = [], env: own, built } = runtimes[id];
  const { FORCE_COLOR: _, NODE_OPTIONS: __, ...env } = process.env;
  const runFile = (file: string): Promise<Outcome> => {
    const args = [...start];
    if (!file.startsWith('runtime-tests/')) args.push(built ? modulesCondition : sourceCondition);
    args.push(built ? builtPath(file) : file);
    return new Promise((resolve) => {
      const child = spawn(found.path, args, {
        cwd: root,
        env: { ...own, ...env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: limitMs,
        killSignal: 'SIGKILL',
      });
      let output = '';
      const take = (chunk: string) => {
        output += chunk;
      };
      child.stdout.setEncoding('utf8').on('data', take);
      child.stderr.setEncoding('utf8').on('data', take);
      child.on('error', (error) => resolve(judge(1, null, `${output}\n${error.stack}`)));
      child.on('close', (code, signal) => resolve(judge(code, signal, stripVTControlCharacters(output))));
    });
  };
  return { name: `${id.replace(/\d+$/, '')} ${found.version}`, maySkip: false, run: runFile };
}

/** A browser that runs each file in a page. */
async function browserHost(id: BrowserId, isolated: boolean): Promise<Host | undefined> {
  const found = findBrowser(id);
  if (found === undefined) return undefined;
  const pages = await openPages(id, found.path, { isolated, count: availableParallelism(), limitMs });
  return {
    name: `${id} ${found.version}${isolated ? '' : ', plain'}`,
    maySkip: true,
    async run(file) {
      const { output, error } = await pages.run(builtPath(file));
      return judge(
        error === null ? 0 : 1,
        null,
        stripVTControlCharacters(error === null ? output : `${output}\n${error}`),
      );
    },
    close: () => pages.close(),
  };
}

/** Starts a runtime, if this machine has it. */
async function openHost(id: HostId): Promise<Host | undefined> {
  const { browser } = runtimes[id];
  const host = browser === undefined ? processHost(id as RuntimeId) : await browserHost(browser, id === browser);
  if (host === undefined || !runtimes[id].built) return host;
  return {
    ...host,
    async run(file) {
      if (existsSync(root + builtPath(file))) return host.run(file);
      return judge(1, null, `${builtPath(file)} is missing: run tsc -b first\n`);
    },
  };
}

function printFailure(file: string, runtime: string, outcome: Outcome): void {
  console.log(`\n✗ ${file} on ${runtime} ${outcome.error}`);
  console.log(outcome.output.replace(/^/gm, '  ').trimEnd());
}

const WIDTH = 20;

/** One line of the table. */
export function resultLine({ runtime, files, passed, failed, skipped, seconds, missing }: RuntimeResult): string {
  if (missing) return `${runtime.padEnd(WIDTH)} NOT FOUND on this machine, so nothing was tested on it`;
  const counts = [`${passed} tests passed`, failed ? `${failed} failed` : '', skipped ? `${skipped} skipped` : ''];
  return `${runtime.padEnd(WIDTH)} ${String(files).padStart(4)} files  ${counts.filter(Boolean).join(', ')}  ${seconds.toFixed(1)} s`;
}

/** Runs the files that the filters leave on the runtimes; prints as it goes. */
export async function runTests(ids: readonly HostId[], filters: readonly string[] = []): Promise<RuntimeResult[]> {
  const files = findTests(filters);
  if (files.length === 0) throw new Error(`no test file matches ${filters.join(', ') || 'at all'}`);

  const results: RuntimeResult[] = [];
  const counts: Counts = new Map();
  for (const id of ids) {
    const mine = files.filter((file) => runsOn(file, id));
    if (mine.length === 0) continue;
    const host = await openHost(id);
    let result: RuntimeResult;
    if (host === undefined) {
      // `npm run setup` brings all runtimes, and so one that is missing is a failure; browsers come from elsewhere.
      const { browser } = runtimes[id];
      console.log(
        `${id}: not found; ${browser ? 'install it' : 'run `npm run setup`'}, or name it in ${variableOf(id)}`,
      );
      const missing = browser !== undefined && ids === defaultRuntimes;
      result = { runtime: id, files: 0, passed: 0, failed: missing ? 0 : 1, skipped: 0, seconds: 0, missing };
    } else {
      try {
        result = await runOn(host, mine, counts);
      } finally {
        await host.close?.();
      }
      console.log(resultLine(result));
    }
    results.push(result);
  }
  return results;
}

/** How many tests a file ran, and where. */
type Counts = Map<string, { readonly runtime: string; readonly total: number }>;

/** The variable that names a runtime's path. */
function variableOf(id: HostId): string {
  return `TORSOR_${(runtimes[id].browser ?? id).toUpperCase()}`;
}

/** Runs files on one runtime, as many at a time as there are processors. */
async function runOn(host: Host, files: readonly string[], counts: Counts): Promise<RuntimeResult> {
  const live = process.stdout.isTTY === true;
  const startMs = performance.now();
  const { name: runtime } = host;
  let [passed, failed, skipped, done, next] = [0, 0, 0, 0, 0];
  const worker = async () => {
    while (next < files.length) {
      const file = files[next++];
      let outcome = await host.run(file);
      const total = outcome.passed + outcome.failed + (host.maySkip ? outcome.skipped : 0);
      const before = counts.get(file);
      if (outcome.error === undefined) {
        if (before === undefined) counts.set(file, { runtime, total });
        else if (before.total !== total) {
          const error = `ran ${total} tests, but ${before.total} on ${before.runtime}`;
          outcome = { ...outcome, failed: 1, error };
        }
      }
      if (live) process.stdout.write('\r\x1b[K');
      if (outcome.error !== undefined) printFailure(file, runtime, outcome);
      for (const [, note] of outcome.output.matchAll(/^note: (.*)$/gm)) console.log(`${runtime.padEnd(WIDTH)} ${note}`);
      passed += outcome.passed;
      failed += outcome.failed;
      skipped += outcome.skipped;
      done++;
      if (live) process.stdout.write(`${runtime}  ${done}/${files.length} files  ${passed} tests passed`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (live) process.stdout.write('\r\x1b[K');
  return { runtime, files: files.length, passed, failed, skipped, seconds: (performance.now() - startMs) / 1000 };
}

/** The runtimes that `--runtime a,b` names, or those that `npm test` uses. */
export function parseRuntimes(list: string | undefined): readonly HostId[] {
  if (list === undefined) return defaultRuntimes;
  const ids = list.split(',');
  for (const id of ids) {
    if (!(id in runtimes)) throw new Error(`unknown runtime ${id}; there are ${Object.keys(runtimes).join(', ')}`);
  }
  return ids as HostId[];
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { runtime: { type: 'string', short: 'r' } },
    allowPositionals: true,
  });
  const results = await runTests(parseRuntimes(values.runtime), positionals);
  const sum = (key: 'passed' | 'failed') => results.reduce((n, result) => n + result[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exitCode = sum('failed') > 0 ? 1 : 0;
}
