/** Plane rotations of the rows of a matrix, as a sweep of an iteration makes them: noted first, then applied all together. */

import { allocate, allocateZeros } from '../base.ts';
import type { Tensor } from '../tensor.ts';
import { cutsOf, runCuts } from '../wasm/cuts.ts';
import { features } from '../wasm/features.ts';
import { COLUMNS, emitRotate } from '../wasm/kernels/rotate.ts';
import type { Reflectors } from './householder.ts';
import { doubles, matrixAt } from './work.ts';

/** Nanoseconds that a rotation of two elements takes, about. */
const NS = 0.6;

export class Rotations {
  /** Cosine and sine in turns. */
  private readonly turns: Tensor;
  private readonly noted: Float64Array;
  private count = 0;

  /** Of at most so many rotations. */
  constructor(most: number) {
    this.noted = new Float64Array(2 * most);
    this.turns = allocate([2 * most], 'float64');
  }

  push(c: number, s: number): void {
    this.noted[2 * this.count] = c;
    this.noted[2 * this.count++ + 1] = s;
  }

  /**
   * Turns row `at` with the next (with a step of -1: with the one before), that one with the one after it, and so on; then all is
   * forgotten. Where there are no rows, that alone.
   *
   * ```
   * p = row[at]
   * for each rotation k: next = row[at + (k + 1)·step], row[at + k·step] = c·p + s·next, p = c·next - s·p
   * row[at + count·step] = p
   * ```
   */
  apply(rows: Rows | null, at: number, step: 1 | -1): void {
    const { noted, count } = this;
    this.count = 0;
    if (rows === null) return;
    const { x, width, columns } = rows;
    if (features().simd && x.storage.enterHeap() && this.turns.storage.enterHeap()) {
      doubles(this.turns).set(noted.subarray(0, 2 * count));
      const start = x.storage.pointer + 8 * at * width;
      const cuts = cutsOf([columns], columns * count * NS, [COLUMNS]);
      runCuts({ name: 'f64_rotate', emit: emitRotate }, cuts, (run, [from, some]) => {
        run(some, count, start + 8 * from, 8 * step * width, this.turns.storage.pointer);
      });
      return;
    }
    const a = doubles(x);
    for (let k = 0, to = at * width; k < count; k++, to += step * width) {
      const c = noted[2 * k];
      const s = noted[2 * k + 1];
      for (let j = to, end = to + columns, next = to + step * width; j < end; j++, next++) {
        const p = a[j];
        const q = a[next];
        a[j] = c * p + s * q;
        a[next] = c * q - s * p;
      }
    }
  }
}

/** The columns of a square Q as rows: of whole groups of the kernel's columns, and no power of 2 apart, which caches dislike. */
export class Rows {
  readonly x: Tensor;
  readonly columns: number;
  readonly width: number;

  constructor(q: Reflectors, n: number) {
    this.columns = Math.ceil(n / COLUMNS) * COLUMNS;
    this.width = this.columns + COLUMNS / 2;
    this.x = allocateZeros([n, this.width], 'float64');
    const a = doubles(this.x);
    for (let i = 0; i < n; i++) a[i * (this.width + 1)] = 1;
    q.apply(matrixAt(this.x, 0, this.width), n, true);
  }
}
