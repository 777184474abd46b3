/** Recurrence over packed sequences, of different lengths: whole runs of steps at which as many sequences go on. */

import { cat, type Tensor } from '@torsor/core';
import type { Kind, State, Weights } from './recurrence.ts';
import { recur } from './recurrence.ts';

/** Steps at which as many sequences go on: which rows of the data they are, and how many steps and sequences. */
interface Run {
  readonly row: number;
  readonly steps: number;
  readonly count: number;
}

function runsOf(batchSizes: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let t = 0, row = 0; t < batchSizes.length; ) {
    const count = batchSizes[t];
    let end = t + 1;
    while (end < batchSizes.length && batchSizes[end] === count) end++;
    runs.push({ row, steps: end - t, count });
    row += (end - t) * count;
    t = end;
  }
  return runs;
}

const ofState = ([h, c]: State, f: (x: Tensor, i: number) => Tensor): State => [f(h, 0), c === null ? null : f(c, 1)];

/**
 * One direction of a layer over packed steps `[P, I]`, of sequences of which the longest comes first, from a first state `[N, H]`:
 * `[output [P, H], last hidden states [N, H], last cells]`. Sequences that have ended leave the state forward; backward, those that
 * end there join it.
 *
 * @param batchSizes how many sequences have a first step, a second, and so on
 */
export function recurPacked(
  kind: Kind,
  isReversed: boolean,
  x: Tensor,
  batchSizes: readonly number[],
  first: State,
  weights: Weights,
): readonly [output: Tensor, hidden: Tensor, cell: Tensor | null] {
  const runs = runsOf(batchSizes);
  const outputs: Tensor[] = [];
  const ended: State[] = [];
  let state: State | null = null;
  for (const i of isReversed ? [...runs.keys()].reverse() : runs.keys()) {
    const { row, steps, count } = runs[i];
    const before: State | null = state;
    if (before === null) state = ofState(first, (s) => s.narrow(0, 0, count));
    else {
      const had = before[0].shape[0];
      if (count < had) {
        ended.push(ofState(before, (s) => s.narrow(0, count, had - count)));
        state = ofState(before, (s) => s.narrow(0, 0, count));
      } else {
        state = ofState(before, (s, k) => cat([s, (first[k] as Tensor).narrow(0, had, count - had)]));
      }
    }
    const input = x.narrow(0, row, steps * count).reshape(steps, count, x.shape[1]);
    const [output, cell] = recur(kind, isReversed, input, state as State, weights);
    outputs[i] = output.reshape(steps * count, output.shape[2]);
    state = [output.select(0, isReversed ? 0 : steps - 1), cell ?? null];
  }
  const all = [...ended, state as State].reverse();
  const joined = (k: 0 | 1): Tensor => (all.length === 1 ? all[0][k] : cat(all.map((s) => s[k] as Tensor))) as Tensor;
  return [outputs.length === 1 ? outputs[0] : cat(outputs), joined(0), first[1] === null ? null : joined(1)];
}
