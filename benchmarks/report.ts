/** Writes what was measured where the command line says. */

import { writeFileSync } from 'node:fs';
import type { Options } from './options.ts';
import { markdown, type Report } from './results.ts';

export function writeReport(options: Options, measured: Omit<Report, 'command'>): void {
  // where the results go is no part of how they came about
  const given = process.argv
    .slice(2)
    .filter((arg, i, all) => !/^--(json|markdown)$/.test(arg) && !/^--(json|markdown)$/.test(all[i - 1]));
  const { machine, peers, results } = measured;
  const command = ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
  const report: Report = { machine, command, peers, results };
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.markdown !== undefined) writeFileSync(options.markdown, markdown(report));
}
