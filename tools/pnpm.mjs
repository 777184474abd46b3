/** pnpm and npm as the tools call them: at the pinned version, and free of what an npm around us has set. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { root } from './runtimes.mjs';

const windows = process.platform === 'win32';

/** npm hands its own settings to what it starts; pnpm and an inner npm must not take them for theirs. */
export function cleanEnv() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(p?npm_|INIT_CWD$)/i.test(name)));
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
