/** Signals and images at other sizes: `torch.nn.modules.upsampling`. */

import type { Tensor } from '@torsor/core';
import { named, show, ValueError } from '@torsor/core';
import { Module } from '../module.ts';
import { python, pythonFloat } from '../python.ts';
import type { InterpolateMode, InterpolateOptions } from '../resample.ts';
import { interpolate } from '../resample.ts';

type PerDimension = number | readonly number[];

export type UpsampleOptions = Omit<InterpolateOptions, 'antialias'>;
export type UpsamplingOptions = Pick<InterpolateOptions, 'size' | 'scaleFactor'>;

/** @throws ValueError unless the value is a number, a list of them, or null */
function perDimension(op: string, name: string, value: PerDimension | null): PerDimension | null {
  const isList = Array.isArray(value) && value.every((entry) => typeof entry === 'number');
  if (value === null || typeof value === 'number' || isList) return value;
  throw new ValueError(`${name} must be a number, a list of numbers or null, but got ${show(value)}`, {
    op,
    operands: { [name]: value },
  });
}

/** `2.0`, `(2.0, 1.5)`: factors are floats. */
const factorText = (factor: PerDimension): string =>
  typeof factor === 'number' ? pythonFloat(factor) : python(factor.map(pythonFloat));

/**
 * The input at another size, as `interpolate` computes it: `[N, C, L]` → `[N, C, Lout]`, `[N, C, H, W]` → `[N, C, Hout, Wout]`, of the
 * `size` given or `⌊L scaleFactor⌋`.
 *
 * @param size of the output; null by default
 * @param scaleFactor what to multiply sizes by; null by default. Just one of the two is given
 * @param mode `'nearest'` (default), `'nearest-exact'`, `'linear'`, `'bilinear'`, `'bicubic'` or `'area'`
 * @param alignCorners whether the centers of corners meet, not their outer borders; null, which is false, by default
 * @param recomputeScaleFactor whether distances follow from the sizes even if a factor is given; null, which is false, by default
 *
 * @example
 * new Upsample({ scaleFactor: 2, mode: 'bilinear' })(randn(1, 3, 20, 30)).shape; // [1, 3, 40, 60]
 */
export class Upsample extends Module {
  static override readonly keepsNothing: boolean = true;

  readonly size: PerDimension | null;
  readonly scaleFactor: PerDimension | null;
  readonly mode: InterpolateMode;
  readonly alignCorners: boolean | null;
  readonly recomputeScaleFactor: boolean | null;

  constructor(
    size?: PerDimension | null | UpsampleOptions,
    scaleFactor?: PerDimension | null | UpsampleOptions,
    mode?: InterpolateMode | UpsampleOptions,
    alignCorners?: boolean | null | UpsampleOptions,
    recomputeScaleFactor?: boolean | null | UpsampleOptions,
  ) {
    super();
    const [s = null, factor = null, m = 'nearest', align = null, again = null] = named<
      [PerDimension | null, PerDimension | null, InterpolateMode, boolean | null, boolean | null]
    >(
      'Upsample',
      ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor'],
      [size, scaleFactor, mode, alignCorners, recomputeScaleFactor],
    );
    this.size = perDimension('Upsample', 'size', s);
    this.scaleFactor = perDimension('Upsample', 'scaleFactor', factor);
    this.mode = m;
    this.alignCorners = align;
    this.recomputeScaleFactor = again;
  }

  override forward(input: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this;
    return interpolate(input, { size, scaleFactor, mode, alignCorners, recomputeScaleFactor });
  }

  override extraRepr(): string {
    const size =
      this.scaleFactor === null ? `size=${python(this.size)}` : `scale_factor=${factorText(this.scaleFactor)}`;
    return `${size}, mode='${this.mode}'`;
  }
}

function sizeOrFactor(
  op: string,
  size: PerDimension | null | UpsamplingOptions | undefined,
  scaleFactor: PerDimension | null | UpsamplingOptions | undefined,
): [size: PerDimension | null, factor: PerDimension | null] {
  const [s = null, factor = null] = named<[PerDimension | null, PerDimension | null]>(
    op,
    ['size', 'scaleFactor'],
    [size, scaleFactor],
  );
  return [s, factor];
}

/** `Upsample` of images with mode `'nearest'`. */
export class UpsamplingNearest2d extends Upsample {
  static override readonly keepsNothing: boolean = true;

  constructor(size?: PerDimension | null | UpsamplingOptions, scaleFactor?: PerDimension | null | UpsamplingOptions) {
    super(...sizeOrFactor('UpsamplingNearest2d', size, scaleFactor), 'nearest');
  }
}

/** `Upsample` of images with mode `'bilinear'` and `alignCorners`. */
export class UpsamplingBilinear2d extends Upsample {
  static override readonly keepsNothing: boolean = true;

  constructor(size?: PerDimension | null | UpsamplingOptions, scaleFactor?: PerDimension | null | UpsamplingOptions) {
    super(...sizeOrFactor('UpsamplingBilinear2d', size, scaleFactor), 'bilinear', true);
  }
}
