/**
 * The size of each package: its tarball; its own code minified and gzipped; the same with the packages it needs.
 *
 *     npm run sizes
 */

import { statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { pack, packages } from './pack.ts';
import { run } from './pnpm.mjs';
import { root } from './runtimes.mjs';

/** Bytes of everything that a package exports, bundled, minified and gzipped; `external` is left out. */
async function bundled(folder: string, external: readonly string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export * from './dist/index.js';`, resolveDir: root + folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    external: ['node:*', ...external],
    write: false,
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(12);

const { code } = await run([process.execPath, `${root}node_modules/typescript/bin/tsc`, '-b', 'packages/torsor']);
if (code !== 0) process.exit(code);
const tarballs = await pack();
console.log(
  `${'package'.padEnd(18)}${['packed', 'min+gzip', 'with needs'].map((title) => title.padStart(12)).join('')}`,
);
for (const { name, folder, dependencies } of packages()) {
  const packed = statSync(tarballs.get(name) as string).size;
  const sizes = [packed, await bundled(folder, dependencies), await bundled(folder, [])];
  console.log(name.padEnd(18) + sizes.map(kilobytes).join(''));
}
