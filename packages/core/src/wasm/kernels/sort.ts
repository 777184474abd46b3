/**
 * Stable sorts of lines, and the first few of them: values, and where each came from. Strides count bytes.
 *
 *     for every line:
 *       keys[i] = bits of x[i], arranged so that they order as unsigned integers: NaN last, -0 as 0; inverted when descending
 *       few:   insertion into a list of `few` entries; a key that is no less than the last is passed over, by the vector once
 *              the list is full, where elements are adjacent
 *       else:  radix sort, a byte at a time from the lowest, without the bytes that all keys share
 *       for i in 0 … k-1:  values[i] = x[index[i]];  indices[i] = index[i]
 *
 * Scratch space: counters, then two lists of keys and two of positions, `n` each, which change places with every byte.
 * A kernel's name is its identity: `sort_float32`.
 */

import type { ComputeDType } from '../../dtype.ts';
import { itemBytes } from '../../dtype.ts';
import type { Assembler, Label, Local, Operand, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import type { ItemBytes } from './copy.ts';
import { load, store } from './copy.ts';

export const sortName = (dtype: ComputeDType): string => `sort_${dtype}`;

const keyBytes = (dtype: ComputeDType): 4 | 8 => (itemBytes(dtype) === 8 ? 8 : 4);

/** Counters of the radix sort: 256 for each byte of a key. */
const counterBytes = (dtype: ComputeDType): number => keyBytes(dtype) * 1024;

/** Bytes of scratch space for lines of `n`. */
export const sortScratchBytes = (dtype: ComputeDType, n: number): number =>
  counterBytes(dtype) + 2 * n * (keyBytes(dtype) + 4);

type Pointer = Local<'i32'>;
type Key = Local<'i32'> | Local<'i64'>;
type KeyValue = Value<'i32'> | Value<'i64'>;

/**
 * `run(lines, n, k, few, descending, x, values, indices, xLine, valuesLine, indicesLine, xStep, valuesStep, indicesStep, scratch)`;
 * `few` is 0 for the radix sort, else at least k
 */
export function emitSort(dtype: ComputeDType): Emitter {
  return (code) => {
    const { i32 } = code;
    const kit = kitOf(code, dtype);
    const params = {
      lines: 'i32',
      n: 'i32',
      k: 'i32',
      few: 'i32',
      descending: 'i32',
      x: 'i32',
      values: 'i32',
      indices: 'i32',
      xLine: 'i32',
      valuesLine: 'i32',
      indicesLine: 'i32',
      xStep: 'i32',
      valuesStep: 'i32',
      indicesStep: 'i32',
      scratch: 'i32',
    } as const;
    const insert = insertion(code, kit, dtype);
    const radix = radixSort(code, kit);
    code.export('run', params, [], (p) => {
      const { lines, n, k, few, descending, x, values, indices, scratch } = p;
      const bytes = itemBytes(dtype) as ItemBytes;
      const [line, index, i, from, to, at, place] = code.locals('i32', 7);
      code.forRange(line, 0, lines, 1, () => {
        code.if(
          few,
          () => index.set(code.call(insert, n, few, descending, x, p.xStep, scratch)),
          () => index.set(code.call(radix, n, descending, x, p.xStep, scratch)),
        );
        to.set(values);
        at.set(indices);
        code.forRange(i, 0, k, 1, () => {
          place.set(i32.load(index));
          from.set(i32.add(x, i32.mul(place, p.xStep)));
          store(code, bytes, to, load(code, bytes, from));
          i32.store(at, place);
          code.increase(index, 4);
          code.increase(to, p.valuesStep);
          code.increase(at, p.indicesStep);
        });
        code.increase(x, p.xLine);
        code.increase(values, p.valuesLine);
        code.increase(indices, p.indicesLine);
      });
    });
  };
}

/** What differs between keys of four and of eight bytes. */
interface Kit {
  readonly bytes: 4 | 8;
  readonly counterBytes: number;
  readonly key: () => Key;
  readonly set: (key: Key, value: KeyValue) => void;
  /** The key of the element at `x`. */
  readonly keyAt: (x: Pointer, descending: Local<'i32'>) => KeyValue;
  readonly load: (pointer: Operand<'i32'>, offset?: number) => KeyValue;
  readonly store: (pointer: Operand<'i32'>, key: Key) => void;
  readonly less: (a: Key, b: KeyValue) => Value<'i32'>;
  /** Byte `b` of a key. */
  readonly byte: (key: Key, b: number) => Value<'i32'>;
}

function kitOf(code: Assembler, dtype: ComputeDType): Kit {
  const { i32, i64 } = code;
  const bytes = keyBytes(dtype);
  const common = { bytes, counterBytes: counterBytes(dtype) };
  if (bytes === 4) {
    return {
      ...common,
      key: () => code.local('i32'),
      set: (key, value) => (key as Local<'i32'>).set(value as Value<'i32'>),
      keyAt: (x, descending) => key32(code, dtype, x, descending),
      load: (pointer, offset = 0) => i32.load(pointer, offset),
      store: (pointer, key) => i32.store(pointer, key as Local<'i32'>),
      less: (a, b) => i32.lt_u(a as Local<'i32'>, b as Value<'i32'>),
      byte: (key, b) => i32.and(i32.shr_u(key as Local<'i32'>, 8 * b), 255),
    };
  }
  return {
    ...common,
    key: () => code.local('i64'),
    set: (key, value) => (key as Local<'i64'>).set(value as Value<'i64'>),
    keyAt: (x, descending) => key64(code, dtype, x, descending),
    load: (pointer, offset = 0) => i64.load(pointer, offset),
    store: (pointer, key) => i64.store(pointer, key as Local<'i64'>),
    less: (a, b) => i64.lt_u(a as Local<'i64'>, b as Value<'i64'>),
    byte: (key, b) => i32.and(i32.wrap_i64(i64.shr_u(key as Local<'i64'>, BigInt(8 * b))), 255),
  };
}

function key32(code: Assembler, dtype: ComputeDType, x: Pointer, descending: Local<'i32'>): Value<'i32'> {
  const { i32, f32 } = code;
  const bits = code.local('i32');
  if (dtype === 'float32') {
    const value = code.local('f32', f32.load(x));
    bits.set(i32.reinterpret_f32(value));
    code.if(f32.eq(value, 0), () => bits.set(0));
    code.if(f32.ne(value, value), () => bits.set(0x7fffffff));
    // negative numbers order backwards
    bits.set(i32.xor(bits, i32.or(i32.shr_s(bits, 31), -0x80000000)));
  } else if (dtype === 'int32') bits.set(i32.xor(i32.load(x), -0x80000000));
  else bits.set(i32.load8_u(x));
  return i32.xor(bits, i32.sub(i32.const(0), descending));
}

function key64(code: Assembler, dtype: ComputeDType, x: Pointer, descending: Local<'i32'>): Value<'i64'> {
  const { i64, f64 } = code;
  const bits = code.local('i64');
  if (dtype === 'float64') {
    const value = code.local('f64', f64.load(x));
    bits.set(i64.reinterpret_f64(value));
    code.if(f64.eq(value, 0), () => bits.set(0n));
    code.if(f64.ne(value, value), () => bits.set(0x7fffffffffffffffn));
    bits.set(i64.xor(bits, i64.or(i64.shr_s(bits, 63n), -0x8000000000000000n)));
  } else bits.set(i64.xor(i64.load(x), -0x8000000000000000n));
  return i64.xor(bits, i64.sub(i64.const(0n), i64.extend_i32_u(descending)));
}

const LINE = { n: 'i32', descending: 'i32', x: 'i32', xStep: 'i32', scratch: 'i32' } as const;

/** The first `few` of a line by insertion into a sorted list; gives where their positions are. */
function insertion(code: Assembler, kit: Kit, dtype: ComputeDType) {
  const { i32 } = code;
  const { bytes } = kit;
  const itemSize = itemBytes(dtype);
  const params = { n: 'i32', few: 'i32', descending: 'i32', x: 'i32', xStep: 'i32', scratch: 'i32' } as const;
  return code.func('insertion', params, ['i32'], ({ n, few, descending, x, xStep, scratch }) => {
    const keys = scratch;
    const index = code.local('i32', code.index(keys, few, bytes));
    const [i, held, j, p, q] = code.locals('i32', 5);
    const start = code.local('i32', x);
    const key = kit.key();
    const other = kit.key();
    const passOver = vectorPass(code, dtype, { n, i, x, descending });
    const walk = (done: Label): void =>
      code.forRange(i, 0, n, 1, () => {
        code.if(i32.and(i32.eq(held, few), i32.eq(xStep, itemSize)), () => {
          // The last of the list is an element of the line.
          q.set(code.index(index, i32.sub(few, 1), 4));
          passOver(i32.add(start, i32.mul(i32.load(q), xStep)));
          code.br_if(done, i32.eq(i, n));
        });
        kit.set(key, kit.keyAt(x, descending));
        code.increase(x, xStep);
        j.set(held);
        code.if(
          i32.lt_u(held, few),
          () => code.increase(held, 1),
          () => {
            code.if(kit.less(key, kit.load(code.index(keys, i32.sub(few, 1), bytes))), () => j.set(i32.sub(few, 1)));
          },
        );
        code.if(i32.lt_u(j, few), () => {
          p.set(code.index(keys, j, bytes));
          q.set(code.index(index, j, 4));
          code.block((end) => {
            code.loop((again) => {
              code.br_if(end, i32.eqz(j));
              kit.set(other, kit.load(i32.sub(p, bytes)));
              code.br_if(end, i32.eqz(kit.less(key, kit.load(i32.sub(p, bytes)))));
              kit.store(p, other);
              i32.store(q, i32.load(i32.sub(q, 4)));
              code.decrease(p, bytes);
              code.decrease(q, 4);
              code.decrease(j, 1);
              code.br(again);
            });
          });
          kit.store(p, key);
          i32.store(q, i);
        });
      });
    code.block(walk);
    index.get();
  });
}

/** The vectors that compare elements, and how their instructions end. */
const COMPARED = {
  bool: ['i8x16', '_u'],
  uint8: ['i8x16', '_u'],
  int32: ['i32x4', '_s'],
  int64: ['i64x2', '_s'],
  float32: ['f32x4', ''],
  float64: ['f64x2', ''],
} as const;

/**
 * Moves i and x on to the first element that may come before the one at `last`, or to the end. A NaN may: it compares with nothing.
 */
function vectorPass(
  code: Assembler,
  dtype: ComputeDType,
  { n, i, x, descending }: Readonly<Record<'n' | 'i' | 'x' | 'descending', Local<'i32'>>>,
): (last: Value<'i32'>) => void {
  const { i32, v128 } = code;
  const bytes = itemBytes(dtype);
  const lanes = 16 / bytes;
  const [mask, skipped] = code.locals('i32', 2);
  const held = code.local('v128');
  const load = bytes === 1 ? 'load8_splat' : bytes === 4 ? 'load32_splat' : 'load64_splat';
  const [name, sign] = COMPARED[dtype];
  const shape = code[name] as unknown as Readonly<Record<string, Assembler['f32x4']['le']>>;
  const bits = bytes === 1 ? code.i8x16 : bytes === 4 ? code.i32x4 : code.i64x2;
  const pass = (comparison: 'le' | 'ge', found: Label): void => {
    code.while(
      () => i32.ge_u(i32.sub(n, i), lanes),
      () => {
        mask.set(i32.xor(bits.bitmask(shape[comparison + sign](v128.load(x), held)), 2 ** lanes - 1));
        code.if(mask, () => {
          skipped.set(i32.ctz(mask));
          code.increase(i, skipped);
          code.increase(x, i32.mul(skipped, bytes));
          code.br(found);
        });
        code.increase(i, lanes);
        code.increase(x, 16);
      },
    );
  };
  return (last) => {
    held.set(v128[load](last));
    code.block((found) => {
      code.if(
        descending,
        () => pass('le', found),
        () => pass('ge', found),
      );
    });
  };
}

/** Sorts a line by the bytes of its keys; gives where its positions are. */
function radixSort(code: Assembler, kit: Kit) {
  const { i32, memory } = code;
  const { bytes } = kit;
  return code.func('radix', LINE, ['i32'], ({ n, descending, x, xStep, scratch }) => {
    const keys = code.local('i32', i32.add(scratch, kit.counterBytes));
    const keys2 = code.local('i32', code.index(keys, n, bytes));
    const index = code.local('i32', code.index(keys2, n, bytes));
    const index2 = code.local('i32', code.index(index, n, 4));
    const [i, at, counter, sum, count, end] = code.locals('i32', 6);
    const key = kit.key();
    memory.fill(scratch, 0, kit.counterBytes);
    at.set(keys);
    code.forRange(i, 0, n, 1, () => {
      kit.set(key, kit.keyAt(x, descending));
      kit.store(at, key);
      i32.store(code.index(index, i, 4), i);
      for (let b = 0; b < bytes; b++) {
        counter.set(code.index(scratch, kit.byte(key, b), 4));
        i32.store(counter, i32.add(i32.load(counter, 1024 * b), 1), 1024 * b);
      }
      code.increase(x, xStep);
      code.increase(at, bytes);
    });
    for (let b = 0; b < bytes; b++) {
      kit.set(key, kit.load(keys));
      counter.set(code.index(scratch, kit.byte(key, b), 4));
      code.if(i32.ne(i32.load(counter, 1024 * b), n), () => {
        // counts become the places where each byte begins
        sum.set(0);
        counter.set(i32.add(scratch, 1024 * b));
        end.set(i32.add(counter, 1024));
        code.whileLess(counter, end, () => {
          count.set(i32.load(counter));
          i32.store(counter, sum);
          code.increase(sum, count);
          code.increase(counter, 4);
        });
        at.set(keys);
        code.forRange(i, 0, n, 1, () => {
          kit.set(key, kit.load(at));
          code.increase(at, bytes);
          counter.set(code.index(scratch, kit.byte(key, b), 4));
          sum.set(i32.load(counter, 1024 * b));
          i32.store(counter, i32.add(sum, 1), 1024 * b);
          kit.store(code.index(keys2, sum, bytes), key);
          i32.store(code.index(index2, sum, 4), i32.load(code.index(index, i, 4)));
        });
        swap(keys, keys2, at);
        swap(index, index2, at);
      });
    }
    index.get();
  });
}

function swap(a: Local<'i32'>, b: Local<'i32'>, spare: Local<'i32'>): void {
  spare.set(a);
  a.set(b);
  b.set(spare);
}
