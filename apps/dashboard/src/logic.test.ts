import { test } from 'uvu';
import { equal, is } from 'uvu/assert';
import { link, parseRoute } from './address.ts';
import { compareRuns, measureOf, regressions } from './compare.ts';
import { change } from './format.ts';
import { fulfilment, goalState, summarise } from './goals.ts';
import { filterRows, sortRows } from './rows.ts';
import { latestRuns, opponentsOf, predecessor, type Run, type RunResult } from './run.ts';
import { timeLine } from './timeline.ts';

function row(name: string, turns: number[], more: Partial<RunResult> = {}): RunResult {
  const value = [...turns].sort((a, b) => a - b)[turns.length >> 1];
  return { name, suite: name.split(' ')[0], unit: 'ms', value, turns, ratios: [], ...more };
}

function run(runtime: string, day: number, results: RunResult[], cpu = 'one'): Run {
  const date = `2026-11-0${day}T00:00:00.000Z`;
  const machine = { runtime, version: '1', cpu, features: [], commit: `c${day}`, date, load: 0 };
  return {
    id: `${day}-${runtime}`,
    runtime,
    machine,
    command: '',
    peers: [],
    commit: { hash: `c${day}`, isChanged: false },
    results,
  };
}

test('ranges that overlap are no change, and changes below the least one are none either', () => {
  const before = run('bun', 1, [
    row('a', [9, 10, 11]),
    row('b', [9, 10, 11]),
    row('c', [10, 10, 10]),
    row('gone', [1]),
  ]);
  const after = run('bun', 2, [
    row('a', [11, 12, 13]),
    row('b', [12, 13, 14]),
    row('c', [10.4, 10.4, 10.4]),
    row('new', [1]),
  ]);
  const verdicts = (least: number) =>
    compareRuns(before, after, 'time', least).map(({ name, verdict }) => `${name} ${verdict}`);
  equal(verdicts(0.03), ['a as before', 'b slower', 'c slower']);
  equal(verdicts(0.05), ['a as before', 'b slower', 'c as before']);
  is(compareRuns(after, before, 'time', 0.03)[1].verdict, 'faster');
});

test('a ratio that grew is faster, whatever the times say', () => {
  const before = run('bun', 1, [row('a', [10, 10, 10], { ratios: [{ to: 'fma', value: 0.5 }] })], 'slow machine');
  const after = run('bun', 2, [row('a', [5, 5, 5], { ratios: [{ to: 'copy', value: 0.4 }] })], 'fast machine');
  const [{ verdict, factor }] = compareRuns(before, after, 'ceiling', 0.03);
  is(verdict, 'slower');
  is(factor, 1.25);
  equal(compareRuns(before, after, 'pytorch', 0.03), []);
});

test('the range of a ratio is that of our turns, turned over', () => {
  const result = row('a', [8, 10, 20], { ratios: [{ to: 'pytorch', value: 2 }] });
  equal(measureOf(result, 'pytorch'), { value: 2, low: 1, high: 2.5 });
  is(measureOf(row('a', [1], { skipped: 'no' }), 'time'), undefined);
});

test('regressions are sought since the run before, on the same runtime and machine alone, the worst first', () => {
  const first = run('bun', 1, [row('a', [1, 1, 1]), row('b', [1, 1, 1])]);
  const elsewhere = run('bun', 2, [row('a', [9, 9, 9])], 'two');
  const other = run('deno', 3, [row('a', [5, 5, 5])]);
  const last = run('bun', 4, [row('a', [2, 2, 2]), row('b', [3, 3, 3])]);
  const runs = [last, other, elsewhere, first];
  is(predecessor(runs, last), first);
  equal(
    regressions(runs, last, 0.05).map(({ name, factor }) => [name, factor]),
    [
      ['b', 3],
      ['a', 2],
    ],
  );
  equal(regressions(runs, other, 0.05), []);
  equal(latestRuns(runs), [other, last]);
});

test('a time line has a place for each commit, and joins no points of different machines', () => {
  const runs = [
    run('bun', 3, [row('a', [3])], 'two'),
    run('bun', 1, [row('a', [1])]),
    run('bun', 2, [row('a', [2])]),
    run('deno', 3, [row('a', [4])], 'two'),
    run('deno', 4, [row('b', [4])]),
  ];
  const { places, lines } = timeLine(runs, 'a', 'time');
  equal(
    places.map(({ commit }) => commit),
    ['c1', 'c2', 'c3'],
  );
  equal(
    lines.map(({ title, isElsewhere, points }) => [title, isElsewhere, points.map((point) => point?.value)]),
    [
      ['bun 1 on one', true, [1, 2, undefined]],
      ['bun 1 on two', false, [undefined, undefined, 3]],
      ['deno 1 on two', false, [undefined, undefined, 4]],
    ],
  );
  equal(timeLine(runs, 'none', 'time'), { places: [], lines: [] });
});

test('a size is one line, wherever it was measured', () => {
  const size = (value: number) => [row('core', [value], { unit: 'kB' })];
  const { lines } = timeLine([run('bun', 1, size(60)), run('deno', 2, size(61), 'two')], 'core', 'time');
  equal(
    lines.map(({ title, points }) => [title, points.map((point) => point?.value)]),
    [['on every runtime', [60, 61]]],
  );
});

test('a goal is met when all of them are; the hardest decides how far a row is from it', () => {
  const ratios = [
    { to: 'fma', value: 0.9, atLeast: 0.9 },
    { to: 'pytorch', value: 0.5, atLeast: 1 },
  ];
  is(goalState(row('a', [1], { ratios })), 'missed');
  is(fulfilment(row('a', [1], { ratios })), 0.5);
  is(goalState(row('a', [1], { ratios: ratios.slice(0, 1) })), 'met');
  is(goalState(row('a', [3], { atMost: 2 })), 'missed');
  is(goalState(row('a', [3])), 'none');
  is(goalState(row('a', [3], { skipped: 'no', atMost: 2 })), 'skipped');
  const [suite] = summarise(
    run('bun', 1, [row('a', [1], { ratios }), row('a', [1], { ratios: [{ to: 'fma', value: 0.4 }] })]),
    ['ceiling'],
  );
  is(suite.means.get('ceiling')?.value.toFixed(3), '0.600');
  equal(opponentsOf([row('a', [1], { ratios })]), ['ceiling', 'pytorch']);
});

test('rows are filtered by all the words, and sorted with the empty cells last', () => {
  const rows = [
    row('conv 10', [3], { ratios: [{ to: 'pytorch', value: 1 }] }),
    row('conv 9', [1]),
    row('matmul 9', [2], { ratios: [{ to: 'pytorch', value: 2 }] }),
  ];
  const names = (list: RunResult[]) => list.map(({ name }) => name);
  equal(names(filterRows(rows, { text: ' CONV  9' })), ['conv 9']);
  equal(names(filterRows(rows, { suite: 'matmul' })), ['matmul 9']);
  equal(names(sortRows(rows, 'name', false)), ['conv 9', 'conv 10', 'matmul 9']);
  equal(names(sortRows(rows, 'pytorch', true)), ['matmul 9', 'conv 10', 'conv 9']);
  equal(names(sortRows(rows, 'pytorch', false)), ['conv 10', 'matmul 9', 'conv 9']);
  equal(names(sortRows(rows, undefined, false)), names(rows));
});

test('an address holds the state, there and back', () => {
  const params = { name: 'add 2²⁰, a row', by: 'pytorch' };
  equal(parseRoute(link('benchmark', { ...params, run: '' })), { view: 'benchmark', params });
  equal(parseRoute('#/nowhere'), { view: 'overview', params: {} });
});

test('a change is a percentage with its sign', () => {
  is(change(1.123), '+12 %');
  is(change(0.98), '−2.0 %');
});

test.run();
