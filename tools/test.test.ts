import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findTests, judge, parseRuntimes, readSummary, resultLine } from './test.ts';

const summary = (total: number, passed: number, skipped = 0) =>
  `• •   (${passed} / ${total})\n\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n  Duration:  0.5ms\n\n`;

/** What is wrong with a run, in words. */
const errorOf = (...run: Parameters<typeof judge>): string => judge(...run).error ?? '';

test('a summary is read wherever it stands, and summaries add up', () => {
  assert.equal(readSummary(`noise\n${summary(3, 2, 1)}noise`), { total: 3, passed: 2, skipped: 1 });
  assert.equal(readSummary(summary(3, 3) + summary(4, 4)), { total: 7, passed: 7, skipped: 0 });
  assert.equal(readSummary('Total: many'), { total: 0, passed: 0, skipped: 0 });
});

test('a file whose tests all passed is in order', () => {
  const outcome = judge(0, null, summary(3, 3));
  assert.is(outcome.error, undefined);
  assert.is(outcome.passed, 3);
  assert.is(outcome.failed, 0);
});

test('a failed test, an exit code, a signal and an empty run are each a failure', () => {
  assert.match(errorOf(1, null, summary(3, 1)), '2 of 3 tests failed');
  assert.is(judge(1, null, summary(3, 1)).failed, 2);
  assert.match(errorOf(7, null, summary(3, 3)), 'exit code 7');
  assert.match(errorOf(null, 'SIGKILL', summary(3, 3)), 'SIGKILL');
  assert.match(errorOf(0, null, ''), 'ran no test');
  assert.match(errorOf(0, null, summary(0, 0)), 'ran no test');
  assert.is(judge(0, null, '').failed, 1);
});

test('a failed test is a failure even where the process ends with 0', () => {
  assert.match(errorOf(0, null, summary(3, 2)), '1 of 3 tests failed');
});

test('tests are found by a part of their path', () => {
  assert.equal(findTests(['tools/test.test']), ['tools/test.test.ts']);
  assert.equal(findTests(['./tools/test.test.ts']), ['tools/test.test.ts']);
  assert.equal(findTests(['no such file']), []);
});

test('an unknown runtime is refused by name', () => {
  assert.equal(parseRuntimes('bun,firefox'), ['bun', 'firefox']);
  assert.throws(() => parseRuntimes('node18'), 'unknown runtime node18');
});

test('a line of the table says failures and skips only if there are any', () => {
  const result = { runtime: 'bun 1.4.5', files: 2, passed: 30, failed: 0, skipped: 0, seconds: 1.26 };
  assert.is(resultLine(result), 'bun 1.4.5               2 files  30 tests passed  1.3 s');
  assert.match(resultLine({ ...result, failed: 1, skipped: 2 }), '30 tests passed, 1 failed, 2 skipped');
  assert.match(resultLine({ ...result, missing: true }), 'NOT FOUND on this machine');
});

test.run();
