/** What can be set on the page, and why some settings cannot be. */

import type { Axis } from '../geometry.ts';
import { outputSize, span } from '../geometry.ts';
import type { KernelName } from '../kernels.ts';

export type Source = 'photo' | 'drawing' | 'file';
export type Operation = 'conv' | 'transposed' | 'max' | 'average';

export interface Conv2dSettings {
  source: Source;
  /** Pixels a row; there are two rows for each three. */
  width: number;
  operation: Operation;
  kernel: KernelName;
  kernelHeight: number;
  kernelWidth: number;
  stride: number;
  padding: number;
  dilation: number;
  /** Degrees; for Gabor kernels. */
  angle: number;
  /** For random kernels. */
  seed: number;
  /** The weights of a kernel set by hand, row after row, with commas. */
  weights: string;
}

export const defaults: Conv2dSettings = {
  source: 'photo',
  width: 48,
  operation: 'conv',
  kernel: 'edge',
  kernelHeight: 3,
  kernelWidth: 3,
  stride: 1,
  padding: 0,
  dilation: 1,
  angle: 45,
  seed: 1,
  weights: '',
};

export const widths = [24, 48, 96, 192] as const;

const ranges = {
  stride: [1, 4],
  padding: [0, 6],
  dilation: [1, 4],
  kernelHeight: [1, 9],
  kernelWidth: [1, 9],
} as const;

/** Brings what a link says into what the page can do. */
export function sanitise(settings: Conv2dSettings): Conv2dSettings {
  const result = { ...settings };
  for (const [name, [low, high]] of Object.entries(ranges)) {
    const key = name as keyof typeof ranges;
    result[key] = Math.min(high, Math.max(low, Math.round(result[key])));
  }
  if (!widths.some((width) => width === result.width)) result.width = defaults.width;
  if (!['conv', 'transposed', 'max', 'average'].includes(result.operation)) result.operation = defaults.operation;
  // a file stays with whoever dropped it in
  if (result.source !== 'drawing') result.source = 'photo';
  return result;
}

export interface Axes {
  readonly height: Axis;
  readonly width: Axis;
}

export function axesOf(settings: Conv2dSettings, inputHeight: number, inputWidth: number): Axes {
  const { stride, padding, operation } = settings;
  // average pooling knows no dilation
  const dilation = operation === 'average' ? 1 : settings.dilation;
  const common = { stride, padding, dilation, transposed: operation === 'transposed' };
  return {
    height: { ...common, input: inputHeight, kernel: settings.kernelHeight },
    width: { ...common, input: inputWidth, kernel: settings.kernelWidth },
  };
}

/** Why there can be no output, in words; nothing if there can be one. */
export function problemOf({ operation, padding }: Conv2dSettings, { height, width }: Axes): string | undefined {
  for (const [name, axis] of [
    ['height', height],
    ['width', width],
  ] as const) {
    if (operation !== 'conv' && operation !== 'transposed' && padding > axis.kernel / 2) {
      return (
        `The padding, ${padding}, is more than half of the window's ${name}, ${axis.kernel}: some windows would hold ` +
        'nothing but padding, and there is nothing to pool in them. Use less padding or a larger window.'
      );
    }
    if (outputSize(axis) >= 1) continue;
    if (axis.transposed) {
      return `The padding cuts ${2 * padding} pixels off the ${name} of the output, which has no more than that. Use less padding.`;
    }
    return (
      `The kernel spans ${span(axis)} pixels of ${name}, but the padded picture has only ${axis.input + 2 * padding}: ` +
      'it fits nowhere. Use a smaller kernel, less dilation or more padding.'
    );
  }
  return undefined;
}
