import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HOSTING } from './hosting.ts';
import { STARTING_ATTEMPTS, startThread, type Thread } from './threads.ts';

const GREET_MS = 20;

/** What a page's worker is to whoever makes it; `say` is what its module says. */
class FakeWorker {
  readonly heard: unknown[] = [];
  isTerminated = false;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { preventDefault(): void; message: string }) => void) | null = null;

  postMessage(message: unknown): void {
    // what Firefox's workers are told first
    if (message !== HOSTING) this.heard.push(message);
  }

  say(data: unknown): void {
    this.onmessage?.({ data });
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

/** Starts a thread of fake workers, as a page does, whatever this runtime has. */
async function startFake(
  onMake: (worker: FakeWorker, count: number) => void,
): Promise<{ thread: Thread; made: FakeWorker[]; messages: unknown[] }> {
  const made: FakeWorker[] = [];
  const messages: unknown[] = [];
  const scope = globalThis as { Worker?: unknown };
  const { Worker } = scope;
  scope.Worker ??= FakeWorker;
  try {
    const thread = await startThread({
      url: null,
      web() {
        const worker = new FakeWorker();
        made.push(worker);
        onMake(worker, made.length);
        return worker as unknown as Worker;
      },
      greetMs: GREET_MS,
      onMessage: (message) => messages.push(message),
    });
    return { thread, made, messages };
  } finally {
    if (Worker === undefined) delete scope.Worker;
  }
}

const greet = (worker: FakeWorker): void => worker.say('torsor: here');
const whenEnded = (thread: Thread): Promise<unknown> => new Promise((resolve) => thread.onEnd(resolve));

test('what a worker is sent waits until it greets, and the greeting is nobody’s message', async () => {
  const { thread, made, messages } = await startFake(() => undefined);
  thread.post(1);
  thread.post(2);
  assert.equal(made[0].heard, []);
  greet(made[0]);
  thread.post(3);
  made[0].say('answer');
  assert.equal(made[0].heard, [1, 2, 3]);
  assert.equal(messages, ['answer']);
  await new Promise((resolve) => setTimeout(resolve, 2 * GREET_MS));
  assert.is(made.length, 1, 'one that greets is not started anew');
});

test('a worker that never loads is started anew, and gets what was sent', async () => {
  const { thread, made } = await startFake((worker, count) => {
    if (count === 3) setTimeout(() => greet(worker), 0);
  });
  thread.post('order');
  while (made.length < 3 || made[2].heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(
    made.map(({ isTerminated, heard }) => [isTerminated, heard]),
    [
      [true, []],
      [true, []],
      [false, ['order']],
    ],
  );
});

test('after so many that never load, the thread has ended', async () => {
  const { thread, made } = await startFake(() => undefined);
  assert.match(String(await whenEnded(thread)), /started 5 times, and never said within 20 ms that it was there/);
  assert.is(made.length, STARTING_ATTEMPTS);
  assert.ok(made.every(({ isTerminated }) => isTerminated));
});

test('a module that cannot be loaded, and a thread that is ended, are not started anew', async () => {
  const failing = await startFake(() => undefined);
  failing.made[0].onerror?.({ preventDefault: () => undefined, message: 'no such file' });
  assert.is(await whenEnded(failing.thread), 'no such file');
  const ended = await startFake(() => undefined);
  await ended.thread.terminate();
  await new Promise((resolve) => setTimeout(resolve, 2 * GREET_MS));
  assert.equal([failing.made.length, ended.made.length], [1, 1]);
});

test.run();
