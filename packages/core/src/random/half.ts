/**
 * What PyTorch draws for float16 and bfloat16, where it is not what it draws for float32, rounded: uniform numbers have the digits of the
 * dtype, so that they stay below 1, and normal ones come from those. In float32 arrays. Source: ATen's `TransformationHelper.h` and `normal_fill`.
 */

import type { HalfDType } from '../dtype.ts';
import { ValueError } from '../errors.ts';
import * as exact from '../reference/exactMath.ts';
import { roundToHalf } from '../reference/half.ts';
import { fillNormal } from './distributions.ts';
import type { Generator } from './generator.ts';

/**
 * Uniform in [from, to]: `from + x (to - from)`, where x is an integer of as many bits as the dtype has digits, over 2 to their number. The
 * bounds and their difference are rounded first.
 *
 * @throws ValueError unless bounds and difference are finite in the dtype, and `from <= to`
 */
export function fillHalfUniform(
  out: Float32Array,
  dtype: HalfDType,
  from: number,
  to: number,
  generator: Generator,
): void {
  const [low, high] = [roundToHalf(dtype, from), roundToHalf(dtype, to)];
  const width = roundToHalf(dtype, high - low);
  if (!(from <= to && Number.isFinite(low) && Number.isFinite(high) && Number.isFinite(width))) {
    throw new ValueError(`expects finite from <= to whose difference is finite too in ${dtype}`, {
      op: 'uniform_',
      operands: { from, to },
    });
  }
  const count = dtype === 'float16' ? 2 ** 11 : 2 ** 8;
  for (let i = 0; i < out.length; i++) {
    const unit = (generator.random() & (count - 1)) / count;
    out[i] = roundToHalf(dtype, Math.fround(Math.fround(unit * width) + low));
  }
}

/**
 * Normal, as `fillNormal`: up to 15 elements are its own. From 16 on they are made of uniform ones by Box and Muller. All steps of bfloat16
 * are rounded to it; of float16, which has no logarithm, sine or cosine of its own in C++, the radius, the angle and the result.
 */
export function fillHalfNormal(
  out: Float32Array,
  dtype: HalfDType,
  mean: number,
  std: number,
  generator: Generator,
): void {
  const size = out.length;
  if (size < 16) {
    fillNormal(out, mean, std, generator);
    return;
  }
  const round = (x: number): number => roundToHalf(dtype, Math.fround(x));
  const step = dtype === 'float16' ? Math.fround : round;
  const [center, spread] = [round(mean), round(std)];
  const transform = (at: number): void => {
    for (let j = at; j < at + 8; j++) {
      const radius = round(step(Math.sqrt(step(-2 * step(exact.log(round(1 - out[j])))))));
      const theta = round(2 * Math.PI * out[j + 8]);
      out[j] = round(step(step(radius * step(exact.cos(theta))) * spread) + center);
      out[j + 8] = round(step(step(radius * step(exact.sin(theta))) * spread) + center);
    }
  };
  fillHalfUniform(out, dtype, 0, 1, generator);
  for (let i = 0; i + 16 <= size; i += 16) transform(i);
  if (size % 16 !== 0) {
    fillHalfUniform(out.subarray(size - 16), dtype, 0, 1, generator);
    transform(size - 16);
  }
}
