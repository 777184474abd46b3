/** Blocks that are all about equal, so that threads which have as many of them have as much to do. */

import type { Assembler, Local, Value } from '../assembler.ts';

/**
 * Takes from `index` its part that counts the `blocks` of a size, in multiples of `multiple`; returns where the block starts, and its size.
 * Of 14 in four blocks they are 3, 4, 3 and 4: block b starts at ⌊b · size / blocks⌋.
 */
export function blockAt(
  code: Assembler,
  index: Local<'i32'>,
  size: Local<'i32'>,
  blocks: Local<'i32'>,
  multiple = 1,
): readonly [start: Local<'i32'>, count: Local<'i32'>] {
  const { i32, i64 } = code;
  const wide = (value: Local<'i32'> | Value<'i32'>): Value<'i64'> => i64.extend_i32_u(value);
  const units = code.local('i32', i32.div_u(i32.add(size, multiple - 1), multiple));
  const startOf = (which: Local<'i32'> | Value<'i32'>): Value<'i32'> =>
    i32.mul(i32.wrap_i64(i64.div_u(i64.mul(wide(which), wide(units)), wide(blocks))), multiple);
  const which = code.local('i32', i32.rem_u(index, blocks));
  const start = code.local('i32', startOf(which));
  const end = code.local('i32', startOf(i32.add(which, 1)));
  index.set(i32.div_u(index, blocks));
  return [start, code.local('i32', i32.sub(code.least(end, size), start))];
}
