/** A round, "Frère Jacques", on plucked strings: the left channel begins, the right one follows two bars later. */

import type { Sound } from './signals.ts';

/** Samples a second, of all sound on the page: enough for speech, and for a melody. */
export const RATE = 16000;

/** Semitones above C, and beats. */
const tune: readonly (readonly [number, number])[] = [
  ...twice([0, 1], [2, 1], [4, 1], [0, 1]),
  ...twice([4, 1], [5, 1], [7, 2]),
  ...twice([7, 0.5], [9, 0.5], [7, 0.5], [5, 0.5], [4, 1], [0, 1]),
  ...twice([0, 1], [-5, 1], [0, 2]),
];
const BEAT = 0.25;
const BARS_LATER = 8 * BEAT;
const MIDDLE_C = 261.63;

function twice(...notes: (readonly [number, number])[]): (readonly [number, number])[] {
  return [...notes, ...notes];
}

/** A string: overtones as strong as their number is small, the higher ones gone sooner. */
function pluck(samples: Float32Array, start: number, seconds: number, frequency: number): void {
  const begin = Math.round(start * RATE);
  const count = Math.min(samples.length - begin, Math.round((seconds + 0.3) * RATE));
  for (let i = 0; i < count; i++) {
    const t = i / RATE;
    const attack = Math.min(1, t / 0.004);
    const release = Math.min(1, (count - i) / (0.05 * RATE));
    let value = 0;
    for (let n = 1; n <= 12 && n * frequency < RATE / 2; n++)
      value += (Math.sin(2 * Math.PI * n * frequency * t) / n) * Math.exp(-t * (1.5 + n));
    samples[begin + i] += 0.3 * attack * release * value;
  }
}

let kept: Sound | undefined;

/** The melody in stereo; made once. */
export function melody(): Sound {
  if (kept !== undefined) return kept;
  const beats = tune.reduce((sum, [, length]) => sum + length, 0);
  const length = Math.round((beats * BEAT + BARS_LATER + 0.4) * RATE);
  const channels = [0, BARS_LATER].map((later) => {
    const samples = new Float32Array(length);
    let at = later;
    for (const [semitones, beatCount] of tune) {
      pluck(samples, at, beatCount * BEAT, MIDDLE_C * 2 ** (semitones / 12));
      at += beatCount * BEAT;
    }
    return samples;
  });
  kept = { channels, rate: RATE };
  return kept;
}
