/**
 * Where elements are not 0: how many, and their coordinates in row-major order.
 *
 *     count: n elements of x
 *     run:   for each of `lines` lines of n elements, whose leading coordinates are at `index`, each followed by its size:
 *              j from 0, until n or until out = end:  out[last] = j; out moves on if x[j] is not 0
 *              the leading coordinates, to what this line has found; the next line's, as an odometer counts
 *
 * Whether an element is 0 is as good as random, and a branch on it costs more than all else: so a coordinate is written in any case,
 * and overwritten unless it counts. The last one found ends the loop: behind it there is no room. A kernel's name is its identity:
 * `f32_nonzero`.
 */

import type { ComputeDType } from '../../dtype.ts';
import { itemBytes } from '../../dtype.ts';
import type { Assembler, Local, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import { repeat } from './gemm-micro.ts';

/** The namespaces of vectors. */
const SHAPES = {
  bool: 'i8x16',
  uint8: 'i8x16',
  int32: 'i32x4',
  int64: 'i64x2',
  float32: 'f32x4',
  float64: 'f64x2',
} as const;

/** Elements to a turn of the loop. */
const TURN = 4;

export const nonzeroName = (dtype: ComputeDType): string => `${dtype}_nonzero`;

export function emitNonzero(dtype: ComputeDType): Emitter {
  return (code) => {
    emitCount(code, dtype);
    emitCoordinates(code, dtype);
  };
}

/** Not 0 where the element `offset` bytes behind x is not: NaN is not, -0 is. Of floats, the bits without the sign tell. */
function isSet({ i32, i64 }: Assembler, dtype: ComputeDType, x: Local<'i32'>, offset = 0): Value<'i32'> {
  if (itemBytes(dtype) === 1) return i32.load8_u(x, offset);
  if (dtype === 'int32') return i32.load(x, offset);
  if (dtype === 'float32') return i32.shl(i32.load(x, offset), 1);
  const bits = i64.load(x, offset);
  return i64.ne(dtype === 'float64' ? i64.shl(bits, i64.const(1n)) : bits, i64.const(0n));
}

/** `count(n, x)` */
function emitCount(code: Assembler, dtype: ComputeDType): void {
  const { i32, v128 } = code;
  const bytes = itemBytes(dtype);
  const shape = code[SHAPES[dtype]] as Assembler['f32x4'];
  // Masks of floats are those of integers of their size.
  const mask = bytes === 1 ? code.i8x16 : bytes === 4 ? code.i32x4 : code.i64x2;
  code.export('count', { n: 'i32', x: 'i32' }, ['i32'], ({ n, x }) => {
    const count = code.local('i32', 0);
    const zero = code.local('v128', code.i32x4.const(0));
    const end = code.local('i32', code.index(x, n, bytes));
    const whole = code.local('i32', i32.add(x, i32.and(i32.sub(end, x), -16)));
    code.whileLess(x, whole, () => {
      code.increase(count, i32.popcnt(mask.bitmask(shape.ne(v128.load(x), zero))));
      code.increase(x, 16);
    });
    code.whileLess(x, end, () => {
      code.increase(count, i32.ne(isSet(code, dtype, x), 0));
      code.increase(x, bytes);
    });
    count.get();
  });
}

const COORDINATES = {
  lines: 'i32',
  n: 'i32',
  x: 'i32',
  /** Where the first entry goes and the last one ends; from entry to entry, and from dimension to dimension, in bytes. */
  out: 'i32',
  end: 'i32',
  step: 'i32',
  dimension: 'i32',
  /** Leading dimensions. */
  leading: 'i32',
  index: 'i32',
} as const;

/** `run(lines, n, x, out, end, step, dimension, leading, index)` */
function emitCoordinates(code: Assembler, dtype: ComputeDType): void {
  const { i32 } = code;
  const bytes = itemBytes(dtype);
  code.export('run', COORDINATES, [], ({ lines, n, x, out, end, step, dimension, leading, index }) => {
    const last = code.local('i32', i32.mul(leading, dimension));
    const turn = code.local('i32', i32.mul(step, TURN));
    const [j, start, p, d, at, value, next] = code.locals('i32', 7);
    /** The address of the coordinate of leading dimension d; its size is behind it. */
    const entry = () => code.index(index, d, 8);
    code.while(
      () => i32.and(i32.ne(lines, 0), i32.ne(out, end)),
      () => {
        start.set(out);
        j.set(0);
        const look = (elements: number): void => {
          for (let k = 0; k < elements; k++) {
            i32.store(i32.add(out, last), i32.add(j, k));
            next.set(i32.add(out, step));
            out.set(code.select(next, out, isSet(code, dtype, x, k * bytes)));
          }
          code.increase(x, elements * bytes);
          code.increase(j, elements);
        };
        code.while(
          () => i32.and(i32.ge_u(i32.sub(n, j), TURN), i32.ge_u(i32.sub(end, out), turn)),
          () => look(TURN),
        );
        code.while(
          () => i32.and(i32.ne(j, n), i32.ne(out, end)),
          () => look(1),
        );
        code.forRange(d, 0, leading, 1, () => {
          value.set(i32.load(entry()));
          p.set(i32.add(start, i32.mul(d, dimension)));
          at.set(i32.div_u(i32.sub(out, start), step));
          code.if(at, () =>
            repeat(code, at, () => {
              i32.store(p, value);
              code.increase(p, step);
            }),
          );
        });
        emitNextLine(code, { d, leading, entry, value });
        code.decrease(lines, 1);
      },
    );
  });
}

/** d from the last leading dimension down: index[d] += 1, done unless it has reached its size; else 0, and on */
function emitNextLine(
  code: Assembler,
  {
    d,
    leading,
    entry,
    value,
  }: {
    readonly d: Local<'i32'>;
    readonly leading: Local<'i32'>;
    readonly entry: () => Value<'i32'>;
    readonly value: Local<'i32'>;
  },
): void {
  const { i32 } = code;
  const place = code.local('i32');
  d.set(leading);
  code.while(
    () => i32.ne(d, 0),
    () => {
      code.decrease(d, 1);
      place.set(entry());
      value.set(i32.add(i32.load(place), 1));
      code.if(
        i32.ne(value, i32.load(place, 4)),
        () => {
          i32.store(place, value);
          d.set(0);
        },
        () => i32.store(place, 0),
      );
    },
  );
}
