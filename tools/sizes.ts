/**
 * The size of each package: its tarball; its own code minified and gzipped, and with Brotli; and gzipped with the packages it
 * needs. Then what a user pays who bundles a little of it.
 *
 *     npm run sizes
 */

import { statSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { buildPackages } from './bundle.ts';
import { pack, packages } from './pack.ts';
import { root } from './runtimes.mjs';

/**
 * Code that stands in a package's folder, bundled and minified as a web page would have it; `external` is left out. Packages
 * are taken from their sources, so that nothing has to be built.
 */
export async function minified(folder: string, contents: string, external: readonly string[]): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents, loader: 'ts', resolveDir: root + folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@torsor/source'],
    external: ['node:*', ...external],
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0].contents;
}

/** Bytes after gzip, at its best. */
export function gzipped(bytes: Uint8Array): number {
  return gzipSync(bytes, { level: 9 }).length;
}

/** All that a package exports. */
export const EVERYTHING = `export * from './src/index.ts';`;

if (import.meta.main) {
  const { code, output } = await buildPackages();
  if (code !== 0) throw new Error(output);
  const tarballs = await pack();
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(12);
  const titles = ['packed', 'min+gzip', 'min+brotli', 'with needs'];
  console.log('package'.padEnd(18) + titles.map((title) => title.padStart(12)).join(''));
  for (const { name, folder, dependencies } of packages()) {
    const packed = statSync(tarballs.get(name) as string).size;
    const own = await minified(folder, EVERYTHING, dependencies);
    const all = await minified(folder, EVERYTHING, []);
    const sizes = [packed, gzipped(own), brotliCompressSync(own).length, gzipped(all)];
    console.log(name.padEnd(18) + sizes.map(kilobytes).join(''));
  }
  const uses = [
    `import { tensor, matmul } from '@torsor/core'; console.log(matmul(tensor([[1]]), tensor([[2]])))`,
    `import { Linear } from '@torsor/nn'; console.log(new Linear(1, 1))`,
  ];
  console.log('\nmin+gzip of');
  for (const use of uses) console.log(kilobytes(gzipped(await minified('packages/torsor', use, []))), use);
}
