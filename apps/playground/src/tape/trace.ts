/** What is told of a program's tape: its nodes, and every backward pass over it, step by step. Plain data, made by the recorder. */

/** A tensor as it was at one moment; of a large one, a corner. */
export interface Value {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Rows and columns of what is kept. */
  readonly rows: number;
  readonly columns: number;
  readonly data: readonly number[];
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

/** An output of a node. */
export interface Output {
  readonly value?: Value;
  /** The variable that it was first given to, with a count from its second node on: `y`, `y₂`. */
  readonly name?: string;
}

/** A tensor that a node keeps for its backward. */
export interface Saved {
  readonly value: Value;
  /** The node that it is an output of, and which. */
  readonly of?: number;
  readonly outputNr: number;
}

export interface TapeNode {
  readonly id: number;
  /**
   * `op` is a node of the tape, and `leaf` the accumulator of a leaf. Beside the tape stand `constant`, a tensor that needs no gradient,
   * and `unrecorded`, an op that ran while recording was off.
   */
  readonly kind: 'op' | 'leaf' | 'constant' | 'unrecorded';
  /** `'MulBackward0'`; the op's name for what is not recorded. */
  readonly title: string;
  /** `'mul(y, 3)'`, where the op was seen. */
  readonly call?: string;
  /** Line of the program, from 1 on. */
  readonly line?: number;
  readonly outputs: readonly Output[];
  readonly saved: readonly Saved[];
  /** The pass whose backward recorded it (`createGraph`). */
  readonly madeBy?: number;
}

/** From the node that uses a tensor to the one that made it: the way that a gradient takes. */
export interface TapeEdge {
  readonly from: number;
  /** Which of its inputs. */
  readonly input: number;
  readonly to: number;
  /** Which output of `to`. */
  readonly outputNr: number;
}

/** A gradient that arrives at an output of a node, along an edge or from the caller. */
export interface Delivery {
  /** Input of the node that sends it; -1 for the caller's. */
  readonly input: number;
  readonly to: number;
  readonly outputNr: number;
  readonly gradient: Value;
  /** With all that arrived before. */
  readonly sum: Value;
}

export type Step =
  | { readonly kind: 'seed'; readonly deliveries: readonly Delivery[] }
  /** A node turned the gradients of its outputs into those of its inputs. */
  | {
      readonly kind: 'node';
      readonly node: number;
      readonly arrived: readonly (Value | null)[];
      readonly deliveries: readonly Delivery[];
    }
  /** What arrived at a leaf was added to its `.grad`. */
  | {
      readonly kind: 'leaf';
      readonly node: number;
      readonly arrived: Value;
      readonly before: Value | null;
      readonly after: Value;
    }
  /** `grad` gave its results back. */
  | { readonly kind: 'returned'; readonly results: readonly { readonly to: number; readonly value: Value | null }[] };

export interface Pass {
  /** `'a.backward()'` */
  readonly call: string;
  readonly line?: number;
  readonly createGraph: boolean;
  /** Nodes that it reached. */
  readonly nodes: readonly number[];
  /** What the `.grad` of leaves held before it. */
  readonly grads: readonly { readonly node: number; readonly value: Value | null }[];
  readonly steps: readonly Step[];
  /** What it threw. */
  readonly failure?: string;
}

export interface Trace {
  readonly nodes: readonly TapeNode[];
  readonly edges: readonly TapeEdge[];
  readonly passes: readonly Pass[];
  /** Whether there was more than is told. */
  readonly isCut: boolean;
}
