/** The rows of the table: which are shown, and in what order. */

import { fulfilment, type GoalState, goalState } from './goals.ts';
import { type RunResult, ratioTo } from './run.ts';

export interface RowFilter {
  readonly suite?: string;
  /** Words, all of which a name must hold. */
  readonly text?: string;
  readonly goal?: string;
}

export function filterRows(results: readonly RunResult[], { suite, text = '', goal }: RowFilter): RunResult[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return results.filter((result) => {
    const name = `${result.suite} ${result.name}`.toLowerCase();
    if (suite && result.suite !== suite) return false;
    if (goal && goalState(result) !== (goal as GoalState)) return false;
    return words.every((word) => name.includes(word));
  });
}

/** What a column holds, for sorting; undefined where it is empty. */
function key(result: RunResult, column: string): number | string | undefined {
  if (column === 'name') return result.name;
  if (column === 'suite') return result.suite;
  if (result.skipped !== undefined) return undefined;
  if (column === 'median') return result.value;
  if (column === 'rate') return result.gflops ?? result.gigabytes;
  if (column === 'goal') return fulfilment(result);
  return ratioTo(result, column)?.value;
}

/** Sorted by a column; empty cells come last either way. Without a column, in the order of measuring. */
export function sortRows(results: readonly RunResult[], column: string | undefined, isDown: boolean): RunResult[] {
  if (!column) return [...results];
  const sign = isDown ? -1 : 1;
  return [...results].sort((a, b) => {
    const [x, y] = [key(a, column), key(b, column)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    if (typeof x === 'string' || typeof y === 'string')
      return sign * String(x).localeCompare(String(y), 'en', { numeric: true });
    return sign * (x - y);
  });
}
