/** How a file of the benchmarks runs on a runtime: from source where that is read, else as a bundle. */

import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { findRuntime, type RuntimeId, root } from '../tools/runtimes.mjs';

/** The command that runs `file`, a path from the root, on a runtime; arguments may follow it. */
export async function prepare(id: string, file: string): Promise<string[]> {
  const runtime = findRuntime(id as RuntimeId);
  if (runtime === undefined) throw new Error(`there is no ${id} here`);
  if (id === 'node20' || id === 'node22') {
    const out = `benchmarks/dist/${basename(file, '.ts')}.mjs`;
    await bundle(file, out);
    return [runtime.path, out];
  }
  const deno = id === 'deno' ? ['run', '-A', '--no-lock'] : [];
  return [runtime.path, ...deno, '--conditions=@torsor/source', file];
}

async function bundle(file: string, out: string): Promise<void> {
  // esbuild belongs to tools/
  const { build } = createRequire(`${root}tools/sizes.ts`)('esbuild') as { build(options: object): Promise<unknown> };
  await build({
    entryPoints: [root + file],
    outfile: root + out,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@torsor/source'],
    logLevel: 'error',
  });
}
