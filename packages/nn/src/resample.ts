/** `nn.functional.interpolate`: signals and images at other sizes. */

import type { Tensor } from '@torsor/core';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  composed,
  DTypeError,
  formatShape,
  isFloating,
  NotImplementedError,
  named,
  recordFunction,
  roundedOnce,
  ShapeError,
  show,
  tuple,
  ValueError,
} from '@torsor/core';
import { flag, numeric, tensorArgument } from './arguments.ts';
import type { Grid, Taps } from './taps.ts';
import { antialiasTaps, cubicTaps, gridOf, linearTaps, nearestTaps, resampleAlong } from './taps.ts';

export type InterpolateMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'bicubic' | 'area';

type PerDimension = number | readonly number[];

export interface InterpolateOptions {
  /** Size of the output, one number for all dimensions or one for each. */
  readonly size?: PerDimension | null;
  /** What to multiply sizes by, in place of `size`. */
  readonly scaleFactor?: PerDimension | null;
  /** `'nearest'` by default. */
  readonly mode?: InterpolateMode;
  /** Whether the centers of corners meet, not their outer borders; for `linear`, `bilinear` and `bicubic` alone. Default false. */
  readonly alignCorners?: boolean | null;
  /** Whether distances follow from the sizes, which are integers, even if a factor is given. */
  readonly recomputeScaleFactor?: boolean | null;
  /** Widen the filter where sizes shrink; for `bilinear` and `bicubic` alone. Default false. */
  readonly antialias?: boolean;
}

type Arguments = [PerDimension | null, PerDimension | null, InterpolateMode, boolean | null, boolean | null, boolean];

const NAMES = ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor', 'antialias'] as const;

/** Dimensions of the inputs that each mode takes. */
const NDIMS: Readonly<Record<InterpolateMode, readonly number[]>> = {
  nearest: [3, 4],
  'nearest-exact': [3, 4],
  area: [3, 4],
  linear: [3],
  bilinear: [4],
  bicubic: [4],
};

const hasCorners = (mode: InterpolateMode): boolean => mode === 'linear' || mode === 'bilinear' || mode === 'bicubic';

function checkInput(op: string, input: Tensor, mode: InterpolateMode): void {
  const operands = { input: input.shape, mode };
  if (!Object.hasOwn(NDIMS, mode)) {
    throw new NotImplementedError(`unknown mode ${show(mode)}; known are ${Object.keys(NDIMS).join(', ')}`, {
      op,
      operands,
    });
  }
  if (!NDIMS[mode].includes(input.ndim)) {
    throw new NotImplementedError(
      `mode ${mode} takes an input of ${NDIMS[mode].map((n) => `${n}-d`).join(' or ')} (batch, channels, then space), ` +
        `but got ${formatShape(input.shape)}`,
      { op, operands },
    );
  }
  if (input.shape.slice(1).includes(0)) {
    throw new ShapeError(
      `expects an input that is empty in no dimension but the batch, got ${formatShape(input.shape)}`,
      {
        op,
        operands,
      },
    );
  }
  if (!isFloating(input.dtype) && !mode.startsWith('nearest')) {
    throw new DTypeError(`mode ${mode} takes a floating dtype, but got ${input.dtype}`, { op, operands });
  }
}

/** A size or factor for each dimension of space. */
function perDimension(op: string, name: string, value: PerDimension, input: Tensor): readonly number[] {
  const spatial = input.ndim - 2;
  if (typeof value !== 'number' && (!Array.isArray(value) || value.length !== spatial)) {
    throw new ValueError(
      `Input and output must have the same number of spatial dimensions, but got ${name} ${show(value)} for an input of ` +
        formatShape(input.shape),
      { op, operands: { input: input.shape, [name]: value } },
    );
  }
  if (name === 'size') return tuple(op, name, value, spatial, 1);
  const list = typeof value === 'number' ? new Array<number>(spatial).fill(value) : value;
  for (const entry of list) {
    if (numeric(op, name, entry) > 0 && Number.isFinite(entry)) continue;
    throw new ValueError(`${name} must be positive, but got ${show(value)}`, { op, operands: { [name]: value } });
  }
  return list;
}

/** Sizes of the output, and the factors that distances follow from, or null where those follow from sizes. */
function sizesOf(
  op: string,
  input: Tensor,
  size: PerDimension | null,
  factor: PerDimension | null,
): [sizes: readonly number[], factors: readonly number[] | null] {
  if (size !== null && factor !== null)
    throw new ValueError('only one of size or scaleFactor should be defined', { op });
  if (size !== null) return [perDimension(op, 'size', size, input), null];
  if (factor === null) throw new ValueError('either size or scaleFactor should be defined', { op });
  const factors = perDimension(op, 'scaleFactor', factor, input);
  const sizes = factors.map((f, d) => Math.floor(input.shape[d + 2] * f));
  if (sizes.includes(0)) {
    throw new ValueError(
      `Input and output sizes should be greater than 0, but got ${formatShape(input.shape)} times ${show(factor)}`,
      { op, operands: { input: input.shape, scaleFactor: factor } },
    );
  }
  return [sizes, factors];
}

/**
 * The input at another size: `[N, C, L]` → `[N, C, Lout]`, `[N, C, H, W]` → `[N, C, Hout, Wout]`, of the `size` given or
 * `⌊L scaleFactor⌋`. Output i lies at position `p = (i + 0.5) scale - 0.5` of the input, with `alignCorners` at `p = i scale`, where
 * scale is `1 / scaleFactor` or, for a size, `L / Lout` (`(L - 1) / (Lout - 1)`).
 *
 * - `nearest`: input `⌊i scale⌋`; `nearest-exact`: `⌊(i + 0.5) scale⌋`. Any dtype.
 * - `linear`, `bilinear`: the two inputs around p, in each dimension, weighted by nearness.
 * - `bicubic`: four in each dimension, weighted by the cubic convolution kernel with a = -0.75.
 * - `area`: means, `adaptiveAvgPool`.
 *
 * @param mode `'nearest'` by default
 * @param alignCorners null, which is false, by default
 * @param recomputeScaleFactor whether `scale` follows from the sizes even if a factor is given; false by default
 * @param antialias for `bilinear` and `bicubic`, whether the filter is widened by `scale` where that is above 1; false by default
 * @throws ValueError when not exactly one of size and factor is given, or an option does not fit the mode; NotImplementedError when the
 *   mode does not take the input's number of dimensions; DTypeError when it takes floats alone
 *
 * @example
 * interpolate(randn(1, 3, 20, 30), { scaleFactor: 2, mode: 'bilinear' }).shape; // [1, 3, 40, 60]
 */
export function interpolate(
  input: Tensor,
  size?: PerDimension | null | InterpolateOptions,
  scaleFactor?: PerDimension | null | InterpolateOptions,
  mode?: InterpolateMode | InterpolateOptions,
  alignCorners?: boolean | null | InterpolateOptions,
  recomputeScaleFactor?: boolean | null | InterpolateOptions,
  antialias?: boolean | InterpolateOptions,
): Tensor {
  const op = 'interpolate';
  const args = [size, scaleFactor, mode, alignCorners, recomputeScaleFactor, antialias];
  const [s = null, f = null, m = 'nearest', align = null, again = null, smooth = false] = named<Arguments>(
    op,
    NAMES,
    args,
  );
  checkInput(op, tensorArgument(op, 'input', input), m);
  if (align !== null && flag(op, 'alignCorners', align) !== null && !hasCorners(m)) {
    throw new ValueError(
      `alignCorners can only be set with the interpolating modes linear, bilinear and bicubic, but got mode ${m}`,
      { op, operands: { mode: m, alignCorners: align } },
    );
  }
  if (flag(op, 'antialias', smooth) && m !== 'bilinear' && m !== 'bicubic') {
    throw new ValueError(`antialias is for the modes bilinear and bicubic, but got mode ${m}`, {
      op,
      operands: { mode: m },
    });
  }
  const recompute = again !== null && flag(op, 'recomputeScaleFactor', again);
  if (recompute && s !== null)
    throw new ValueError('recomputeScaleFactor is not meaningful with an explicit size', { op });
  const [sizes, factors] = sizesOf(op, input, s, f);
  if (m === 'area') return input.ndim === 3 ? adaptiveAvgPool1d(input, sizes) : adaptiveAvgPool2d(input, sizes);
  const taps = (grid: Grid): Taps => {
    if (m === 'nearest' || m === 'nearest-exact') return nearestTaps(grid, m === 'nearest-exact', input.dtype);
    if (smooth) return antialiasTaps(grid, m === 'bicubic');
    return m === 'bicubic' ? cubicTaps(grid) : linearTaps(grid);
  };
  const along = (x: Tensor, d: number): Tensor =>
    resampleAlong(
      x,
      d,
      taps(gridOf(input.shape[d], sizes[d - 2], recompute ? null : (factors?.[d - 2] ?? null), align ?? false)),
    );
  const run = (): Tensor =>
    roundedOnce([input], (x) => {
      if (x.ndim === 3) return along(x, 2);
      // Rows cost less than columns, so columns go where there are fewer rows.
      const [first, second] = sizes[0] > x.shape[2] ? [3, 2] : [2, 3];
      return composed(() => along(along(x, first), second));
    });
  const scales = recompute ? null : factors;
  return recordFunction(op, run, [input, scales === null ? sizes : null, scales, m, align ?? false, smooth]);
}
