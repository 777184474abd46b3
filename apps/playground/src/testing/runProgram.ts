/** Runs a program that a page shows, here, and gives what it printed. */

import * as torsor from 'torsor';

/** Programs import from `torsor` alone, in their first line; the rest is what a function can hold. */
const IMPORT = /^import \{ ([\w, ]+) \} from 'torsor';$/m;

export function runProgram(code: string): unknown[][] {
  const printed: unknown[][] = [];
  const names = IMPORT.exec(code)?.[1];
  if (names === undefined) throw new Error('the program imports nothing from torsor');
  const body = code.replace(IMPORT, `const { ${names} } = torsor;`);
  const run = new Function('torsor', 'console', `'use strict';\n${body}`);
  run(torsor, { log: (...values: unknown[]) => printed.push(values) });
  return printed;
}
