/**
 * The one mechanical rule of the API: positional arguments stay positional, and any named argument may instead be given in
 * one trailing options object.
 */

import { ShapeError, show, ValueError } from './errors.ts';

/** True for a plain object (`{…}`): the only thing that is ever taken for options. */
export function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}

/**
 * Arguments by name, in the order of `names`: positional ones first, then those of a trailing options object. Missing ones are
 * `undefined`.
 *
 * @throws ValueError when an option is unknown (the message lists those that exist), given twice, or not in last place, or when
 *   there are too many arguments
 *
 * @example
 * named<[number, boolean]>('sum', ['dim', 'keepdim'], [1, { keepdim: true }]); // [1, true]
 */
export function named<T extends readonly unknown[]>(
  op: string,
  names: readonly (keyof T & string)[] | readonly string[],
  args: readonly unknown[],
): Partial<T> & { readonly length: number } {
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) count--;
  if (count === 0) return new Array<undefined>(names.length) as unknown as Partial<T> & { readonly length: number };
  const last = args[count - 1];
  const options = isOptions(last) ? last : null;
  const positional = options === null ? count : count - 1;
  if (positional > names.length) {
    throw new ValueError(`takes at most ${names.length} arguments (${names.join(', ')}), but got ${positional}`, {
      op,
    });
  }
  const values = new Array<unknown>(names.length);
  for (let i = 0; i < positional; i++) {
    if (isOptions(args[i])) {
      throw new ValueError(`options must come last, but argument ${i + 1} is an options object followed by others`, {
        op,
        operands: { options: args[i] },
      });
    }
    values[i] = args[i];
  }
  if (options !== null) {
    for (const key of Object.keys(options)) {
      const at = (names as readonly string[]).indexOf(key);
      if (at < 0) {
        throw new ValueError(`unknown option '${key}'; known options are ${names.join(', ')}`, {
          op,
          operands: { options },
        });
      }
      if (values[at] !== undefined) {
        throw new ValueError(`argument '${key}' was given both by position and by name`, { op, operands: { options } });
      }
      values[at] = options[key];
    }
  }
  return values as unknown as Partial<T> & { readonly length: number };
}

/**
 * An argument that stands in its place, or by its name among the options that stand there, and the options without it. For what is
 * required, and followed by options that another function reads.
 *
 * @example
 * pick('steps', { steps: 5, dtype: 'float64' }, undefined); // [5, { dtype: 'float64' }]
 * pick('steps', 5, { dtype: 'float64' }); // [5, { dtype: 'float64' }]
 */
export function pick<T, O>(name: string, value: unknown, options: O | undefined): [T, O | undefined] {
  if (!isOptions(value) || options !== undefined || !Object.hasOwn(value, name)) return [value as T, options];
  const { [name]: given, ...others } = value;
  return [given as T, others as O];
}

/** @throws ShapeError unless a shape, or what goes like one, is a list: functions do not take sizes one by one */
export function needList(op: string, name: string, value: unknown): void {
  if (Array.isArray(value)) return;
  throw new ShapeError(`expects ${name} as a list, but got ${show(value)}`, { op, operands: { [name]: value } });
}

/** Shapes and dims come as a list or as arguments: `view(2, 3)` or `view([2, 3])`. */
export function listArgument(args: readonly (number | readonly number[])[]): readonly number[] {
  const first = args[0];
  if (args.length === 1 && typeof first === 'object') return first;
  return args as readonly number[];
}

/**
 * `2` as `[2, 2]`, `[2]` as `[2, 2]`, `[1, 2]` as it is: the form of kernel sizes, strides and paddings.
 *
 * @throws ValueError when the list has another length, or an entry is not an integer of at least `least`
 */
export function tuple(
  op: string,
  name: string,
  value: number | readonly number[],
  length: number,
  least = 0,
): readonly number[] {
  const list = typeof value === 'number' ? [value] : value;
  if (!Array.isArray(list) || (list.length !== length && list.length !== 1)) {
    throw new ValueError(`${name} must be a number or a list of ${length}, but got ${show(value)}`, {
      op,
      operands: { [name]: value },
    });
  }
  for (const entry of list as readonly number[]) {
    if (!Number.isInteger(entry) || entry < least) {
      throw new ValueError(`${name} must be integers of at least ${least}, but got ${show(value)}`, {
        op,
        operands: { [name]: value },
      });
    }
  }
  return list.length === length ? (list as readonly number[]) : new Array<number>(length).fill(list[0] as number);
}
