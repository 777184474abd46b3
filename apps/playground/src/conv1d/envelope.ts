/** A long signal in as many columns as a screen has: the lowest and the highest sample of each. */

export interface Envelope {
  readonly lows: Float32Array;
  readonly highs: Float32Array;
}

export function envelopeOf(samples: Float32Array, columns: number): Envelope {
  const count = Math.min(columns, samples.length);
  const [lows, highs] = [new Float32Array(count), new Float32Array(count)];
  for (let column = 0; column < count; column++) {
    const end = Math.floor(((column + 1) * samples.length) / count);
    let [low, high] = [Infinity, -Infinity];
    for (let i = Math.floor((column * samples.length) / count); i < end; i++) {
      low = Math.min(low, samples[i]);
      high = Math.max(high, samples[i]);
    }
    lows[column] = low;
    highs[column] = high;
  }
  return { lows, highs };
}

/** The largest magnitude, and no less than a whisper. */
export function peakOf({ lows, highs }: Envelope): number {
  return Math.max(1e-3, ...lows.map((low) => -low), ...highs);
}

/** The channels of a sound as so many: one is the mean of all, two are the first two, or one twice. */
export function mixed(channels: readonly Float32Array[], count: number): Float32Array[] {
  if (count === 2) return [channels[0], channels[1] ?? channels[0]];
  if (channels.length === 1) return [channels[0]];
  return [channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length)];
}
