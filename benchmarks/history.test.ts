import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { equal, is, throws } from 'uvu/assert';
import { historyId, readRuns, record } from './history.ts';
import type { Report } from './results.ts';
import { verdict } from './verdict.ts';

const report = (date: string, commit: string): Report => ({
  machine: { runtime: 'Node', version: '26', cpu: 'one', features: [], commit, date, load: 0 },
  command: 'npm run bench',
  peers: [],
  results: [],
});

/** Calls a function with an empty folder of results. */
function withResults(use: (folder: string, write: (name: string, content: unknown) => void) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'torsor-history-'));
  try {
    use(folder, (name, content) => writeFileSync(join(folder, name), JSON.stringify(content)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the name of a run says when, of which commit and on what, and holds nothing that a shell would mind', () => {
  is(historyId(report('2026-11-23T12:27:58.189Z', '3b8c98a5c5c8+'), 'bun'), '2026-11-23-1227-3b8c98a5c5c8-bun');
});

test('a run is recorded once, byte by byte, and a later one beside it', () => {
  withResults((folder, write) => {
    write('bun.json', report('2026-11-23T12:27:58.189Z', 'a'));
    const [copy] = record(folder);
    is(readFileSync(copy, 'utf8'), readFileSync(join(folder, 'bun.json'), 'utf8'));
    equal(record(folder), []);
    write('bun.json', report('2026-11-24T00:00:00.000Z', 'b'));
    is(record(folder).length, 1);
    equal(
      readRuns(folder).map(({ id }) => id),
      ['2026-11-23-1227-a-bun', '2026-11-24-0000-b-bun'],
    );
  });
});

test('runs are listed the oldest first, whether recorded or not, and none twice', () => {
  withResults((folder, write) => {
    is(readRuns(folder).length, 0);
    write('node26.json', report('2026-11-25T00:00:00.000Z', 'b'));
    record(folder);
    write('deno.json', report('2026-11-24T00:00:00.000Z', 'a'));
    equal(
      readRuns(folder).map(({ runtime, report }) => [runtime, report.machine.commit]),
      [
        ['deno', 'a'],
        ['node26', 'b'],
      ],
    );
  });
});

test('a file that is no report is an error that names it', () => {
  withResults((folder, write) => {
    write('bun.json', { results: 1 });
    throws(() => readRuns(folder), /bun\.json cannot be read: it is no report/);
    throws(() => record(folder), /bun\.json/);
  });
});

test('the runs that ship with the repository can be read', () => {
  withResults((folder) => {
    const shipped = new URL('./results', import.meta.url);
    mkdirSync(folder, { recursive: true });
    cpSync(shipped, folder, { recursive: true });
    const runs = readRuns(folder);
    is(runs.length > 0, true);
    for (const { report } of runs) is(report.results.length > 0, true);
  });
});

test('a row has moved when the samples do not overlap and the medians are far enough apart', () => {
  is(verdict([10, 11, 12], [13, 14, 15]), 'slower');
  is(verdict([13, 14, 15], [10, 11, 12]), 'faster');
  is(verdict([10, 11, 13], [13, 14, 15]), 'as before');
  is(verdict([10, 10, 10], [10.2, 10.2, 10.2]), 'as before');
  is(verdict([10, 10, 10], [11, 11, 11], 0.2), 'as before');
});

test.run();
