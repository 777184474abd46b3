/** The suites and the sources as JavaScript, for what cannot read TypeScript: Node 20 and 22, and browsers. */

import { createRequire } from 'node:module';
import { root } from '../tools/runtimes.mjs';

/** What this file needs of esbuild, which belongs to tools/. */
interface Esbuild {
  build(options: object): Promise<{ outputFiles?: readonly { path: string; contents: Uint8Array }[] }>;
}

const { build } = createRequire(`${root}tools/sizes.ts`)('esbuild') as Esbuild;

/** Where a bundle stands: as deep as the suites do, and beside the peers. */
const FOLDER = 'benchmarks/peers';

const common = { bundle: true, format: 'esm', conditions: ['@torsor/source'], logLevel: 'error' } as const;

/** Writes a file for Node and, beside it, the worker that it starts; gives their paths from the root. */
export async function bundleForNode(): Promise<{ readonly script: string; readonly files: readonly string[] }> {
  const script = `${FOLDER}/bundle.js`;
  await build({
    ...common,
    entryPoints: [
      { in: `${root}benchmarks/measure.ts`, out: 'bundle' },
      { in: `${root}packages/workers/src/worker.js`, out: 'worker' },
    ],
    outdir: root + FOLDER,
    platform: 'node',
    target: 'node20',
  });
  return { script, files: [script, `${FOLDER}/worker.js`] };
}

/** Files for a page and the workers that it starts, by their path on its server; suites are files of their own, since some need Node and then fail alone. */
export async function bundleSuites(entry: string): Promise<Map<string, Uint8Array>> {
  const { outputFiles = [] } = await build({
    ...common,
    entryPoints: [
      { in: `${root}benchmarks/${entry}`, out: entry.replace(/^.*\/|\.ts$/g, '') },
      { in: `${root}packages/workers/src/worker.js`, out: 'worker' },
    ],
    outdir: root + FOLDER,
    platform: 'browser',
    splitting: true,
    external: ['node:*'],
    write: false,
  });
  return new Map(
    outputFiles.map(({ path, contents }) => [`/${FOLDER}/${path.replaceAll('\\', '/').split('/').pop()}`, contents]),
  );
}
