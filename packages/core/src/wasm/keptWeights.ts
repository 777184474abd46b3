/**
 * Weights of convolutions as kernels want them, packed or transformed, kept for inference: with the storage of the weight,
 * which gives them back when it goes, for the shape that was computed last. Winograd's take four times the weight's memory,
 * packed ones as much as the weight. Any write to the weight, by whatever alias, makes them stale; what is written through a
 * typed array, past all ops, nobody sees.
 */

import { modes } from '../base.ts';
import { isContiguous } from '../layout.ts';
import { Storage } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import type { ConvProgram } from './kernels/conv-run.ts';

/** Where the prepared weights of a program are, and whether they have been made. */
export interface KeptWeights {
  readonly storage: Storage;
  readonly isPrepared: boolean;
}

/** Whether prepared weights are worth keeping: nothing is being learnt, and there is no copy to prepare. */
export function keepsWeights(weight: Tensor): boolean {
  return !modes.learns && isContiguous(weight.shape, weight.strides) && weight.storage.enterHeap();
}

/** The prepared weights, which are in the heap; or room for them; null where there is none. */
export function keptWeights({ storage: of, offset }: Tensor, program: ConvProgram): KeptWeights | null {
  const { derived, writes } = of;
  const isGood = derived?.purpose === program && derived.offset === offset && derived.writes === writes;
  if (isGood && derived.storage.enterHeap()) return { storage: derived.storage, isPrepared: true };
  const storage = Storage.allocateDerived(program.sharedBytes);
  return storage === null ? null : { storage, isPrepared: false };
}

/** Keeps what has been prepared. */
export function keepWeights({ storage: of, offset }: Tensor, program: ConvProgram, storage: Storage): void {
  of.derived = { purpose: program, offset, writes: of.writes, storage };
}
