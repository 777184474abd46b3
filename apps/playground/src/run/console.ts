/** The console of a program: its lines go to the page, until there are too many. */

import { printed } from './inspect.ts';
import type { Level, Report } from './messages.ts';

const MAX_LINES = 1000;
const MAX_LENGTH = 200_000;

/** Has the worker's console speak to the page. */
export function redirectConsole(say: (report: Report) => void, tidy: (text: string) => string): void {
  let lines = 0;
  let length = 0;
  let silent = false;
  const print = (level: Level, text: string): void => {
    if (silent) return;
    lines++;
    length += text.length;
    silent = lines > MAX_LINES || length > MAX_LENGTH;
    say(silent ? { kind: 'silenced' } : { kind: 'printed', level, text: tidy(text) });
  };
  const times = new Map<string, number>();
  const printer =
    (level: Level) =>
    (...values: readonly unknown[]) =>
      print(level, printed(values));
  Object.assign(console, {
    log: printer('log'),
    info: printer('log'),
    debug: printer('log'),
    dir: printer('log'),
    table: printer('log'),
    warn: printer('warn'),
    error: printer('error'),
    trace: printer('log'),
    assert: (holds: unknown, ...values: readonly unknown[]) => {
      if (!holds) print('error', printed(['Assertion failed', ...values]));
    },
    time: (label = 'default') => times.set(label, performance.now()),
    timeEnd: (label = 'default') =>
      print('log', `${label}: ${(performance.now() - (times.get(label) ?? 0)).toFixed(3)} ms`),
  });
}
