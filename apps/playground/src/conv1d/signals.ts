/** Signals of samples in [−1, 1]: short ones to look at, long ones to listen to. */

import { Generator, rand } from 'torsor';

export const lengths = [24, 64] as const;

/** Sound, one array a channel. */
export interface Sound {
  readonly channels: readonly Float32Array[];
  /** Samples a second. */
  readonly rate: number;
}

export const shortSignals = [
  { value: 'steps', label: 'Steps' },
  { value: 'pulse', label: 'Pulse' },
  { value: 'waves', label: 'Waves' },
  { value: 'noise', label: 'Noise' },
  { value: 'hand', label: 'Drawn' },
] as const;

export type ShortSignal = (typeof shortSignals)[number]['value'];
export const FIRST_SIGNAL: ShortSignal = 'steps';
export type LongSignal = 'melody' | 'file' | 'microphone';
export type SignalName = ShortSignal | LongSignal;

export const isLong = (name: SignalName): name is LongSignal => ['melody', 'file', 'microphone'].includes(name);
export const isSignal = (name: string): name is SignalName =>
  isLong(name as SignalName) || shortSignals.some(({ value }) => value === name);

const hundredths = (value: number): number => Math.round(value * 100) / 100 || 0;

/** The right channel comes later, and is another wave or noise. */
function rule(name: Exclude<ShortSignal, 'hand'>, length: number, channel: number): (i: number) => number {
  const t = (i: number) => ((i - 4 * channel) * 24) / length;
  switch (name) {
    case 'pulse':
      return (i) => (i === Math.floor(length * 0.46) + 5 * channel ? 1 : 0);
    case 'waves': {
      const [slow, fast] = channel === 0 ? [12, 3] : [8, 4];
      return (i) => 0.6 * Math.sin((2 * Math.PI * i) / slow) + 0.4 * Math.sin((2 * Math.PI * i) / fast);
    }
    case 'noise': {
      const levels = rand(length, { generator: new Generator(3 + channel) }).toTypedArray();
      return (i) => 2 * Number(levels[i]) - 1;
    }
    case 'steps':
      return (i) => {
        const at = t(i);
        return at < 5 ? 0.2 : at < 10 ? 0.9 : at < 15 ? 0.9 - 0.28 * (at - 9) : at < 20 ? -0.7 : 0.3;
      };
  }
}

/** The samples of a short signal, in hundredths, so that what the page prints is what it computes with. */
export function shortSignal(name: ShortSignal, length: number, channels: number, drawn: string): Float32Array[] {
  const numbers = name === 'hand' ? drawn.split('*').map(Number) : [];
  return Array.from({ length: channels }, (_, channel) => {
    const value =
      name === 'hand'
        ? (i: number) => Math.max(-1, Math.min(1, numbers[channel * length + i] || 0))
        : rule(name, length, channel);
    return Float32Array.from({ length }, (_, i) => hundredths(value(i)));
  });
}

/** The text that a drawn signal has in the address. */
export const drawnText = (channels: readonly Float32Array[]): string =>
  channels.flatMap((channel) => Array.from(channel, hundredths)).join('*');
