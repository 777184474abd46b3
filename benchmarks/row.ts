/** What a benchmark is: a workload that anyone can build from its description, what it costs, and how fast it must be. */

/** A convolution, as PyTorch words it; one entry per spatial dimension. */
export interface ConvWork {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** A workload as plain data, so that a peer, in another process or language too, can set up the same. */
export interface Work {
  readonly op: string;
  /** Of the operands. */
  readonly shapes: readonly (readonly number[])[];
  readonly dim?: number | null;
  readonly conv?: ConvWork;
  /** What is computed: the op (default), a gradient of it alone, or the op and its gradient. */
  readonly pass?: 'forward' | 'input' | 'weight' | 'both';
  /** Operands handed over as the transpose of what lies in memory. */
  readonly transposed?: readonly boolean[];
  /** Threads that the work may use, 1 by default: only peers with as many take part. */
  readonly threads?: number;
}

/** Does the work once. A promise is waited for. */
export type Run = () => unknown;

/** One line of the table. */
export interface Row {
  readonly name: string;
  /** For peers; without it, the row has none. */
  readonly work?: Work;
  /** Floating point operations of one run: the row is compared with the peak of multiply-adds. */
  readonly flops?: number;
  /** Bytes that one run must read and write: the row is compared with the bandwidth of copying. */
  readonly bytes?: number;
  /** Allocates the operands. The result does the work on them. */
  make(): Run | Promise<Run>;
  /** Another workload of ours, whose rate (by its `flops`) this row is compared with. */
  readonly like?: { readonly name: string; readonly flops: number; make(): Run | Promise<Run> };
  /** The least ratios of issue 3, by what they are to: `fma`, `copy`, `like`, or a peer. */
  readonly atLeast?: Readonly<Record<string, number>>;
  /** The longest that one run may take. */
  readonly atMostMs?: number;
  /** Whether the machine has now what the row is about; asked before and after each turn, which is taken anew unless it has both times. */
  isFair?(): boolean;
}

/** A line that finds its value by itself. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly atMost?: number;
  /** The samples, or why there are none here. */
  measure(): Promise<readonly number[] | string>;
}

export type Line = Row | Figure;

/** A library to compare with. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Default 1. */
  readonly threads?: number;
  /** The workload as this library does it, or null when it cannot. */
  prepare(work: Work): Promise<Prepared | null>;
  close?(): void;
}

/** A workload of a peer: runs here, or is timed elsewhere, in which case it returns milliseconds per run. */
export type Prepared =
  | { readonly run: Run; release?(): void }
  | { sample(budgetMs: number): Promise<readonly number[]>; release?(): void };

export function isFigure(line: Line): line is Figure {
  return 'measure' in line;
}

/** The number of elements of a shape. */
export function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** `64×1×28×28` */
export function shapeName(shape: readonly number[]): string {
  return shape.join('×');
}
