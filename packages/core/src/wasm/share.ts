/**
 * Launches cut into pieces that threads share. A call of a kernel counts what it does by an argument or two (rows, and elements of a
 * row) and says by consecutive pointers where it begins; so a piece is the same call with a smaller count and pointers further on.
 * Pieces are parts of the output: what an element becomes never depends on them.
 */

import { executor } from './executor.ts';
import { heap } from './heap.ts';
import type { Emitter, KernelExports } from './module.ts';
import { kernel } from './module.ts';

/** Pieces for each thread: enough that threads end together, few enough that taking them costs nothing. */
const PIECES_PER_THREAD = 4;
/** Where rows are cut, they are at multiples of so many elements: whole turns of every loop over vectors. */
const COLUMN_STEP = 64;

/**
 * Into how many pieces a launch of so much work is worth cutting; 1 where nobody shares it, or where it is too small to gain. A grain
 * is what takes about 5 µs.
 */
export function piecesOf(work: number, grain: number): number {
  const { threads, leastTasks } = executor();
  if (threads === 1 || work < leastTasks * grain) return 1;
  return Math.min(PIECES_PER_THREAD * threads, Math.floor(work / grain));
}

/** The calls of one launch of the kernel's `run`: made at once while nobody shares them, else when the launch ends. */
export class Calls {
  private readonly name: string;
  private readonly emit: Emitter;
  /** Null while threads share the calls. */
  private readonly run: KernelExports[string] | null;
  private readonly rows: number[][] = [];
  /** Into how many pieces a call is cut. */
  private readonly pieces: number;

  /** For `count` calls of one size, which do so much work together; `grain` is the work that is worth a task. */
  constructor(name: string, emit: Emitter, work: number, grain: number, count = 1) {
    this.name = name;
    this.emit = emit;
    const pieces = piecesOf(work, grain);
    this.run = pieces === 1 ? kernel(name, emit, heap().memory).run : null;
    this.pieces = Math.ceil(pieces / count);
  }

  /** A call that is not to be cut. The array may be reused. */
  add(call: readonly number[]): void {
    if (this.run !== null) this.run(...call);
    else this.rows.push(call.slice());
  }

  /**
   * A call of which argument `at` counts what may be cut, at multiples of `step`; from one to the next the arguments from `first` on
   * advance by `bytes`.
   */
  cut(call: readonly number[], at: number, first: number, bytes: readonly number[], step = 1): void {
    const n = call[at];
    const size = Math.ceil(n / this.pieces / step) * step;
    if (this.run !== null || size >= n) {
      this.add(call);
      return;
    }
    for (let from = 0; from < n; from += size) {
      const piece = call.slice();
      piece[at] = Math.min(size, n - from);
      for (let k = 0; k < bytes.length; k++) piece[first + k] += from * bytes[k];
      this.rows.push(piece);
    }
  }

  /** A call `run(rows, columns, …pointers, …)`, cut by rows, at multiples of `rowStep`, if there are enough of them, else by columns. */
  cutPlane(call: readonly number[], rowBytes: readonly number[], columnBytes: readonly number[], rowStep = 1): void {
    const [rows, columns] = call;
    if (rows >= this.pieces * rowStep || columns < 2 * COLUMN_STEP) this.cut(call, 0, 2, rowBytes, rowStep);
    else this.cut(call, 1, 2, columnBytes, COLUMN_STEP);
  }

  /** Makes the calls that have been kept so far, in any order. */
  end(): void {
    if (this.rows.length === 0) return;
    executor().runRows({ name: this.name, emit: this.emit, entry: 'run', rows: this.rows.splice(0) });
  }
}

/** A launch of one call `run(n, …pointers, …)`, whose pointers advance by `bytes` from element to element. */
export function shareCall(
  name: string,
  emit: Emitter,
  call: readonly number[],
  grain: number,
  bytes: readonly number[],
): void {
  const calls = new Calls(name, emit, call[0], grain);
  calls.cut(call, 0, 1, bytes, COLUMN_STEP);
  calls.end();
}
