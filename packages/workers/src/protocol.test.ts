import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CALLS, COUNT, clear, DONE, deal, INTS, TASKS, work } from './protocol.js';

/** A launch of seven tasks for three threads, and what each call of its kernel was given. */
function launch(tasks = 7) {
  const ints = new Int32Array(INTS);
  ints[COUNT] = 3;
  ints[TASKS] = tasks;
  ints[CALLS] = tasks;
  const taken: number[] = [];
  const take = (thread: number, before = () => {}) =>
    work(ints, new Float64Array(4), thread, () => [
      (from: number) => {
        before();
        taken.push(from);
      },
    ]);
  deal(ints, 1, tasks);
  return { ints, taken, take };
}

test('a thread takes the tasks of its own queue, which are neighbours, and then those of the next ones', () => {
  const { ints, taken, take } = launch();
  assert.is(take(1), 7);
  assert.equal(taken, [3, 4, 5, 6, 0, 1, 2]);
  assert.is(ints[DONE], 7);
  assert.is(take(0), 0);
});

test('every task is taken once, whoever takes some in the middle of another', () => {
  const { ints, taken, take } = launch();
  let isFirst = true;
  take(2, () => {
    if (!isFirst) return;
    isFirst = false;
    take(0);
  });
  assert.equal([...taken].sort(), [0, 1, 2, 3, 4, 5, 6]);
  assert.is(ints[DONE], 7);
});

test('fewer tasks than threads: the caller has one', () => {
  const { taken, take } = launch(1);
  assert.is(take(0), 1);
  assert.equal(taken, [0]);
});

test('a thread that began in one launch goes on in the next, by its description', () => {
  const { ints, taken, take } = launch(1);
  take(0, () => {
    if (ints[TASKS] === 2) return;
    ints[TASKS] = 2;
    ints[CALLS] = 4;
    deal(ints, 2, 2);
  });
  assert.equal(taken, [0, 0, 2]);
});

test('of a launch that is given up, nobody takes a task', () => {
  const { ints, taken, take } = launch();
  clear(ints);
  assert.is(take(0), 0);
  assert.equal(taken, []);
});

test.run();
