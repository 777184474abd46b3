/**
 * Runs every test file on every runtime, each file as a process of its own.
 *
 *     node tools/test.ts [--runtime node24,bun] [part of a path…]
 *
 * Sources run on Node 24 and 26, Bun and Deno; Node 20 and 22 run the modules that `tsc` made of them. A file fails when its process does, when it ran
 * no test (a forgotten `test.run()` passes in silence elsewhere), and when two runtimes ran different numbers of tests.
 */

import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { findRuntime, type RuntimeId, root } from './runtimes.mjs';

/** How a runtime is started, and whether it runs the sources or the build. */
const runtimes: Record<RuntimeId, { args: string[]; built?: true }> = {
  node24: { args: [] },
  node20: { args: [], built: true },
  node22: { args: [], built: true },
  node26: { args: [] },
  bun: { args: [] },
  deno: { args: ['run', '-A', '--no-lock', '--cached-only'] },
};
const defaultRuntimes: RuntimeId[] = ['node24', 'node20', 'node26', 'bun', 'deno'];
const sourceCondition = '--conditions=@torsor/source';
/** Tests import single modules: the bundles that are published would be second copies of them. */
const modulesCondition = '--conditions=@torsor/modules';

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
}

/** Every test file, or those whose path holds one of the filters; as paths from the root. */
export function findTests(filters: readonly string[] = []): string[] {
  const patterns = [
    'packages/*/src/**/*.test.ts',
    'runtime-tests/src/**/*.test.ts',
    'examples/*.test.ts',
    'tools/*.test.ts',
  ];
  const files = globSync(patterns, { cwd: root }).map((file) => file.replaceAll('\\', '/'));
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ''));
  return files.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part))).sort();
}

/** Whether a file is meant for a runtime: tests of the tools are for the Node that the tools run on. */
function runsOn(file: string, runtime: RuntimeId): boolean {
  if (file.startsWith('tools/')) return runtime === 'node24';
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

function runFile(path: string, id: RuntimeId, file: string): Promise<Outcome> {
  const { args: start, built } = runtimes[id];
  const args = [...start];
  let target = file;
  if (built) {
    if (!file.startsWith('runtime-tests/')) args.push(modulesCondition);
    target = file.replace('/src/', '/dist/').replace(/\.ts$/, '.js');
    if (!existsSync(root + target)) return Promise.resolve(judge(1, null, `${target} is missing: run tsc -b first\n`));
  } else if (!file.startsWith('runtime-tests/')) {
    args.push(sourceCondition);
  }
  const { FORCE_COLOR: _, NODE_OPTIONS: __, ...env } = process.env;
  return new Promise((resolve) => {
    const child = spawn(path, [...args, target], {
      cwd: root,
      env: { ...env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
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
}

function printFailure(file: string, runtime: string, outcome: Outcome): void {
  console.log(`\n✗ ${file} on ${runtime} ${outcome.error}`);
  console.log(outcome.output.replace(/^/gm, '  ').trimEnd());
}

/** One line of the table. */
export function resultLine({ runtime, files, passed, failed, skipped, seconds }: RuntimeResult): string {
  const counts = [`${passed} tests passed`, failed ? `${failed} failed` : '', skipped ? `${skipped} skipped` : ''];
  return `${runtime.padEnd(13)} ${String(files).padStart(4)} files  ${counts.filter(Boolean).join(', ')}  ${seconds.toFixed(1)} s`;
}

/** Runs the files that the filters leave on the runtimes; prints as it goes. */
export async function runTests(ids: readonly RuntimeId[], filters: readonly string[] = []): Promise<RuntimeResult[]> {
  const files = findTests(filters);
  if (files.length === 0) throw new Error(`no test file matches ${filters.join(', ') || 'at all'}`);

  const results: RuntimeResult[] = [];
  const counts = new Map<string, { runtime: string; total: number }>();
  const live = process.stdout.isTTY === true;

  for (const id of ids) {
    const found = findRuntime(id);
    const mine = files.filter((file) => runsOn(file, id));
    if (mine.length === 0) continue;
    if (!found) {
      console.log(`${id}: not found; run \`npm run setup\`, or name it in TORSOR_${id.toUpperCase()}`);
      results.push({ runtime: id, files: 0, passed: 0, failed: 1, skipped: 0, seconds: 0 });
      continue;
    }
    const runtime = `${id.replace(/\d+$/, '')} ${found.version}`;
    const startMs = performance.now();
    let [passed, failed, skipped, done] = [0, 0, 0, 0];
    let next = 0;
    const worker = async () => {
      while (next < mine.length) {
        const file = mine[next++];
        let outcome = await runFile(found.path, id, file);
        const total = outcome.passed + outcome.failed;
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
        passed += outcome.passed;
        failed += outcome.failed;
        skipped += outcome.skipped;
        done++;
        if (live) process.stdout.write(`${runtime}  ${done}/${mine.length} files  ${passed} tests passed`);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    if (live) process.stdout.write('\r\x1b[K');
    const result = {
      runtime,
      files: mine.length,
      passed,
      failed,
      skipped,
      seconds: (performance.now() - startMs) / 1000,
    };
    console.log(resultLine(result));
    results.push(result);
  }
  return results;
}

/** The runtimes that `--runtime a,b` names, or those that `npm test` uses. */
export function parseRuntimes(list: string | undefined): RuntimeId[] {
  const ids = list?.split(',') ?? defaultRuntimes;
  for (const id of ids) {
    if (!(id in runtimes)) throw new Error(`unknown runtime ${id}; there are ${Object.keys(runtimes).join(', ')}`);
  }
  return ids as RuntimeId[];
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
