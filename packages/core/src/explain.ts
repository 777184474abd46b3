/**
 * `explain`: which kernel a call takes, and why. Listens while a function runs, and sums up as a table.
 *
 * What it knows it hears: ops from `dispatch`, kernels from `wasm/module.ts`, the rules of choice from `wasm/select.ts`. Where no
 * kernel was launched it says which rule speaks against one.
 */

import { isTensor } from './base.ts';
import { isFloating, itemBytes } from './dtype.ts';
import { observed } from './observe.ts';
import { SMALL_BYTES } from './storage.ts';
import type { Tensor } from './tensor.ts';
import { features } from './wasm/features.ts';

/** What one op did. */
export interface ExplainedOp {
  /** As in PyTorch, in camelCase: `'convolution'`, `'mm'`. */
  readonly op: string;
  /** dtype and shape of the tensors that it read: `'float32[8, 3, 32, 32]'` */
  readonly operands: readonly string[];
  /** The same of what it made. */
  readonly results: readonly string[];
  /** Names of the kernels, in the order of their first launch; empty where a loop of JavaScript did the work, or none had to. */
  readonly kernels: readonly string[];
  /** Why these, or why none. */
  readonly why: string;
  /** With all that it called. */
  readonly ms: number;
  /** How many ops stand around this one. */
  readonly depth: number;
}

/** The ops of a call, in the order in which they began; prints as a table. */
export class Explanation<R = unknown> {
  /** What the function returned. */
  readonly result: R;
  readonly ops: readonly ExplainedOp[];

  constructor(result: R, ops: readonly ExplainedOp[]) {
    this.result = result;
    this.ops = ops;
  }

  toString(): string {
    const rows = this.ops.map(({ op, operands, results, kernels, why, ms, depth }) => [
      '  '.repeat(depth) + op,
      `${operands.join(', ')} → ${results.join(', ')}`,
      `${ms.toFixed(3).padStart(8)} ms`,
      kernels.join(', ') || '–',
      why,
    ]);
    const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column].length)));
    return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')).join('\n');
  }

  /** Node's and Bun's inspectors. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Deno's inspector. */
  [Symbol.for('Deno.customInspect')](): string {
    return this.toString();
  }
}

/** An op that is still running. */
interface Open {
  readonly kernels: Set<string>;
  readonly reasons: Set<string>;
  isNew: boolean;
}

/**
 * Runs a function, with the arguments given, and tells of every op in it: its operands, the kernels that computed it and why they
 * were chosen, and how long it took. The first call of a kernel compiles it; explain the second to see how fast it is.
 *
 * @returns what the function returned, as `result`, and `ops`; as a string, a table
 *
 * @example
 * console.log(explain(conv2d, x, w));
 * console.log(explain(() => net(x).sum().backward()));
 */
export function explain<A extends readonly unknown[], R>(run: (...args: A) => R, ...args: A): Explanation<R> {
  const ops: ExplainedOp[] = [];
  const open: Open[] = [];
  const before = observed.current;
  observed.current = {
    op(name, operands, call) {
      const own: Open = { kernels: new Set(), reasons: new Set(), isNew: false };
      const at = ops.length;
      const depth = open.length;
      const startMs = performance.now();
      // takes its place now: what it calls comes after it
      ops.push({ op: name, operands: [], results: [], kernels: [], why: 'it threw', ms: 0, depth });
      open.push(own);
      // now, since the tape takes arguments out that it does not keep
      const reads = tensorsOf(operands);
      try {
        const result = call();
        const ms = performance.now() - startMs;
        const makes = tensorsOf([result]);
        const why = reason(own, reads, makes, ops.length > at + 1);
        const kernels = [...own.kernels];
        ops[at] = { op: name, operands: reads.map(describe), results: makes.map(describe), kernels, why, ms, depth };
        return result;
      } finally {
        open.pop();
      }
    },
    kernel: (name) => open.at(-1)?.kernels.add(name),
    compiled() {
      const own = open.at(-1);
      if (own !== undefined) own.isNew = true;
    },
    because: (why) => open.at(-1)?.reasons.add(why),
  };
  try {
    return new Explanation(run(...args), ops);
  } finally {
    observed.current = before;
  }
}

function tensorsOf(values: readonly unknown[]): Tensor[] {
  return values.flatMap((value) => (isTensor(value) ? [value] : Array.isArray(value) ? tensorsOf(value) : []));
}

function describe({ dtype, shape }: Tensor): string {
  return `${dtype}[${shape.join(', ')}]`;
}

/** Why an op was computed as it was. The rules for having no kernel come in the order in which the launches ask for them. */
function reason(own: Open, reads: readonly Tensor[], makes: readonly Tensor[], calls: boolean): string {
  const said = [...own.reasons];
  if (own.kernels.size > 0) {
    const { simd, fma, relaxedSimd, strict } = features();
    const lanes = fma
      ? 'vectors with fused multiply-add'
      : relaxedSimd
        ? 'relaxed vectors'
        : simd
          ? 'vectors'
          : 'scalars';
    if (said.length === 0) said.push(`a kernel takes it, in ${lanes}${strict ? ', strict mode' : ''}`);
    if (own.isNew) said.push('compiled in this call');
    return said.join('; ');
  }
  const roots = new Set(reads.map((x) => x.storage.root));
  if (said.length > 0) return said.join('; ');
  if (makes.length > 0 && makes.every((x) => roots.has(x.storage.root) && !calls)) return 'a view, or written in place';
  if (calls) return 'made of the ops below';
  if (makes.every((x) => x.storage.length * itemBytes(x.dtype) <= SMALL_BYTES)) {
    return `a plain loop is quicker for up to ${SMALL_BYTES} bytes`;
  }
  if (!features().simd) return 'this runtime has no vectors, so a plain loop';
  const other = [...reads, ...makes].find((x) => !isFloating(x.dtype));
  if (other !== undefined) return `no kernel for ${other.dtype} here, so a plain loop`;
  return 'no kernel for this op or layout, so a plain loop';
}
