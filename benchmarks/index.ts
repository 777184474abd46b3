/**
 * The benchmarks: `npm run bench`. Starts one process that measures on the runtime asked for; with `--compare`, several, of two
 * commits in turns.
 */

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { run } from '../tools/pnpm.mjs';
import { findRuntime, type RuntimeId, root } from '../tools/runtimes.mjs';
import { compare } from './compare.ts';
import { type Options, parseOptions, usage } from './options.ts';

/** Where the suites go for runtimes that cannot read TypeScript: as deep as the suites are, and beside the peers. */
const BUNDLE = 'benchmarks/peers/bundle.mjs';

/** The command that runs a file of the benchmarks on the runtime asked for, and that runtime's name. */
function runtimeCommand(options: Options): { command: string[]; id: RuntimeId; bundled: boolean } {
  const id = (options.runtime ?? 'node26') as RuntimeId;
  const known = ['node20', 'node22', 'node24', 'node26', 'bun', 'deno'].includes(id);
  const runtime = known ? findRuntime(id) : undefined;
  if (runtime === undefined && options.runtime !== undefined) throw new Error(`there is no ${id} here`);
  if (runtime === undefined) {
    return { command: [process.execPath, '--conditions=@torsor/source'], id: 'node24', bundled: false };
  }
  if (id === 'node20' || id === 'node22') return { command: [runtime.path], id, bundled: true };
  const deno = id === 'deno' ? ['run', '-A', '--no-lock'] : [];
  return { command: [runtime.path, ...deno, '--conditions=@torsor/source'], id, bundled: false };
}

/** Makes one file of JavaScript of the suites and the sources. */
async function bundle(): Promise<void> {
  // esbuild belongs to tools/
  const { build } = createRequire(`${root}tools/sizes.ts`)('esbuild') as { build(options: object): Promise<unknown> };
  await build({
    entryPoints: [`${root}benchmarks/measure.ts`],
    outfile: root + BUNDLE,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@torsor/source'],
    logLevel: 'error',
  });
}

let options: Options;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${usage}`);
  process.exit(2);
}
if (options.help) {
  console.log(usage);
  process.exit();
}

// The suites `start` and `size` measure what is published.
for (const step of [[`${root}node_modules/typescript/bin/tsc`, '-b', 'packages/torsor'], [`${root}tools/bundle.ts`]]) {
  const { code, output } = await run([process.execPath, ...step], { collect: true });
  if (code !== 0) console.error(`The build failed:\n${output}`);
}

const { command, id, bundled } = runtimeCommand(options);
if (options.compare !== undefined) {
  if (bundled) throw new Error(`--compare runs on what reads TypeScript, and ${id} does not`);
  process.exitCode = await compare(options, options.compare, command);
} else {
  const args = process.argv.slice(2);
  const kept = `benchmarks/results/${id}.json`;
  const keep = options.json === undefined && options.filters.length === 0;
  if (keep) {
    mkdirSync(`${root}benchmarks/results`, { recursive: true });
    args.push('--json', kept);
  }
  if (bundled) await bundle();
  process.exitCode = (await run([...command, bundled ? BUNDLE : 'benchmarks/measure.ts', ...args])).code;
  if (bundled) rmSync(root + BUNDLE);
  // what is in the repository is formatted as all of it is
  const biome = `${root}node_modules/@biomejs/biome/bin/biome`;
  if (keep && existsSync(root + kept))
    await run([process.execPath, biome, 'format', '--write', kept], { collect: true });
}
