/**
 * Makes a fresh clone ready, on a machine with nothing but Node 20 and npm; then runs a script on the pinned Node.
 *
 *     node tools/setup.mjs [--start] [script.ts [argument…]]
 *
 * Installs what the lock file says, through pnpm (which npx fetches; no corepack). `--start` leaves out the runtimes that
 * only the tests need, 250 MB of them. Does nothing, in a moment, when all is there.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, toolNode } from './runtimes.mjs';

const workspaces = ['packages', '.'];

/** The manifests whose change means that something may be missing. */
function manifests() {
  const list = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.pnpmfile.mjs', 'tools/runtimes/package.json'];
  for (const folder of workspaces) {
    for (const entry of readdirSync(root + folder)) list.push(join(folder, entry, 'package.json'));
  }
  return [...new Set(list)].filter((file) => !file.startsWith('node_modules') && existsSync(root + file)).sort();
}

/** One hash of all that decides what is installed; files are read with any line ending. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of manifests()) hash.update(file).update(readFileSync(root + file, 'utf8').replaceAll('\r', ''));
  return hash.digest('hex');
}

/** pnpm's version, as package.json pins it. */
function pnpmVersion() {
  return JSON.parse(readFileSync(`${root}package.json`, 'utf8')).devEngines.packageManager.version;
}

/**
 * Runs a command to its end and gives its exit code; its output goes to ours.
 *
 * @param {string} command @param {string[]} args @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>}
 */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', cwd: root, ...options });
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

/** @param {'start' | 'everything'} extent */
async function install(extent) {
  const stampFile = `${root}node_modules/.torsor-setup.json`;
  const wanted = fingerprint();
  const stamp = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {};
  const enough = stamp.extent === 'everything' || stamp.extent === extent;
  if (stamp.fingerprint === wanted && enough && toolNode()) return;

  console.log(`Setting up: installing ${extent === 'start' ? 'Node and the compiler' : 'tools and runtimes'} with pnpm…`);
  const startMs = performance.now();
  rmSync(stampFile, { force: true });
  const args = ['-y', `pnpm@${pnpmVersion()}`, 'install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=error'];
  if (extent === 'start') args.push('--filter', '!@torsor/runtimes');
  // npm hands its own settings to what it starts; pnpm and the inner npx must not take them for theirs.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^pnpm_|^INIT_CWD$/i.test(name)));
  const windows = process.platform === 'win32';
  const code = await run(windows ? 'npx.cmd' : 'npx', args, { env, shell: windows });
  if (code !== 0) {
    console.error(`Setting up failed: npx ${args.join(' ')} ended with ${code}.`);
    process.exit(1);
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, `${JSON.stringify({ fingerprint: wanted, extent })}\n`);
  console.log(`Set up in ${((performance.now() - startMs) / 1000).toFixed(1)} s.`);
}

const args = process.argv.slice(2);
const extent = args[0] === '--start' ? 'start' : 'everything';
if (extent === 'start') args.shift();
await install(extent);

if (args.length > 0) {
  const node = toolNode();
  if (node === undefined) {
    console.error('The tools need Node 24 or later: put one on the PATH, or name it in TORSOR_NODE24.');
    process.exit(1);
  }
  // An interrupt reaches the child as well; it decides.
  process.on('SIGINT', () => {});
  process.exitCode = await run(node, args);
}
