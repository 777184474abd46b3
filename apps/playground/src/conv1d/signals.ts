/** Short signals, of samples in [−1, 1]. */

import { Generator, rand } from 'torsor';

export const LENGTH = 24;

export type SignalName = 'steps' | 'pulse' | 'waves' | 'noise' | 'hand';

export const signalOptions: readonly { readonly value: SignalName; readonly label: string }[] = [
  { value: 'steps', label: 'Steps' },
  { value: 'pulse', label: 'Pulse' },
  { value: 'waves', label: 'Waves' },
  { value: 'noise', label: 'Noise' },
  { value: 'hand', label: 'Drawn' },
];

const round = (value: number): number => Math.round(value * 100) / 100 || 0;
const sample = (rule: (i: number) => number): number[] => Array.from({ length: LENGTH }, (_, i) => round(rule(i)));

/** The samples of a signal, in hundredths, so that what the page prints is what it computes with. */
export function samplesOf(name: SignalName, drawn: string): number[] {
  switch (name) {
    case 'pulse':
      return sample((i) => (i === 11 ? 1 : 0));
    case 'waves':
      return sample((i) => 0.6 * Math.sin((2 * Math.PI * i) / 12) + 0.4 * Math.sin((2 * Math.PI * i) / 3));
    case 'noise': {
      const levels = rand(LENGTH, { generator: new Generator(3) }).toTypedArray();
      return sample((i) => 2 * Number(levels[i]) - 1);
    }
    case 'hand': {
      const numbers = drawn.split(',').map(Number);
      return sample((i) => (Number.isFinite(numbers[i]) ? Math.max(-1, Math.min(1, numbers[i])) : 0));
    }
    default:
      return sample((i) => (i < 5 ? 0.2 : i < 10 ? 0.9 : i < 15 ? 0.9 - 0.28 * (i - 9) : i < 20 ? -0.7 : 0.3));
  }
}
