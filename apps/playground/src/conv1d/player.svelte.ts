/** Plays sounds, one at a time. */

import type { Sound } from './signals.ts';

/** Browsers need not play slower buffers than this. */
const SLOWEST = 8000;
/** Signals too short to be heard go round for a second. */
const SHORT = 0.2;

/** What a sound must be multiplied by to stay within what loudspeakers play. */
export function gainOf({ channels }: Sound): number {
  const peak = channels.reduce(
    (most, channel) => channel.reduce((highest, value) => Math.max(highest, Math.abs(value)), most),
    0,
  );
  return peak > 1 ? 1 / peak : 1;
}

class Player {
  /** The name of what plays. */
  current = $state<string>();
  /** How far it has come, as a share of the whole. */
  progress = $state(0);
  #context: AudioContext | undefined;
  #source: AudioBufferSourceNode | undefined;

  /** Plays a sound, or stops it if it is the one that plays. */
  toggle(name: string, sound: Sound): void {
    const wasPlaying = this.current === name;
    this.stop();
    if (wasPlaying) return;
    this.#context ??= new AudioContext();
    const context = this.#context;
    void context.resume();
    const { channels, rate } = sound;
    const buffer = context.createBuffer(channels.length, channels[0].length, Math.max(rate, SLOWEST));
    const gain = gainOf(sound);
    for (const [i, channel] of channels.entries())
      buffer.copyToChannel(
        channel.map((value) => value * gain),
        i,
      );
    const source = context.createBufferSource();
    source.buffer = buffer;
    // what has fewer samples a second is played slower, so that it lasts as long and is as high as it was
    source.playbackRate.value = rate / buffer.sampleRate;
    source.loop = channels[0].length / rate < SHORT;
    source.connect(context.destination);
    source.onended = () => {
      if (this.#source === source) this.stop();
    };
    source.start();
    if (source.loop) source.stop(context.currentTime + 1);
    this.#source = source;
    this.current = name;
    const startS = context.currentTime;
    const watch = () => {
      if (this.#source !== source) return;
      this.progress = (((context.currentTime - startS) * rate) / channels[0].length) % 1;
      requestAnimationFrame(watch);
    };
    watch();
  }

  stop(): void {
    const source = this.#source;
    this.#source = undefined;
    this.current = undefined;
    source?.stop();
  }
}

export const player = new Player();
