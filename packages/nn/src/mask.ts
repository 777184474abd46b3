/**
 * Masks of dropout as the tape keeps them: a bit an element. The factor of an element is 0 or one other number, so that a
 * thirty-second part of the memory says it all.
 */

import { savedTensorsHooks } from '@torsor/autograd';
import type { DType, Shape, Tensor } from '@torsor/core';
import { empty, isHalf, mul } from '@torsor/core';

/** What stands for a mask of zeros and `factor`s: bit i is set where element i is not 0. */
interface Bits {
  readonly words: Uint32Array;
  readonly factor: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** The elements of a contiguous float32 as integers, of which arithmetic without a branch can be done. */
function asIntegers(mask: Tensor): Int32Array {
  const { buffer, byteOffset } = mask.array;
  return new Int32Array(buffer, byteOffset + 4 * mask.offset, mask.numel());
}

/** The bits of a contiguous tensor of zeros and `factor`s. */
export function packMask(mask: Tensor, factor: number): Bits {
  const { shape, dtype } = mask;
  const size = mask.numel();
  const words = new Uint32Array(Math.ceil(size / 32));
  const whole =
    dtype === 'float32' ? asIntegers(mask) : Int32Array.from(mask.toTypedArray() as Float64Array, Math.ceil);
  for (let word = 0, i = 0; word < words.length; word++) {
    const end = Math.min(i + 32, size);
    let bits = 0;
    // The factor is positive: its bits, and its ceiling, are more than 0.
    for (let bit = 0; i < end; bit++, i++) bits |= (-whole[i] >>> 31) << bit;
    words[word] = bits;
  }
  return { words, factor, shape, dtype };
}

/** The tensor that was packed. */
export function unpackMask({ words, factor, shape, dtype }: Bits): Tensor {
  if (isHalf(dtype)) return unpackMask({ words, factor, shape, dtype: 'float32' }).to(dtype);
  const mask = empty(shape, { dtype });
  const size = mask.numel();
  if (dtype === 'float32') {
    const whole = asIntegers(mask);
    const [pattern] = new Int32Array(Float32Array.of(factor).buffer);
    for (let word = 0, i = 0; word < words.length; word++) {
      const end = Math.min(i + 32, size);
      for (let bits = words[word]; i < end; i++, bits >>>= 1) whole[i] = -(bits & 1) & pattern;
    }
  } else {
    const values = mask.array as Float64Array;
    for (let i = 0; i < size; i++) values[i] = (words[i >>> 5] >>> (i & 31)) & 1 ? factor : 0;
  }
  return mask;
}

/** input · mask, for a mask of zeros and `factor`s; where that is recorded, the tape keeps bits. */
export function mulByMask(input: Tensor, mask: Tensor, factor: number): Tensor {
  if (!input.requiresGrad || !mask.isContiguous()) return mul(input, mask);
  return savedTensorsHooks<Bits | Tensor, Tensor>(
    (saved) => (saved === mask ? packMask(mask, factor) : saved),
    (packed) => ('words' in packed ? unpackMask(packed) : packed),
    () => mul(input, mask),
  );
}
