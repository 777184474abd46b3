/**
 * Makes a fresh clone ready, on a machine with nothing but Node 20 and npm; then runs a script on the pinned Node.
 *
 *     node tools/setup.mjs [--start | --app | --bench] [script.ts [argument…]]
 *
 * Installs what the lock file says, through pnpm. `--start` leaves out what only tests and releases need: 300 MB. `--app` leaves
 * out of it what the apps can do without, the other runtimes. `--bench` adds the libraries that the benchmarks compare with, which
 * nothing else needs: 700 MB.
 * Does nothing, in a moment, when all is there.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pnpm, run } from './pnpm.mjs';
import { root, toolNode } from './runtimes.mjs';

const stampFile = `${root}node_modules/.torsor-setup.json`;

/** One hash of all that decides what is installed; whatever the line endings of the checkout. */
function fingerprint() {
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    '.pnpmfile.mjs',
    'package.json',
    'tools/runtimes/package.json',
    'benchmarks/peers/package.json',
  ];
  for (const folder of ['', 'packages/', 'apps/']) {
    if (!existsSync(root + folder)) continue;
    for (const entry of readdirSync(root + folder).sort()) files.push(`${folder}${entry}/package.json`);
  }
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of files) {
    if (!existsSync(root + file)) continue;
    hash.update(file).update(readFileSync(root + file, 'utf8').replaceAll('\r', ''));
  }
  return hash.digest('hex');
}

/** What the last set-up left behind. */
function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {};
  }
}

/**
 * How much to install, the least first; each holds what stands before it. `filter` is pnpm's, `name` is for the user.
 *
 * @type {Record<'start' | 'app' | 'tools' | 'bench', { name: string, filter: string[] }>}
 */
const extents = {
  start: {
    name: 'Node 24 and the compiler',
    filter: ['--filter', '.', '--filter', './packages/*', '--filter', './examples'],
  },
  app: {
    name: 'Node 24, the compiler, the bundlers and the apps',
    filter: [
      '--filter',
      '.',
      '--filter',
      './packages/*',
      '--filter',
      './examples',
      '--filter',
      './apps/*',
      '--filter',
      './benchmarks',
      '--filter',
      './tools',
    ],
  },
  tools: {
    name: 'Node 24, the tools and the other runtimes',
    filter: ['--filter', '!./benchmarks/peers'],
  },
  bench: { name: 'Node 24, the tools, the other runtimes, and the libraries to compare with', filter: [] },
};

/** @param {keyof typeof extents} extent */
async function install(extent) {
  const wanted = fingerprint();
  const stamp = readStamp();
  const order = Object.keys(extents);
  const enough = order.indexOf(stamp.extent) >= order.indexOf(extent);
  if (stamp.fingerprint === wanted && enough && toolNode()) return true;

  const { name, filter } = extents[extent];
  console.log(`Setting up (once): installing ${name}…`);
  const startMs = performance.now();
  rmSync(stampFile, { force: true });
  const command = pnpm('install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=error', ...filter);
  const { code } = await run(command, { clean: true, env: { CI: 'true' } });
  if (code !== 0) {
    console.error(`Setting up failed: ${command.join(' ')} ended with ${code}.`);
    return false;
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, `${JSON.stringify({ fingerprint: wanted, extent })}\n`);
  console.log(`Set up in ${((performance.now() - startMs) / 1000).toFixed(1)} s.`);
  return true;
}

const args = process.argv.slice(2);
/** @type {keyof typeof extents} */
let extent = 'tools';
if (args[0] === '--start' || args[0] === '--app' || args[0] === '--bench') {
  extent = /** @type {keyof typeof extents} */ (args[0].slice(2));
  args.shift();
}
let ready = await install(extent);

if (ready && args.length > 0) {
  const node = toolNode();
  if (node === undefined) {
    console.error('The tools need Node 24 or later: put one on the PATH, or name it in TORSOR_NODE24.');
    ready = false;
  } else {
    // An interrupt reaches the child as well, which decides what to do.
    process.on('SIGINT', () => {});
    process.exitCode = (await run([node, ...args])).code;
  }
}
if (!ready) {
  // Whoever reads the closing line of `npm test` finds one, come what may.
  if (args[0] === 'tools/verify.ts') console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
