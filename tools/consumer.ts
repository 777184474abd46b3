/**
 * The packages as users meet them: packed, installed by npm into an empty project, type-checked, run, bundled and run.
 *
 *     node tools/consumer.ts
 *
 * One project has `@torsor/core` alone; the others have every package, and the last starts threads. The bundle is tree-shaken, so a
 * `sideEffects` that does not tell the truth shows as a bundle that no longer works, and what a bundler cannot drop as one that is too
 * large.
 */

import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { build as vite } from 'vite';
import { openPages } from './browserPages.ts';
import { findBrowser } from './browsers.ts';
import { Checks } from './checks.ts';
import { pack, temporaryFolder } from './pack.ts';
import { npm, run } from './pnpm.mjs';
import { findRuntime, root } from './runtimes.mjs';
import { gzipped, minified } from './sizes.ts';

/** What threads load: see the README of @torsor/workers. */
const THREAD_FILES = ['worker.js', 'protocol.js'];

/** Where a runtime may look for modules: not in this repository. */
async function must(command: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run(command, { cwd, collect: true, clean: true });
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}\n${output}`);
}

async function consume(checks: Checks, name: 'core' | 'all' | 'threads', tarballs: readonly string[]): Promise<void> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  cpSync(join(root, 'tools/consumer', name, 'consumer.ts'), join(folder, 'consumer.ts'));
  cpSync(join(root, 'tools/consumer/tsconfig.json'), join(folder, 'tsconfig.json'));

  const installed = await checks.run(`consumer of ${name}: npm installs the tarballs`, () =>
    must(npm('install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', ...tarballs), folder),
  );
  if (!installed) return;
  await checks.run(`consumer of ${name}: strict types, declarations included`, () =>
    must([process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], folder),
  );
  for (const id of ['node24', 'node20'] as const) {
    await checks.run(`consumer of ${name}: runs on ${id}`, () => {
      const runtime = findRuntime(id);
      if (!runtime) throw new Error(`${id} not found`);
      return must([runtime.path, 'out/consumer.js'], folder);
    });
  }
  await checks.run(`consumer of ${name}: bundled and tree-shaken, runs`, async () => {
    await build({
      entryPoints: [join(folder, 'consumer.ts')],
      outfile: join(folder, 'bundle.js'),
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      // What a library imports only where it runs.
      external: ['node:*'],
      logLevel: 'silent',
    });
    // esbuild leaves `new URL('./worker.js', import.meta.url)` as it is: the two files go beside the bundle.
    const workers = join(folder, 'node_modules/@torsor/workers/dist');
    if (name === 'threads') for (const file of THREAD_FILES) cpSync(join(workers, file), join(folder, file));
    await must([process.execPath, 'bundle.js'], folder);
  });
  if (name === 'threads') {
    await checkCompiled(checks, folder);
    await checkVite(checks, folder);
    return;
  }
  await checks.run(`consumer of ${name}: bundled, hardly larger than from the sources, module by module`, async () => {
    const size = gzipped(readFileSync(join(folder, 'bundle.js')));
    const source = readFileSync(join(folder, 'consumer.ts'), 'utf8');
    const least = gzipped(await minified('packages/torsor', source, []));
    if (size > 1.03 * least)
      throw new Error(`${size} bytes, and ${least} from the sources: see markPure in tools/bundle.ts`);
  });
}

/** The program as one executable of Bun's, which has to be told of the worker; its files lie beside the entry by now. */
async function checkCompiled(checks: Checks, folder: string): Promise<void> {
  const bun = findRuntime('bun');
  if (bun === undefined) return;
  await checks.run('consumer of threads: compiled by bun, runs', async () => {
    const program = join(folder, 'compiled');
    await must([bun.path, 'build', '--compile', './consumer.ts', './worker.js', '--outfile', program], folder);
    await must([program], temporaryFolder());
  });
}

/** The program bundled by Vite as it is, without a line of configuration, on an isolated page of each browser that is there. */
async function checkVite(checks: Checks, folder: string): Promise<void> {
  const out = join(folder, 'web');
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="./consumer.ts"></script>');
  const built = await checks.run('consumer of threads: bundled by Vite', async () => {
    await vite({ root: folder, configFile: false, logLevel: 'error', build: { outDir: out } });
  });
  if (!built) return;
  const scripts = readdirSync(join(out, 'assets')).filter((file) => file.endsWith('.js'));
  const files = new Map(scripts.map((file) => [`/assets/${file}`, readFileSync(join(out, 'assets', file))]));
  const [, entry] = /src="\/(assets\/[^"]+)"/.exec(readFileSync(join(out, 'index.html'), 'utf8')) ?? [];
  if (entry === undefined) throw new Error('the page that Vite wrote loads no script');
  for (const id of ['chromium', 'firefox'] as const) {
    const browser = findBrowser(id);
    if (browser === undefined) continue;
    await checks.run(`consumer of threads: bundled by Vite, runs on ${id}`, async () => {
      const pages = await openPages(id, browser.path, { isolated: true, count: 1, limitMs: 60_000, files });
      try {
        const { output, error } = await pages.run(entry);
        if (error !== null || !output.includes('threads: ok')) throw new Error(error ?? `it said: ${output}`);
      } finally {
        await pages.close();
      }
    });
  }
}

/** Packs, unless tarballs are given, and runs all consumers. */
export async function checkConsumers(checks: Checks, given?: ReadonlyMap<string, string>): Promise<void> {
  const tarballs = given ?? (await pack());
  await consume(checks, 'core', [tarballs.get('@torsor/core') as string]);
  await consume(checks, 'all', [...tarballs.values()]);
  await consume(checks, 'threads', [...tarballs.values()]);
}

if (import.meta.main) {
  const checks = new Checks();
  await checkConsumers(checks);
  checks.close();
}
