/** Sound from files and from the microphone; each failure is a sentence for the reader. */

import { openDevice } from '../devices.ts';
import { RATE } from './melody.ts';
import type { Sound } from './signals.ts';

/** What is longer is cut here. */
export const MOST_SECONDS = 60;
export const RECORDED_SECONDS = 5;

export interface Loaded {
  readonly sound: Sound;
  /** How long it was before it was cut. */
  readonly seconds: number;
}

/** Decodes what the browser can, WAV and MP3 among it, to 16,000 samples a second; the browser filters as it resamples. */
export async function decodeSound(blob: Blob): Promise<Loaded> {
  const context = new OfflineAudioContext({ numberOfChannels: 1, length: 1, sampleRate: RATE });
  let buffer: AudioBuffer;
  try {
    buffer = await context.decodeAudioData(await blob.arrayBuffer());
  } catch {
    throw new Error(
      'That file is not sound that this browser can read. Try a WAV or an MP3; the signal is still the one from before.',
    );
  }
  if (buffer.length < 2) throw new Error('There is no sound in that file; the signal is still the one from before.');
  const length = Math.min(buffer.length, MOST_SECONDS * RATE);
  const channels = Array.from({ length: Math.min(2, buffer.numberOfChannels) }, (_, i) =>
    buffer.getChannelData(i).slice(0, length),
  );
  return { sound: { channels, rate: RATE }, seconds: buffer.duration };
}

export interface Recording {
  /** How loud it is just now, in [0, 1]. */
  level(): number;
  /** Ends it; what was recorded comes from `sound`. */
  stop(): void;
  readonly sound: Promise<Loaded>;
}

/** Records from the microphone until it is stopped, or for five seconds. */
export async function record(): Promise<Recording> {
  const stream = await openDevice('microphone');
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const recorder = new MediaRecorder(stream);
  const pieces: Blob[] = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  const ended = new Promise<Blob>((resolve) => {
    recorder.onstop = () => resolve(new Blob(pieces, { type: recorder.mimeType }));
  });
  recorder.start();
  const stop = () => {
    if (recorder.state !== 'inactive') recorder.stop();
  };
  const timer = setTimeout(stop, RECORDED_SECONDS * 1000);
  const sound = ended.then((blob) => {
    clearTimeout(timer);
    for (const track of stream.getTracks()) track.stop();
    void context.close();
    return decodeSound(blob);
  });
  const wave = new Float32Array(analyser.fftSize);
  const level = () => {
    analyser.getFloatTimeDomainData(wave);
    return Math.min(
      1,
      wave.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    );
  };
  return { level, stop, sound };
}
