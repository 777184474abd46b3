/**
 * Who can reach a gradient on its way through the engine. What a formula makes is the engine's alone: it may write into it, hand it
 * to a leaf as it is, and give its memory back after the last use. What a hook, a custom `Function` or the caller has seen is not.
 *
 * Most gradients travel along one edge, and their hold tells all. Where a formula sends one storage along several edges (the sum of
 * two branches does), the references are counted.
 */

import type { Storage, Tensor } from '@torsor/core';

/** Others may reach it. */
export const ELSEWHERE = 0;
/** This reference is the only one. */
export const SOLE = 1;
/** The engine has several, which `References` counts. */
export const COUNTED = 2;

/** The references of one pass. */
export class References {
  /** Made when the first storage is shared. */
  private counts: Map<Storage, number> | null = null;

  /** Whether `grad` may be written to and given away. */
  isSole(grad: Tensor, hold: number): boolean {
    return hold === SOLE || (hold === COUNTED && this.counts?.get(grad.storage.root) === 1);
  }

  /** Gives up a reference, and the memory with the last one. */
  drop(grad: Tensor, hold: number): void {
    if (hold !== ELSEWHERE) this.move(grad.storage.root, hold, 1, 0);
  }

  /**
   * Turns `before` references to a storage, of the kind `hold`, into `after`.
   *
   * @returns their kind
   */
  move(root: Storage, hold: number, before: number, after: number): number {
    if (hold === SOLE && after === 1) return SOLE;
    const left = (hold === SOLE ? 0 : (this.counts?.get(root) as number) - before) + after;
    if (left > 0) {
      this.counts ??= new Map();
      this.counts.set(root, left);
      return COUNTED;
    }
    this.counts?.delete(root);
    root.giveBack('a backward pass');
    return ELSEWHERE;
  }
}
