/**
 * Runs one program, in a worker of its own: what it prints and how it ends is told to the page, and if it never ends the page
 * ends the worker.
 */

import { parentThread } from '@torsor/core';
import { autograd } from 'torsor';
import type { Check } from '../functions/check.ts';
import type { Place } from './compile.ts';
import { CompileError, compile } from './compile.ts';
import { redirectConsole } from './console.ts';
import { redirectFetch } from './fetching.ts';
import { inspect } from './inspect.ts';
import type { Failure, Report, Request } from './messages.ts';
import type { Namespace } from './packages.ts';
import { moduleUrl, namespaces, publish } from './packages.ts';

// a program's own frames may lie under many of the library's
(Error as { stackTraceLimit?: number }).stackTraceLimit = 50;

let program = '';

const say = (report: Report): void => postMessage(report);
/** No addresses of modules that are only here. */
const tidy = (text: string): string => (program === '' ? text : text.replaceAll(program, 'program.ts'));

/** The place in the program that a stack tells of. */
function placeIn(stack: string): Place | undefined {
  const at = program === '' ? -1 : stack.indexOf(`${program}:`);
  const [, line, column] = /^:(\d+):(\d+)/.exec(at < 0 ? '' : stack.slice(at + program.length)) ?? [];
  return line === undefined ? undefined : { line: Number(line), column: Number(column) };
}

/** What was thrown, and where in the program. */
function failureOf(error: unknown): Failure {
  if (error instanceof CompileError) return { name: error.name, message: error.message, place: error.place };
  if (!(error instanceof Error)) return { name: '', message: `thrown: ${inspect(error)}` };
  return { name: error.name, message: tidy(error.message), place: placeIn(error.stack ?? '') };
}

const fail = (error: unknown): void => say({ kind: 'failed', failure: failureOf(error) });

/** A program that is made ready to be watched. */
interface Watched {
  readonly code: string;
  readonly packages: Readonly<Record<string, Namespace>>;
  /** Tells the page what was seen. */
  finish(): unknown;
}

const lineNow = (): number | undefined => placeIn(new Error().stack ?? '')?.line;

async function watched({ code, watch }: Request): Promise<Watched> {
  if (watch === 'tape') return watchedTape(code);
  if (watch === 'gradcheck') return watchedChecks(code);
  return { code, packages: namespaces, finish: () => {} };
}

async function watchedTape(code: string): Promise<Watched> {
  const [{ NOTE, withNotes }, { TapeRecorder }] = await Promise.all([
    import('../tape/names.ts'),
    import('../tape/recorder.ts'),
  ]);
  const recorder = new TapeRecorder(lineNow);
  recorder.start();
  (globalThis as Record<string, unknown>)[NOTE] = (name: string, value: unknown) => recorder.note(name, value);
  return {
    code: withNotes(code),
    packages: withAutograd(recorder.wrap(namespaces['@torsor/autograd'])),
    // of a program that was not begun there is nothing to tell
    finish: () => program !== '' && say({ kind: 'traced', trace: recorder.finish() }),
  };
}

async function watchedChecks(code: string): Promise<Watched> {
  const { watchGradcheck } = await import('../functions/jacobians.ts');
  const checks: Check[] = [];
  const gradcheck = watchGradcheck(autograd.gradcheck, lineNow, (check) => checks.push(check));
  return {
    code,
    packages: withAutograd({ ...autograd, gradcheck }),
    finish: () => program !== '' && say({ kind: 'checked', checks }),
  };
}

/** The packages, with another namespace in place of autograd's. */
function withAutograd(watched: Namespace): Record<string, Namespace> {
  return { ...namespaces, '@torsor/autograd': watched, torsor: { ...namespaces['torsor'], autograd: watched } };
}

async function run(request: Request): Promise<void> {
  redirectConsole(say, tidy);
  redirectFetch(request.base, request.files);
  let finish: () => unknown = () => {};
  try {
    const { code, packages, finish: tell } = await watched(request);
    finish = tell;
    program = moduleUrl(await compile(code, publish(packages)));
    const startMs = performance.now();
    await import(/* @vite-ignore */ program);
    const ms = performance.now() - startMs;
    finish();
    say({ kind: 'done', ms });
  } catch (error) {
    finish();
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
parentThread().then((page) => {
  say({ kind: 'ready' });
  page?.listen((request) => run(request as Request));
}, fail);
