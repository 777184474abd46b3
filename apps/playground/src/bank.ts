/**
 * A bank of kernels, and the text that stands for it in an address: `vertical_blur.1_gabor*45_hand*1*0*-1`. A kernel has a name;
 * after a dot the one input channel that it looks at, if not all; and after each star a number: the angle of a Gabor kernel,
 * the seed of a random one, the weights of one set by hand.
 */

import { Generator, randn } from 'torsor';
import type { KernelName } from './kernels.ts';
import { kernelWeights } from './kernels.ts';

export type SlotName = KernelName | 'difference' | 'random' | 'hand';

export interface Slot {
  readonly name: SlotName;
  /** The channel that the kernel looks at; all of them if it is left out. */
  readonly channel?: number;
  readonly numbers: readonly number[];
}

/** What a kernel of the bank has to fill. */
export interface Extent {
  readonly inChannels: number;
  readonly height: number;
  readonly width: number;
}

/** As many as the lesson has. */
export const MOST_KERNELS = 16;
export const FIRST_ANGLE = 45;

const names: Record<SlotName, true> = {
  identity: true,
  blur: true,
  sharpen: true,
  edge: true,
  vertical: true,
  horizontal: true,
  emboss: true,
  gabor: true,
  difference: true,
  random: true,
  hand: true,
};

function parseSlot(text: string): Slot | undefined {
  const [head = '', ...rest] = text.split('*');
  const [name = '', channel] = head.split('.');
  if (!Object.hasOwn(names, name)) return undefined;
  const numbers = rest.map(Number).map((number) => (Number.isFinite(number) ? number : 0));
  const only = /^\d+$/.test(channel ?? '') ? { channel: Number(channel) } : {};
  return { name: name as SlotName, ...only, numbers };
}

/** The kernels that a text names, without those that it misspells; `fallback` if none is left. */
export function parseBank(text: string, fallback: string): Slot[] {
  const slots = text.split('_').flatMap((part) => parseSlot(part) ?? []);
  return slots.length > 0 ? slots.slice(0, MOST_KERNELS) : parseBank(fallback, 'identity');
}

export function formatBank(slots: readonly Slot[]): string {
  return slots
    .map(({ name, channel, numbers }) => [channel === undefined ? name : `${name}.${channel}`, ...numbers].join('*'))
    .join('_');
}

const round = (weight: number): number => Math.round(weight * 1e5) / 1e5 || 0;

/** How much of itself a kernel lays on each channel: its mean over all, or one alone. */
function shares({ name, channel }: Slot, count: number): number[] {
  const sign = (c: number) => (name === 'difference' && c % 2 === 1 ? -1 : 1);
  const only = channel === undefined ? undefined : Math.min(channel, count - 1);
  return Array.from({ length: count }, (_, c) => (only === undefined ? sign(c) / count : c === only ? sign(c) : 0));
}

/** The weights of one kernel, `[inChannels, height, width]`, row after row. */
export function slotWeights(slot: Slot, { inChannels, height, width }: Extent): number[] {
  const { name, numbers } = slot;
  const area = height * width;
  if (name === 'hand') return Array.from({ length: inChannels * area }, (_, i) => numbers[i] ?? 0);
  if (name === 'random') {
    const drawn = randn(inChannels, height, width, { generator: new Generator(Math.abs(Math.round(numbers[0] ?? 1))) });
    // so that outputs are as loud however many channels there are
    const scale = 1 / Math.sqrt(inChannels);
    const only = slot.channel === undefined ? undefined : Math.min(slot.channel, inChannels - 1);
    return Array.from(Float32Array.from(drawn.toTypedArray(), Number), (weight, i) =>
      only === undefined ? round(weight * scale) : Math.floor(i / area) === only ? round(weight) : 0,
    );
  }
  const plain = kernelWeights(name === 'difference' ? 'identity' : name, {
    height,
    width,
    angle: numbers[0] ?? FIRST_ANGLE,
  });
  return shares(slot, inChannels).flatMap((share) => plain.map((weight) => round(weight * share)));
}

/** The slot with another weight somewhere: it is then one set by hand, and begins with what was there. */
export function withWeight(slot: Slot, extent: Extent, index: number, weight: number): Slot {
  const numbers = slotWeights(slot, extent).map((old, i) => (i === index ? weight : old));
  return { name: 'hand', numbers };
}

/** The slot under another name, with the numbers that this name begins with. */
export function renamed(slot: Slot, name: SlotName, extent: Extent): Slot {
  if (name === 'hand') return { name, numbers: slotWeights(slot, extent) };
  const only = slot.channel === undefined ? {} : { channel: slot.channel };
  if (name === 'random') return { name, ...only, numbers: [1] };
  return { name, ...only, numbers: name === 'gabor' ? [FIRST_ANGLE] : [] };
}
