/**
 * `Module`: the base of all layers and networks. An instance is a function carrying the class's prototype, so that it is called
 * as in PyTorch, `conv(x)`, which runs hooks around `forward`. Parameters, buffers and child modules are the fields that hold
 * them, in order of assignment; nothing is registered elsewhere, so nothing can get out of step.
 *
 * The constructor of `Callable` returns that function in place of `this`; fields of `Module` and its subclasses are then set on
 * the function. It costs one function an instance, nothing a call, and needs no `eval`.
 */

import type { FunctionContext } from '@torsor/autograd';
import { Function as AutogradFunction, borrowGrad, noGrad } from '@torsor/autograd';
import type { DType, RemovableHandle } from '@torsor/core';
import {
  checkDType,
  composed,
  expose,
  isFloating,
  NotImplementedError,
  named,
  ShapeError,
  show,
  Tensor,
  ValueError,
} from '@torsor/core';
import { Buffer, Parameter } from './parameter.ts';

/** Tensors by name, as PyTorch names them: `conv1.weight`. */
export type StateDict = Record<string, Tensor>;

/** What `loadStateDict` found to differ (only without `strict`). */
export interface IncompatibleKeys {
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
}

/** Prints as in PyTorch: `<All keys matched successfully>`. */
function incompatible(missingKeys: readonly string[], unexpectedKeys: readonly string[]): IncompatibleKeys {
  const list = (keys: readonly string[]): string => `[${keys.map((key) => `'${key}'`).join(', ')}]`;
  const toString = (): string =>
    missingKeys.length + unexpectedKeys.length === 0
      ? '<All keys matched successfully>'
      : `_IncompatibleKeys(missing_keys=${list(missingKeys)}, unexpected_keys=${list(unexpectedKeys)})`;
  const printed = { value: toString };
  return Object.defineProperties(
    { missingKeys, unexpectedKeys },
    {
      toString: printed,
      // inspectors of Node and Bun, and of Deno
      [Symbol.for('nodejs.util.inspect.custom')]: printed,
      [Symbol.for('Deno.customInspect')]: printed,
    },
  );
}

/** Any module, whatever it takes and gives. */
// biome-ignore lint/suspicious/noExplicitAny: a module of unknown arguments must accept every module; unknown would accept none
export type AnyModule = Module<any, any>;

type ForwardPreHook = (module: AnyModule, args: readonly unknown[]) => unknown;
type ForwardHook = (module: AnyModule, args: readonly unknown[], output: unknown) => unknown;
type Gradients = readonly (Tensor | null)[];
type BackwardPreHook = (module: AnyModule, gradOutput: Gradients) => Gradients | undefined | void;
type BackwardHook = (module: AnyModule, gradInput: Gradients, gradOutput: Gradients) => Gradients | undefined | void;

/** Hooks of a module, made when the first one is registered. */
class Hooks {
  readonly forwardPre: Set<ForwardPreHook>;
  readonly forward: Set<ForwardHook>;
  readonly backwardPre: Set<BackwardPreHook>;
  readonly backward: Set<BackwardHook>;

  /** @param from others, which these begin with */
  constructor(from: Hooks | null = null) {
    this.forwardPre = new Set(from?.forwardPre);
    this.forward = new Set(from?.forward);
    this.backwardPre = new Set(from?.backwardPre);
    this.backward = new Set(from?.backward);
  }
}

/** The key of a module's hooks: for copies of it, and for what this package does by hooks. */
export const HOOKS = Symbol('hooks');

/** The key of the names of buffers that a state dict may lack. */
export const DISPENSABLE = Symbol('dispensable');

function register<T>(set: Set<T>, hook: T): RemovableHandle {
  set.add(hook);
  return { remove: () => void set.delete(hook) };
}

/** Deleting every function's `length` and `name` would make all reads of fields slow; as fields without a value they do no harm. */
const EMPTY_FIELD = { value: undefined, writable: true, enumerable: true, configurable: true } as const;

abstract class CallableModule<A extends readonly unknown[], R> {
  constructor() {
    const self = (...args: A): R => (self as unknown as Module<A, R>).invoke(args);
    const prototype = new.target.prototype as object;
    // A function's own `length` and `name` are read-only, and would hide fields and getters of modules that are named so.
    for (const key of ['length', 'name']) {
      if (key in prototype) Reflect.deleteProperty(self, key);
      else Object.defineProperty(self, key, EMPTY_FIELD);
    }
    Object.setPrototypeOf(self, prototype);
    // biome-ignore lint/correctness/noConstructorReturn: the instance is the function
    return self as unknown as this;
  }
}

type Callable = abstract new <A extends readonly unknown[], R>() => CallableModule<A, R> & ((...args: A) => R);

const CallableBase = CallableModule as unknown as Callable;

/**
 * The base class of layers and networks.
 *
 * @typeParam A what `forward` takes; `[Tensor]` by default
 * @typeParam R what `forward` gives; a tensor by default
 *
 * @example
 * class Net extends nn.Module {
 *   conv = new nn.Conv2d(1, 8, 3);
 *   head = new nn.Linear(8 * 6 * 6, 10);
 *   forward(x: Tensor) {
 *     return this.head(F.relu(this.conv(x)).flatten(1));
 *   }
 * }
 * const net = new Net();
 * net(images); // runs hooks and forward
 */
export abstract class Module<A extends readonly unknown[] = [input: Tensor], R = Tensor> extends CallableBase<A, R> {
  /** True in training mode: dropout drops, batch norm uses the batch. */
  training = true;
  #hooks: Hooks | null = null;

  /** What the module computes. Call the module itself, which runs hooks too. */
  abstract forward(...args: A): R;

  /**
   * True on a class whose `forward` keeps no tensor that it is given or makes, in a field or anywhere else, and returns a tensor, or
   * a list, map or plain object of tensors. What it makes on its way then gives its memory back as soon as the tape has done with it,
   * rather than when the garbage collector comes by. A class says so of itself; its subclasses say so anew. Where a module that it
   * calls, as `this.conv(x)` and not by its `forward`, or a hook may keep something all the same, nothing is given back early.
   *
   * @example
   * class Block extends nn.Module {
   *   static override readonly keepsNothing = true;
   *   conv = new nn.Conv2d(8, 8, 3, { padding: 1 });
   *   forward(x: Tensor) {
   *     return x.add(F.relu(this.conv(x)));
   *   }
   * }
   */
  static readonly keepsNothing: boolean = false;

  /** Whether it keeps nothing itself, and no hook sees what flows through; modules within speak for themselves when they are called. */
  get #isTransparent(): boolean {
    const kind = this.constructor as { keepsNothing?: boolean };
    const isOwn = this.#hooks === null && Object.hasOwn(kind, 'keepsNothing') && kind.keepsNothing === true;
    return isOwn && !Object.hasOwn(this, 'forward');
  }

  /** Runs hooks and `forward`: what calling the module does. */
  invoke(args: A): R {
    if (this.#isTransparent) return composed(() => this.forward(...args));
    expose();
    return this.#hooks === null ? this.forward(...args) : this.#invokeWithHooks(this.#hooks, args);
  }

  #invokeWithHooks(hooks: Hooks, given: A): R {
    let args: readonly unknown[] = given;
    for (const hook of hooks.forwardPre) {
      const replaced = hook(this as AnyModule, args);
      if (replaced !== undefined && replaced !== null) args = Array.isArray(replaced) ? replaced : [replaced];
    }
    const watch =
      hooks.backward.size > 0 || hooks.backwardPre.size > 0 ? new BackwardWatch(this as AnyModule, hooks) : null;
    if (watch !== null) args = watch.inputs(args);
    let output: unknown = this.forward(...(args as A));
    for (const hook of hooks.forward) {
      const replaced = hook(this as AnyModule, args, output);
      if (replaced !== undefined && replaced !== null) output = replaced;
    }
    return (watch === null ? output : watch.outputs(output)) as R;
  }

  /** @internal Names of own buffers that stay as they are where a state dict lacks them. */
  get [DISPENSABLE](): readonly string[] {
    return [];
  }

  /** @internal Its hooks, if it has any. */
  get [HOOKS](): Hooks | null {
    return this.#hooks;
  }

  /** @internal Takes over those of another module, one by one. */
  set [HOOKS](hooks: Hooks | null) {
    this.#hooks = hooks === null ? null : new Hooks(hooks);
  }

  /** Runs before `forward`; what it returns (if anything) replaces the arguments. */
  registerForwardPreHook(hook: ForwardPreHook): RemovableHandle {
    this.#hooks ??= new Hooks();
    return register(this.#hooks.forwardPre, hook);
  }

  /** Runs after `forward`; what it returns (if anything) replaces the output. */
  registerForwardHook(hook: ForwardHook): RemovableHandle {
    this.#hooks ??= new Hooks();
    return register(this.#hooks.forward, hook);
  }

  /** Runs in the backward pass once the gradients of the inputs are known; what it returns replaces them. */
  registerFullBackwardHook(hook: BackwardHook): RemovableHandle {
    this.#hooks ??= new Hooks();
    return register(this.#hooks.backward, hook);
  }

  /** Runs in the backward pass before the gradients of the outputs are used; what it returns replaces them. */
  registerFullBackwardPreHook(hook: BackwardPreHook): RemovableHandle {
    this.#hooks ??= new Hooks();
    return register(this.#hooks.backwardPre, hook);
  }

  // ---------------------------------------------------------------------------------------------- members, from fields

  *#fields<T>(isKind: (value: unknown) => value is T): Generator<[string, T]> {
    for (const name of Object.keys(this)) {
      const value: unknown = (this as unknown as Record<string, unknown>)[name];
      if (isKind(value)) yield [name, value];
    }
  }

  /** Child modules by field name. */
  *namedChildren(): Generator<[string, AnyModule]> {
    const seen = new Set<AnyModule>();
    for (const [name, child] of this.#fields(isModule)) {
      if (seen.has(child)) continue;
      seen.add(child);
      yield [name, child];
    }
  }

  /** Child modules. */
  *children(): Generator<AnyModule> {
    for (const [, child] of this.namedChildren()) yield child;
  }

  /** This module and all below it, by path; each once. */
  *namedModules(prefix = '', seen: Set<AnyModule> = new Set()): Generator<[string, AnyModule]> {
    if (seen.has(this as AnyModule)) return;
    seen.add(this as AnyModule);
    yield [prefix, this as AnyModule];
    for (const [name, child] of this.#fields(isModule)) {
      yield* child.namedModules(prefix === '' ? name : `${prefix}.${name}`, seen);
    }
  }

  /** This module and all below it; each once. */
  *modules(): Generator<AnyModule> {
    for (const [, module] of this.namedModules()) yield module;
  }

  *#namedTensors<T extends Tensor>(
    isKind: (value: unknown) => value is T,
    prefix: string,
    recurse: boolean,
  ): Generator<[string, T]> {
    const seen = new Set<Tensor>();
    const owners = recurse ? this.namedModules(prefix) : [[prefix, this as AnyModule] as const];
    for (const [path, owner] of owners) {
      for (const [name, value] of owner.#fields(isKind)) {
        if (seen.has(value)) continue;
        seen.add(value);
        yield [path === '' ? name : `${path}.${name}`, value];
      }
    }
  }

  /** Parameters of this module and (with `recurse`, the default) of all below it, by path; shared ones once. */
  namedParameters(
    prefix: string | { prefix?: string; recurse?: boolean } = '',
    recurse: boolean | { recurse?: boolean } = true,
  ): Generator<[string, Parameter]> {
    const [p = '', r = true] = named<[string, boolean]>(
      'namedParameters',
      ['prefix', 'recurse'],
      memberArguments(prefix, recurse),
    );
    return this.#namedTensors(isParameter, p, r);
  }

  /** Parameters of this module and all below it; shared ones once. What optimisers take. */
  *parameters(recurse: boolean | { recurse?: boolean } = true): Generator<Parameter> {
    const [r = true] = named<[boolean]>('parameters', ['recurse'], [recurse]);
    for (const [, parameter] of this.#namedTensors(isParameter, '', r)) yield parameter;
  }

  /** Buffers of this module and all below it, by path. */
  namedBuffers(
    prefix: string | { prefix?: string; recurse?: boolean } = '',
    recurse: boolean | { recurse?: boolean } = true,
  ): Generator<[string, Buffer]> {
    const [p = '', r = true] = named<[string, boolean]>(
      'namedBuffers',
      ['prefix', 'recurse'],
      memberArguments(prefix, recurse),
    );
    return this.#namedTensors(isBuffer, p, r);
  }

  /** Buffers of this module and all below it. */
  *buffers(recurse: boolean | { recurse?: boolean } = true): Generator<Buffer> {
    const [r = true] = named<[boolean]>('buffers', ['recurse'], [recurse]);
    for (const [, buffer] of this.#namedTensors(isBuffer, '', r)) yield buffer;
  }

  /** Makes a field of a buffer; null leaves it empty. Assigning `new Buffer(tensor)` to a field does the same. */
  registerBuffer(name: string, tensor: Tensor | null, persistent: boolean | { persistent?: boolean } = true): void {
    checkKind('registerBuffer', name, tensor, (value) => value instanceof Tensor, 'a tensor');
    this.#assign('registerBuffer', name, tensor === null ? null : new Buffer(tensor, persistent));
  }

  /** Makes a field of a parameter; null leaves it empty. Assigning a `Parameter` to a field does the same. */
  registerParameter(name: string, parameter: Parameter | null): void {
    checkKind('registerParameter', name, parameter, isParameter, 'a parameter');
    this.#assign('registerParameter', name, parameter);
  }

  /** Makes a field of a child module. Assigning a module to a field does the same. */
  registerModule(name: string, module: AnyModule | null): void {
    checkKind('registerModule', name, module, isModule, 'a module');
    this.#assign('registerModule', name, module);
  }

  /** As `registerModule`. */
  addModule(name: string, module: AnyModule | null): void {
    checkKind('addModule', name, module, isModule, 'a module');
    this.#assign('addModule', name, module);
  }

  #assign(op: string, name: string, value: unknown): void {
    if (name === '' || name.includes('.')) {
      throw new ValueError(`name must not be empty or contain a dot, but got '${name}'`, { op, operands: { name } });
    }
    if (name in this && !Object.hasOwn(this, name)) {
      throw new ValueError(`attribute '${name}' already exists`, { op, operands: { name } });
    }
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  }

  /** The module at a path such as `'features.0'`; this module for `''`. */
  getSubmodule(target: string): AnyModule {
    let at: AnyModule = this as AnyModule;
    if (target === '') return at;
    for (const name of target.split('.')) {
      const next: unknown = Object.hasOwn(at, name) ? (at as unknown as Record<string, unknown>)[name] : undefined;
      if (!isModule(next)) {
        throw new ValueError(`${at.className} has no module '${name}', on the way to '${target}'`, {
          op: 'getSubmodule',
        });
      }
      at = next;
    }
    return at;
  }

  /** The parameter at a path such as `'features.0.weight'`. */
  getParameter(target: string): Parameter {
    const value = this.#fieldAt(target);
    if (isParameter(value)) return value;
    throw new ValueError(`${this.className} has no parameter '${target}'`, { op: 'getParameter' });
  }

  /** The buffer at a path such as `'features.1.running_mean'`. */
  getBuffer(target: string): Buffer {
    const value = this.#fieldAt(target);
    if (isBuffer(value)) return value;
    throw new ValueError(`${this.className} has no buffer '${target}'`, { op: 'getBuffer' });
  }

  #fieldAt(target: string): unknown {
    const dot = target.lastIndexOf('.');
    const owner = this.getSubmodule(target.slice(0, Math.max(dot, 0)));
    const name = target.slice(dot + 1);
    return Object.hasOwn(owner, name) ? (owner as unknown as Record<string, unknown>)[name] : undefined;
  }

  // ---------------------------------------------------------------------------------------------------------- the state

  /**
   * Parameters and persistent buffers by PyTorch's names: own parameters, own buffers, then each child's. The tensors share
   * storage with the module and are cut off the tape.
   */
  stateDict(options: { prefix?: string } = {}): StateDict {
    const [prefix = ''] = named<[string]>('stateDict', ['prefix'], [options]);
    const out: StateDict = {};
    this.#collectState(prefix, out);
    return out;
  }

  #collectState(prefix: string, out: StateDict): void {
    for (const [name, tensor] of this.#state()) out[prefix + name] = tensor.detach();
    for (const [name, child] of this.#fields(isModule)) child.#collectState(`${prefix}${name}.`, out);
  }

  *#state(): Generator<[string, Tensor]> {
    yield* this.#fields(isParameter);
    for (const [name, buffer] of this.#fields(isBuffer)) if (buffer.persistent) yield [name, buffer];
  }

  /**
   * Copies values into parameters and buffers by name. Everything is checked before anything is written.
   *
   * @param strict when true (default), names must match exactly
   * @returns the names that differ; it prints `<All keys matched successfully>` where none does
   * @throws ShapeError when a shape differs; ValueError when names do not match under `strict`
   */
  loadStateDict(
    stateDict: StateDict | ReadonlyMap<string, Tensor>,
    strict: boolean | { strict?: boolean } = true,
  ): IncompatibleKeys {
    const [isStrict = true] = named<[boolean]>('loadStateDict', ['strict'], [strict]);
    const given = stateDict instanceof Map ? stateDict : new Map(Object.entries(stateDict as StateDict));
    const own = new Map<string, Tensor>();
    const dispensable = new Set<string>();
    this.#collectTargets('', own, dispensable);
    const missingKeys = [...own.keys()].filter((key) => !given.has(key) && !dispensable.has(key));
    const unexpectedKeys = [...given.keys()].filter((key) => !own.has(key));
    const faults: string[] = [];
    if (isStrict && missingKeys.length > 0) {
      faults.push(`Missing key(s) in state_dict: ${missingKeys.map((key) => `"${key}"`).join(', ')}.`);
    }
    if (isStrict && unexpectedKeys.length > 0) {
      faults.push(`Unexpected key(s) in state_dict: ${unexpectedKeys.map((key) => `"${key}"`).join(', ')}.`);
    }
    let misfit = false;
    for (const [key, target] of own) {
      const source: Tensor | undefined = given.get(key);
      if (source === undefined || source.shape.join() === target.shape.join()) continue;
      misfit = true;
      faults.push(
        `size mismatch for ${key}: copying a param with shape [${source.shape.join(', ')}], the shape in the module is ` +
          `[${target.shape.join(', ')}].`,
      );
    }
    if (faults.length > 0) {
      const message = `error(s) in loading state_dict for ${this.className}:\n\t${faults.join('\n\t')}`;
      const details = { op: 'loadStateDict', operands: { missingKeys, unexpectedKeys } };
      throw misfit ? new ShapeError(message, details) : new ValueError(message, details);
    }
    noGrad(() => {
      for (const [key, target] of own) {
        const source: Tensor | undefined = given.get(key);
        if (source !== undefined) target.copy_(source);
      }
    });
    return incompatible(missingKeys, unexpectedKeys);
  }

  #collectTargets(prefix: string, out: Map<string, Tensor>, dispensable: Set<string>): void {
    for (const [name, tensor] of this.#state()) out.set(prefix + name, tensor);
    for (const name of this[DISPENSABLE]) dispensable.add(prefix + name);
    for (const [name, child] of this.#fields(isModule)) child.#collectTargets(`${prefix}${name}.`, out, dispensable);
  }

  // ---------------------------------------------------------------------------------------------------------- the modes

  /** Sets training mode (or with `false` evaluation mode) here and below. */
  train(mode: boolean | { mode?: boolean } = true): this {
    const [value = true] = named<[boolean]>('train', ['mode'], [mode]);
    for (const module of this.modules()) module.training = value;
    return this;
  }

  /** Sets evaluation mode here and below. */
  eval(): this {
    return this.train(false);
  }

  /** Calls `fn` on every module below, children first, then on this one. */
  override apply(fn: (module: AnyModule) => void): this {
    for (const child of this.children()) child.apply(fn);
    fn(this as AnyModule);
    return this;
  }

  /** Starts or stops recording on all parameters. */
  requiresGrad_(requiresGrad: boolean | { requiresGrad?: boolean } = true): this {
    const [value = true] = named<[boolean]>('requiresGrad_', ['requiresGrad'], [requiresGrad]);
    for (const parameter of this.parameters()) parameter.requiresGrad = value;
    return this;
  }

  /** Drops all gradients (`setToNone`, the default), or sets them to zero. */
  zeroGrad(setToNone: boolean | { setToNone?: boolean } = true): void {
    const [drop = true] = named<[boolean]>('zeroGrad', ['setToNone'], [setToNone]);
    for (const parameter of this.parameters()) clearGrad(parameter, drop);
  }

  /** Casts floating parameters and buffers, in place. */
  to(dtype: DType | { dtype?: DType }): this {
    const [target] = named<[DType]>('to', ['dtype'], [dtype]);
    if (target === undefined || !isFloating(checkDType('Module.to', target))) {
      throw new ValueError(`only accepts floating point dtypes, but got ${String(target)}`, { op: 'Module.to' });
    }
    for (const tensor of [...this.parameters(), ...this.buffers()]) {
      if (!tensor.isFloatingPoint() || tensor.dtype === target) continue;
      const grad = tensor.grad;
      const cast = noGrad(() => tensor.to(target));
      tensor.dtype = target;
      tensor.data = cast;
      if (grad !== null) tensor.grad = noGrad(() => grad.to(target));
    }
    return this;
  }

  /** Casts to float16. */
  half(): this {
    return this.to('float16');
  }

  /** Casts to bfloat16. */
  bfloat16(): this {
    return this.to('bfloat16');
  }

  /** Casts to float32. */
  float(): this {
    return this.to('float32');
  }

  /** Casts to float64. */
  double(): this {
    return this.to('float64');
  }

  /** There is one device. */
  cuda(): never {
    throw new NotImplementedError('there is no other device; leave the call out', { op: 'Module.cuda' });
  }

  // ----------------------------------------------------------------------------------------------------------- printing

  /** The name that the printed form begins with. */
  get className(): string {
    return this.constructor.name;
  }

  /** What stands between the parentheses in the printed form; layers override it. */
  extraRepr(): string {
    return '';
  }

  /** As PyTorch prints modules. */
  override toString(): string {
    const extra = this.extraRepr();
    const children = [...this.#fields(isModule)].map(([name, child]) => `(${name}): ${indent(child.toString())}`);
    const lines = extra === '' ? children : [...extra.split('\n'), ...children];
    if (lines.length === 0 || (children.length === 0 && lines.length === 1)) return `${this.className}(${extra})`;
    return `${this.className}(\n  ${lines.join('\n  ')}\n)`;
  }

  /** Node's and Bun's inspector. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Deno's inspector. */
  [Symbol.for('Deno.customInspect')](): string {
    return this.toString();
  }
}

/** True for a module of any kind. */
export function isModule(value: unknown): value is AnyModule {
  return value instanceof Module;
}

/** @throws ValueError when a field is to hold what is neither null nor of its kind */
function checkKind(op: string, name: string, value: unknown, isKind: (value: unknown) => boolean, kind: string): void {
  if (value === null || isKind(value)) return;
  throw new ValueError(`'${name}' must be ${kind} or null, but got ${show(value)}`, {
    op,
    operands: { [name]: value },
  });
}

function isParameter(value: unknown): value is Parameter {
  return value instanceof Parameter;
}

function isBuffer(value: unknown): value is Buffer {
  return value instanceof Buffer;
}

function memberArguments(prefix: unknown, recurse: unknown): unknown[] {
  return typeof prefix === 'object' ? [prefix] : [prefix, recurse];
}

function clearGrad(parameter: Parameter, drop: boolean): void {
  const grad = borrowGrad(parameter);
  if (grad === null) return;
  if (drop) parameter.grad = null;
  else noGrad(() => grad.detach_().zero_());
}

/** All lines but the first moved two columns in. */
function indent(text: string): string {
  return text.split('\n').join('\n  ');
}

/** Identities on the tape around a module, through which its gradients are seen and replaced. */
class Passage extends AutogradFunction {
  static forward(_ctx: FunctionContext, ...tensors: Tensor[]): Tensor[] {
    return tensors.map((x) => x.view(x.shape));
  }

  static backward(_ctx: FunctionContext, ...grads: (Tensor | null)[]): (Tensor | null)[] {
    return grads;
  }
}

/** Watches one call of a module for its full backward hooks. */
class BackwardWatch {
  readonly #module: AnyModule;
  readonly #hooks: Hooks;
  #gradOutput: Gradients = [];
  #watchesInputs = false;

  constructor(module: AnyModule, hooks: Hooks) {
    this.#module = module;
    this.#hooks = hooks;
  }

  inputs(args: readonly unknown[]): readonly unknown[] {
    const tensors = args.filter((arg): arg is Tensor => arg instanceof Tensor);
    if (!tensors.some((x) => x.requiresGrad)) return args;
    const passed = [Passage.apply(...tensors)].flat() as Tensor[];
    this.#watchesInputs = true;
    passed.find((x) => x.gradFn !== null)?.gradFn?.registerHook((gradInputs) => this.#finish(gradInputs));
    let next = 0;
    return args.map((arg) => (arg instanceof Tensor ? passed[next++] : arg));
  }

  outputs(output: unknown): unknown {
    const list = (Array.isArray(output) ? output : [output]) as unknown[];
    const tensors = list.filter((x): x is Tensor => x instanceof Tensor);
    const passed = [Passage.apply(...tensors)].flat() as Tensor[];
    passed
      .find((x) => x.gradFn !== null)
      ?.gradFn?.registerPrehook((gradOutputs) => {
        let grads: Gradients = gradOutputs;
        for (const hook of this.#hooks.backwardPre) grads = hook(this.#module, grads) ?? grads;
        this.#gradOutput = grads;
        if (!this.#watchesInputs) this.#finish([null]);
        return grads;
      });
    let next = 0;
    const replaced = list.map((x) => (x instanceof Tensor ? passed[next++] : x));
    return Array.isArray(output) ? replaced : replaced[0];
  }

  #finish(gradInputs: Gradients): Gradients {
    let grads = gradInputs;
    for (const hook of this.#hooks.backward) grads = hook(this.#module, grads, this.#gradOutput) ?? grads;
    return grads;
  }
}
