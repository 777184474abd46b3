/** Gives the page on speed the project's recorded results, cut down to the rows that it measures. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Report, Result } from '@torsor/benchmarks/results.ts';
import type { Plugin } from 'vite';
import type { Recorded, RecordedRow } from './src/speed/messages.ts';
import { rows } from './src/speed/rows.ts';

const folder = fileURLToPath(new URL('../../benchmarks/results/', import.meta.url));
const MODULE = 'virtual:recorded';

const ratio = (result: Result | undefined, ...names: readonly string[]) =>
  result?.ratios.find(({ to }) => names.includes(to))?.value;

function recordedOf({ machine, results }: Report): Recorded {
  const find = (name: string) => results.find((result) => result.name === name && result.skipped === undefined);
  return {
    runtime: `${machine.runtime} ${machine.version}`,
    cpu: machine.cpu,
    date: machine.date.slice(0, 10),
    commit: machine.commit,
    load: machine.load,
    rows: rows.flatMap(({ name }): RecordedRow[] => {
      const result = find(name);
      if (result === undefined) return [];
      const { value, gflops, gigabytes } = result;
      const share = ratio(result, 'fma', 'copy');
      return [{ name, ms: value, gflops, gigabytes, share, speedUp: ratio(find(`${name}, 2 threads`), 'like') }];
    }),
  };
}

/** `import runs from 'virtual:recorded'`: one entry for each runtime that was measured. */
export function recordedRuns(): Plugin {
  return {
    name: 'recorded',
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    load(id) {
      if (id !== `\0${MODULE}`) return undefined;
      const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
      const reports = files.map((file) => JSON.parse(readFileSync(folder + file, 'utf8')) as Report);
      return `export default ${JSON.stringify(reports.map(recordedOf))};`;
    },
  };
}
