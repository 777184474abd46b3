/** Packs the publishable packages as they would be published. */

import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pnpm, run } from './pnpm.mjs';
import { root } from './runtimes.mjs';

/** A publishable package. */
export interface Package {
  readonly name: string;
  /** Its folder, from the root. */
  readonly folder: string;
  readonly dependencies: readonly string[];
}

/** All publishable packages. */
export function packages(): Package[] {
  return globSync('packages/*/package.json', { cwd: root })
    .sort()
    .map((path) => {
      const { name, dependencies = {} } = JSON.parse(readFileSync(join(root, path), 'utf8')) as {
        name: string;
        dependencies?: Record<string, string>;
      };
      return { name, folder: dirname(path), dependencies: Object.keys(dependencies) };
    });
}

/** A folder for the time of the process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'torsor-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Packs every package into a temporary folder; gives the tarball of each name. */
export async function pack(): Promise<Map<string, string>> {
  const folder = temporaryFolder();
  const command = pnpm('--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder);
  const { code, output } = await run(command, { collect: true, clean: true });
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}\n${output}`);
  const tarballs = readdirSync(folder);
  return new Map(
    packages().map(({ name }) => {
      const prefix = `${name.replace('@', '').replace('/', '-')}-`;
      const file = tarballs.find((tarball) => tarball.startsWith(prefix) && /^\d/.test(tarball.slice(prefix.length)));
      if (!file) throw new Error(`${name} was not packed:\n${output}`);
      return [name, join(folder, file)];
    }),
  );
}
