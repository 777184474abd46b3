/** What is told of a call of `gradcheck`. Plain data. */

/** The Jacobian of one output by one input: a row for each entry of the output, a column for each of the input. */
export interface Table {
  readonly output: number;
  readonly input: number;
  readonly outputShape: readonly number[];
  readonly inputShape: readonly number[];
  /** By central differences of forward. */
  readonly numerical: readonly number[];
  /** By backward, one pass for each row. */
  readonly analytical: readonly number[];
  /** Entries in which they disagree. */
  readonly wrong: readonly boolean[];
}

export interface Check {
  readonly line?: number;
  /** Absent where there is nothing to compare, or too much to show. */
  readonly tables: readonly Table[];
  /** What gradcheck said, if it was not content. */
  readonly failure?: string;
}

/** As many numbers as one number in a table may have neighbours. */
export const MAX_ENTRIES = 24;

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
