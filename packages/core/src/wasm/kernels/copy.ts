/**
 * Copies of planes between layouts, for elements of 1, 2, 4 or 8 bytes. Strides here count bytes.
 *
 *     for r in 0 … rows-1:  for c in 0 … columns-1:
 *       out[r outRow + c size] = from[r fromRow + c size]         copy_rows: both are runs along a row
 *       out[r outRow + c size] = from[r size + c fromColumn]      copy_transposed: the source is a run along a column
 *       out[r outRow + c size] = from[r fromRow]                  copy_repeated: the source repeats one element along a row
 *       out[r outRow + c size] = from[r fromRow - c size]         copy_reversed: the source is a run read backwards
 *       out[r outRow + c outColumn] = from[r fromRow + c fromColumn]   copy_strided: any strides
 *
 * Transposes go by blocks of a whole cache line of the source along a column, so that no line is fetched twice, and within them
 * by squares that fill a vector's lanes.
 *
 * A kernel's name is its identity: `b4_copy_transposed` moves elements of 4 bytes. Beside them are `fill_bytes`, and `b4_triangle`,
 * which copies the part of a matrix on one side of a diagonal and zeroes the rest.
 */

import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';

export type ItemBytes = 1 | 2 | 4 | 8;
export type CopyForm = 'rows' | 'transposed' | 'repeated' | 'reversed' | 'strided';

/** Elements of these sizes have transposes by vectors. */
export function hasTranspose(bytes: number): bytes is 4 | 8 {
  return bytes === 4 || bytes === 8;
}

export const copyName = (bytes: ItemBytes, form: CopyForm): string => `b${bytes}_copy_${form}`;

/** Rows of this many bytes and more are left to memory.copy, whose call costs more than a few vectors. */
const LONG_ROW_BYTES = 512;

/** So much of a row that repeats an element is written by vectors, and copied from there on. */
const REPEATED_BLOCK_BYTES = 8192;

/** Rows and columns of a block of a transpose, in bytes of the source and in elements. */
const BLOCK_ROW_BYTES = 64;
const BLOCK_COLUMNS = 4;

type Pointer = Local<'i32'>;
type Count = Local<'i32'>;

/** `run(rows, columns, from, out, fromRow, fromColumn, outRow, outColumn)`; strides that a form implies are ignored */
export function emitCopy(bytes: ItemBytes, form: CopyForm): Emitter {
  return (code) => {
    code.export(
      'run',
      {
        rows: 'i32',
        columns: 'i32',
        from: 'i32',
        out: 'i32',
        fromRow: 'i32',
        fromColumn: 'i32',
        outRow: 'i32',
        outColumn: 'i32',
      },
      [],
      ({ rows, columns, from, out, fromRow, fromColumn, outRow, outColumn }) => {
        if (form === 'transposed') transposed(code, bytes, rows, columns, from, out, fromColumn, outRow);
        else if (form === 'strided') {
          strided(code, bytes, rows, columns, from, out, fromRow, fromColumn, outRow, outColumn);
        } else {
          const row = ROW_COPIES[form];
          const r = code.local('i32');
          const rowBytes = code.local('i32', code.scale(columns, bytes));
          code.forRange(r, 0, rows, 1, () => {
            row(code, bytes, rowBytes, from, out);
            code.increase(from, fromRow);
            code.increase(out, outRow);
          });
        }
      },
    );
  };
}

/** `run(out, byte, bytes)` */
export function emitFillBytes(code: Assembler): void {
  code.export('run', { out: 'i32', byte: 'i32', bytes: 'i32' }, [], ({ out, byte, bytes }) => {
    code.memory.fill(out, byte, bytes);
  });
}

export const triangleName = (bytes: ItemBytes): string => `b${bytes}_triangle`;

/**
 * `run(rows, columns, from, out, fromRow, outRow, diagonal, lower)`, columns adjacent:
 *
 *     edge = r + diagonal, one more when lower, held within the row
 *     lower:  out[r][0 … edge) = from[r][0 … edge), zeros behind;  upper: zeros, out[r][edge …) = from[r][edge …)
 */
export function emitTriangle(bytes: ItemBytes): Emitter {
  return (code) => {
    const { i32, memory } = code;
    const params = {
      rows: 'i32',
      columns: 'i32',
      from: 'i32',
      out: 'i32',
      fromRow: 'i32',
      outRow: 'i32',
      diagonal: 'i32',
      lower: 'i32',
    } as const;
    code.export('run', params, [], ({ rows, columns, from, out, fromRow, outRow, diagonal, lower }) => {
      const [r, edge, rest] = code.locals('i32', 3);
      code.forRange(r, 0, rows, 1, () => {
        edge.set(i32.add(i32.add(r, diagonal), lower));
        code.if(i32.lt_s(edge, 0), () => edge.set(0));
        code.if(i32.gt_s(edge, columns), () => edge.set(columns));
        rest.set(code.scale(i32.sub(columns, edge), bytes));
        edge.set(code.scale(edge, bytes));
        code.if(
          lower,
          () => {
            memory.copy(out, from, edge);
            memory.fill(i32.add(out, edge), 0, rest);
          },
          () => {
            memory.copy(i32.add(out, edge), i32.add(from, edge), rest);
            memory.fill(out, 0, edge);
          },
        );
        code.increase(from, fromRow);
        code.increase(out, outRow);
      });
    });
  };
}

export function load(
  code: Assembler,
  bytes: ItemBytes,
  pointer: Operand<'i32'>,
  offset = 0,
): Value<'i32'> | Value<'i64'> {
  if (bytes === 8) return code.i64.load(pointer, offset);
  if (bytes === 4) return code.i32.load(pointer, offset);
  return bytes === 2 ? code.i32.load16_u(pointer, offset) : code.i32.load8_u(pointer, offset);
}

export function store(code: Assembler, bytes: ItemBytes, pointer: Operand<'i32'>, value: Operand, offset = 0): void {
  if (bytes === 8) code.i64.store(pointer, value as Operand<'i64'>, offset);
  else if (bytes === 4) code.i32.store(pointer, value as Operand<'i32'>, offset);
  else if (bytes === 2) code.i32.store16(pointer, value as Operand<'i32'>, offset);
  else code.i32.store8(pointer, value as Operand<'i32'>, offset);
}

/** A run of `rowBytes` from one place to another. */
export function copyRow(code: Assembler, bytes: ItemBytes, rowBytes: Count, from: Pointer, out: Pointer): void {
  const { i32, v128 } = code;
  code.if(
    i32.ge_u(rowBytes, LONG_ROW_BYTES),
    () => code.memory.copy(out, from, rowBytes),
    () => {
      overVectors(
        code,
        bytes,
        rowBytes,
        (at) => v128.store(i32.add(out, at), v128.load(i32.add(from, at))),
        (at) => store(code, bytes, i32.add(out, at), load(code, bytes, i32.add(from, at))),
      );
    },
  );
}

/** The element at `from`, `rowBytes` long; long rows by blocks that stay in the cache. */
function repeatRow(code: Assembler, bytes: ItemBytes, rowBytes: Count, from: Pointer, out: Pointer): void {
  const { i32, v128 } = code;
  const splat = code.local('v128');
  if (bytes === 8) splat.set(v128.load64_splat(from));
  else if (bytes === 4) splat.set(v128.load32_splat(from));
  else if (bytes === 2) splat.set(v128.load16_splat(from));
  else splat.set(v128.load8_splat(from));
  const block = code.local('i32', code.least(rowBytes, REPEATED_BLOCK_BYTES));
  overVectors(
    code,
    bytes,
    block,
    (at) => v128.store(i32.add(out, at), splat),
    (at) => store(code, bytes, i32.add(out, at), load(code, bytes, from)),
  );
  const rest = code.local('i32');
  code.whileLess(block, rowBytes, () => {
    rest.set(i32.sub(rowBytes, block));
    rest.set(code.least(rest, REPEATED_BLOCK_BYTES));
    code.memory.copy(i32.add(out, block), out, rest);
    code.increase(block, rest);
  });
}

/** A run that ends with the element at `from` and is read backwards. */
function reverseRow(code: Assembler, bytes: ItemBytes, rowBytes: Count, from: Pointer, out: Pointer): void {
  const { i32, v128 } = code;
  const vector = code.local('v128');
  overVectors(
    code,
    bytes,
    rowBytes,
    (at) => {
      vector.set(v128.load(i32.sub(i32.sub(from, at), 16 - bytes)));
      v128.store(i32.add(out, at), reversed(code, bytes, vector));
    },
    (at) => store(code, bytes, i32.add(out, at), load(code, bytes, i32.sub(from, at))),
  );
}

function reversed({ i8x16, i16x8, i32x4, i64x2 }: Assembler, bytes: ItemBytes, vector: Local<'v128'>): Value<'v128'> {
  if (bytes === 8) return i64x2.shuffle([1, 0], vector, vector);
  if (bytes === 4) return i32x4.shuffle([3, 2, 1, 0], vector, vector);
  if (bytes === 2) return i16x8.shuffle([7, 6, 5, 4, 3, 2, 1, 0], vector, vector);
  return i8x16.shuffle([15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0], vector, vector);
}

const ROW_COPIES = { rows: copyRow, repeated: repeatRow, reversed: reverseRow } as const;

/** Whole vectors of a row, then single elements; the bodies get the offset in bytes. */
function overVectors(
  code: Assembler,
  bytes: ItemBytes,
  rowBytes: Count,
  vector: (at: Count) => void,
  element: (at: Count) => void,
): void {
  const at = code.local('i32');
  const whole = code.local('i32', code.i32.and(rowBytes, -16));
  code.forRange(at, 0, whole, 16, () => vector(at));
  code.whileLess(at, rowBytes, () => {
    element(at);
    code.increase(at, bytes);
  });
}

/** Any strides, element by element. The parameters stay as they are. */
function strided(
  code: Assembler,
  bytes: ItemBytes,
  rows: Count,
  columns: Count,
  from: Pointer,
  out: Pointer,
  fromRow: Operand<'i32'>,
  fromColumn: Operand<'i32'>,
  outRow: Operand<'i32'>,
  outColumn: Operand<'i32'>,
): void {
  const r = code.local('i32');
  const c = code.local('i32');
  const [x, y, rowX, rowY] = code.locals('i32', 4);
  rowX.set(from);
  rowY.set(out);
  code.forRange(r, 0, rows, 1, () => {
    x.set(rowX);
    y.set(rowY);
    code.forRange(c, 0, columns, 1, () => {
      store(code, bytes, y, load(code, bytes, x));
      code.increase(x, fromColumn);
      code.increase(y, outColumn);
    });
    code.increase(rowX, fromRow);
    code.increase(rowY, outRow);
  });
}

function transposed(
  code: Assembler,
  bytes: ItemBytes,
  rows: Count,
  columns: Count,
  from: Pointer,
  out: Pointer,
  fromColumn: Count,
  outRow: Count,
): void {
  const { i32, v128 } = code;
  const lanes = 16 / bytes;
  const blockRows = BLOCK_ROW_BYTES / bytes;
  const r = code.local('i32');
  const c = code.local('i32');
  const wholeRows = code.local('i32', i32.and(rows, -blockRows));
  const wholeColumns = code.local('i32', i32.and(columns, -BLOCK_COLUMNS));
  const [x, y, source, target] = code.locals('i32', 4);
  const vectors = code.locals('v128', lanes);
  code.forRange(r, 0, wholeRows, blockRows, () => {
    x.set(code.index(from, r, bytes));
    y.set(i32.add(out, i32.mul(r, outRow)));
    code.forRange(c, 0, wholeColumns, BLOCK_COLUMNS, () => {
      for (let column = 0; column < BLOCK_COLUMNS; column += lanes) {
        for (let row = 0; row < blockRows; row += lanes) {
          source.set(x);
          for (const vector of vectors) {
            vector.set(v128.load(source, row * bytes));
            code.increase(source, fromColumn);
          }
          if (row === 0) target.set(y);
          for (const line of transposeSquare(code, bytes, vectors)) {
            v128.store(target, line(), column * bytes);
            code.increase(target, outRow);
          }
        }
        x.set(source);
      }
      code.increase(y, BLOCK_COLUMNS * bytes);
    });
  });
  // what is left: columns beside the blocks, then rows below them
  const rest = code.local('i32');
  rest.set(i32.sub(columns, wholeColumns));
  x.set(i32.add(from, i32.mul(wholeColumns, fromColumn)));
  y.set(code.index(out, wholeColumns, bytes));
  strided(code, bytes, wholeRows, rest, x, y, bytes, fromColumn, outRow, bytes);
  rest.set(i32.sub(rows, wholeRows));
  x.set(code.index(from, wholeRows, bytes));
  y.set(i32.add(out, i32.mul(wholeRows, outRow)));
  strided(code, bytes, rest, columns, x, y, bytes, fromColumn, outRow, bytes);
}

/** The rows of a square whose columns are given, each to be emitted where it is stored. */
function transposeSquare(
  code: Assembler,
  bytes: ItemBytes,
  columns: readonly Local<'v128'>[],
): readonly (() => Value<'v128'>)[] {
  const { i32x4, i64x2 } = code;
  if (bytes === 8) {
    const [a, b] = columns;
    return [() => i64x2.shuffle([0, 2], a, b), () => i64x2.shuffle([1, 3], a, b)];
  }
  const [a, b, c, d] = columns;
  const low = code.local('v128', i32x4.shuffle([0, 4, 1, 5], a, b));
  const high = code.local('v128', i32x4.shuffle([2, 6, 3, 7], a, b));
  const low2 = code.local('v128', i32x4.shuffle([0, 4, 1, 5], c, d));
  const high2 = code.local('v128', i32x4.shuffle([2, 6, 3, 7], c, d));
  return [
    () => i64x2.shuffle([0, 2], low, low2),
    () => i64x2.shuffle([1, 3], low, low2),
    () => i64x2.shuffle([0, 2], high, high2),
    () => i64x2.shuffle([1, 3], high, high2),
  ];
}
