/** How much a web page would load: all that a package exports, bundled, minified and gzipped. */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Line } from '../row.ts';

const root = new URL('../../', import.meta.url);

/** What this file needs of esbuild, which belongs to tools/. */
interface Esbuild {
  build(options: object): Promise<{ outputFiles: readonly { contents: Uint8Array }[] }>;
}

async function gzippedKilobytes(folder: string): Promise<number | string> {
  const path = fileURLToPath(new URL(`packages/${folder}/`, root));
  if (!existsSync(`${path}dist/bundle.js`)) return 'there is no build: npm run build';
  const { build } = createRequire(new URL('tools/sizes.ts', root))('esbuild') as Esbuild;
  const { outputFiles } = await build({
    stdin: { contents: `export * from './dist/bundle.js';`, resolveDir: path },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    external: ['node:*'],
    write: false,
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000;
}

function line(name: string, folder: string, atMost?: number): Line {
  return {
    name: `${name}, minified and gzipped`,
    unit: 'kB',
    ...(atMost === undefined ? {} : { atMost }),
    async measure() {
      const size = await gzippedKilobytes(folder);
      return typeof size === 'string' ? size : [size];
    },
  };
}

export function lines(): Line[] {
  return [line('@torsor/core', 'core', 60), line('torsor with all it needs', 'torsor')];
}
