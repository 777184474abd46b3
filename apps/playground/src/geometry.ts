/**
 * Which input pixels an output pixel is made of, and the other way round: along one axis, since height and width do not
 * know of each other.
 */

/** A window that slides along one axis. */
export interface Axis {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  /** Each input pixel stamps the kernel into the output, instead of each output pixel looking through it. */
  readonly transposed: boolean;
}

/** A place of the kernel, and the pixel that lies under it. */
export interface Tap {
  readonly at: number;
  readonly k: number;
}

/** From the first pixel that a kernel covers to the last: `dilation (kernel - 1) + 1`. */
export function span({ kernel, dilation }: Axis): number {
  return dilation * (kernel - 1) + 1;
}

/** How many outputs there are; none or fewer if the window does not fit. */
export function outputSize(axis: Axis): number {
  const { input, stride, padding, transposed } = axis;
  if (transposed) return (input - 1) * stride - 2 * padding + span(axis);
  return Math.floor((input + 2 * padding - span(axis)) / stride) + 1;
}

const places = (kernel: number): number[] => Array.from({ length: kernel }, (_, k) => k);

/** What an output is made of. Inputs below 0 or past the end are padding. */
export function tapsOf(axis: Axis, output: number): Tap[] {
  const { input, kernel, stride, padding, dilation, transposed } = axis;
  if (!transposed) return places(kernel).map((k) => ({ at: output * stride - padding + k * dilation, k }));
  return places(kernel)
    .map((k) => ({ at: (output + padding - k * dilation) / stride, k }))
    .filter(({ at }) => Number.isInteger(at) && at >= 0 && at < input);
}

/** The outputs that an input goes into, and the place of the kernel that it passes on the way. */
export function reachOf(axis: Axis, input: number): Tap[] {
  const { kernel, stride, padding, dilation, transposed } = axis;
  const outputs = outputSize(axis);
  return places(kernel)
    .map((k) => ({
      at: transposed ? input * stride - padding + k * dilation : (input + padding - k * dilation) / stride,
      k,
    }))
    .filter(({ at }) => Number.isInteger(at) && at >= 0 && at < outputs);
}
