/**
 * Containers: `torch.nn.modules.container`. What they hold are their fields, named `0`, `1`, … or by key, as in every module. A
 * plain JavaScript object lists integer keys first and in order, so a `ModuleDict` with keys such as `'7'` has them first.
 */

import { leaveToTape } from '@torsor/autograd';
import type { DType } from '@torsor/core';
import { exposed, IndexError, isOptions, NotImplementedError, sameStorage, Tensor, ValueError } from '@torsor/core';
import type { AnyModule } from '../module.ts';
import { isModule, Module } from '../module.ts';
import { Parameter } from '../parameter.ts';

/** Things by name: a plain object, or a map. */
export type Named<T> = Readonly<Record<string, T>> | ReadonlyMap<string, T>;

function entriesOf<T>(named: Named<T>): [string, T][] {
  return named instanceof Map ? [...named] : Object.entries(named as Readonly<Record<string, T>>);
}

/** A position counted from the end when negative, checked against `length`. */
function place(op: string, index: number, length: number): number {
  if (!Number.isInteger(index) || index < -length || index >= length) {
    throw new IndexError(`index ${index} is out of range for ${length} entries`, { op, operands: { index, length } });
  }
  return index < 0 ? index + length : index;
}

/** `start` and `end` as `Array.prototype.slice` takes them, resolved. */
function range(length: number, start = 0, end = length): [number, number] {
  const clip = (i: number): number => Math.min(Math.max(i < 0 ? i + length : i, 0), length);
  return [clip(start), clip(end)];
}

function checkModule(op: string, name: string, value: unknown): void {
  if (isModule(value)) return;
  throw new ValueError(`${name} is not a Module, but ${value === null ? 'null' : typeof value}`, {
    op,
    operands: { [name]: value },
  });
}

// ------------------------------------------------------------------------------------------------------------- sequential

// Functions rather than private methods, which a copy of a module would lack (`copy.ts`).

function namesIn(self: object): string[] {
  return Object.keys(self).filter((name) => isModule((self as Record<string, unknown>)[name]));
}

function modulesIn(self: object): AnyModule[] {
  return namesIn(self).map((name) => (self as Record<string, AnyModule>)[name]);
}

function addTo(self: { registerModule(name: string, module: AnyModule): void }, name: string, module: AnyModule): void {
  checkModule('Sequential', name, module);
  self.registerModule(name, module);
}

/**
 * Modules one after the other: each gets what the one before it gives.
 *
 * @typeParam I what the first takes; a tensor by default
 * @typeParam R what the last gives; a tensor by default
 *
 * @example
 * const net = new Sequential(new Conv2d(1, 20, 5), new ReLU(), new Conv2d(20, 64, 5));
 * const same = new Sequential({ conv1: new Conv2d(1, 20, 5), relu: new ReLU(), conv2: new Conv2d(20, 64, 5) });
 * net(images);
 * net.at(-1); // the last module
 */
export class Sequential<I = Tensor, R = Tensor> extends Module<[input: I], R> {
  static override readonly keepsNothing: boolean = true;

  constructor(modules: Named<AnyModule>);
  constructor(...modules: readonly AnyModule[]);
  constructor(...args: readonly (AnyModule | Named<AnyModule>)[]) {
    super();
    const [first] = args;
    if (args.length === 1 && (isOptions(first) || first instanceof Map)) {
      for (const [name, module] of entriesOf(first as Named<AnyModule>)) addTo(this, name, module);
    } else {
      for (const [i, module] of args.entries()) addTo(this, String(i), module as AnyModule);
    }
  }

  /** Number of modules. */
  override get length(): number {
    return namesIn(this).length;
  }

  /** The module at a position; -1 is the last. */
  at(index: number): AnyModule {
    const list = modulesIn(this);
    return list[place('Sequential', index, list.length)];
  }

  /** Puts another module in a place. */
  set(index: number, module: AnyModule): this {
    const names = namesIn(this);
    checkModule('Sequential', 'module', module);
    (this as unknown as Record<string, AnyModule>)[names[place('Sequential', index, names.length)]] = module;
    return this;
  }

  /** Adds a module at the end, under the name of its position. */
  append(module: AnyModule): this {
    addTo(this, String(this.length), module);
    return this;
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<AnyModule>): this {
    for (const module of [...modules]) this.append(module);
    return this;
  }

  /** A `Sequential` of the modules from `start` up to and without `end`, which it shares with this one, names included. */
  slice(start?: number, end?: number): Sequential {
    const names = namesIn(this);
    const [from, to] = range(names.length, start, end);
    const chosen = names.slice(from, to);
    return new Sequential(new Map(chosen.map((name) => [name, (this as unknown as Record<string, AnyModule>)[name]])));
  }

  [Symbol.iterator](): IterableIterator<AnyModule> {
    return modulesIn(this)[Symbol.iterator]();
  }

  override forward(input: I): R {
    let x: unknown = input;
    // What flows between two modules that keep none of it nobody else has seen, and is the tape's alone from then on.
    let isOwn = false;
    for (const name of Object.keys(this)) {
      const module = (this as unknown as Record<string, unknown>)[name];
      if (!isModule(module)) continue;
      const before = x;
      const times = exposed();
      x = module.invoke([before]);
      const isTransparent = exposed() === times;
      if (!(before instanceof Tensor && x instanceof Tensor)) isOwn = false;
      else if (sameStorage(before.storage, x.storage)) isOwn &&= isTransparent;
      else {
        if (isOwn && isTransparent) leaveToTape(before.storage);
        isOwn = isTransparent;
      }
    }
    return x as R;
  }
}

// ------------------------------------------------------------------------------------------------------------------ lists

function uncallable(op: string): never {
  throw new NotImplementedError('has no forward: it only holds things; call what it holds', { op });
}

function writeEntry(self: object, index: number, value: unknown): void {
  Object.defineProperty(self, String(index), { value, writable: true, enumerable: true, configurable: true });
}

/** A list held in fields `0`, `1`, …: what `ModuleList` and `ParameterList` have in common. */
abstract class ListContainer<T, Given = T> extends Module<[], never> {
  /** Number of entries. */
  override get length(): number {
    let count = 0;
    while (Object.hasOwn(this, String(count))) count++;
    return count;
  }

  /** Makes an entry of what was given. */
  protected abstract entry(value: Given): T;

  /** The entry at a position; -1 is the last. */
  at(index: number): T {
    return (this as unknown as Record<string, T>)[place(this.className, index, this.length)];
  }

  /** Puts another entry in a place. */
  set(index: number, value: Given): this {
    writeEntry(this, place(this.className, index, this.length), this.entry(value));
    return this;
  }

  /** Adds an entry at the end. */
  append(value: Given): this {
    writeEntry(this, this.length, this.entry(value));
    return this;
  }

  /** Adds entries at the end. */
  extend(values: Iterable<Given>): this {
    if (values instanceof Tensor || typeof values?.[Symbol.iterator] !== 'function') {
      throw new ValueError('should be called with an iterable of entries', { op: `${this.className}.extend` });
    }
    for (const value of [...values]) this.append(value);
    return this;
  }

  protected replaceAll(values: readonly T[]): void {
    const before = this.length;
    for (let i = values.length; i < before; i++) Reflect.deleteProperty(this, String(i));
    for (const [i, value] of values.entries()) writeEntry(this, i, value);
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; Object.hasOwn(this, String(i)); i++) yield (this as unknown as Record<string, T>)[i];
  }

  override forward(): never {
    return uncallable(this.className);
  }
}

/**
 * Modules in a list, which registers them: `parameters()` and the state dict see them.
 *
 * @example
 * class Net extends Module {
 *   layers = new ModuleList(Array.from({ length: 4 }, () => new Linear(10, 10)));
 *   forward(x: Tensor) {
 *     for (const layer of this.layers) x = layer(x);
 *     return x;
 *   }
 * }
 */
export class ModuleList<M extends AnyModule = AnyModule> extends ListContainer<M> {
  static override readonly keepsNothing: boolean = true;

  constructor(modules?: Iterable<M> | null) {
    super();
    if (modules !== undefined && modules !== null) this.extend(modules);
  }

  protected override entry(value: M): M {
    checkModule(this.className, 'module', value);
    return value;
  }

  /** Puts a module before position `index`. */
  insert(index: number, module: M): this {
    const list = [...this];
    list.splice(index, 0, this.entry(module));
    this.replaceAll(list);
    return this;
  }

  /** Takes the module at a position (the last by default) out of the list. */
  pop(index = -1): M {
    const list = [...this];
    const [taken] = list.splice(place(this.className, index, list.length), 1);
    this.replaceAll(list);
    return taken;
  }

  /** A `ModuleList` of the modules from `start` up to and without `end`. */
  slice(start?: number, end?: number): ModuleList<M> {
    return new ModuleList([...this].slice(...range(this.length, start, end)));
  }

  /** As PyTorch 2 prints it: modules that print alike share a line, `(0-3): 4 x Linear(…)`. */
  override toString(): string {
    const texts = [...this].map(String);
    if (texts.length === 0) return `${this.className}()`;
    const lines: string[] = [];
    for (let i = 0; i < texts.length; ) {
      let end = i;
      while (end + 1 < texts.length && texts[end + 1] === texts[i]) end++;
      const label = end === i ? `(${i}): ` : `(${i}-${end}): ${end - i + 1} x `;
      lines.push((label + texts[i]).split('\n').join('\n  '));
      i = end + 1;
    }
    return `${this.className}(\n  ${lines.join('\n  ')}\n)`;
  }
}

/** `Parameter containing: [torch.float32 of size 2x3]` */
function containing(value: Parameter, type: string): string {
  return `Parameter containing: [torch.${type} of size ${value.shape.join('x')}]`;
}

/** PyTorch's old names of tensor types, which `ParameterDict` (and not `ParameterList`) prints. */
const TYPE_NAMES: Readonly<Record<DType, string>> = {
  float32: 'FloatTensor',
  float64: 'DoubleTensor',
  int32: 'IntTensor',
  int64: 'LongTensor',
  uint8: 'ByteTensor',
  bool: 'BoolTensor',
  float16: 'HalfTensor',
  bfloat16: 'BFloat16Tensor',
};

/** Parameters in a list, which registers them. Tensors become parameters. */
export class ParameterList extends ListContainer<Parameter, Tensor> {
  static override readonly keepsNothing: boolean = true;

  constructor(values?: Iterable<Tensor> | null) {
    super();
    if (values !== undefined && values !== null) this.extend(values);
  }

  protected override entry(value: Tensor): Parameter {
    return toParameter(this.className, value);
  }

  override extraRepr(): string {
    return [...this].map((value, i) => `  (${i}): ${containing(value, value.dtype)}`).join('\n');
  }
}

function toParameter(op: string, value: unknown): Parameter {
  if (value instanceof Parameter) return value;
  if (value instanceof Tensor) return new Parameter(value);
  throw new ValueError(`holds tensors, but got ${value === null ? 'null' : typeof value}`, { op });
}

// ----------------------------------------------------------------------------------------------------------- dictionaries

/** Where a dictionary keeps the order of its names: no name can collide with it. */
const KEYS: unique symbol = /* @__PURE__ */ Symbol('keys');

/** Entries held in fields of their names: what `ModuleDict` and `ParameterDict` have in common. */
abstract class DictContainer<T, Given = T> extends Module<[], never> {
  private readonly [KEYS] = new Set<string>();

  protected abstract entry(key: string, value: Given): T;

  /** Number of entries. */
  override get length(): number {
    return this[KEYS].size;
  }

  /** Whether there is an entry of that name. */
  has(key: string): boolean {
    return this[KEYS].has(key);
  }

  /**
   * The entry of a name.
   *
   * @throws IndexError when there is none
   */
  at(key: string): T {
    if (!this[KEYS].has(key)) {
      throw new IndexError(`has no entry '${key}'; there are ${[...this[KEYS]].join(', ') || 'none'}`, {
        op: this.className,
        operands: { key },
      });
    }
    return (this as unknown as Record<string, T>)[key];
  }

  /** Sets the entry of a name. */
  set(key: string, value: Given): this {
    const entry = this.entry(key, value);
    this.registerEntry(key, entry);
    this[KEYS].add(key);
    return this;
  }

  protected abstract registerEntry(key: string, value: T): void;

  /** Sets entries from an object, a map, or pairs. */
  update(entries: Named<Given> | Iterable<readonly [string, Given]>): this {
    const list =
      Symbol.iterator in (entries as object)
        ? [...(entries as Iterable<readonly [string, Given]>)]
        : Object.entries(entries as Readonly<Record<string, Given>>);
    for (const [key, value] of list) this.set(key, value);
    return this;
  }

  /** Takes an entry out. */
  pop(key: string): T {
    const value = this.at(key);
    this[KEYS].delete(key);
    Reflect.deleteProperty(this, key);
    return value;
  }

  /** Takes all entries out. */
  clear(): void {
    for (const key of [...this[KEYS]]) this.pop(key);
  }

  keys(): IterableIterator<string> {
    return [...this[KEYS]][Symbol.iterator]();
  }

  *values(): IterableIterator<T> {
    for (const key of this[KEYS]) yield this.at(key);
  }

  *items(): IterableIterator<[string, T]> {
    for (const key of this[KEYS]) yield [key, this.at(key)];
  }

  /** The names, as Python iterates over a dictionary. */
  [Symbol.iterator](): IterableIterator<string> {
    return this.keys();
  }

  override forward(): never {
    return uncallable(this.className);
  }
}

/**
 * Modules by name, which registers them. Of names that the constructor was given in an object, `at` knows which module is whose.
 *
 * @typeParam M what it holds
 * @typeParam Known which of them each name has, as far as it is known
 *
 * @example
 * const activations = new ModuleDict({ relu: new ReLU(), leaky: new LeakyReLU() });
 * activations.at('leaky').negativeSlope;
 */
export class ModuleDict<
  M extends AnyModule = AnyModule,
  Known extends Readonly<Record<string, M>> = Readonly<Record<string, M>>,
> extends DictContainer<M> {
  static override readonly keepsNothing: boolean = true;

  constructor(modules?: (Known & Readonly<Record<string, M>>) | Named<M> | Iterable<readonly [string, M]> | null) {
    super();
    if (modules !== undefined && modules !== null) this.update(modules);
  }

  override at<K extends keyof Known & string>(key: K): Known[K];
  override at(key: string): M;
  override at(key: string): M {
    return super.at(key);
  }

  protected override entry(key: string, value: M): M {
    checkModule(this.className, key, value);
    return value;
  }

  protected override registerEntry(key: string, value: M): void {
    this.registerModule(key, value);
  }
}

/** Parameters by name, which registers them. Tensors become parameters. */
export class ParameterDict extends DictContainer<Parameter, Tensor> {
  static override readonly keepsNothing: boolean = true;

  constructor(values?: Named<Tensor> | Iterable<readonly [string, Tensor]> | null) {
    super();
    if (values !== undefined && values !== null) this.update(values);
  }

  protected override entry(_key: string, value: Tensor): Parameter {
    return toParameter(this.className, value);
  }

  protected override registerEntry(key: string, value: Parameter): void {
    this.registerParameter(key, value);
  }

  override extraRepr(): string {
    return [...this.items()]
      .map(([key, value]) => `  (${key}): ${containing(value, TYPE_NAMES[value.dtype])}`)
      .join('\n');
  }
}
