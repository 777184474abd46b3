/**
 * pnpm and npm as the tools call them: at the pinned version, and free of what an npm around us has set.
 *
 *     node tools/pnpm.mjs [argument of pnpm…]
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { root } from './runtimes.mjs';

const windows = process.platform === 'win32';

/** How to reach the registry, and where to keep what comes from it; the user's, not the outer npm's. */
const network = /^npm_config_(registry|cache|userconfig|globalconfig|strict_ssl|ca|cafile|.*proxy|@.*|\/\/.*)$/i;

/** npm hands its own settings to what it starts; pnpm and an inner npm must not take them for theirs. */
export function cleanEnv() {
  const keep = (/** @type {string} */ name) => !/^(p?npm_|INIT_CWD$)/i.test(name) || network.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => keep(name)));
}

/**
 * The command line of pnpm at the version that package.json pins, through npx; corepack is not needed.
 *
 * @param {string[]} args
 * @returns {string[]}
 */
export function pnpm(...args) {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).devEngines.packageManager;
  return [windows ? 'npx.cmd' : 'npx', '-y', `pnpm@${version}`, ...args];
}

/** @param {string[]} args @returns {string[]} */
export function npm(...args) {
  return [windows ? 'npm.cmd' : 'npm', ...args];
}

/**
 * Runs a command to its end. Output goes to ours, or is collected.
 *
 * @param {readonly string[]} command
 * @param {{ cwd?: string, collect?: boolean, clean?: boolean, env?: Record<string, string> }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run([path, ...args], { cwd = root, collect = false, clean = false, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(path, args, {
      cwd,
      env: { .../** @type {Record<string, string>} */ (clean ? cleanEnv() : process.env), ...env },
      shell: windows && path.endsWith('.cmd'),
      stdio: collect ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => {
        output += chunk;
      });
    }
    child.on('error', (error) => resolve({ code: 1, output: `${output}${path}: ${error.message}\n` }));
    child.on('close', (code, signal) => resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 1), output }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await run(pnpm(...process.argv.slice(2)), { clean: true, cwd: process.cwd() })).code;
}
