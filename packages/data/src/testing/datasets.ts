/** Datasets that the tests of `DataLoader({ numWorkers })` make in workers. */

import type { Tensor } from '@torsor/core';
import { rand, tensor } from '@torsor/core';
import { TensorDataset } from '../dataset.ts';
import type { Dataset } from '../samples.ts';

/** Those of the tensors given. */
export default function make(...tensors: Tensor[]): TensorDataset {
  return new TensorDataset(...tensors);
}

/** Samples of structure; number 5 of ten or more is damaged. */
export class Records implements Dataset<{ x: Tensor; name: string; y: number }> {
  readonly length: number;
  readonly damaged: number;

  constructor(length: number, damaged: number) {
    this.length = length;
    this.damaged = damaged;
  }

  get(index: number) {
    if (index === this.damaged) throw new RangeError(`record ${index} is damaged`);
    return { x: tensor([index, index + 0.5]), name: `number ${index}`, y: index };
  }
}

let initialised = -1;

/** Random numbers, as an augmentation draws them; and which worker draws. */
export async function noise(length: number): Promise<Dataset<[Tensor, number]>> {
  return { length, get: () => [rand(1), initialised] };
}

export function workerInitFn(workerId: number, dataset: Dataset<unknown>): void {
  initialised = workerId * 100 + dataset.length;
}

/** Ends its worker, if it is in one: by exit, or where a worker cannot exit, by an error that nobody catches. */
export async function mortal(): Promise<Dataset<number>> {
  const isPage = (globalThis as { process?: unknown }).process === undefined;
  const isMain = isPage ? typeof window !== 'undefined' : (await import('node:worker_threads')).isMainThread;
  const die = (): void => {
    if (!isPage) process.exit(3);
    setTimeout(() => {
      throw new Error('gone');
    });
  };
  return {
    // The error of a page comes some batches later.
    length: isPage ? 10_000 : 4,
    get(index) {
      if (!isMain && index === 2) die();
      return index;
    },
  };
}

export const number = 3;
