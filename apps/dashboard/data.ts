/** Makes `runs.json`, which the page loads: every run in `benchmarks/results`, with what git knows of its commit. */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Kept, readRuns } from '@torsor/benchmarks/history.ts';
import type { Result } from '@torsor/benchmarks/results.ts';
import type { Plugin } from 'vite';
import type { Commit, Run, RunResult } from './src/run.ts';

const results = fileURLToPath(new URL('../../benchmarks/results', import.meta.url));

/** The hash tells whether the working tree had been changed; a shallow clone knows only that. */
function describeCommit(name: string): Commit {
  const hash = name.replace('+', '');
  const commit = { hash, isChanged: name.endsWith('+') };
  try {
    const args = ['show', '-s', '--format=%cI%n%s', `${hash}^{commit}`];
    const shown = execFileSync('git', args, { cwd: results, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [date, subject] = shown.split('\n');
    return { ...commit, date, subject };
  } catch {
    return commit;
  }
}

/** Six digits, which is more than any measurement means. */
const round = (value: number) => Number(value.toPrecision(6));

/** Without what the page can make of the rest. */
function pack({ extra: _, range: __, ...result }: Result): RunResult {
  return {
    ...result,
    value: round(result.value),
    turns: result.turns.map(round),
    ratios: result.ratios.map((ratio) => ({ ...ratio, value: round(ratio.value) })),
  };
}

function toRun({ id, runtime, report }: Kept): Run {
  const { machine, command, peers, results } = report;
  return { id, runtime, machine, command, peers, commit: describeCommit(machine.commit), results: results.map(pack) };
}

const makeJson = (): string => JSON.stringify(readRuns(results).map(toRun));

/** Serves `runs.json` while developing, and writes it when building. */
export function runs(): Plugin {
  return {
    name: 'runs',
    configureServer(server) {
      server.middlewares.use('/runs.json', (_, response) => {
        response.setHeader('Content-Type', 'application/json').end(makeJson());
      });
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'runs.json', source: makeJson() });
    },
  };
}
