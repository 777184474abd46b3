/**
 * Where each JavaScript runtime is. The one place that knows; plain JavaScript, since `setup.mjs` needs it before a Node that
 * reads TypeScript is there.
 *
 * Looked for in this order: the variable `TORSOR_NODE24` (`TORSOR_BUN`…), the package that the registry has for this
 * platform, and for Node and Deno and Bun the PATH (the registry has no Node 24 for every platform).
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const exe = process.platform === 'win32' ? '.exe' : '';
const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const installed = 'tools/runtimes/node_modules';

/**
 * @typedef {'node20' | 'node22' | 'node24' | 'node26' | 'bun' | 'deno'} RuntimeId
 */

/** @type {Record<RuntimeId, { packaged: string[], command: string, version: RegExp }>} */
const places = {
  node20: node(20),
  node22: node(22),
  node24: { ...node(24), packaged: [`node_modules/node-${platform}/bin/node${exe}`] },
  node26: node(26),
  bun: { packaged: [`${installed}/bun/bin/bun.exe`], command: 'bun', version: /^(\d+\.\d+\.\d+)/m },
  deno: { packaged: [`${installed}/deno/deno${exe}`], command: 'deno', version: /^deno (\d+\.\d+\.\d+)/m },
};

/** @param {number} major */
function node(major) {
  return {
    packaged: [`${installed}/node${major}-${platform}/bin/node${exe}`],
    command: 'node',
    version: new RegExp(`^v(${major}\\.\\d+\\.\\d+)`, 'm'),
  };
}

/** @param {string} path @param {RegExp} pattern */
function versionOf(path, pattern) {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return status === 0 ? pattern.exec(stdout)?.[1] : undefined;
}

/**
 * The path and version of a runtime, or undefined if this machine has none.
 *
 * @param {RuntimeId} id
 * @returns {{ path: string, version: string } | undefined}
 */
export function findRuntime(id) {
  const { packaged, command, version: pattern } = places[id];
  const given = process.env[`TORSOR_${id.toUpperCase()}`];
  const candidates = given ? [given] : [...packaged.map((path) => root + path).filter((path) => existsSync(path))];
  if (!given && command === 'node') candidates.push(process.execPath);
  if (!given) candidates.push(command);
  for (const path of candidates) {
    const version = versionOf(path, pattern);
    if (version !== undefined) return { path, version };
  }
  return undefined;
}

/** The Node that runs the tools: the pinned one; failing that, any that strips types and knows `using`. */
export function toolNode() {
  const packaged = root + places.node24.packaged[0];
  if (!process.env.TORSOR_NODE24 && existsSync(packaged)) return packaged;
  const found = findRuntime('node24') ?? findRuntime('node26');
  return found?.path ?? (Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined);
}
