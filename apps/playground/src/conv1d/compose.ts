/** Two layers, one upon the other: which outputs of the second are made of which samples, through which outputs of the first. */

import type { Axis } from '../geometry.ts';
import type { PaddingMode } from './padding.ts';
import { sourcedTaps } from './padding.ts';

export interface Tower {
  readonly axis: Axis;
  readonly mode: PaddingMode;
  /** Outputs of the first layer, `first` to `last`, of which the second is made. */
  readonly first: number;
  readonly last: number;
  readonly size2: number;
  readonly stride2: number;
  readonly dilation2: number;
  /** Outputs of the second layer. */
  readonly outputs: number;
}

/** A sample (level 0), an output of the first layer (1) or of the second (2). */
export interface Unit {
  readonly level: 0 | 1 | 2;
  readonly at: number;
}

/** Wires from a unit to one of the level below. */
export interface Wire {
  readonly upper: number;
  readonly lower: number;
}

export interface Lit {
  readonly samples: ReadonlySet<number>;
  readonly middles: ReadonlySet<number>;
  readonly tops: ReadonlySet<number>;
  /** From the first layer to the signal, and from the second layer to the first. */
  readonly low: readonly Wire[];
  readonly high: readonly Wire[];
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** What an output of the second layer is made of. */
export function middlesOf({ first, size2, stride2, dilation2 }: Tower, top: number): number[] {
  return range(0, size2).map((k) => first + top * stride2 + k * dilation2);
}

export function litFrom(tower: Tower, { level, at }: Unit): Lit {
  const wiresDown = (middle: number): Wire[] =>
    sourcedTaps(tower.axis, tower.mode, middle).flatMap(({ source }) =>
      source === undefined ? [] : [{ upper: middle, lower: source }],
    );
  const allLow = () => range(tower.first, tower.last).flatMap(wiresDown);
  const allHigh = () =>
    range(0, tower.outputs).flatMap((top) => middlesOf(tower, top).map((lower): Wire => ({ upper: top, lower })));
  let [low, high]: Wire[][] = [[], []];
  if (level === 2) {
    high = middlesOf(tower, at).map((lower) => ({ upper: at, lower }));
    low = high.flatMap(({ lower }) => wiresDown(lower));
  } else {
    low = level === 1 ? wiresDown(at) : allLow().filter(({ lower }) => lower === at);
    const middles = new Set(level === 1 ? [at] : low.map(({ upper }) => upper));
    high = allHigh().filter(({ lower }) => middles.has(lower));
  }
  const own = (is: Unit['level'], others: number[]) => new Set(level === is ? [at, ...others] : others);
  return {
    samples: own(
      0,
      low.map(({ lower }) => lower),
    ),
    middles: own(1, [...low.map(({ upper }) => upper), ...high.map(({ lower }) => lower)]),
    tops: own(
      2,
      high.map(({ upper }) => upper),
    ),
    low,
    high,
  };
}

/** Where a unit stands above the signal: over the middle of what it is made of. */
export function middlePlace({ stride, padding, dilation, kernel }: Axis, row: number): number {
  return row * stride - padding + (dilation * (kernel - 1)) / 2;
}

export function topPlace(tower: Tower, top: number): number {
  const middles = middlesOf(tower, top);
  return (middlePlace(tower.axis, middles[0]) + middlePlace(tower.axis, middles[middles.length - 1])) / 2;
}
