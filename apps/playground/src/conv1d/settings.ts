/** What can be set on the page, and why some settings cannot be. */

import type { Axis } from '../geometry.ts';
import { outputSize, span } from '../geometry.ts';
import type { KernelName } from '../kernels.ts';
import type { SignalName } from './signals.ts';

export interface Conv1dSettings {
  signal: SignalName;
  /** The samples of a signal drawn by hand, with commas. */
  samples: string;
  kernel: KernelName;
  size: number;
  stride: number;
  padding: number;
  dilation: number;
  seed: number;
  /** The weights of a kernel set by hand, with commas. */
  weights: string;
}

export const defaults: Conv1dSettings = {
  signal: 'steps',
  samples: '',
  kernel: 'vertical',
  size: 3,
  stride: 1,
  padding: 0,
  dilation: 1,
  seed: 1,
  weights: '',
};

export const kernels = [
  { value: 'blur', label: 'Blur' },
  { value: 'vertical', label: 'Slope' },
  { value: 'edge', label: 'Against its neighbours' },
  { value: 'sharpen', label: 'Sharpen' },
  { value: 'random', label: 'Random' },
  { value: 'identity', label: 'Identity' },
  { value: 'hand', label: 'By hand' },
] as const satisfies readonly { readonly value: KernelName; readonly label: string }[];

const ranges = { size: [1, 7], stride: [1, 4], padding: [0, 4], dilation: [1, 4] } as const;

/** Brings what a link says into what the page can do. */
export function sanitise(settings: Conv1dSettings): Conv1dSettings {
  const result = { ...settings };
  for (const [name, [low, high]] of Object.entries(ranges)) {
    const key = name as keyof typeof ranges;
    result[key] = Math.min(high, Math.max(low, Math.round(result[key])));
  }
  if (!kernels.some(({ value }) => value === result.kernel)) result.kernel = defaults.kernel;
  return result;
}

export function axisOf({ size, stride, padding, dilation }: Conv1dSettings, input: number): Axis {
  return { input, kernel: size, stride, padding, dilation, transposed: false };
}

/** Why there can be no output, in words; nothing if there can be one. */
export function problemOf(axis: Axis): string | undefined {
  if (outputSize(axis) >= 1) return undefined;
  return (
    `The kernel spans ${span(axis)} samples, but the padded signal has only ${axis.input + 2 * axis.padding}: it fits nowhere. ` +
    'Use a smaller kernel, less dilation or more padding.'
  );
}
