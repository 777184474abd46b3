/** Where the figures come from. */

import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { features } from '@torsor/core';
import { featureNames } from './featureNames.ts';

/** What a result says of its origin. */
export interface Machine {
  readonly runtime: string;
  readonly version: string;
  readonly cpu: string;
  readonly features: readonly string[];
  /** With `+` when files were changed since. */
  readonly commit: string;
  readonly date: string;
  /** Mean number of processes that wanted a processor during the minute before; more than 0 makes for noise. */
  readonly load: number;
}

function git(...args: string[]): string {
  try {
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

export function describeMachine(): Machine {
  const { bun, deno, node } = process.versions;
  const [runtime, version] = bun ? ['Bun', bun] : deno ? ['Deno', deno] : ['Node', node];
  const list = cpus();
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+';
  return {
    runtime,
    version,
    cpu: `${list.length} × ${list[0]?.model.trim() ?? 'unknown'}`,
    features: featureNames(features()),
    commit: `${git('rev-parse', '--short=12', 'HEAD') || 'unknown'}${changed}`,
    date: new Date().toISOString(),
    load: loadavg()[0],
  };
}
