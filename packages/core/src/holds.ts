/** Which values the integer dtypes hold: what ops check before they write a number. */

import type { DType } from './dtype.ts';
import { ValueError } from './errors.ts';

/** The least and greatest value of the integer dtypes; uint8 takes negative integers too, which wrap, as in PyTorch. */
const INTEGER_RANGE: Readonly<Partial<Record<DType, readonly [number | bigint, number | bigint]>>> = {
  uint8: [-255, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** @throws ValueError when a value is out of the range of an integer dtype; fractions within it are cut off by the write */
export function checkHolds(op: string, dtype: DType, value: number | boolean | bigint): void {
  const range = INTEGER_RANGE[dtype];
  if (range === undefined || typeof value === 'boolean') return;
  const least = dtype === 'uint8' && !Number.isInteger(value) && typeof value === 'number' ? 0 : range[0];
  if (value >= least && value <= range[1]) return;
  throw new ValueError(`value ${value} cannot be converted to ${dtype} without overflow`, {
    op,
    operands: { value, dtype },
  });
}
