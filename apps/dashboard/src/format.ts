/** Numbers for readers: three digits that count. */

import { digits, time } from '@torsor/benchmarks/results.ts';

/** A time or a size with its unit. */
export function quantity(value: number, unit: string): string {
  return unit === 'ms' ? time(value) : `${digits(value)} ${unit}`;
}

export const ratio = (value: number): string => `${digits(value)}×`;

/** `+12 %`, with a true minus sign. */
export function change(factor: number): string {
  const percent = (factor - 1) * 100;
  const shown = Math.abs(percent) < 9.95 ? Math.abs(percent).toFixed(1) : Math.abs(percent).toFixed(0);
  return `${percent < 0 ? '−' : '+'}${shown} %`;
}

/** The rate, whichever there is. */
export function rate({ gflops, gigabytes }: { gflops?: number; gigabytes?: number }): string {
  if (gflops !== undefined) return `${digits(gflops)} GFLOP/s`;
  return gigabytes === undefined ? '' : `${digits(gigabytes)} GB/s`;
}

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
