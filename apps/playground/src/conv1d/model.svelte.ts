/** The state of the page, and all that follows from it. */

import { untrack } from 'svelte';
import type { Slot } from '../bank.ts';
import { formatBank } from '../bank.ts';
import { outputSize } from '../geometry.ts';
import type { BlockMatrix } from './compute.ts';
import { matrixOf, outputsOf, rowsOf, secondLayer } from './compute.ts';
import { mixed } from './envelope.ts';
import type { Held } from './held.ts';
import { held } from './held.ts';
import { melody } from './melody.ts';
import { sourcedTaps } from './padding.ts';
import type { Conv1dSettings } from './settings.ts';
import { axisOf, bankOf, channelsOf, optionsOf, problemOf, secondBankOf, slotsOf } from './settings.ts';
import type { LongSignal, Sound } from './signals.ts';
import { drawnText, FIRST_SIGNAL, isLong, shortSignal } from './signals.ts';
import { snapped, viewOf } from './view.ts';

/** A sample of one channel. */
export interface Sample {
  readonly channel: number;
  readonly at: number;
}

/** The rate at which the samples of a short signal are played, so that they can be heard at all. */
const SHORT_RATE = 8000;

export class Conv1dModel {
  settings: Conv1dSettings;
  /** The sample that is pointed at, if it is one. */
  column = $state.raw<Sample>();
  /** Counts what was loaded, so that what depends on it is worked out again. */
  #loaded = $state(0);

  constructor(settings: Conv1dSettings) {
    // what a link calls a file is with whoever opened it
    const isMissing = settings.signal !== 'melody' && isLong(settings.signal) && !held.has(settings.signal);
    const state = $state(isMissing ? { ...settings, signal: FIRST_SIGNAL } : settings);
    this.settings = state;
  }

  readonly long = $derived.by((): LongSignal | undefined => {
    const { signal } = this.settings;
    return isLong(signal) ? signal : undefined;
  });
  readonly #source = $derived.by((): Sound | undefined => {
    void this.#loaded;
    if (this.long === undefined) return undefined;
    return this.long === 'melody' ? melody() : held.get(this.long)?.sound;
  });
  readonly sound: Sound = $derived.by(() => {
    const { signal, length, channels, samples } = this.settings;
    if (this.#source) return { channels: mixed(this.#source.channels, channels), rate: this.#source.rate };
    const short = isLong(signal) ? FIRST_SIGNAL : signal;
    return { channels: shortSignal(short, length, channels, samples), rate: SHORT_RATE };
  });
  readonly held = $derived.by((): Held | undefined => {
    void this.#loaded;
    return this.long && held.get(this.long);
  });

  readonly slots = $derived.by(() => slotsOf(this.settings));
  readonly front = $derived.by(() => Math.min(this.settings.front, this.slots.length - 1));
  readonly bank = $derived.by(() => bankOf(this.settings));
  readonly options = $derived.by(() => optionsOf(this.settings));
  readonly axis = $derived.by(() => axisOf(this.settings, this.sound.channels[0].length));
  readonly problem = $derived.by(() => problemOf(this.settings, this.axis, this.slots.length));
  readonly outputCount = $derived.by(() => Math.max(0, outputSize(this.axis)));

  readonly view = $derived.by(() => viewOf(this.axis, this.settings.mode, this.settings.from));
  readonly samples = $derived.by(() =>
    this.sound.channels.map((channel) => channel.slice(this.view.from, this.view.to)),
  );
  /** The first of the outputs that the shown samples alone would have, among the outputs of the whole. */
  readonly #offset = $derived.by(() => this.view.from / this.settings.stride);
  readonly outputs: readonly Float32Array[] = $derived.by(() => {
    if (this.problem !== undefined) return [];
    const [from, to] = [this.view.first - this.#offset, this.view.last - this.#offset];
    return outputsOf(this.samples, this.bank, this.options).map((output) => output.subarray(from, to));
  });
  readonly matrix: BlockMatrix | undefined = $derived.by(() => {
    if (this.problem !== undefined) return undefined;
    const whole = matrixOf(this.settings.channels, this.view.to - this.view.from, this.bank, this.options);
    return rowsOf(whole, this.view.first - this.#offset, this.view.last - this.#offset);
  });

  /** The output that is looked at, among those of the whole. */
  readonly row = $derived.by(() => Math.max(this.view.first, Math.min(this.view.last - 1, this.settings.row)));
  readonly taps = $derived.by(() => sourcedTaps(this.axis, this.settings.mode, this.row));
  readonly groupChannels = $derived.by(() =>
    this.problem === undefined ? channelsOf(this.settings, this.front, this.slots.length) : [],
  );
  /** What lies under the front kernel, channel after channel. */
  readonly window = $derived.by(() =>
    this.groupChannels.flatMap((channel) =>
      this.taps.map(({ source }) => (source === undefined ? 0 : (this.sound.channels[channel][source] ?? 0))),
    ),
  );
  /** The outputs that the sample pointed at goes into. */
  readonly reached = $derived.by(() => {
    const { column, view } = this;
    if (column === undefined) return [];
    const rows = Array.from({ length: view.last - view.first }, (_, i) => view.first + i);
    return rows.filter((row) =>
      sourcedTaps(this.axis, this.settings.mode, row).some(({ source }) => source === column.at),
    );
  });

  /** Where the second layer begins among the shown outputs: at a multiple of its stride. */
  readonly secondFirst = $derived.by(() => Math.ceil(this.view.first / this.settings.stride2) * this.settings.stride2);
  readonly second = $derived.by(() => {
    const rows = this.outputs.map((output) => output.subarray(this.secondFirst - this.view.first));
    const span2 = (this.settings.size2 - 1) * this.settings.dilation2 + 1;
    if (rows.length === 0 || rows[0].length < span2) return undefined;
    const { stride2, dilation2 } = this.settings;
    return secondLayer(rows, secondBankOf(this.settings), { stride: stride2, dilation: dilation2 });
  });

  look(row: number): void {
    this.column = undefined;
    this.settings.row = row;
  }

  setSlots(slots: readonly Slot[]): void {
    this.settings.bank = formatBank(slots);
    this.settings.front = Math.min(this.front, slots.length - 1);
  }

  /** Another signal; one that is drawn begins as the one that was there, as far as it was short. */
  choose(signal: Conv1dSettings['signal']): void {
    if (signal === 'hand' && this.long === undefined) this.settings.samples = drawnText(this.sound.channels);
    this.settings.signal = signal;
  }

  /** Sets samples of a channel, by their places. */
  draw(channel: number, values: ReadonlyMap<number, number>): void {
    const channels = this.sound.channels.map((samples) => samples.slice());
    for (const [at, value] of values) channels[channel][at] = value;
    this.settings.samples = drawnText(channels);
    this.settings.signal = 'hand';
  }

  hold(signal: LongSignal, what: Held): void {
    held.set(signal, what);
    this.#loaded = untrack(() => this.#loaded) + 1;
    this.settings.signal = signal;
    this.settings.from = this.#loudest();
    this.settings.row = 0;
  }

  /** Where the loudest sample is: the beginning of a recording is silent as a rule. */
  #loudest(): number {
    const [channel] = this.sound.channels;
    let best = 0;
    for (let i = 1; i < channel.length; i++) if (Math.abs(channel[i]) > Math.abs(channel[best])) best = i;
    return snapped(this.axis, best - 12);
  }
}
