/** What can be set on the page, and why some settings cannot be. */

import type { Extent, Slot } from '../bank.ts';
import { parseBank, slotWeights } from '../bank.ts';
import type { Axis } from '../geometry.ts';
import { outputSize, span } from '../geometry.ts';

export type Source = 'photo' | 'drawing' | 'file' | 'camera';
/** One channel of brightness, three of colour, or many narrow bands. */
export type Colours = 'grey' | 'rgb' | 'bands';
export type Operation = 'conv' | 'transposed' | 'max' | 'average';

export interface Conv2dSettings {
  source: Source;
  /** Pixels a row; there are two rows for each three. */
  width: number;
  colours: Colours;
  /** How many bands there are, if there are. */
  bands: number;
  /** The input channel that is looked at; −1 for all at once. */
  channel: number;
  operation: Operation;
  bank: string;
  /** The kernel in front. */
  front: number;
  kernelHeight: number;
  kernelWidth: number;
  strideHeight: number;
  strideWidth: number;
  paddingHeight: number;
  paddingWidth: number;
  dilationHeight: number;
  dilationWidth: number;
  /** The output that is looked at; −1 for one near the middle. */
  row: number;
  column: number;
}

export const defaults: Conv2dSettings = {
  source: 'photo',
  width: 48,
  colours: 'grey',
  bands: 20,
  channel: -1,
  operation: 'conv',
  bank: 'edge_blur_vertical_emboss',
  front: 0,
  kernelHeight: 3,
  kernelWidth: 3,
  strideHeight: 1,
  strideWidth: 1,
  paddingHeight: 0,
  paddingWidth: 0,
  dilationHeight: 1,
  dilationWidth: 1,
  row: -1,
  column: -1,
};

export const widths = [24, 48, 96, 192] as const;
export const MOST_BANDS = 20;

export const ranges = {
  kernelHeight: [1, 9],
  kernelWidth: [1, 9],
  strideHeight: [1, 4],
  strideWidth: [1, 4],
  paddingHeight: [0, 6],
  paddingWidth: [0, 6],
  dilationHeight: [1, 4],
  dilationWidth: [1, 4],
  bands: [4, MOST_BANDS],
  channel: [-1, MOST_BANDS - 1],
  front: [0, MOST_BANDS - 1],
  row: [-1, 2000],
  column: [-1, 2000],
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
  if (!['grey', 'rgb', 'bands'].includes(result.colours)) result.colours = defaults.colours;
  // a camera waits until it is asked for
  if (!['photo', 'drawing', 'file'].includes(result.source)) result.source = defaults.source;
  return result;
}

export const isPooling = ({ operation }: Conv2dSettings): boolean => operation === 'max' || operation === 'average';

export function channelCount({ colours, bands }: Conv2dSettings): number {
  return colours === 'grey' ? 1 : colours === 'rgb' ? 3 : bands;
}

export function extentOf(settings: Conv2dSettings): Extent {
  const { kernelHeight: height, kernelWidth: width } = settings;
  return { inChannels: channelCount(settings), height, width };
}

export const slotsOf = ({ bank }: Conv2dSettings): Slot[] => parseBank(bank, defaults.bank);

/** The kernels: each `[inChannels, height, width]`, row after row. */
export function kernelsOf(settings: Conv2dSettings): number[][] {
  const extent = extentOf(settings);
  return slotsOf(settings).map((slot) => slotWeights(slot, extent));
}

export interface Axes {
  readonly height: Axis;
  readonly width: Axis;
}

export function axesOf(settings: Conv2dSettings, inputHeight: number, inputWidth: number): Axes {
  const { operation } = settings;
  // average pooling knows no dilation
  const dilation = (given: number) => (operation === 'average' ? 1 : given);
  const transposed = operation === 'transposed';
  return {
    height: {
      input: inputHeight,
      kernel: settings.kernelHeight,
      stride: settings.strideHeight,
      padding: settings.paddingHeight,
      dilation: dilation(settings.dilationHeight),
      transposed,
    },
    width: {
      input: inputWidth,
      kernel: settings.kernelWidth,
      stride: settings.strideWidth,
      padding: settings.paddingWidth,
      dilation: dilation(settings.dilationWidth),
      transposed,
    },
  };
}

/** Why there can be no output, in words; nothing if there can be one. */
export function problemOf(settings: Conv2dSettings, { height, width }: Axes): string | undefined {
  for (const [name, axis] of [
    ['height', height],
    ['width', width],
  ] as const) {
    if (isPooling(settings) && axis.padding > axis.kernel / 2) {
      return (
        `The padding, ${axis.padding}, is more than half of the window's ${name}, ${axis.kernel}: some windows would hold ` +
        'nothing but padding, and there is nothing to pool in them. Use less padding or a larger window.'
      );
    }
    if (outputSize(axis) >= 1) continue;
    if (axis.transposed) {
      return `The padding cuts ${2 * axis.padding} pixels off the ${name} of the output, which has no more than that. Use less padding.`;
    }
    return (
      `The kernel spans ${span(axis)} pixels of ${name}, but the padded picture has only ${axis.input + 2 * axis.padding}: ` +
      'it fits nowhere. Use a smaller kernel, less dilation or more padding.'
    );
  }
  return undefined;
}
