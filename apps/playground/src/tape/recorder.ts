/**
 * Watches a program's tape while it grows and while gradients flow back over it. Everything is asked of Torsor itself: ops are seen
 * by `dispatchMode`; the graph is what `gradFn` and `nextFunctions` say, what nodes keep is their `savedTensors`; and in a backward
 * pass, hooks on all nodes see each gradient arrive and leave.
 */

import type { GradFn, RemovableHandle, Tensor } from 'torsor';
import { autograd, dispatchMode, isGradEnabled, isTensor, noGrad, onesLike, Tensor as TensorClass } from 'torsor';
import type { Delivery, Output, Pass, Saved, Step, TapeEdge, TapeNode, Trace, Value } from './trace.ts';
import { fitTo, valueOf } from './value.ts';

const MAX_OPS = 1500;
const MAX_NODES = 240;
const MAX_PASSES = 12;
const MAX_UNRECORDED = 12;

const digits = '₀₁₂₃₄₅₆₇₈₉';
const subscript = (n: number): string => [...String(n)].map((digit) => digits[Number(digit)]).join('');

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Entry extends Omit<Mutable<TapeNode>, 'outputs' | 'saved'> {
  outputs: Mutable<Output>[];
  saved: readonly Saved[];
  /** Tensors that it used and that have no node of their own on the tape. */
  aside: { input: number; to: number }[];
  gradFn: GradFn | null;
}

/** A backward pass as the program asked for it. */
interface Request {
  readonly call: string;
  readonly roots: readonly Tensor[];
  readonly seeds: readonly (Tensor | null)[];
  readonly createGraph: boolean;
  /** For `grad`: whose gradients are returned. */
  readonly inputs: readonly Tensor[] | null;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
const tensorsIn = (value: unknown): Tensor[] => listOf(value).filter((entry): entry is Tensor => isTensor(entry));
/** The last object among the arguments that is no tensor holds the options. */
const optionsIn = (args: readonly unknown[]): Record<string, unknown> =>
  Object.assign(
    {},
    ...args.filter((arg) => typeof arg === 'object' && arg !== null && !isTensor(arg) && !Array.isArray(arg)),
  );

export class TapeRecorder {
  private readonly entries: Entry[] = [];
  private readonly ids = new Map<GradFn, number>();
  private readonly asides = new Map<Tensor, number>();
  private readonly passes: Pass[] = [];
  private readonly names = new Map<string, number>();
  private readonly leafNames = new Map<Tensor, string>();
  /** Line of the program that is running. */
  private readonly lineNow: () => number | undefined;
  private ops = 0;
  private unrecorded = 0;
  /** Depth of what is not to be watched: ops inside ops, custom functions, the recorder's own. */
  private inside = 0;
  private pass = -1;
  private isCut = false;

  constructor(lineNow: () => number | undefined) {
    this.lineNow = lineNow;
  }

  /** Begins to watch, for as long as the program runs. */
  start(): void {
    dispatchMode((op, args, run) => {
      if (this.inside > 0) return run();
      if (this.ops++ >= MAX_OPS) {
        this.isCut = true;
        return run();
      }
      const given = [...args];
      const result = this.aside(run);
      this.aside(() => this.observe(op, given, result));
      return result;
    });
    const recorder = this;
    const { apply } = autograd.Function;
    autograd.Function.apply = function (this: never, ...args) {
      const result = recorder.aside(() => apply.call(this, ...args));
      recorder.aside(() => recorder.observe((this as { name: string }).name, args, result));
      return result;
    } as typeof apply;
    const { backward } = TensorClass.prototype;
    TensorClass.prototype.backward = function (...args) {
      const { gradient, createGraph } = optionsIn(args);
      const seed = isTensor(args[0]) ? args[0] : isTensor(gradient) ? gradient : null;
      const request = {
        call: `${recorder.nameOf(this) ?? 'tensor'}.backward()`,
        roots: [this],
        seeds: [seed],
        createGraph: createGraph === true || args[2] === true,
        inputs: null,
      };
      return recorder.watch(request, () => backward.apply(this, args));
    };
  }

  /** The namespace of autograd, with the functions that start a pass watched. */
  wrap<T extends Readonly<Record<string, unknown>>>(namespace: T): T {
    const { backward, grad } = autograd;
    const watched = {
      backward: (...args: Parameters<typeof backward>) => {
        const { gradTensors, createGraph } = optionsIn(args.slice(1));
        const request = {
          call: 'backward(…)',
          roots: tensorsIn(args[0]),
          seeds: tensorsIn(isTensor(args[1]) || Array.isArray(args[1]) ? args[1] : gradTensors),
          createGraph: createGraph === true || args[3] === true,
          inputs: null,
        };
        return this.watch(request, () => backward(...args));
      },
      grad: (...args: [Tensor, Tensor, ...never[]]) => {
        const { gradOutputs, createGraph } = optionsIn(args.slice(2));
        const roots = tensorsIn(args[0]);
        const inputs = tensorsIn(args[1]);
        const request = {
          call: `grad(${[roots, inputs].map((list) => list.map((x) => this.nameOf(x) ?? '…').join(', ')).join(', ')})`,
          roots,
          seeds: tensorsIn(isTensor(args[2]) || Array.isArray(args[2]) ? args[2] : gradOutputs),
          createGraph: createGraph === true,
          inputs,
        };
        return this.watch(request, () => grad(...args));
      },
    };
    return { ...namespace, ...watched };
  }

  /** A variable has been given a value. */
  note(name: string, value: unknown): void {
    if (this.inside > 0 || !isTensor(value)) return;
    this.aside(() => {
      const { gradFn } = value;
      if (gradFn === null) {
        if (!this.leafNames.has(value)) this.leafNames.set(value, this.counted(name));
        const id = this.asides.get(value);
        if (id !== undefined) this.entries[id].outputs[0].name ??= this.leafNames.get(value);
        return;
      }
      const entry = this.entryOf(gradFn);
      if (entry === undefined) return;
      const output = (entry.outputs[value.outputNr] ??= {});
      output.value ??= valueOf(value);
      output.name ??= this.counted(name);
      entry.line ??= this.lineNow();
    });
  }

  finish(): Trace {
    const nodes = this.entries.map(({ id, kind, title, call, line, outputs, saved, madeBy }): TapeNode => {
      return { id, kind, title, call, line, outputs: Array.from(outputs, (output) => output ?? {}), saved, madeBy };
    });
    const edges = this.entries.flatMap(({ id, gradFn, aside }): TapeEdge[] => [
      ...(gradFn?.nextFunctions ?? []).flatMap(([next, outputNr], input) => {
        const to = next === null ? undefined : this.ids.get(next);
        return to === undefined ? [] : [{ from: id, input, to, outputNr }];
      }),
      ...aside.map(({ input, to }) => ({ from: id, input, to, outputNr: 0 })),
    ]);
    return { nodes, edges, passes: this.passes, isCut: this.isCut };
  }

  /** The recorder's own work, and what is inside an op: nothing of it is watched. */
  private aside<T>(run: () => T): T {
    this.inside++;
    try {
      return run();
    } finally {
      this.inside--;
    }
  }

  /** A name, with a count from its second tensor on. */
  private counted(name: string): string {
    const count = (this.names.get(name) ?? 0) + 1;
    this.names.set(name, count);
    return count === 1 ? name : name + subscript(count);
  }

  private nameOf(tensor: Tensor): string | undefined {
    const { gradFn } = tensor;
    if (gradFn === null) return this.leafNames.get(tensor);
    const id = this.ids.get(gradFn);
    return id === undefined ? undefined : this.entries[id].outputs[tensor.outputNr]?.name;
  }

  private add(entry: Omit<Entry, 'id' | 'saved' | 'aside'>): Entry {
    const whole = { ...entry, id: this.entries.length, saved: [], aside: [] };
    this.entries.push(whole);
    return whole;
  }

  /** What is noted of a node; undefined when there are too many. */
  private entryOf(gradFn: GradFn): Entry | undefined {
    const known = this.ids.get(gradFn);
    if (known !== undefined) return this.entries[known];
    if (this.entries.length >= MAX_NODES) {
      this.isCut = true;
      return undefined;
    }
    const { name, variable } = gradFn;
    const entry = this.add({ kind: variable ? 'leaf' : 'op', title: name, outputs: [], gradFn });
    this.ids.set(gradFn, entry.id);
    if (variable) entry.outputs[0] = { value: valueOf(variable), name: this.leafNames.get(variable) };
    if (this.pass >= 0) entry.madeBy = this.pass;
    return entry;
  }

  /** What an op computes from, as a node beside the tape. */
  private asideOf(tensor: Tensor, kind: 'constant' | 'unrecorded', title: string): Entry | undefined {
    const known = this.asides.get(tensor);
    if (known !== undefined) return this.entries[known];
    if (this.entries.length >= MAX_NODES) return undefined;
    const entry = this.add({
      kind,
      title,
      outputs: [{ value: valueOf(tensor), name: this.leafNames.get(tensor) }],
      gradFn: null,
    });
    this.asides.set(tensor, entry.id);
    return entry;
  }

  private observe(op: string, args: readonly unknown[], result: unknown): void {
    const outputs = tensorsIn(result);
    const recorded = outputs.find((output) => output.gradFn !== null);
    const inputs = args.flatMap((arg) => listOf(arg));
    if (recorded) this.recorded(op, args, outputs, recorded.gradFn as GradFn);
    else if (!isGradEnabled() && this.pass < 0 && !op.endsWith('_')) this.withoutTape(op, args, inputs, outputs);
  }

  private recorded(op: string, args: readonly unknown[], outputs: readonly Tensor[], gradFn: GradFn): void {
    const isNew = !this.ids.has(gradFn);
    const entry = this.entryOf(gradFn);
    if (entry === undefined || !isNew) return;
    for (const output of outputs) {
      if (output.gradFn === gradFn) entry.outputs[output.outputNr] = { value: valueOf(output) };
    }
    entry.call = this.callOf(op, args);
    entry.line = this.lineNow();
    // edges beyond those of the tape: constants that have a name
    const visible = gradFn.nextFunctions.length;
    for (const constant of args.flatMap(listOf)) {
      if (!isTensor(constant) || constant.requiresGrad || !this.leafNames.has(constant)) continue;
      const to = this.asideOf(constant, 'constant', 'no gradient wanted');
      if (to !== undefined) entry.aside.push({ input: visible + entry.aside.length, to: to.id });
    }
    entry.saved = this.savedOf(gradFn);
  }

  /** An op on what requires a gradient, while recording is off. */
  private withoutTape(
    op: string,
    args: readonly unknown[],
    inputs: readonly unknown[],
    outputs: readonly Tensor[],
  ): void {
    const sources = inputs.filter((input): input is Tensor => isTensor(input));
    const concerns = sources.some((source) => source.requiresGrad || this.asides.has(source));
    if (!concerns || outputs.length === 0 || this.unrecorded >= MAX_UNRECORDED) return;
    this.unrecorded++;
    const entry = this.asideOf(outputs[0], 'unrecorded', op);
    if (entry === undefined) return;
    entry.call = this.callOf(op, args);
    entry.line = this.lineNow();
    for (const source of sources) {
      const { gradFn } = source;
      const to =
        gradFn === null
          ? this.asideOf(source, 'constant', source.requiresGrad ? 'leaf' : 'no gradient wanted')
          : this.entryOf(gradFn);
      if (to !== undefined) entry.aside.push({ input: entry.aside.length, to: to.id });
    }
  }

  /** `'mul(y, 3)'` */
  private callOf(op: string, args: readonly unknown[]): string {
    const show = (arg: unknown): string | undefined => {
      if (isTensor(arg)) return this.nameOf(arg) ?? '·';
      if (Array.isArray(arg)) return `[${arg.map(show).join(', ')}]`;
      if (typeof arg === 'number') return String(Number(arg.toPrecision(6)));
      return typeof arg === 'string' ? `'${arg}'` : undefined;
    };
    const shown = args.map(show).filter((arg) => arg !== undefined);
    // the factor of the second operand, which is seldom another
    if (/^(add|sub|rsub)_?$/.test(op) && args[2] === 1) shown.pop();
    return `${op}(${shown.join(', ')})`;
  }

  private savedOf(gradFn: GradFn): Saved[] {
    let saved: readonly (Tensor | null)[];
    try {
      saved = gradFn.savedTensors;
    } catch {
      return [];
    }
    return saved.flatMap((tensor) => {
      if (tensor === null) return [];
      const id = tensor.gradFn === null ? this.leafOf(gradFn, tensor) : this.ids.get(tensor.gradFn);
      return [{ value: valueOf(tensor), of: id, outputNr: tensor.outputNr }];
    });
  }

  /** The node of a leaf that another node uses. */
  private leafOf(user: GradFn, leaf: Tensor): number | undefined {
    const accumulator = user.nextFunctions.find(([next]) => next?.variable === leaf)?.[0];
    return accumulator ? this.entryOf(accumulator)?.id : this.asides.get(leaf);
  }

  // -------------------------------------------------------------------------------------------------------------- passes

  /** Runs a backward pass of the program's, with a hook on each node that it can reach. */
  private watch<T>(request: Request, run: () => T): T {
    if (this.pass >= 0 || this.inside > 0) return run();
    if (this.passes.length >= MAX_PASSES) {
      this.isCut = true;
      return run();
    }
    const line = this.lineNow();
    const steps: Step[] = [];
    const sums = new Map<string, Tensor>();
    const reached = this.aside(() => this.reach(request.roots));
    const grads = this.aside(() =>
      reached.flatMap(({ id, gradFn }) => {
        const grad = gradFn?.variable?.grad;
        return grad === undefined ? [] : [{ node: id, value: grad === null ? null : valueOf(grad) }];
      }),
    );
    const handles = reached.flatMap((entry) => this.hook(entry, steps, sums));
    this.aside(() => this.seed(request, steps, sums));
    this.pass = this.passes.length;
    let failure: string | undefined;
    try {
      const result = run();
      if (request.inputs) this.aside(() => steps.push(this.returned(request.inputs ?? [], result)));
      return result;
    } catch (error) {
      failure = (error as Error).message;
      throw error;
    } finally {
      this.pass = -1;
      for (const handle of handles) handle.remove();
      const nodes = reached.map(({ id }) => id);
      this.passes.push({ call: request.call, line, createGraph: request.createGraph, nodes, grads, steps, failure });
    }
  }

  /** The nodes that can be reached from tensors. */
  private reach(roots: readonly Tensor[]): Entry[] {
    const found = new Set<Entry>();
    const stack = roots.flatMap(({ gradFn }) => (gradFn === null ? [] : [gradFn]));
    for (;;) {
      const gradFn = stack.pop();
      if (gradFn === undefined) return [...found];
      const entry = this.entryOf(gradFn);
      if (entry === undefined || found.has(entry)) continue;
      found.add(entry);
      for (const [next] of gradFn.nextFunctions) if (next !== null) stack.push(next);
    }
  }

  private deliver(sums: Map<string, Tensor>, to: number, outputNr: number, input: number, gradient: Tensor): Delivery {
    return noGrad(() => {
      const shape = this.entries[to].outputs[outputNr]?.value?.shape ?? gradient.shape;
      const fitted = fitTo(gradient.detach(), shape);
      const before = sums.get(`${to}:${outputNr}`);
      const sum = before === undefined ? fitted.clone() : before.add(fitted);
      sums.set(`${to}:${outputNr}`, sum);
      return { input, to, outputNr, gradient: valueOf(fitted), sum: valueOf(sum) };
    });
  }

  private seed({ roots, seeds }: Request, steps: Step[], sums: Map<string, Tensor>): void {
    const deliveries = roots.flatMap((root, i) => {
      const id = root.gradFn === null ? undefined : this.ids.get(root.gradFn);
      if (id === undefined) return [];
      return [this.deliver(sums, id, root.outputNr, -1, seeds[i] ?? noGrad(() => onesLike(root)))];
    });
    if (deliveries.length > 0) steps.push({ kind: 'seed', deliveries });
  }

  private hook({ id, gradFn }: Entry, steps: Step[], sums: Map<string, Tensor>): RemovableHandle[] {
    if (gradFn === null) return [];
    const { variable } = gradFn;
    if (variable) {
      let before: Value | null = null;
      return [
        gradFn.registerPrehook(() => {
          before = this.aside(() => (variable.grad === null ? null : valueOf(variable.grad)));
        }),
        gradFn.registerHook((_, [arrived]) => {
          if (arrived === null || variable.grad === null) return;
          const after = variable.grad;
          this.aside(() =>
            steps.push({ kind: 'leaf', node: id, arrived: valueOf(arrived), before, after: valueOf(after) }),
          );
        }),
      ];
    }
    const handle = gradFn.registerHook((sent, arrived) => {
      this.aside(() => {
        const deliveries = gradFn.nextFunctions.flatMap(([next, outputNr], input) => {
          const to = next === null ? undefined : this.ids.get(next);
          const gradient = sent[input];
          return to === undefined || gradient === null ? [] : [this.deliver(sums, to, outputNr, input, gradient)];
        });
        const values = arrived.map((gradient) => (gradient === null ? null : valueOf(gradient)));
        steps.push({ kind: 'node', node: id, arrived: values, deliveries });
      });
    });
    return [handle];
  }

  /** The results of `grad`, at the nodes of what they are the gradients of. */
  private returned(inputs: readonly Tensor[], result: unknown): Step {
    const results = inputs.flatMap((input, i) => {
      const gradient = listOf(result)[i];
      const { gradFn } = input;
      const leaf = this.entries.find((entry) => entry.gradFn?.variable === input);
      const to = gradFn === null ? leaf?.id : this.ids.get(gradFn);
      return to === undefined ? [] : [{ to, value: isTensor(gradient) ? valueOf(gradient) : null }];
    });
    return { kind: 'returned', results };
  }
}
