/**
 * `nn.functional.unfold` and `fold`: the blocks under a sliding window as columns, and the sum of such blocks where they came from; each
 * is the other's gradient.
 */

import type { FunctionContext } from '@torsor/autograd';
import { Function as AutogradFunction } from '@torsor/autograd';
import type { PerDimension, Tensor } from '@torsor/core';
import { composed, formatShape, named, pad, recordFunction, ShapeError, tuple, zeros } from '@torsor/core';
import { required, tensorArgument } from './arguments.ts';

export interface UnfoldOptions {
  /** Size of the window. */
  readonly kernelSize?: PerDimension;
  /** Distance between the entries of the window; 1 by default. */
  readonly dilation?: PerDimension;
  /** Zeros on both sides; 0 by default. */
  readonly padding?: PerDimension;
  /** Step of the window; 1 by default. */
  readonly stride?: PerDimension;
}

export interface FoldOptions extends UnfoldOptions {
  /** Height and width of the image. */
  readonly outputSize?: PerDimension;
}

type Pair = readonly [number, number];

/** How a window slides over an image. */
interface Sliding {
  readonly image: Pair;
  readonly kernel: Pair;
  readonly dilation: Pair;
  readonly padding: Pair;
  readonly stride: Pair;
  /** How many places it takes down and across. */
  readonly places: Pair;
}

type Arguments = readonly [
  kernelSize: PerDimension | undefined,
  dilation: PerDimension,
  padding: PerDimension,
  stride: PerDimension,
];

/** @throws ShapeError when the window has no place in the image */
function slidingOf(op: string, image: Pair, [kernelSize, d, p, s]: Arguments): Sliding {
  const pair = (name: string, value: PerDimension, least: number): Pair =>
    tuple(op, name, value, 2, least) as unknown as Pair;
  const kernel = pair('kernelSize', required(op, 'kernelSize', kernelSize), 1);
  const [dilation, padding, stride] = [pair('dilation', d, 1), pair('padding', p, 0), pair('stride', s, 1)];
  const place = (i: 0 | 1): number =>
    Math.floor((image[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1;
  const places: Pair = [place(0), place(1)];
  if (Math.min(...places) < 1) {
    throw new ShapeError(
      `a window of kernelSize ${formatShape(kernel)}, dilation ${formatShape(dilation)} and padding ${formatShape(padding)} has ` +
        `${formatShape(places)} places in an image of ${formatShape(image)}, and needs one at least`,
      { op, operands: { image, kernelSize: kernel, dilation, padding, stride } },
    );
  }
  return { image, kernel, dilation, padding, stride, places };
}

/** `[N, C, H, W]` → `[N, C kh kw, places]`: views of the padded image, and one copy. */
function blocksOf(x: Tensor, { kernel, dilation, padding, stride, places }: Sliding): Tensor {
  return composed(() => {
    const [n, c] = x.shape;
    const [h, w] = padding;
    const image = h + w > 0 ? pad(x, [w, w, h, h]) : x;
    const [sn, sc, sh, sw] = image.strides;
    const windows = image.asStrided(
      [n, c, ...kernel, ...places],
      [sn, sc, sh * dilation[0], sw * dilation[1], sh * stride[0], sw * stride[1]],
    );
    return windows.clone().view([n, c * kernel[0] * kernel[1], places[0] * places[1]]);
  });
}

/** For one entry of the window in one dimension: the places at which it lies on the image, and where the first of them is. */
function onImage(sliding: Sliding, dim: 0 | 1, entry: number): [from: number, to: number, first: number] {
  const { image, dilation, padding, stride, places } = sliding;
  const shift = entry * dilation[dim] - padding[dim];
  const from = Math.max(Math.ceil(-shift / stride[dim]), 0);
  const to = Math.min(Math.floor((image[dim] - 1 - shift) / stride[dim]) + 1, places[dim]);
  return [from, Math.max(to, from), from * stride[dim] + shift];
}

/**
 * `[N, C kh kw, places]` → `[N, C, H, W]`: an addition for each entry of the window. Sums are of neighbours at any stride: in them, pixels
 * that are a stride apart lie side by side, and are put in their order at the end.
 */
function sumOfBlocks(columns: Tensor, sliding: Sliding): Tensor {
  return composed(() => {
    const { image, kernel, stride, places } = sliding;
    const [down, across] = stride;
    const [height, width] = [Math.ceil(image[0] / down), Math.ceil(image[1] / across)];
    const n = columns.shape[0];
    const c = columns.shape[1] / (kernel[0] * kernel[1]);
    const sums = zeros([n, c, down, across, height, width], { dtype: columns.dtype });
    const blocks = columns.reshape([n, c, ...kernel, ...places]);
    for (let i = 0; i < kernel[0]; i++) {
      const [top, bottom, row] = onImage(sliding, 0, i);
      for (let j = 0; j < kernel[1]; j++) {
        const [left, right, column] = onImage(sliding, 1, j);
        if (top === bottom || left === right) continue;
        sums
          .select(2, row % down)
          .select(2, column % across)
          .narrow(2, Math.floor(row / down), bottom - top)
          .narrow(3, Math.floor(column / across), right - left)
          .add_(blocks.select(2, i).select(2, j).slice(2, top, bottom).slice(3, left, right));
      }
    }
    return sums
      .permute(0, 1, 4, 2, 5, 3)
      .reshape([n, c, height * down, width * across])
      .narrow(2, 0, image[0])
      .narrow(3, 0, image[1])
      .contiguous();
  });
}

type Context = FunctionContext<{ sliding: Sliding }>;

class Unfold extends AutogradFunction {
  static readonly keepsNothing: boolean = true;

  static forward(ctx: Context, x: Tensor, sliding: Sliding): Tensor {
    ctx.sliding = sliding;
    return blocksOf(x, sliding);
  }

  static backward({ sliding }: Context, grad: Tensor): (Tensor | null)[] {
    return [Fold.apply(grad, sliding), null];
  }
}

class Fold extends AutogradFunction {
  static readonly keepsNothing: boolean = true;

  static forward(ctx: Context, columns: Tensor, sliding: Sliding): Tensor {
    ctx.sliding = sliding;
    return sumOfBlocks(columns, sliding);
  }

  static backward({ sliding }: Context, grad: Tensor): (Tensor | null)[] {
    return [Unfold.apply(grad, sliding), null];
  }
}

/** Runs `fn` on a batch, of one where `input` is none. */
function batched(input: Tensor, isBatch: boolean, fn: (batch: Tensor) => Tensor): Tensor {
  return isBatch ? fn(input) : fn(input.unsqueeze(0)).squeeze(0);
}

/**
 * The blocks under a sliding window, each a column (im2col): input `[N, C, H, W]` or `[C, H, W]` → `[…, C kh kw, L]`, where L counts
 * the places of the window, `⌊(H + 2 padding - dilation (kh - 1) - 1) / stride⌋ + 1` down times as many across. A copy.
 *
 * @param kernelSize size of the window
 * @param dilation distance between the entries of the window; 1 by default
 * @param padding zeros on both sides; 0 by default
 * @param stride step of the window; 1 by default
 * @throws ShapeError when the window has no place, or the input another number of dimensions
 *
 * @example
 * unfold(randn(2, 3, 8, 8), 3, { padding: 1 }).shape; // [2, 27, 64]
 */
export function unfold(
  input: Tensor,
  kernelSize: PerDimension | UnfoldOptions,
  dilation?: PerDimension | UnfoldOptions,
  padding?: PerDimension | UnfoldOptions,
  stride?: PerDimension | UnfoldOptions,
): Tensor {
  const op = 'unfold';
  const [k, d = 1, p = 0, s = 1] = named<[PerDimension, PerDimension, PerDimension, PerDimension]>(
    op,
    ['kernelSize', 'dilation', 'padding', 'stride'],
    [kernelSize, dilation, padding, stride],
  );
  const { ndim, shape } = tensorArgument(op, 'input', input);
  if ((ndim !== 3 && ndim !== 4) || shape.slice(-3).includes(0)) {
    throw new ShapeError(
      `expected an input [N, C, H, W] or [C, H, W] that is empty in no dimension but the batch, got ${formatShape(shape)}`,
      { op, operands: { input: shape } },
    );
  }
  const [height, width] = shape.slice(-2);
  const sliding = slidingOf(op, [height, width], [k, d, p, s]);
  return batched(input, ndim === 4, (batch) =>
    recordFunction('unfoldBlocks', () => Unfold.apply(batch, sliding), [batch, sliding]),
  );
}

/**
 * The sum of blocks, each at its place in an image (col2im): input `[N, C kh kw, L]` or `[C kh kw, L]` → `[…, C, H, W]`. The adjoint
 * of `unfold`: what several blocks cover is the sum of them.
 *
 * @param outputSize height and width of the image
 * @param kernelSize size of the window
 * @param dilation distance between the entries of the window; 1 by default
 * @param padding how far the windows reach beyond the image; 0 by default
 * @param stride step of the window; 1 by default
 * @throws ShapeError when the input has not as many rows and columns as the window asks for
 *
 * @example
 * fold(ones(1, 9, 64), 8, 3, { padding: 1 }).shape; // [1, 1, 8, 8]
 */
export function fold(
  input: Tensor,
  outputSize: PerDimension | FoldOptions,
  kernelSize?: PerDimension | FoldOptions,
  dilation?: PerDimension | FoldOptions,
  padding?: PerDimension | FoldOptions,
  stride?: PerDimension | FoldOptions,
): Tensor {
  const op = 'fold';
  const [size, k, d = 1, p = 0, s = 1] = named<[PerDimension, PerDimension, PerDimension, PerDimension, PerDimension]>(
    op,
    ['outputSize', 'kernelSize', 'dilation', 'padding', 'stride'],
    [outputSize, kernelSize, dilation, padding, stride],
  );
  const { ndim, shape } = tensorArgument(op, 'input', input);
  const [height, width] = tuple(op, 'outputSize', required(op, 'outputSize', size), 2, 1);
  const sliding = slidingOf(op, [height, width], [k, d, p, s]);
  const [rows, columns] = shape.slice(-2);
  const { kernel, places } = sliding;
  const fits = (ndim === 2 || ndim === 3) && rows > 0 && rows % (kernel[0] * kernel[1]) === 0;
  if (!fits || columns !== places[0] * places[1]) {
    throw new ShapeError(
      `expected an input [N, rows, columns] or [rows, columns] with rows a multiple of ${kernel.join(' * ')}, as kernelSize ` +
        `${formatShape(kernel)}, and ${places.join(' * ')} columns, as many as the window has places in an image of ` +
        `${formatShape(sliding.image)}, but got ${formatShape(shape)}`,
      { op, operands: { input: shape, ...sliding } },
    );
  }
  return batched(input, ndim === 3, (batch) =>
    recordFunction('foldBlocks', () => Fold.apply(batch, sliding), [batch, sliding]),
  );
}
