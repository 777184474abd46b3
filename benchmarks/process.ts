/** Processes of our own. */

import { spawn } from 'node:child_process';

/** How long a process took, from its start to its end. */
export function seconds(path: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve((performance.now() - startMs) / 1000);
      else reject(new Error(`${path} ${args.join(' ')} ended with ${code}`));
    });
  });
}
