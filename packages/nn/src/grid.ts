/**
 * `nn.functional.affineGrid` and `gridSample`: the places that an affine map leads to, and the values of images at such places
 * (Jaderberg et al., "Spatial Transformer Networks", 2015). After PyTorch's `GridSampler.h`.
 *
 * An image is read by the kernel of resampling, which takes all pixels of a place in one pass; where gradients are recorded, by a gather of
 * its pixels, as rows of channels, and a product for each pixel that a place takes from.
 */

import type { Tensor } from '@torsor/core';
import {
  arange,
  clamp,
  composed,
  DTypeError,
  formatShape,
  isFloating,
  linspace,
  modes,
  NotImplementedError,
  named,
  ones,
  recordFunction,
  roundedOnce,
  ShapeError,
  show,
  stack,
  ValueError,
  where,
  zeros,
} from '@torsor/core';
import { flag, integer, required, tensorArgument } from './arguments.ts';
import { sampleByKernel } from './tapsKernel.ts';

export interface AffineGridOptions {
  /** `[N, C, H, W]` of the images to sample. */
  readonly size?: readonly number[];
  /** Whether -1 and 1 are the centers of the outer pixels, not their outer borders. Default false. */
  readonly alignCorners?: boolean | null;
}

/**
 * Where each pixel of the output is in the input, under affine maps: theta `[N, 2, 3]` and size `[N, C, H, W]` → `[N, H, W, 2]`,
 * `grid[n, h, w] = theta[n] (x, y, 1)`, with x and y from -1 to 1.
 *
 * @param size of the output of `gridSample`; C is not used
 * @param alignCorners whether -1 and 1 are the centers of the outer pixels, not their outer borders; false by default
 * @throws ShapeError when theta or size has another shape; NotImplementedError for volumes
 *
 * @example
 * const turned = gridSample(image, affineGrid(tensor([[[0, -1, 0], [1, 0, 0]]]), image.shape));
 */
export function affineGrid(
  theta: Tensor,
  size: readonly number[] | AffineGridOptions,
  alignCorners?: boolean | null | AffineGridOptions,
): Tensor {
  const op = 'affineGrid';
  const [given, align = false] = named<[readonly number[], boolean | null]>(
    op,
    ['size', 'alignCorners'],
    [size, alignCorners],
  );
  const sizes = required(op, 'size', given);
  const operands = { theta: tensorArgument(op, 'theta', theta).shape, size: sizes };
  if (!Array.isArray(sizes) || sizes.length === 5) {
    throw new NotImplementedError(`makes grids for images, of size [N, C, H, W], but got ${show(sizes)}`, {
      op,
      operands,
    });
  }
  const [n, , height, width] = sizes.map((entry) => integer(op, 'size', entry, 1));
  if (sizes.length !== 4 || theta.ndim !== 3 || theta.shape[0] !== n || theta.shape[1] !== 2 || theta.shape[2] !== 3) {
    throw new ShapeError(
      `Expected a batch of 2D affine matrices of shape Nx2x3 for size ${show(sizes)}, but got ${formatShape(theta.shape)}`,
      { op, operands },
    );
  }
  checkFloat(op, 'theta', theta);
  const isAligned = align !== null && flag(op, 'alignCorners', align);
  const line = (count: number): Tensor => {
    const end = isAligned ? 1 : (count - 1) / count;
    return count === 1 ? zeros([1], { dtype: theta.dtype }) : linspace(-end, end, count, { dtype: theta.dtype });
  };
  const plane = [height, width];
  const x = line(width).expand(plane);
  const y = line(height).unsqueeze(1).expand(plane);
  const base = stack([x, y, ones(plane, { dtype: theta.dtype })], -1).view([height * width, 3]);
  return base.matmul(theta.transpose(1, 2)).view([n, height, width, 2]);
}

function checkFloat(op: string, name: string, x: Tensor): void {
  if (isFloating(x.dtype)) return;
  throw new DTypeError(`${name} must be of a floating dtype, but is ${x.dtype}`, { op, operands: { [name]: x.dtype } });
}

export type SampleMode = 'bilinear' | 'nearest' | 'bicubic';
export type SamplePadding = 'zeros' | 'border' | 'reflection';

export interface GridSampleOptions {
  /** `'bilinear'` (default), `'nearest'` or `'bicubic'`. */
  readonly mode?: SampleMode;
  /** What is outside the image: `'zeros'` (default), the `'border'`, or its `'reflection'`. */
  readonly paddingMode?: SamplePadding;
  /** Whether -1 and 1 are the centers of the outer pixels, not their outer borders. Default false. */
  readonly alignCorners?: boolean | null;
}

/** How places of one dimension become pixels. */
interface Axis {
  readonly size: number;
  readonly mode: SampleMode;
  readonly padding: SamplePadding;
  readonly alignCorners: boolean;
}

/** What places take from, in one dimension: one pixel each, and how much of it; null for all. */
interface Pixels {
  /** Pixels as int32, within the image. */
  readonly index: Tensor;
  readonly weight: Tensor | null;
}

/** `x` within [0, most]; at the ends the gradient is 0 already, as PyTorch's is. */
function clip(x: Tensor, most: number): Tensor {
  return where(x.gt(0).logicalAnd(x.lt(most)), x, clamp(x.detach(), 0, most));
}

/** `x` thrown back at the borders, as often as need be. */
function reflect(x: Tensor, { size, alignCorners }: Axis): Tensor {
  const low = alignCorners ? 0 : -0.5;
  const span = alignCorners ? size - 1 : size;
  if (span === 0) return x.mul(0);
  const distance = x.sub(low).abs();
  const rest = distance.fmod(span);
  const isTurned = distance.detach().div(span).floor().remainder(2).eq(1);
  return where(isTurned, rest.neg().add(span + low), rest.add(low));
}

function padded(x: Tensor, axis: Axis): Tensor {
  if (axis.padding === 'zeros') return x;
  return clip(axis.padding === 'border' ? x : reflect(x, axis), axis.size - 1);
}

/** Pixels at integral positions, which may lie outside: then their weight is 0. */
function pixelsAt(at: Tensor, weight: Tensor | null, { size, padding }: Axis): Pixels {
  const nearest = clamp(at, 0, size - 1);
  const index = nearest.to('int32');
  if (padding !== 'zeros') return { index, weight };
  const isInside = at.eq(nearest);
  return { index, weight: where(isInside, weight ?? ones([], { dtype: at.dtype }), 0) };
}

/** The weights of four neighbours at distances 1 + t, t, 1 - t and 2 - t, by the cubic of `interpolate`. */
function cubicWeights(t: Tensor): Tensor[] {
  const a = -0.75;
  const near = (d: Tensor): Tensor =>
    d
      .mul(a + 2)
      .sub(a + 3)
      .mul(d)
      .mul(d)
      .add(1);
  const far = (d: Tensor): Tensor =>
    d
      .mul(a)
      .sub(5 * a)
      .mul(d)
      .add(8 * a)
      .mul(d)
      .sub(4 * a);
  return [far(t.add(1)), near(t), near(t.neg().add(1)), far(t.neg().add(2))];
}

/** From coordinates between -1 and 1, to the pixels that each place takes from. */
function pixelsOf(coordinate: Tensor, axis: Axis): Pixels[] {
  const { size, mode, alignCorners } = axis;
  const place = alignCorners
    ? coordinate
        .add(1)
        .div(2)
        .mul(size - 1)
    : coordinate.add(1).mul(size).sub(1).div(2);
  if (mode === 'bicubic') {
    const first = place.detach().floor();
    // Each of the four is padded for itself.
    return cubicWeights(place.sub(first)).map((weight, k) => pixelsAt(padded(first.add(k - 1), axis), weight, axis));
  }
  const inside = padded(place, axis);
  if (mode === 'nearest') {
    const at = inside.round();
    // The gradient of the grid is 0, but there.
    return [pixelsAt(at.detach(), at.requiresGrad ? at.sub(at.detach()).add(1) : null, axis)];
  }
  const first = inside.detach().floor();
  const second = inside.sub(first);
  return [pixelsAt(first, second.neg().add(1), axis), pixelsAt(first.add(1), second, axis)];
}

function checkSample(op: string, input: Tensor, grid: Tensor): void {
  const operands = { input: input.shape, grid: grid.shape };
  if (input.ndim === 5) {
    throw new NotImplementedError(`samples images [N, C, H, W], but got ${formatShape(input.shape)}`, { op, operands });
  }
  const fits = input.ndim === 4 && grid.ndim === 4 && grid.shape[3] === 2 && grid.shape[0] === input.shape[0];
  if (!fits || input.shape.slice(1).includes(0)) {
    throw new ShapeError(
      `expected input [N, C, H, W], empty in no dimension but the batch, and grid [N, Hout, Wout, 2] of the same batch size, but got ` +
        `${formatShape(input.shape)} and ${formatShape(grid.shape)}`,
      { op, operands },
    );
  }
  checkFloat(op, 'input', input);
  if (input.dtype !== grid.dtype) {
    throw new DTypeError(`expected input and grid to have the same dtype, but got ${input.dtype} and ${grid.dtype}`, {
      op,
      operands: { input: input.dtype, grid: grid.dtype },
    });
  }
}

/** @throws ValueError when the value is none of those known */
function oneOf<T extends string>(op: string, name: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw new ValueError(`${name} must be one of ${known.map(show).join(', ')}, but got ${show(value)}`, {
    op,
    operands: { [name]: value },
  });
}

/**
 * Images at the places of a grid: input `[N, C, H, W]`, grid `[N, Hout, Wout, 2]` of (x, y) from -1 (left, top) to 1 (right, bottom)
 * → `[N, C, Hout, Wout]`. Both have gradients; that of the grid is 0 for `nearest`.
 *
 * @param mode `'bilinear'` (default), of the four pixels around; `'nearest'`; or `'bicubic'`, of sixteen, the cubic that of `interpolate`
 * @param paddingMode what is outside the image: `'zeros'` (default), the `'border'`, or its `'reflection'`
 * @param alignCorners whether -1 and 1 are the centers of the outer pixels, not their outer borders; false by default
 * @throws ShapeError, DTypeError when input and grid do not fit; NotImplementedError for volumes
 *
 * @example
 * gridSample(image, affineGrid(theta, image.shape), { paddingMode: 'border' });
 */
export function gridSample(
  input: Tensor,
  grid: Tensor,
  mode?: SampleMode | GridSampleOptions,
  paddingMode?: SamplePadding | GridSampleOptions,
  alignCorners?: boolean | null | GridSampleOptions,
): Tensor {
  const op = 'gridSample';
  const [m = 'bilinear', padding = 'zeros', align = false] = named<[SampleMode, SamplePadding, boolean | null]>(
    op,
    ['mode', 'paddingMode', 'alignCorners'],
    [mode, paddingMode, alignCorners],
  );
  oneOf(op, 'mode', m, ['bilinear', 'nearest', 'bicubic']);
  oneOf(op, 'paddingMode', padding, ['zeros', 'border', 'reflection']);
  checkSample(op, tensorArgument(op, 'input', input), tensorArgument(op, 'grid', grid));
  const isAligned = align !== null && flag(op, 'alignCorners', align);
  const how = { mode: m, padding, alignCorners: isAligned };
  const run = (): Tensor => roundedOnce([input, grid], (x, at) => composed(() => sample(x, at, how)));
  return recordFunction(op, run, [input, grid, m, padding, isAligned]);
}

/** The product of two weights, null standing for 1. */
function product(a: Tensor | null, b: Tensor | null): Tensor | null {
  return a === null || b === null ? (a ?? b) : a.mul(b);
}

/** Channels from which on pixels are gathered as rows. */
const LEAST_ROW = 8;

function sample(input: Tensor, grid: Tensor, how: Omit<Axis, 'size'>): Tensor {
  const [n, channels, height, width] = input.shape;
  const [, outHeight, outWidth] = grid.shape;
  const count = n * outHeight * outWidth;
  const [x, y] = grid.reshape([count, 2]).t().contiguous().unbind(0);
  const columns = pixelsOf(x, { size: width, ...how });
  const lines = pixelsOf(y, { size: height, ...how });
  const terms = lines.flatMap((line) => {
    const row = line.index.mul(width);
    return columns.map((column) => ({ index: row.add(column.index), factor: product(line.weight, column.weight) }));
  });
  if (!modes.grad || !(input.requiresGrad || grid.requiresGrad)) {
    const tables = [n, outHeight * outWidth];
    const weights = terms.map(({ factor }) => factor ?? ones([count], { dtype: input.dtype }));
    const byKernel = sampleByKernel(
      input.reshape([n, channels, height * width]),
      stack(terms.map(({ index }) => index)).view([terms.length, ...tables]),
      stack(weights).view([terms.length, ...tables]),
    );
    if (byKernel !== null) return byKernel.view([n, channels, outHeight, outWidth]);
  }
  const image = arange(0, n * height * width, height * width, { dtype: 'int32' });
  const start = image
    .unsqueeze(1)
    .expand([n, outHeight * outWidth])
    .reshape([count]);
  // Rows of a few channels cost more than as many single elements.
  const areRows = channels >= LEAST_ROW;
  const pixels = areRows
    ? input.permute(0, 2, 3, 1).reshape([n * height * width, channels])
    : input.transpose(0, 1).reshape([channels, n * height * width]);
  const valuesAt = (index: Tensor): Tensor => pixels.indexSelect(areRows ? 0 : 1, index.add(start));
  const [first, ...rest] = terms;
  const spread = (factor: Tensor): Tensor => (areRows ? factor.unsqueeze(1) : factor);
  let out = valuesAt(first.index);
  if (first.factor !== null) out = out.mul(spread(first.factor));
  for (const { index, factor } of rest) {
    out = out.add(factor === null ? valuesAt(index) : valuesAt(index).mul(spread(factor)));
  }
  return areRows
    ? out.view([n, outHeight, outWidth, channels]).permute(0, 3, 1, 2).contiguous()
    : out.view([channels, n, outHeight, outWidth]).transpose(0, 1).contiguous();
}
