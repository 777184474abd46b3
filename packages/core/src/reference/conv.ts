/**
 * Reference kernels of convolution over one or two dimensions: direct loops, accumulated in double precision. A convolution over
 * one dimension is one of height 1.
 *
 * The three directions are one relation read three ways. With `y` an output position, `x` an input position and `k` a position
 * in the kernel, `x = y * stride - padding + k * dilation`, and
 *
 *     forward          out[n, o, y] = Σ input[n, i, x]  * weight[o, i, k]
 *     backward input   out[n, i, x] = Σ grad[n, o, y]   * weight[o, i, k]
 *     backward weight  out[o, i, k] = Σ grad[n, o, y]   * input[n, i, x]
 *
 * For each `k` the output positions whose `x` lies inside the input form a range, found before the inner loops, which then run
 * without a test.
 */

import type { Shape, Strided } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { ConvParams } from '../ops/list.ts';
import { doubles, sumPlanes } from './dense.ts';

/** Sizes of a (not transposed) convolution, with height 1 where it is over one dimension. */
export interface ConvGeometry {
  readonly batch: number;
  readonly groups: number;
  /** Input channels of one group. */
  readonly groupIn: number;
  /** Output channels of one group. */
  readonly groupOut: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padHeight: number;
  readonly padWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
}

/** Output size along one dimension: `⌊(size + 2 padding - dilation (kernel - 1) - 1) / stride⌋ + 1`. */
export function convOutputSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): number {
  return Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Geometry from the shapes `[N, Cin, …]` and `[Cout, Cin/groups, …]`. */
export function convGeometry(inputShape: Shape, weightShape: Shape, params: ConvParams): ConvGeometry {
  const last = inputShape.length - 1;
  const flat = last === 2;
  const { stride, padding, dilation, groups } = params;
  const w = flat ? 0 : 1;
  const inHeight = flat ? 1 : inputShape[2];
  const kernelHeight = flat ? 1 : weightShape[2];
  const strideHeight = flat ? 1 : stride[0];
  const padHeight = flat ? 0 : padding[0];
  const dilationHeight = flat ? 1 : dilation[0];
  return {
    batch: inputShape[0],
    groups,
    groupIn: weightShape[1],
    groupOut: weightShape[0] / groups,
    inHeight,
    inWidth: inputShape[last],
    outHeight: convOutputSize(inHeight, kernelHeight, strideHeight, padHeight, dilationHeight),
    outWidth: convOutputSize(inputShape[last], weightShape[last], stride[w], padding[w], dilation[w]),
    kernelHeight,
    kernelWidth: weightShape[last],
    strideHeight,
    strideWidth: stride[w],
    padHeight,
    padWidth: padding[w],
    dilationHeight,
    dilationWidth: dilation[w],
  };
}

/** For each position in the kernel, the half-open range of outputs that read inside the input; and the shift of what they read. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** `x = y * stride + shift` */
  readonly shift: Int32Array;
}

function taps(kernel: number, input: number, output: number, stride: number, padding: number, dilation: number): Taps {
  const low = new Int32Array(kernel);
  const high = new Int32Array(kernel);
  const shift = new Int32Array(kernel);
  for (let k = 0; k < kernel; k++) {
    const s = k * dilation - padding;
    shift[k] = s;
    low[k] = Math.max(0, Math.ceil(-s / stride));
    high[k] = Math.max(low[k], Math.min(output, Math.floor((input - 1 - s) / stride) + 1));
  }
  return { low, high, shift };
}

function rowTaps(g: ConvGeometry): Taps {
  return taps(g.kernelHeight, g.inHeight, g.outHeight, g.strideHeight, g.padHeight, g.dilationHeight);
}

function columnTaps(g: ConvGeometry): Taps {
  return taps(g.kernelWidth, g.inWidth, g.outWidth, g.strideWidth, g.padWidth, g.dilationWidth);
}

/** out `[N, Cout, …]` = convolution of input `[N, Cin, …]` and weight `[Cout, Cin/groups, …]`, plus bias `[Cout]`. */
export function convForward(
  input: Strided,
  weight: Strided,
  bias: Strided | null,
  out: Strided,
  params: ConvParams,
): void {
  if (sizeOf(out.shape) === 0) return;
  const g = convGeometry(input.shape, weight.shape, params);
  const x = doubles(input);
  const w = doubles(weight);
  const b = bias === null ? null : doubles(bias);
  const rows = rowTaps(g);
  const columns = columnTaps(g);
  const outChannels = g.groups * g.groupOut;
  sumPlanes(out, g.outHeight * g.outWidth, (acc, plane) => {
    const o = plane % outChannels;
    // of all images
    const group = Math.floor(plane / g.groupOut);
    const inputAt = group * g.groupIn * g.inHeight * g.inWidth;
    const weightAt = o * g.groupIn * g.kernelHeight * g.kernelWidth;
    if (b !== null) acc.fill(b[o]);
    forwardPlane(g, rows, columns, x, inputAt, w, weightAt, acc);
  });
}

/** acc += one output channel of one image */
function forwardPlane(
  g: ConvGeometry,
  rows: Taps,
  columns: Taps,
  x: Float64Array,
  inputAt: number,
  w: Float64Array,
  weightAt: number,
  acc: Float64Array,
): void {
  const { groupIn, inHeight, inWidth, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth } = g;
  let wi = weightAt;
  for (let i = 0; i < groupIn; i++) {
    const plane = inputAt + i * inHeight * inWidth;
    for (let kh = 0; kh < kernelHeight; kh++) {
      const lastRow = rows.high[kh];
      for (let kw = 0; kw < kernelWidth; kw++, wi++) {
        const value = w[wi];
        const first = columns.low[kw];
        const count = columns.high[kw] - first;
        for (let oh = rows.low[kh]; oh < lastRow; oh++) {
          const at = oh * outWidth + first;
          let xi = plane + (oh * strideHeight + rows.shift[kh]) * inWidth + first * strideWidth + columns.shift[kw];
          for (let ow = 0; ow < count; ow++, xi += strideWidth) acc[at + ow] += value * x[xi];
        }
      }
    }
  }
}

/**
 * out `[N, Cin, …]` = gradient of a convolution with respect to its input, for grad `[N, Cout, …]` and weight
 * `[Cout, Cin/groups, …]`. With a bias `[Cin]` it is the forward direction of the transposed convolution.
 */
export function convBackwardInput(
  grad: Strided,
  weight: Strided,
  bias: Strided | null,
  out: Strided,
  params: ConvParams,
): void {
  if (sizeOf(out.shape) === 0) return;
  const g = convGeometry(out.shape, weight.shape, params);
  const dy = doubles(grad);
  const w = doubles(weight);
  const b = bias === null ? null : doubles(bias);
  const rows = rowTaps(g);
  const columns = columnTaps(g);
  const inChannels = g.groups * g.groupIn;
  const kernel = g.kernelHeight * g.kernelWidth;
  sumPlanes(out, g.inHeight * g.inWidth, (acc, plane) => {
    const c = plane % inChannels;
    // of all images
    const group = Math.floor(plane / g.groupIn);
    const gradAt = group * g.groupOut * g.outHeight * g.outWidth;
    const weightAt = ((group % g.groups) * g.groupOut * g.groupIn + (c % g.groupIn)) * kernel;
    if (b !== null) acc.fill(b[c]);
    backwardPlane(g, rows, columns, dy, gradAt, w, weightAt, acc);
  });
}

/** acc += the gradient of one input channel of one image */
function backwardPlane(
  g: ConvGeometry,
  rows: Taps,
  columns: Taps,
  dy: Float64Array,
  gradAt: number,
  w: Float64Array,
  weightAt: number,
  acc: Float64Array,
): void {
  const { groupIn, groupOut, inWidth, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth } = g;
  for (let o = 0; o < groupOut; o++) {
    const plane = gradAt + o * outHeight * outWidth;
    let wi = weightAt + o * groupIn * kernelHeight * kernelWidth;
    for (let kh = 0; kh < kernelHeight; kh++) {
      const lastRow = rows.high[kh];
      for (let kw = 0; kw < kernelWidth; kw++, wi++) {
        const value = w[wi];
        const first = columns.low[kw];
        const count = columns.high[kw] - first;
        for (let oh = rows.low[kh]; oh < lastRow; oh++) {
          const at = plane + oh * outWidth + first;
          let xi = (oh * strideHeight + rows.shift[kh]) * inWidth + first * strideWidth + columns.shift[kw];
          for (let ow = 0; ow < count; ow++, xi += strideWidth) acc[xi] += value * dy[at + ow];
        }
      }
    }
  }
}

/**
 * out `[Cout, Cin/groups, …]` = gradient of a convolution with respect to its weight, for grad `[N, Cout, …]` and input
 * `[N, Cin, …]`. Each row is summed on its own before it joins the total.
 */
export function convBackwardWeight(grad: Strided, input: Strided, out: Strided, params: ConvParams): void {
  if (sizeOf(out.shape) === 0) return;
  const g = convGeometry(input.shape, out.shape, params);
  const dy = doubles(grad);
  const x = doubles(input);
  const rows = rowTaps(g);
  const columns = columnTaps(g);
  const outChannels = g.groups * g.groupOut;
  const kernels = g.groupIn * g.kernelHeight * g.kernelWidth;
  sumPlanes(out, kernels, (acc, o) => {
    const group = Math.floor(o / g.groupOut);
    for (let n = 0; n < g.batch; n++) {
      const inputAt = (n * g.groups + group) * g.groupIn * g.inHeight * g.inWidth;
      const gradAt = (n * outChannels + o) * g.outHeight * g.outWidth;
      backwardKernel(g, rows, columns, dy, gradAt, x, inputAt, acc);
    }
  });
}

/** acc += the gradient of one output channel's kernels, from one image */
function backwardKernel(
  g: ConvGeometry,
  rows: Taps,
  columns: Taps,
  dy: Float64Array,
  gradAt: number,
  x: Float64Array,
  inputAt: number,
  acc: Float64Array,
): void {
  const { groupIn, inHeight, inWidth, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth } = g;
  let wi = 0;
  for (let i = 0; i < groupIn; i++) {
    const plane = inputAt + i * inHeight * inWidth;
    for (let kh = 0; kh < kernelHeight; kh++) {
      const lastRow = rows.high[kh];
      for (let kw = 0; kw < kernelWidth; kw++, wi++) {
        const first = columns.low[kw];
        const count = columns.high[kw] - first;
        let total = 0;
        for (let oh = rows.low[kh]; oh < lastRow; oh++) {
          const at = gradAt + oh * outWidth + first;
          let xi = plane + (oh * strideHeight + rows.shift[kh]) * inWidth + first * strideWidth + columns.shift[kw];
          let sum = 0;
          for (let ow = 0; ow < count; ow++, xi += strideWidth) sum += dy[at + ow] * x[xi];
          total += sum;
        }
        acc[wi] += total;
      }
    }
  }
}
