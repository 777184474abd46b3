/**
 * `profile`: where the time of a program goes, op by op, as `torch.profiler` tells it. Listens where `explain` does (`observe.ts`)
 * and notes a few numbers for each op; tables, traces and marks are made afterwards, so that they cost the program nothing.
 */

import { isTensor } from './base.ts';
import { itemBytes } from './dtype.ts';
import { NotImplementedError, show, ValueError } from './errors.ts';
import { sizeOf } from './layout.ts';
import type { Observer } from './observe.ts';
import { observed } from './observe.ts';
import type { Tensor } from './tensor.ts';

/** One call of an op, or one run of a `recordFunction`. */
export interface ProfilerEvent {
  /** As in PyTorch, in camelCase: `'convolution'`, `'mm'`, `'add_'`. */
  readonly name: string;
  /** On the clock of `performance.now()`. */
  readonly startMs: number;
  /** With all that it called. */
  readonly ms: number;
  /** Without. */
  readonly selfMs: number;
  /** Bytes of the tensors that it read and made; 0 for views. */
  readonly bytes: number;
  /** Floating-point operations of products and convolutions, a multiplication with its addition counted as two; else 0. */
  readonly flops: number;
  /** Shapes of the tensors that it read. */
  readonly inputShapes: readonly (readonly number[])[];
}

/** What the calls of one op come to. */
export interface EventAverage {
  readonly name: string;
  readonly calls: number;
  readonly selfMs: number;
  readonly ms: number;
  readonly bytes: number;
  readonly flops: number;
}

const sorts = ['selfMs', 'ms', 'calls', 'bytes', 'flops', 'name'] as const;

/** Options of `table`. */
export interface TableOptions {
  /** Default `'selfMs'`. Names ascend, numbers descend. */
  readonly sortBy?: (typeof sorts)[number];
  /** The most rows that are printed; default 100. */
  readonly rowLimit?: number;
}

/** How `profile` listens. */
export interface ProfileOptions {
  /** Whether ops and kernels become entries of the `performance` timeline, which DevTools show. Default true. */
  readonly timeline?: boolean;
}

/** Sums, one for each op, by their own time. */
export class EventAverages extends Array<EventAverage> {
  /** Lists made of this one are plain. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** @throws ValueError for a column that is not there */
  table(options: TableOptions = {}): string {
    const { sortBy = 'selfMs', rowLimit = 100 } = options;
    if (!sorts.includes(sortBy)) {
      throw new ValueError(`sortBy must be one of ${sorts.join(', ')}, but got ${show(sortBy)}`, { op: 'table' });
    }
    const rows = [...this].sort((a, b) => {
      const [x, y] = [a[sortBy], b[sortBy]];
      return typeof x === 'string' ? x.localeCompare(String(y)) : Number(y) - Number(x);
    });
    const whole = rows.reduce((sum, { selfMs }) => sum + selfMs, 0);
    const share = (ms: number): string => `${((100 * ms) / (whole || 1)).toFixed(1)} %`;
    const cells = rows
      .slice(0, rowLimit)
      .map(({ name, calls, selfMs, ms, bytes, flops }) => [
        name,
        share(selfMs),
        `${selfMs.toFixed(3)} ms`,
        share(ms),
        `${ms.toFixed(3)} ms`,
        `${(ms / calls).toFixed(3)} ms`,
        String(calls),
        bytes === 0 ? '–' : `${(bytes / 1e6).toFixed(2)} MB`,
        flops === 0 ? '–' : (flops / (ms * 1e6)).toFixed(2),
      ]);
    const title = ['Name', 'Self %', 'Self', 'Total %', 'Total', 'Average', 'Calls', 'Bytes', 'GFLOP/s'];
    const widths = title.map((text, i) => Math.max(text.length, ...cells.map((row) => row[i].length)));
    const line = (row: readonly string[]): string =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
    const rule = widths.map((width) => '-'.repeat(width)).join('  ');
    return [line(title), rule, ...cells.map(line), rule, `Self time in all: ${whole.toFixed(3)} ms`].join('\n');
  }

  override toString(): string {
    return this.table();
  }
}

/** A kernel that was launched. */
interface Mark {
  readonly name: string;
  readonly startMs: number;
}

/** What `profile` has heard; prints as a table. */
export class Profile<R = unknown> {
  /** What the function returned. */
  readonly result: R;
  /** In the order in which they began. */
  readonly events: readonly ProfilerEvent[];
  /** Kernels, in the order of their launches. */
  readonly kernels: readonly Mark[];

  /** @internal */
  constructor(result: R, events: readonly ProfilerEvent[], kernels: readonly Mark[]) {
    this.result = result;
    this.events = events;
    this.kernels = kernels;
  }

  /** The calls of each op summed up, as `key_averages()`. */
  keyAverages(): EventAverages {
    const sums = new Map<string, { -readonly [K in keyof EventAverage]: EventAverage[K] }>();
    for (const { name, selfMs, ms, bytes, flops } of this.events) {
      const sum = sums.get(name) ?? { name, calls: 0, selfMs: 0, ms: 0, bytes: 0, flops: 0 };
      sums.set(name, sum);
      sum.calls++;
      sum.selfMs += selfMs;
      sum.ms += ms;
      sum.bytes += bytes;
      sum.flops += flops;
    }
    return EventAverages.from([...sums.values()].sort((a, b) => b.selfMs - a.selfMs)) as EventAverages;
  }

  /** `keyAverages().table(options)` */
  table(options?: TableOptions): string {
    return this.keyAverages().table(options);
  }

  /** The text of a trace that `chrome://tracing` and Perfetto show: ops as bars, kernels as marks. */
  toChromeTrace(): string {
    const own = { pid: 1, tid: 1 };
    const ops = this.events.map(({ name, startMs, ms, bytes, flops, inputShapes }) => {
      return {
        ...own,
        ph: 'X',
        cat: 'op',
        name,
        ts: startMs * 1000,
        dur: ms * 1000,
        args: { bytes, flops, inputShapes },
      };
    });
    const kernels = this.kernels.map(({ name, startMs }) => {
      return { ...own, ph: 'i', s: 't', cat: 'kernel', name, ts: startMs * 1000 };
    });
    return JSON.stringify({ traceEvents: [...ops, ...kernels], displayTimeUnit: 'ms' });
  }

  /**
   * Writes the trace to a file.
   *
   * @throws NotImplementedError where there are no files, as in a page; `toChromeTrace` gives the text there
   */
  exportChromeTrace(path: string): void {
    const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
    const fs = process?.getBuiltinModule?.('node:fs') as
      | { writeFileSync(path: string, text: string): void }
      | undefined;
    if (fs === undefined) {
      throw new NotImplementedError('there are no files here; take the text from toChromeTrace()', {
        op: 'exportChromeTrace',
      });
    }
    fs.writeFileSync(path, this.toChromeTrace());
  }

  toString(): string {
    return this.table();
  }

  /** Node's and Bun's inspectors. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.table();
  }

  /** Deno's inspector. */
  [Symbol.for('Deno.customInspect')](): string {
    return this.table();
  }
}

/** Hears ops and kernels until it is closed. */
class Recording implements Observer {
  readonly events: ProfilerEvent[] = [];
  readonly kernels: Mark[] = [];
  private isClosed = false;
  private readonly before: Observer | null = observed.current;
  /** Time of the ops inside each op that is running. */
  private readonly inside: number[] = [];

  op<R>(name: string, operands: readonly unknown[], call: () => R): R {
    const at = this.events.length;
    // now, since the tape takes arguments out that it does not keep
    const reads = tensorsOf(operands);
    const inputShapes = reads.map(({ shape }) => shape);
    const isTransposed = operands[4] === true;
    const read = { name, inputShapes, bytes: 0, flops: 0 };
    const startMs = performance.now();
    // takes its place now: what it calls comes after it
    this.events.push({ ...read, startMs, ms: 0, selfMs: 0 });
    this.inside.push(0);
    let result: unknown;
    const note = (innerMs: number): number => {
      const ms = performance.now() - startMs;
      const makes = tensorsOf([result]);
      const bytes = bytesOf(reads, makes);
      const flops = flopsOf(name, isTransposed, inputShapes, makes);
      this.events[at] = { ...read, startMs, ms, selfMs: ms - innerMs, bytes, flops };
      return ms;
    };
    try {
      return (result = call()) as R;
    } finally {
      const innerMs = this.inside.pop() as number;
      const ms = note(innerMs);
      if (this.inside.length > 0) this.inside[this.inside.length - 1] += ms;
      // a `recordFunction` may take longer than its call; a rejection is for whoever waits for the promise
      if (result instanceof Promise) result.then(() => note(innerMs)).catch(() => note(innerMs));
    }
  }

  kernel(name: string): void {
    this.kernels.push({ name, startMs: performance.now() });
  }

  compiled(): void {}

  because(): void {}

  /** Listening ends, whatever else has begun to listen meanwhile. */
  close(): void {
    this.isClosed = true;
    while (observed.current instanceof Recording && observed.current.isClosed)
      observed.current = observed.current.before;
  }
}

/**
 * Runs a function and notes every op in it: how often, how long, over how many bytes and at what rate. Ops of backward passes and
 * steps of optimisers show, too. The first call of a kernel compiles it; run a step before you profile one.
 *
 * @returns the profile, with what the function returned as `result`; a promise of it when the function returns a promise. Until
 *   that one settles, whatever else the program computes is noted as well
 *
 * @example
 * const p = profile(() => step());
 * console.log(p.keyAverages().table({ sortBy: 'ms' }));
 * p.exportChromeTrace('trace.json');
 */
export function profile<R>(run: () => Promise<R>, options?: ProfileOptions): Promise<Profile<R>>;
export function profile<R>(run: () => R, options?: ProfileOptions): Profile<R>;
export function profile<R>(run: () => R, { timeline = true }: ProfileOptions = {}): Profile<R> | Promise<Profile<R>> {
  const recording = new Recording();
  const end = <T>(result: T): Profile<T> => {
    recording.close();
    if (timeline) mark(recording);
    return new Profile(result, recording.events, recording.kernels);
  };
  observed.current = recording;
  let result: R;
  try {
    result = run();
  } catch (error) {
    recording.close();
    throw error;
  }
  if (!(result instanceof Promise)) return end(result);
  return result.then(end, (error) => {
    recording.close();
    throw error;
  });
}

/** Entries of the timeline that the program shares with DevTools. */
function mark({ events, kernels }: Recording): void {
  for (const { name, startMs, ms } of events) performance.measure(name, { start: startMs, duration: ms });
  for (const { name, startMs } of kernels) performance.mark(name, { startTime: startMs });
}

function tensorsOf(values: readonly unknown[]): Tensor[] {
  return values.flatMap((value) => (isTensor(value) ? [value] : Array.isArray(value) ? tensorsOf(value) : []));
}

/** Bytes that are read and written, each tensor at its size; views move nothing. */
function bytesOf(reads: readonly Tensor[], makes: readonly Tensor[]): number {
  const roots = new Set(reads.map((x) => x.storage.root));
  const isView = makes.length > 0 && makes.every((x) => roots.has(x.storage.root) && !reads.includes(x));
  return isView ? 0 : [...reads, ...makes].reduce((sum, x) => sum + sizeOf(x.shape) * itemBytes(x.dtype), 0);
}

/** Multiplications and additions of an op, by its shapes; a transposed convolution has the weight go over its input. */
function flopsOf(
  name: string,
  isTransposed: boolean,
  [a = [], b = []]: readonly (readonly number[])[],
  [made]: readonly Tensor[],
): number {
  if (made === undefined) return 0;
  switch (name) {
    case 'dot':
    case 'mv':
    case 'mm':
    case 'bmm':
      return 2 * sizeOf(made.shape) * (a.at(-1) ?? 0);
    case 'addmm':
      return 2 * sizeOf(made.shape) * (b.at(-1) ?? 0);
    case 'convolution':
      return 2 * sizeOf(isTransposed ? a : made.shape) * sizeOf(b.slice(1));
    case 'convBackwardInput':
      return 2 * sizeOf(a) * sizeOf(b.slice(1));
    case 'convBackwardWeight':
      return 2 * sizeOf(a) * sizeOf(made.shape.slice(1));
    default:
      return 0;
  }
}
