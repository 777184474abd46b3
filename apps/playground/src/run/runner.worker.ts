/**
 * Runs one program, in a worker of its own: what it prints and how it ends is told to the page, and if it never ends the page
 * ends the worker.
 */

import { CompileError, compile } from './compile.ts';
import { redirectConsole } from './console.ts';
import { redirectFetch } from './fetching.ts';
import { inspect } from './inspect.ts';
import type { Failure, Report, Request } from './messages.ts';
import { moduleUrl, namespaces, publish } from './packages.ts';

// a program's own frames may lie under many of the library's
(Error as { stackTraceLimit?: number }).stackTraceLimit = 50;

let program = '';

const say = (report: Report): void => postMessage(report);
/** No addresses of modules that are only here. */
const tidy = (text: string): string => (program === '' ? text : text.replaceAll(program, 'program.ts'));

/** What was thrown, and where in the program. */
function failureOf(error: unknown): Failure {
  if (error instanceof CompileError) return { name: error.name, message: error.message, place: error.place };
  if (!(error instanceof Error)) return { name: '', message: `thrown: ${inspect(error)}` };
  const { name, message, stack = '' } = error;
  const at = program === '' ? -1 : stack.indexOf(`${program}:`);
  const [, line, column] = /^:(\d+):(\d+)/.exec(at < 0 ? '' : stack.slice(at + program.length)) ?? [];
  const place = line === undefined ? undefined : { line: Number(line), column: Number(column) };
  return { name, message: tidy(message), place };
}

const fail = (error: unknown): void => say({ kind: 'failed', failure: failureOf(error) });

async function run({ code, base, files }: Request): Promise<void> {
  redirectConsole(say, tidy);
  redirectFetch(base, files);
  try {
    program = moduleUrl(await compile(code, publish(namespaces)));
    const startMs = performance.now();
    await import(/* @vite-ignore */ program);
    say({ kind: 'done', ms: performance.now() - startMs });
  } catch (error) {
    fail(error);
  }
}

// what a timer or a promise of the program throws
self.addEventListener('error', (event) => {
  event.preventDefault();
  fail(event.error ?? new Error(event.message));
});
self.addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  fail(event.reason);
});
self.addEventListener('message', ({ data }: MessageEvent<Request>) => run(data), { once: true });
say({ kind: 'ready' });
