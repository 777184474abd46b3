/**
 * Numbers in comma-separated text.
 *
 * Source: RFC 4180, for what separates fields and lines; fields in quotes are not read, since numbers need none.
 */

import type { DType, Tensor } from '@torsor/core';
import { allocate, checkDType, FormatError, named, ShapeError, show, ValueError } from '@torsor/core';

export interface CsvOptions {
  /** Element type; float32 by default. */
  readonly dtype?: DType;
  /** What stands between fields; a comma by default. */
  readonly delimiter?: string;
  /** Lines to skip at the top, such as a header. Default 0. */
  readonly skipRows?: number;
}

/**
 * A table of numbers as a tensor `[rows, columns]`. Empty lines are skipped. Fields are as JavaScript or Python write numbers (`1`,
 * `-2.5e3`, `nan`, `inf`); what an integer dtype is to hold loses its fraction, as in `tensor`, and int64 is read exactly; for bool
 * all but 0 is true.
 *
 * @throws FormatError when rows differ in length, or a field is not a number or beyond an integer dtype; the message gives the line
 *
 * @example
 * parseCsv('x,y\n1,2.5\n3,4', { skipRows: 1 }); // tensor([[1, 2.5], [3, 4]])
 */
export function parseCsv(text: string, options: CsvOptions = {}): Tensor {
  const [dtype = 'float32', delimiter = ',', skipRows = 0] = named<[DType, string, number]>(
    'parseCsv',
    ['dtype', 'delimiter', 'skipRows'],
    [options],
  );
  checkDType('parseCsv', dtype);
  const values: (number | bigint)[] = [];
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
      const value = numberOf(field.trim(), dtype);
      if (value === null) {
        throw new FormatError(`line ${i + 1} has a field that is not a number: '${field}'`, { op: 'parseCsv' });
      }
      if (!isHeld(value, dtype)) {
        throw new FormatError(`line ${i + 1} has a number that ${dtype} does not hold: '${field}'`, { op: 'parseCsv' });
      }
      values.push(dtype === 'bool' ? Number(value !== 0) : value);
    }
    rows++;
  });
  const out = allocate([rows, Math.max(columns, 0)], dtype);
  out.array.set(values as never, out.offset);
  return out;
}

/** A field's value: a BigInt for int64, an integer for other integer dtypes; null if it is not a number. */
function numberOf(text: string, dtype: DType): number | bigint | null {
  if (dtype === 'int64' && /^[+-]?\d+$/.test(text)) return BigInt(text);
  let value = Number(text);
  if (text === '') return null;
  if (Number.isNaN(value)) {
    const [, sign, word] = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(text) ?? [];
    if (word === undefined) return null;
    if (word.toLowerCase() !== 'nan') value = sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!Object.hasOwn(RANGES, dtype)) return value;
  const whole = Math.trunc(value);
  return dtype === 'int64' && Number.isFinite(whole) ? BigInt(whole) : whole;
}

const RANGES: Readonly<Partial<Record<DType, readonly [number | bigint, number | bigint]>>> = {
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};

function isHeld(value: number | bigint, dtype: DType): boolean {
  const range = RANGES[dtype];
  return range === undefined || (value >= range[0] && value <= range[1]);
}

export interface CsvFormatOptions {
  /** What stands between fields; a comma by default. */
  readonly delimiter?: string;
  /** Names of the columns, for a first line; none by default. `parseCsv` passes over it by `{ skipRows: 1 }`. */
  readonly header?: readonly string[];
}

/**
 * A tensor `[rows, columns]` as comma-separated text, a line a row; `[rows]` makes one column. `parseCsv` with the same dtype and
 * delimiter gives the same values, to the bit (NaNs as NaN): floats have as many digits as it takes to tell them from their neighbours,
 * bools are 0 and 1. Without rows or columns the shape is lost.
 *
 * @throws ShapeError for other than one or two dimensions; ValueError for a header of another length, or a delimiter that numbers
 *   or lines contain
 *
 * @example
 * formatCsv(tensor([[1, 2.5], [3, 4]]), { header: ['x', 'y'] }); // 'x,y\n1,2.5\n3,4\n'
 */
export function formatCsv(x: Tensor, options: CsvFormatOptions = {}): string {
  const op = 'formatCsv';
  const [delimiter = ',', header] = named<[string, readonly string[]]>(op, ['delimiter', 'header'], [options]);
  if (!/^[^\w.+\-"\r\n]+$/.test(delimiter)) {
    throw new ValueError(`the delimiter ${show(delimiter)} could not be told from numbers, quotes and lines`, { op });
  }
  if (x.ndim < 1 || x.ndim > 2) {
    throw new ShapeError(`takes one or two dimensions, but got shape [${x.shape.join(', ')}]; view it as a table`, {
      op,
      operands: { shape: x.shape },
    });
  }
  const [rows, columns = 1] = x.shape;
  const lines: string[] = [];
  if (header !== undefined) {
    if (header.length !== columns) {
      throw new ValueError(`the header has ${header.length} names for ${columns} columns`, {
        op,
        operands: { header },
      });
    }
    lines.push(header.map((name) => quoted(name, delimiter)).join(delimiter));
  }
  const fields = Array.from(x.toTypedArray() as ArrayLike<number | bigint>, x.dtype === 'float32' ? shortest : plain);
  for (let row = 0; row < rows; row++) lines.push(fields.slice(row * columns, (row + 1) * columns).join(delimiter));
  return lines.map((line) => `${line}\n`).join('');
}

function quoted(name: string, delimiter: string): string {
  return /["\r\n]/.test(name) || name.includes(delimiter) ? `"${name.replaceAll('"', '""')}"` : name;
}

/** As many digits as tell a double from its neighbours; NaN and infinities as Python writes them. */
function plain(value: number | bigint): string {
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'bigint' || Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** As many digits as tell a float32 from its neighbours: nine always do. */
function shortest(value: number | bigint): string {
  if (Number.isFinite(value) && !Number.isInteger(value)) {
    for (let digits = 6; digits < 9; digits++) {
      const near = Number((value as number).toPrecision(digits));
      if (Math.fround(near) === value) return String(near);
    }
    return String(Number((value as number).toPrecision(9)));
  }
  return plain(value);
}
