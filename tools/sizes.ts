/**
 * The size of each package: its tarball; its own code minified and gzipped, and with Brotli; and gzipped with the packages it
 * needs.
 *
 *     npm run sizes
 */

import { statSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { buildPackages } from './bundle.ts';
import { pack, packages } from './pack.ts';
import { root } from './runtimes.mjs';

/** All that a package exports, bundled and minified as a web page would have it; `external` is left out. */
export async function minified(folder: string, external: readonly string[]): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: `export * from './dist/bundle.js';`, resolveDir: root + folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
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

if (import.meta.main) {
  const { code, output } = await buildPackages();
  if (code !== 0) throw new Error(output);
  const tarballs = await pack();
  const titles = ['packed', 'min+gzip', 'min+brotli', 'with needs'];
  console.log('package'.padEnd(18) + titles.map((title) => title.padStart(12)).join(''));
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(12);
  for (const { name, folder, dependencies } of packages()) {
    const packed = statSync(tarballs.get(name) as string).size;
    const own = await minified(folder, dependencies);
    const all = await minified(folder, []);
    const sizes = [packed, gzipped(own), brotliCompressSync(own).length, gzipped(all)];
    console.log(name.padEnd(18) + sizes.map(kilobytes).join(''));
  }
}
