/**
 * `npm run playground`: builds the packages and the playground, and serves it. With `--build` it writes the static files to
 * `apps/playground/dist`, which any host can serve.
 *
 *     node tools/playground.ts [--build] [--port 4173]
 */

import { parseArgs } from 'node:util';
import { buildPackages } from './bundle.ts';
import { run } from './pnpm.mjs';
import { root } from './runtimes.mjs';
import { serveFolder } from './staticServer.ts';

export const folder = `${root}apps/playground/dist`;

/** Builds the playground into a folder, from packages that are built; gives what went wrong, if anything. */
export async function buildPlayground(outDir = folder): Promise<string | undefined> {
  const vite = [process.execPath, 'node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn', '--emptyOutDir'];
  vite.push('--outDir', outDir);
  const { code, output } = await run(vite, { cwd: `${root}apps/playground`, collect: true });
  return code === 0 ? undefined : output;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { build: { type: 'boolean' }, port: { type: 'string' } } });
  const packages = await buildPackages();
  const problem = packages.code === 0 ? await buildPlayground() : packages.output;
  if (problem !== undefined) {
    console.error(problem);
    process.exit(1);
  }
  if (values.build) console.log(`The playground is in ${folder}; any host can serve it.`);
  else console.log(`The playground is at ${(await serveFolder(folder, Number(values.port ?? 4173))).address}`);
}
