/**
 * Lists of small integers, as shapes, strides and dimensions are. They are made here and not by `new Array(n)`, which engines take
 * for a list with holes, another kind of list than literals are: compiled code that meets both kinds is slower, and V8 may throw it
 * away and compile it anew over and over.
 */

/** `n` times `value`. */
export function repeated(value: number, n: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < n; i++) out.push(value);
  return out;
}

/** As `list.map(fn)`, which V8 makes a list with holes of as soon as it compiles the call. */
export function mapped(list: readonly number[], fn: (value: number, i: number) => number): number[] {
  const out: number[] = [];
  for (let i = 0; i < list.length; i++) out.push(fn(list[i], i));
  return out;
}

/** 0, 1, … n − 1 */
export function range(n: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < n; i++) out.push(i);
  return out;
}
