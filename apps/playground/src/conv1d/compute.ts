/** The one place where the page computes: Torsor's `conv1d`, on signals, and on unit vectors for the matrix. */

import type { Tensor } from 'torsor';
import { eye, nn, stack, tensor } from 'torsor';
import type { PaddingMode } from './padding.ts';

const F = nn.functional;

export interface ConvOptions {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
  readonly mode: PaddingMode;
}

/** Kernels as they come from a bank: each `[inChannels / groups, size]`, one channel after the other. */
export interface Bank {
  readonly size: number;
  readonly kernels: readonly (readonly number[])[];
}

const floats = (x: Tensor): Float32Array => Float32Array.from(x.contiguous().toTypedArray(), Number);

const weightOf = ({ size, kernels }: Bank): Tensor =>
  tensor(Float32Array.from(kernels.flat())).reshape(kernels.length, -1, size);

/** `input: [batch, channels, length]` → `[batch, kernels, outputs]` */
export function convolve(input: Tensor, weight: Tensor, options: ConvOptions): Tensor {
  const { stride, padding, dilation, groups, mode } = options;
  if (mode === 'zeros' || padding === 0) return F.conv1d(input, weight, { stride, padding, dilation, groups });
  return F.conv1d(F.pad(input, [padding, padding], mode), weight, { stride, dilation, groups });
}

/** What each kernel makes of a signal. */
export function outputsOf(channels: readonly Float32Array[], bank: Bank, options: ConvOptions): Float32Array[] {
  const input = stack(channels.map((channel) => tensor(channel))).unsqueeze(0);
  const [output] = convolve(input, weightOf(bank), options);
  return Array.from({ length: bank.kernels.length }, (_, kernel) => floats(output.at(kernel)));
}

/** A convolution as the matrix that it is. */
export interface BlockMatrix {
  readonly kernels: number;
  readonly rows: number;
  readonly channels: number;
  readonly columns: number;
  /** `[kernels, rows, channels, columns]` */
  readonly entries: Float32Array;
}

/** The matrix, column by column: each is what becomes of a unit vector. */
export function matrixOf(channels: number, columns: number, bank: Bank, options: ConvOptions): BlockMatrix {
  const units = eye(channels * columns).reshape(channels * columns, channels, columns);
  const answers = convolve(units, weightOf(bank), options);
  const [, kernels, rows] = answers.shape;
  return { kernels, rows, channels, columns, entries: floats(answers.permute(1, 2, 0)) };
}

/** The largest magnitude of a kernel's entries, which gets the full colour. */
export function limitOf({ rows, channels, columns, entries }: BlockMatrix, kernel: number): number {
  const count = rows * channels * columns;
  const own = entries.subarray(kernel * count, (kernel + 1) * count);
  return own.reduce((most, weight) => Math.max(most, Math.abs(weight)), 1e-9);
}

/** The rows `first` to `last` of each block. */
export function rowsOf(matrix: BlockMatrix, first: number, last: number): BlockMatrix {
  const width = matrix.channels * matrix.columns;
  const blocks = Array.from({ length: matrix.kernels }, (_, kernel) =>
    matrix.entries.subarray((kernel * matrix.rows + first) * width, (kernel * matrix.rows + last) * width),
  );
  const entries = new Float32Array(blocks.length * (last - first) * width);
  for (const [i, block] of blocks.entries()) entries.set(block, i * (last - first) * width);
  return { ...matrix, rows: last - first, entries };
}

/** A second layer of one kernel over the rectified outputs of the first. */
export function secondLayer(
  outputs: readonly Float32Array[],
  bank: Bank,
  options: { readonly stride: number; readonly dilation: number },
): Float32Array {
  const input = stack(outputs.map((output) => tensor(output))).unsqueeze(0);
  return floats(F.conv1d(F.relu(input), weightOf(bank), options).flatten());
}
