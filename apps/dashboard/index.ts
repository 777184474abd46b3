/**
 * `npm run dashboard`: builds the site and serves it.
 *
 *     npm run dashboard -- [--build] [--dev] [--out folder] [--port 4180]
 *
 * `--build` only writes the files, to `apps/dashboard/dist` or `--out`; `--dev` serves the sources, and follows their changes.
 */

import { parseArgs } from 'node:util';
import { build, createServer, preview } from 'vite';

const { values } = parseArgs({
  options: {
    build: { type: 'boolean', default: false },
    dev: { type: 'boolean', default: false },
    out: { type: 'string' },
    port: { type: 'string', default: '4180' },
  },
});
const port = Number(values.port);
const configFile = `${import.meta.dirname}/vite.config.ts`;
const outDir = values.out ?? `${import.meta.dirname}/dist`;

if (values.dev) {
  const server = await createServer({ configFile, server: { port } });
  await server.listen();
  server.printUrls();
} else {
  await build({ configFile, logLevel: 'warn', build: { outDir, emptyOutDir: true } });
  console.log(`The site is in ${outDir}`);
  if (!values.build) {
    const server = await preview({ configFile, build: { outDir }, preview: { port } });
    console.log(`The dashboard is at ${server.resolvedUrls?.local[0]}`);
  }
}
