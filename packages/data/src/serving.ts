/** A loader's worker, from the inside: makes the dataset, then batches as it is asked for them. */

import type { PackedError } from '@torsor/core';
import { manualSeed, packError, parentThread, toMessage } from '@torsor/core';
import { fetchBatch } from './collate.ts';
import type { DatasetSource } from './imported.ts';
import { makeFromSource } from './imported.ts';

/** What a worker is sent: first how to start, then indices. */
export type Request =
  | { readonly kind: 'start'; readonly source: DatasetSource; readonly worker: number; readonly seed: bigint }
  | {
      readonly kind: 'fetch';
      readonly id: number;
      readonly indices: readonly number[];
      /** Whether a batch is wanted, or samples. */
      readonly isCollated: boolean;
    };

/** What it answers, to the start with `id` −1. */
export type Reply =
  | { readonly kind: 'batch'; readonly id: number; readonly batch: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: PackedError };

/** The start of a worker has no number. */
export const START = -1;

/** Answers requests until the worker is ended. */
export async function serveBatches(): Promise<void> {
  const parent = await parentThread();
  let making: ReturnType<typeof start> | null = null;
  parent?.listen(async (message) => {
    const request = message as Request;
    const id = request.kind === 'start' ? START : request.id;
    try {
      let batch: unknown = null;
      if (request.kind === 'start') await (making = start(request));
      else {
        const dataset = await (making as NonNullable<typeof making>);
        const { indices, isCollated } = request;
        batch = isCollated ? fetchBatch(dataset, indices) : indices.map((i) => dataset.get(i));
      }
      const { message: packed, transfer } = toMessage(batch);
      parent.post({ kind: 'batch', id, batch: packed } satisfies Reply, transfer);
    } catch (error) {
      parent.post({ kind: 'error', id, error: packError(error) } satisfies Reply);
    }
  });
}

/** As in PyTorch, worker i draws from the loader's seed plus i. */
async function start({ source, worker, seed }: Extract<Request, { kind: 'start' }>) {
  const { dataset, module } = await makeFromSource(source);
  manualSeed(seed + BigInt(worker));
  await module.workerInitFn?.(worker, dataset);
  return dataset;
}
