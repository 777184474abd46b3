/**
 * The frame of the elementwise kernels: rows of elements, whose operands and output advance by a step of their own from row to row.
 * So a broadcast row is a step of 0, a broadcast column an element that is read again at each row, and the loop over rows is inside.
 *
 *     for row in 0 … rows-1:  body(n, a, b, …, out);  a += aStep;  b += bStep;  …  out += outStep
 */

import type { Assembler, Local, ValType } from '../assembler.ts';

type Int = Local<'i32'>;

export interface Row {
  readonly n: Int;
  /** Where the row of each operand begins, and that of the output; the body may advance them. */
  readonly inputs: readonly Int[];
  readonly out: Int;
}

/**
 * `run(rows, n, a, …, out, aStep, …, outStep, p0, …)`, steps in bytes, parameters in float64. `prepare` emits what comes before the
 * first row and returns what emits the body of a row.
 */
export function emitRows(
  code: Assembler,
  inputs: number,
  parameters: number,
  prepare: (parameters: readonly Local<'f64'>[]) => (row: Row) => void,
): void {
  const names = [...Array.from({ length: inputs }, (_, k) => `x${k}`), 'out'];
  const scalars = Array.from({ length: parameters }, (_, k) => `p${k}`);
  const signature: Record<string, ValType> = { rows: 'i32', n: 'i32' };
  for (const name of names) signature[name] = 'i32';
  for (const name of names) signature[`${name}Step`] = 'i32';
  for (const name of scalars) signature[name] = 'f64';
  code.export('run', signature, [], (locals) => {
    const int = (name: string): Int => locals[name] as Int;
    const body = prepare(scalars.map((name) => locals[name] as Local<'f64'>));
    const row = code.local('i32');
    const cursors = code.locals('i32', names.length);
    code.forRange(row, 0, int('rows'), 1, () => {
      for (const [k, name] of names.entries()) cursors[k].set(int(name));
      body({ n: int('n'), inputs: cursors.slice(0, inputs), out: cursors[inputs] });
      for (const name of names) code.increase(int(name), int(`${name}Step`));
    });
  });
}
