/** The state of the page, and all that follows from it. */

import type { Slot } from '../bank.ts';
import { formatBank } from '../bank.ts';
import { outputSize, reachOf, tapsOf } from '../geometry.ts';
import { Camera } from './camera.svelte.ts';
import type { Volume } from './compute.ts';
import { channelOf, compute } from './compute.ts';
import { held } from './held.ts';
import type { Scale } from './paint.ts';
import { scaleOf } from './paint.ts';
import {
  asRgb,
  blank,
  channelNames,
  dab,
  decode,
  firstDrawing,
  inColours,
  loadPhoto,
  resized,
  rgbOf,
} from './picture.ts';
import type { Conv2dSettings, Source } from './settings.ts';
import { axesOf, channelCount, extentOf, isPooling, kernelsOf, problemOf, slotsOf } from './settings.ts';

/** A pixel. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

const clip = (value: number, size: number): number => Math.max(0, Math.min(size - 1, value));

export class Conv2dModel {
  settings: Conv2dSettings;
  /** What went wrong with a file or the camera, in words. */
  trouble = $state('');
  /** The pixel of the input that is pointed at, if it is one. */
  input = $state.raw<Cell>();
  #photo = $state.raw<ImageBitmap>();
  #file = $state.raw(held.bitmap);
  #drawing = $state.raw<Volume>(blank(24));
  #frame = $state.raw<Volume>();
  /** What was shown before the camera, and is until it sees something. */
  #before = $state.raw<Source>('photo');
  readonly camera = new Camera((video) => {
    this.#frame = rgbOf(video, video.videoWidth, video.videoHeight, this.settings.width);
  });

  constructor(settings: Conv2dSettings) {
    const isMissing = settings.source === 'file' && held.bitmap === undefined;
    const state = $state(isMissing ? { ...settings, source: 'photo' as const } : settings);
    this.settings = state;
    this.#drawing = firstDrawing(settings.width);
    loadPhoto().then(
      (bitmap) => (this.#photo = bitmap),
      (error: Error) => (this.trouble = error.message),
    );
  }

  readonly pooling = $derived.by(() => isPooling(this.settings));
  readonly picture: Volume = $derived.by(() => {
    const { width, colours, bands } = this.settings;
    const isWaiting = this.settings.source === 'camera' && this.#frame === undefined;
    const source = isWaiting ? this.#before : this.settings.source;
    const drawn = this.#drawing.columns === width ? this.#drawing : resized(this.#drawing, width);
    if (source === 'drawing') return inColours(asRgb(drawn), colours, bands);
    if (source === 'camera' && this.#frame?.columns === width) return inColours(this.#frame, colours, bands);
    const bitmap = source === 'file' ? this.#file : this.#photo;
    if (bitmap === undefined) return inColours(asRgb(blank(width)), colours, bands);
    return inColours(rgbOf(bitmap, bitmap.width, bitmap.height, width), colours, bands);
  });
  /** Whether the picture is there yet. */
  readonly isReady = $derived.by(() => this.settings.source !== 'photo' || this.#photo !== undefined);
  readonly channelNames = $derived.by(() => channelNames(this.settings.colours, this.settings.bands));
  /** The input channel that is taken apart, and whether the picture shows it alone. */
  readonly channel = $derived.by(() =>
    this.pooling ? this.front : clip(this.settings.channel, this.picture.channels),
  );
  readonly isAlone = $derived.by(() => this.settings.channel >= 0 && this.picture.channels > 1);

  readonly slots = $derived.by(() => slotsOf(this.settings));
  readonly extent = $derived.by(() => extentOf(this.settings));
  readonly kernels = $derived.by(() => kernelsOf(this.settings));
  readonly outChannels = $derived.by(() => (this.pooling ? channelCount(this.settings) : this.slots.length));
  readonly front = $derived.by(() => clip(this.settings.front, this.outChannels));
  readonly axes = $derived.by(() => axesOf(this.settings, this.picture.rows, this.picture.columns));
  readonly problem = $derived.by(() => problemOf(this.settings, this.axes));
  readonly result = $derived.by(() => (this.problem === undefined ? compute(this.settings, this.picture) : undefined));
  readonly output = $derived.by(() => this.result?.output);
  readonly scales: readonly Scale[] = $derived.by(() => {
    const { output, settings, kernels } = this;
    if (output === undefined) return [];
    return Array.from({ length: output.channels }, (_, out) => {
      const gain = this.pooling ? 1 : kernels[out].reduce((sum, weight) => sum + weight, 0);
      return scaleOf(channelOf(output, out), gain, settings.operation);
    });
  });

  /** The outputs that the input pixel pointed at goes into. */
  readonly reached: readonly Cell[] = $derived.by(() => {
    if (this.input === undefined || this.problem !== undefined) return [];
    const columns = reachOf(this.axes.width, clip(this.input.column, this.picture.columns));
    return reachOf(this.axes.height, clip(this.input.row, this.picture.rows)).flatMap((y) =>
      columns.map((x) => ({ row: y.at, column: x.at })),
    );
  });
  /** The output that is taken apart: the one pointed at, or the middle one of those that an input goes into. */
  readonly chosen: Cell | undefined = $derived.by(() => {
    const { height, width } = this.axes;
    const [rows, columns] = [outputSize(height), outputSize(width)];
    if (this.problem !== undefined) return undefined;
    if (this.input) return this.reached[Math.floor(this.reached.length / 2)];
    const { row, column } = this.settings;
    return {
      row: clip(row < 0 ? Math.floor(rows * 0.4) : row, rows),
      column: clip(column < 0 ? Math.floor(columns * 0.38) : column, columns),
    };
  });
  /** The pixels that the output is made of, and the place of the kernel over each. */
  readonly windowCells = $derived.by(() => {
    if (!this.chosen) return [];
    const columns = tapsOf(this.axes.width, this.chosen.column);
    return tapsOf(this.axes.height, this.chosen.row).flatMap((y) =>
      columns.map((x) => ({ row: y.at, column: x.at, k: y.k * this.settings.kernelWidth + x.k })),
    );
  });
  readonly value = $derived.by(() => {
    const { output, chosen } = this;
    return output && chosen ? channelOf(output, this.front)[chosen.row * output.columns + chosen.column] : 0;
  });

  /** What lies under the kernel in a channel; nothing where the kernel meets no pixel. */
  windowOf(channel: number): (number | undefined)[] {
    const { rows, columns } = this.picture;
    const values: (number | undefined)[] = Array(this.extent.height * this.extent.width).fill(undefined);
    const plane = channelOf(this.picture, channel);
    for (const { row, column, k } of this.windowCells) {
      const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
      // what pads a maximum is −∞, and so never the largest
      if (isInside) values[k] = plane[row * columns + column];
      else if (this.settings.operation !== 'max') values[k] = 0;
    }
    return values;
  }

  /** The weights of the front kernel for a channel. */
  weightsOf(channel: number): number[] {
    const area = this.extent.height * this.extent.width;
    return (this.kernels[this.front] ?? this.kernels[0]).slice(channel * area, (channel + 1) * area);
  }

  /** What each channel contributes to the output. */
  readonly parts = $derived.by(() =>
    Array.from({ length: this.picture.channels }, (_, channel) => {
      const weights = this.weightsOf(channel);
      return this.windowOf(channel).reduce<number>((sum, x, k) => sum + (x ?? 0) * weights[k], 0);
    }),
  );

  look({ row, column }: Cell): void {
    this.input = undefined;
    this.settings.row = row;
    this.settings.column = column;
  }

  setSlots(slots: readonly Slot[], front: number): void {
    this.settings.bank = formatBank(slots);
    this.settings.front = front;
  }

  draw({ row, column }: Cell): void {
    const { width } = this.settings;
    const drawing = this.#drawing.columns === width ? this.#drawing : resized(this.#drawing, width);
    this.#drawing = dab(drawing, row, column);
  }

  clear(): void {
    this.#drawing = blank(this.settings.width);
  }

  /** Another picture. A camera must be had first; a refusal leaves things as they are. */
  async choose(source: Source): Promise<void> {
    this.trouble = '';
    if (this.settings.source !== 'camera') this.#before = this.settings.source;
    this.settings.source = source;
    this.camera.stop();
    this.#frame = undefined;
    if (source !== 'camera') return;
    try {
      await this.camera.start();
      // the reader may have thought better of it while the browser asked
      if (this.settings.source !== 'camera') this.camera.stop();
    } catch (error) {
      this.trouble = (error as Error).message;
      if (this.settings.source === 'camera') this.settings.source = this.#before;
    }
  }

  /** A file; if it cannot be read, the picture stays what it was. */
  async open(file: File): Promise<void> {
    try {
      held.bitmap = await decode(file);
      held.name = file.name;
      this.#file = held.bitmap;
      await this.choose('file');
    } catch (error) {
      this.trouble = (error as Error).message;
    }
  }
}
