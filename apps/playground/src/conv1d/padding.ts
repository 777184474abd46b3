/** What stands beyond the ends of a signal. */

import type { Axis, Tap } from '../geometry.ts';
import { tapsOf } from '../geometry.ts';

export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

export const paddingModes: readonly { readonly value: PaddingMode; readonly label: string }[] = [
  { value: 'zeros', label: 'Zeros' },
  { value: 'reflect', label: 'Reflect' },
  { value: 'replicate', label: 'Replicate' },
  { value: 'circular', label: 'Circular' },
];

/** Where the value at a place comes from: itself inside the signal, a sample's place in the padding; nowhere if that is zero. */
export function sourceOf(at: number, length: number, mode: PaddingMode): number | undefined {
  if (at >= 0 && at < length) return at;
  switch (mode) {
    case 'zeros':
      return undefined;
    case 'replicate':
      return at < 0 ? 0 : length - 1;
    case 'circular':
      return ((at % length) + length) % length;
    case 'reflect':
      return at < 0 ? -at : 2 * (length - 1) - at;
  }
}

export interface SourcedTap extends Tap {
  readonly source: number | undefined;
}

/** What an output is made of, and where in the signal that comes from. */
export function sourcedTaps(axis: Axis, mode: PaddingMode, output: number): SourcedTap[] {
  return tapsOf(axis, output).map((tap) => ({ ...tap, source: sourceOf(tap.at, axis.input, mode) }));
}
