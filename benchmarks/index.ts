/**
 * The benchmarks: `npm run bench`. Starts one process that measures on the runtime asked for; with `--compare`, several, of two
 * commits in turns.
 */

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { run } from '../tools/pnpm.mjs';
import { findRuntime, type RuntimeId, root } from '../tools/runtimes.mjs';
import { bundleForNode } from './bundle.ts';
import { compare } from './compare.ts';
import { type Options, parseOptions, usage } from './options.ts';

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

/** The file in which results of a runtime are kept, in a run that leaves nothing out. */
const kept = (id: string) => `benchmarks/results/${id}.json`;
const keeps = options.json === undefined && options.filters.length === 0;
if (keeps) mkdirSync(`${root}benchmarks/results`, { recursive: true });

/** Measures on a runtime or in a browser; gives the exit code and the name under which results are kept. */
async function measureOnce(options: Options): Promise<{ code: number; name: string }> {
  if (options.runtime === 'chromium' || options.runtime === 'firefox') {
    // only now: it reads the features of what was built above
    const { measureInBrowser } = await import('./browser.ts');
    const name = options.runtime;
    return { code: await measureInBrowser(name, keeps ? { ...options, json: root + kept(name) } : options), name };
  }
  const { command, id, bundled } = runtimeCommand(options);
  const args = [...process.argv.slice(2), ...(keeps ? ['--json', kept(id)] : [])];
  const { script, files } = bundled ? await bundleForNode() : { script: 'benchmarks/measure.ts', files: [] };
  const { code } = await run([...command, script, ...args]);
  for (const file of files) rmSync(root + file);
  return { code, name: id };
}

if (options.compare !== undefined) {
  const { command, id, bundled } = runtimeCommand(options);
  if (bundled) throw new Error(`--compare runs on what reads TypeScript, and ${id} does not`);
  process.exitCode = await compare(options, options.compare, command);
} else {
  const { code, name } = await measureOnce(options);
  process.exitCode = code;
  // what is in the repository is formatted as all of it is
  const biome = `${root}node_modules/@biomejs/biome/bin/biome`;
  if (keeps && existsSync(root + kept(name))) {
    await run([process.execPath, biome, 'format', '--write', kept(name)], { collect: true });
  }
}
