/** What can be set on the page, and why some settings cannot be. */

import type { Slot } from '../bank.ts';
import { parseBank, slotWeights } from '../bank.ts';
import type { Axis } from '../geometry.ts';
import { outputSize, span } from '../geometry.ts';
import type { Bank, ConvOptions } from './compute.ts';
import type { PaddingMode } from './padding.ts';
import { paddingModes } from './padding.ts';
import type { SignalName } from './signals.ts';
import { FIRST_SIGNAL, isSignal, lengths } from './signals.ts';

export interface Conv1dSettings {
  signal: SignalName;
  /** One for mono, two for stereo. */
  channels: number;
  /** Samples of a short signal. */
  length: number;
  /** The samples of a signal drawn by hand, channel after channel, with stars between. */
  samples: string;
  /** The first sample that is shown of a long signal, or one near to it. */
  from: number;
  bank: string;
  /** The kernel in front. */
  front: number;
  size: number;
  stride: number;
  padding: number;
  dilation: number;
  groups: number;
  mode: PaddingMode;
  /** The output that is looked at. */
  row: number;
  size2: number;
  stride2: number;
  dilation2: number;
}

export const defaults: Conv1dSettings = {
  signal: FIRST_SIGNAL,
  channels: 1,
  length: 24,
  samples: '',
  from: 0,
  bank: 'vertical_blur_edge',
  front: 0,
  size: 3,
  stride: 1,
  padding: 0,
  dilation: 1,
  groups: 1,
  mode: 'zeros',
  row: 4,
  size2: 3,
  stride2: 1,
  dilation2: 2,
};

export const ranges = {
  channels: [1, 2],
  size: [1, 9],
  stride: [1, 4],
  padding: [0, 4],
  dilation: [1, 4],
  groups: [1, 4],
  size2: [1, 5],
  stride2: [1, 3],
  dilation2: [1, 4],
  from: [0, 1e7],
  row: [0, 1e7],
  front: [0, 15],
} as const;

/** Brings what a link says into what the page can do. */
export function sanitise(settings: Conv1dSettings): Conv1dSettings {
  const result = { ...settings };
  for (const [name, [low, high]] of Object.entries(ranges)) {
    const key = name as keyof typeof ranges;
    result[key] = Math.min(high, Math.max(low, Math.round(result[key])));
  }
  if (!isSignal(result.signal)) result.signal = defaults.signal;
  if (!lengths.some((length) => length === result.length)) result.length = defaults.length;
  if (!paddingModes.some(({ value }) => value === result.mode)) result.mode = defaults.mode;
  return result;
}

export function axisOf({ size, stride, padding, dilation }: Conv1dSettings, input: number): Axis {
  return { input, kernel: size, stride, padding, dilation, transposed: false };
}

export const optionsOf = ({ stride, padding, dilation, groups, mode }: Conv1dSettings): ConvOptions => ({
  stride,
  padding,
  dilation,
  groups,
  mode,
});

export const slotsOf = ({ bank }: Conv1dSettings): Slot[] => parseBank(bank, defaults.bank);

/** How many channels a kernel looks at: those of its group. */
export const thickness = ({ channels, groups }: Conv1dSettings): number =>
  channels % groups === 0 ? channels / groups : channels;

export function bankOf(settings: Conv1dSettings): Bank {
  const extent = { inChannels: thickness(settings), height: 1, width: settings.size };
  return { size: settings.size, kernels: slotsOf(settings).map((slot) => slotWeights(slot, extent)) };
}

/** The one kernel of the second layer, over all outputs of the first. */
export function secondBankOf(settings: Conv1dSettings): Bank {
  const extent = { inChannels: slotsOf(settings).length, height: 1, width: settings.size2 };
  return { size: settings.size2, kernels: [slotWeights({ name: 'random', numbers: [5] }, extent)] };
}

/** The channels of the group that a kernel is in. */
export function channelsOf({ channels, groups }: Conv1dSettings, kernel: number, kernels: number): number[] {
  const each = channels / groups;
  const group = Math.floor((kernel * groups) / kernels);
  return Array.from({ length: each }, (_, i) => group * each + i);
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Why there can be no output, in words; nothing if there can be one. */
export function problemOf(
  { channels, groups, mode, padding }: Conv1dSettings,
  axis: Axis,
  kernels: number,
): string | undefined {
  if (channels % groups !== 0) {
    const way = channels === 1 ? 'Set groups to 1, or make the signal stereo.' : 'Set groups to 1 or 2.';
    return `${plural(channels, 'channel')} cannot be dealt out to ${groups} groups of the same size. ${way}`;
  }
  if (kernels % groups !== 0) {
    return `${plural(kernels, 'kernel')} cannot be dealt out to ${groups} groups of the same size. Add a kernel or take one away.`;
  }
  if (mode === 'reflect' && padding >= axis.input) {
    return `To reflect ${plural(padding, 'sample')} at an end, the signal needs more than that; it has ${axis.input}. Use less padding.`;
  }
  if (mode === 'circular' && padding > axis.input) {
    return `A signal of ${plural(axis.input, 'sample')} cannot go round for ${padding}. Use less padding.`;
  }
  if (outputSize(axis) >= 1) return undefined;
  return (
    `The kernel spans ${span(axis)} samples, but the padded signal has only ${axis.input + 2 * axis.padding}: it fits nowhere. ` +
    'Use a smaller kernel, less dilation or more padding.'
  );
}

/** How many samples one output of the second layer is made of, from the first to the last. */
export function receptiveField({ size, stride, dilation, size2, dilation2 }: Conv1dSettings): number {
  return 1 + (size - 1) * dilation + (size2 - 1) * dilation2 * stride;
}
