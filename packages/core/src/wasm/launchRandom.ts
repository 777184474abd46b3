/**
 * Launches of random kernels. Each draws what the loops of `random/` would and leaves the generator where they would, or does
 * nothing and returns false. Arrays may lie anywhere: those outside the heap pass through scratch space a piece at a time. Who passes
 * one of the heap has called `holdScratch` before it took the array.
 */

import type { DType, TypedArray } from '../dtype.ts';
import type { Generator } from '../random/generator.ts';
import { runShared } from './cuts.ts';
import { executor } from './executor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { castName, emitCast } from './kernels/cast.ts';
import {
  emitBernoulli,
  emitMersenne,
  emitNormal,
  emitPermute,
  emitRemainder,
  emitTemper,
  emitUniform,
  emitUnit,
} from './kernels/random.ts';
import { isInHeap } from './launchCopy.ts';
import type { Emitter, KernelExports } from './module.ts';
import { kernel } from './module.ts';

/** Fewer numbers are drawn before a kernel would have been called for them. */
const MIN_SIZE = 256;
/** Elements at once of an array outside the heap, or of what is made of several words; whole blocks of normals. */
const PIECE = 4096;
/** The same where threads share what is made of a piece. */
const SHARED_PIECE = 2 ** 16;
/** Permutations pass through scratch space whole; larger ones are left to the loop. */
const MAX_PERMUTED_BYTES = 64 * 2 ** 20;
/** Nanoseconds that an element takes, about: of words only converted, of normals, of remainders, of comparisons. */
const NS = { unit: 0.4, normal: 1.2, remainder: 1, bernoulli: 0.5, cast: 0.15 } as const;
/** Room for the words of the engine. */
const STATE_BYTES = 2560;

type Run = KernelExports & { readonly run: (...args: number[]) => number };
/** Writes the next `n` words to an address, as they stand in the state: what is made of them tempers them. */
type Draw = (n: number, pointer: number) => void;

/** Takes the scratch space that launches here will ask for, so that none of them grows the heap under the array that it fills. */
export function holdScratch(): void {
  heap().scratch(STATE_BYTES + 12 * pieceSize());
}

const start = (name: string, emit: Emitter): Run['run'] => kernel<Run>(name, emit, heap().memory).run;

const pieceSize = (): number => (executor().threads > 1 ? SHARED_PIECE : PIECE);

/** Makes something of `n` words in place: `run(n, pointer, …)`. The state is twisted word after word; this, threads share. */
function transform(name: string, emit: Emitter, call: readonly number[], ns: number): void {
  runShared({ name, emit }, call, ns, [4]);
}

/** Calls `use` with the engine of a generator, and with as much scratch space as it wants. */
function withEngine(generator: Generator, bytes: number, use: (draw: Draw, scratch: number) => void): void {
  const state = heap().scratch(STATE_BYTES + bytes);
  const mersenne = start('mt19937', emitMersenne);
  generator.lend((words, first) => {
    const copy = new Int32Array(heap().memory.buffer, state, words.length);
    copy.set(words);
    let next = first;
    use((n, pointer) => {
      next = mersenne(n, state, next, pointer);
    }, state + STATE_BYTES);
    words.set(copy);
    return next;
  });
}

/** Calls `fill` for consecutive pieces of the array, with the address at which each is to be made. */
function fillPieces(
  out: Float32Array,
  generator: Generator,
  fill: (draw: Draw, n: number, pointer: number) => void,
): void {
  const direct = isInHeap({ array: out });
  const { byteOffset } = out;
  const piece = direct ? out.length : Math.min(PIECE, out.length);
  withEngine(generator, direct ? 0 : 4 * piece, (draw, scratch) => {
    for (let at = 0; at < out.length; at += piece) {
      const n = Math.min(piece, out.length - at);
      const pointer = direct ? byteOffset : scratch;
      fill(draw, n, pointer);
      if (!direct) out.set(new Float32Array(heap().memory.buffer, pointer, n), at);
    }
  });
}

/** The next words, as signed integers; false, and nothing done, where single draws are as good. */
export function launchWords(out: Int32Array, generator: Generator): boolean {
  if (out.length < MIN_SIZE || !features().simd) return false;
  withEngine(generator, 4 * out.length, (draw, scratch) => {
    draw(out.length, scratch);
    transform('temper', emitTemper, [out.length, scratch], NS.unit);
    out.set(new Int32Array(heap().memory.buffer, scratch, out.length));
  });
  return true;
}

/** out = u for uniform u of 24 bits */
export function launchUnit(out: Float32Array, generator: Generator): boolean {
  if (out.length < MIN_SIZE || !features().simd) return false;
  fillPieces(out, generator, (draw, n, pointer) => {
    draw(n, pointer);
    transform('f32_unit', emitUnit, [n, pointer], NS.unit);
  });
  return true;
}

/** out = from + u width, rounded once, for uniform u of 24 bits */
export function launchUniform(out: Float32Array, from: number, width: number, generator: Generator): boolean {
  if (out.length < MIN_SIZE || !features().simd) return false;
  fillPieces(out, generator, (draw, n, pointer) => {
    draw(n, pointer);
    transform('f32_uniform', emitUniform, [n, pointer, from, width], NS.unit);
  });
  return true;
}

/** Normal numbers in blocks of 16, of which the last is drawn anew where the size is no multiple of that; for 16 and more. */
export function launchNormal(out: Float32Array, mean: number, std: number, generator: Generator): boolean {
  if (!features().simd) return false;
  fillPieces(out, generator, (draw, n, pointer) => {
    draw(n, pointer);
    transform('f32_unit', emitUnit, [n, pointer], NS.unit);
    transform('f32_normal', emitNormal, [n & -16, pointer, mean, std], NS.normal);
  });
  if (out.length % 16 !== 0) launchNormal(out.subarray(out.length - 16), mean, std, generator);
  return true;
}

/** out = 1 where 53 bits are less than `limit`, else 0 */
export function launchBernoulli(out: TypedArray, dtype: DType, limit: number, generator: Generator): boolean {
  const bernoulli = (draw: Draw, n: number, words: number, made: number): void => {
    draw(2 * n, words);
    runShared({ name: 'bernoulli', emit: emitBernoulli }, [n, words, made, limit], NS.bernoulli, [8, 1]);
  };
  return makePieces(out, dtype, 'bool', generator, bernoulli);
}

/** out = base + word mod width, all of which an int32 holds; a width of 2^32 is that of all words */
export function launchRemainder(
  out: TypedArray,
  dtype: DType,
  base: number,
  width: number,
  generator: Generator,
): boolean {
  return makePieces(out, dtype, 'int32', generator, (draw, n, _, made) => {
    draw(n, made);
    transform('remainder', emitRemainder, [n, made, base, width | 0], NS.remainder);
  });
}

/**
 * Calls `make` for consecutive pieces of an array in the heap: it writes `n` elements of the dtype `as` to `made`, with room for two
 * words an element at `words`, and these are cast to `dtype`.
 */
function makePieces(
  out: TypedArray,
  dtype: DType,
  as: 'bool' | 'int32',
  generator: Generator,
  make: (draw: Draw, n: number, words: number, made: number) => void,
): boolean {
  if (out.length < MIN_SIZE || !features().simd || !isInHeap({ array: out })) return false;
  const isSame = dtype === as || (as === 'bool' && dtype === 'uint8');
  const cast = { name: castName(as, dtype), emit: emitCast(as, dtype) };
  const piece = pieceSize();
  const bytes = out.BYTES_PER_ELEMENT;
  const { byteOffset } = out;
  withEngine(generator, 12 * piece, (draw, words) => {
    const made = words + 8 * piece;
    for (let at = 0; at < out.length; at += piece) {
      const n = Math.min(piece, out.length - at);
      const target = byteOffset + at * bytes;
      make(draw, n, words, isSame ? target : made);
      if (!isSame) runShared(cast, [n, made, target], NS.cast, [as === 'bool' ? 1 : 4, bytes]);
    }
  });
  return true;
}

/** Swaps each entry i but the last with entry i + word mod (size - i). */
export function launchPermute(out: Int32Array, generator: Generator): boolean {
  const size = out.length;
  const bytes = 4 * size;
  if (size < MIN_SIZE || bytes > MAX_PERMUTED_BYTES || !features().simd) return false;
  withEngine(generator, bytes + 4 * PIECE, (draw, scratch) => {
    const permute = start('permute', emitPermute);
    const words = scratch + bytes;
    const copy = new Int32Array(heap().memory.buffer, scratch, size);
    copy.set(out);
    for (let first = 0; first < size - 1; first += PIECE) {
      const n = Math.min(PIECE, size - 1 - first);
      draw(n, words);
      transform('temper', emitTemper, [n, words], NS.unit);
      permute(n, words, scratch, first, size);
    }
    out.set(copy);
  });
  return true;
}
