/** Numbers in comma-separated text. */

import type { DType, Tensor } from '@torsor/core';
import { FormatError, fromTypedArray, named, newArray } from '@torsor/core';

export interface CsvOptions {
  /** Element type; float32 by default. */
  readonly dtype?: DType;
  /** What stands between fields; a comma by default. */
  readonly delimiter?: string;
  /** Lines to skip at the top, such as a header. Default 0. */
  readonly skipRows?: number;
}

/**
 * A table of numbers as a tensor `[rows, columns]`. Empty lines are skipped.
 *
 * @throws FormatError when rows differ in length or a field is not a number; the message gives the line
 */
export function parseCsv(text: string, options: CsvOptions = {}): Tensor {
  const [dtype = 'float32', delimiter = ',', skipRows = 0] = named<[DType, string, number]>(
    'parseCsv',
    ['dtype', 'delimiter', 'skipRows'],
    [options],
  );
  const values: number[] = [];
  let columns = -1;
  let rows = 0;
  text.split('\n').forEach((raw, i) => {
    const line = raw.trim();
    if (i < skipRows || line === '') return;
    const fields = line.split(delimiter);
    if (columns < 0) columns = fields.length;
    if (fields.length !== columns) {
      throw new FormatError(`line ${i + 1} has ${fields.length} fields where ${columns} are expected`, {
        op: 'parseCsv',
      });
    }
    for (const field of fields) {
      const value = Number(field);
      if (field.trim() === '' || (Number.isNaN(value) && field.trim().toLowerCase() !== 'nan')) {
        throw new FormatError(`line ${i + 1} has a field that is not a number: '${field}'`, { op: 'parseCsv' });
      }
      values.push(value);
    }
    rows++;
  });
  const array = newArray(dtype, values.length);
  if (array instanceof BigInt64Array) array.set(values.map((value) => BigInt(value)));
  else array.set(values);
  return fromTypedArray(array, [rows, Math.max(columns, 0)]);
}
