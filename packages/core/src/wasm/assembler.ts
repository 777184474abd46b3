/**
 * A typed WebAssembly assembler. An instruction is a method under its specification's name; it is emitted when it is
 * called, checks the types on the stack, and returns what it left there, so that calls nest into expressions:
 *
 *     const code = new Assembler({ shared: true });
 *     code.export('axpy', { n: 'i32', a: 'f32', x: 'i32', y: 'i32' }, [], ({ n, a, x, y }) => {
 *       const end = code.local('i32', code.index(x, n, 4));
 *       code.whileLess(x, end, () => {
 *         code.f32.store(y, code.f32.add(code.f32.load(y), code.f32.mul(a, code.f32.load(x))));
 *         code.increase(x, 4);
 *         code.increase(y, 4);
 *       });
 *     });
 *     new WebAssembly.Module(code.finish());
 *
 * An operand is a `Value` (what another instruction left on the stack), a `Local` or a number; an instruction called
 * with no operands takes all of them from the stack. Operands run from left to right wherever they are written: in
 * `sub(x, add(y, z))` the read of `x` is inserted before the code of the sum. A number stands for a constant of the
 * operand's type; where a vector is due, for that constant in every lane of the instruction's shape (`f32x4.mul(x,
 * 0.5)`).
 *
 * The idea is wasmblr's (https://github.com/bwasti/wasmblr), by way of jax-js. Left out: tables, globals, data,
 * atomics, exceptions, imported functions, a second memory.
 */

import type { Shape } from './assembler-encoding.ts';
import {
  checkLane,
  constantBytes,
  fail,
  LANES,
  list,
  localGroups,
  memoryImmediates,
  section,
  shuffleBytes,
  sized,
  TYPE_BYTE,
  text,
  unsigned,
} from './assembler-encoding.ts';
import type { Entries, Gives, Instruction, Namespace, Takes, ValType } from './assembler-opcodes.ts';
import { mnemonicsOf } from './assembler-opcodes.ts';

export type { Shape } from './assembler-encoding.ts';
export type { ValType } from './assembler-opcodes.ts';

const VOID = 0x40;
const FUNCTION = 0x60;
const END = 0x0b;

/** What an instruction left on the stack: an operand of one later instruction. */
export class Value<T extends ValType = ValType> {
  readonly type: T;
  /** Where its code begins; -1 when nothing can be inserted before it. */
  start: number;
  /** How many writes to locals had been emitted when its code began. */
  readonly writes: number;

  constructor(type: T, start: number, writes: number) {
    this.type = type;
    this.start = start;
    this.writes = writes;
  }
}

/** A parameter or a local variable of the function that is being emitted. */
export class Local<T extends ValType = ValType> {
  readonly type: T;
  readonly index: number;
  /** The code of its local.get. */
  readonly reading: readonly number[];
  /** The number of the last write to it; see `Value.writes`. */
  lastWrite = 0;
  private readonly code: Assembler;

  constructor(code: Assembler, type: T, index: number) {
    this.code = code;
    this.type = type;
    this.index = index;
    this.reading = [0x20, ...unsigned(index)];
  }

  /** local.get */
  get(): Value<T> {
    return this.code.localGet(this);
  }

  /** local.set; with no operand, of the value on top of the stack */
  set(value?: Operand<T>): void {
    this.code.localSet(this, value);
  }

  /** local.tee: sets it and leaves the value on the stack */
  tee(value?: Operand<T>): Value<T> {
    return this.code.localTee(this, value);
  }
}

/** What an instruction may be given: a value on the stack, a local, or a constant. */
export type Operand<T extends ValType = ValType> = Value<T> | Local<T> | number | bigint;

/** What can be read more than once. */
export type Reusable<T extends ValType = ValType> = Local<T> | number;

/** A place that branches go to: the end of a block or an `if`, the start of a loop. */
export interface Label {
  readonly kind: 'function' | 'block' | 'loop' | 'if';
  readonly results: readonly ValType[];
}

interface Frame extends Label {
  readonly height: number;
  unreachable: boolean;
}

/** A function of the module, to call. */
export interface Func<R extends readonly ValType[] = readonly ValType[]> {
  readonly name: string;
  readonly index: number;
  readonly params: readonly ValType[];
  readonly results: R;
}

type Given<R> = R extends ValType ? Value<R> : undefined;
type Operands<P extends readonly ValType[]> = { [K in keyof P]: Operand<P[K]> };

type Access<S> = [...Operands<Takes<S>>, offset?: number, align?: number];

/** The method of an instruction, by its mnemonic and its signature. */
type Method<M, S> = M extends `${'load' | 'store'}${string}_lane`
  ? (lane: number, ...operands: Access<S>) => Given<Gives<S>>
  : M extends `${'load' | 'store'}${string}`
    ? (...operands: [] | Access<S>) => Given<Gives<S>>
    : M extends `${'extract' | 'replace'}_lane${string}`
      ? (lane: number, ...operands: [] | Operands<Takes<S>>) => Given<Gives<S>>
      : (...operands: [] | Operands<Takes<S>>) => Given<Gives<S>>;

/** The instructions of a namespace, as methods of an object of it. */
type Methods<N extends Namespace> = { readonly [E in Entries<N> as E[0]]: Method<E[0], E[1]> };

/** A constant: one number, for a vector one for every lane or one for all. */
interface Constant<T extends ValType> {
  const(...values: readonly (number | bigint)[]): Value<T>;
}

interface Shuffle {
  /** Chooses lanes of `a` (0…) and of `b` (after a's): 16 bytes, or 8, 4 or 2 wider lanes. */
  shuffle(lanes: readonly number[], ...operands: [] | [Operand<'v128'>, Operand<'v128'>]): Value<'v128'>;
}

/** How the memory is imported, as `env.memory`. */
export interface AssemblerOptions {
  /** Must say what the memory is. */
  readonly shared: boolean;
}

const MAX_PAGES = 65536;

export class Assembler {
  private readonly shared: boolean;
  private readonly namespaces: Partial<Record<Namespace, unknown>> = {};
  private readonly functions: { func: Func; exported: boolean; body: number[] }[] = [];
  private readonly signatures: string[] = [];
  private readonly signatureBytes: number[][] = [];
  // The function that is being emitted.
  private bytes: number[] = [];
  private stack: Value[] = [];
  private frames: Frame[] = [];
  private localTypes: ValType[] = [];
  private paramCount = 0;
  private writes = 0;
  /** Locals of `constant`, by what they hold, and the code that sets them. */
  private constants = new Map<string, Local<'v128'>>();
  private prelude: number[] = [];

  constructor(options: AssemblerOptions) {
    this.shared = options.shared;
  }

  // ------------------------------------------------------------------------------------------------ functions

  /** Defines a function for use inside the module; `body` emits it now. */
  func<const P extends Readonly<Record<string, ValType>>, const R extends readonly ValType[]>(
    name: string,
    params: P,
    results: R,
    body: (params: { [K in keyof P]: Local<P[K]> }) => void,
  ): Func<R> {
    return this.define(name, false, params, results, body);
  }

  /** Defines a function and exports it under its name. */
  export<const P extends Readonly<Record<string, ValType>>, const R extends readonly ValType[]>(
    name: string,
    params: P,
    results: R,
    body: (params: { [K in keyof P]: Local<P[K]> }) => void,
  ): Func<R> {
    return this.define(name, true, params, results, body);
  }

  /** Calls a function that has been defined before; gives its first result, if it has one (others lie on the stack). */
  call<R extends readonly ValType[]>(func: Func<R>, ...operands: readonly Operand[]): Given<R[0]> {
    const op = `call ${func.name}`;
    if (operands.length > 0 || func.params.length === 0) this.operands(op, operands, func.params, null);
    this.emit(0x10, ...unsigned(func.index));
    return this.apply(op, func.params, func.results) as Given<R[0]>;
  }

  /** A new local, zero at the start of the function, or `value` from here on. */
  local<const T extends ValType>(type: T, value?: Operand<T>): Local<T> {
    if (this.frames.length === 0) fail('local', 'a local belongs to a function; none is being defined');
    const local = new Local(this, type, this.paramCount + this.localTypes.length);
    this.localTypes.push(type);
    if (value !== undefined) local.set(value);
    return local;
  }

  /** Several new locals of one type. */
  locals<const T extends ValType>(type: T, count: number): Local<T>[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /**
   * A local that holds a number in every lane from the start of the function on. V8 makes a vector constant anew wherever it stands,
   * which in a loop costs more than most arithmetic.
   */
  constant(shape: Shape, value: number | bigint): Local<'v128'> {
    const bytes = constantBytes('constant', 'v128', shape, [value]);
    const key = bytes.join();
    let local = this.constants.get(key);
    if (local === undefined) {
      local = this.local('v128');
      this.constants.set(key, local);
      this.prelude.push(...bytes, 0x21, ...unsigned(local.index));
    }
    return local;
  }

  localGet<T extends ValType>(local: Local<T>): Value<T> {
    const start = this.bytes.length;
    this.emit(...local.reading);
    return this.push(local.type, start);
  }

  localSet<T extends ValType>(local: Local<T>, value?: Operand<T>): void {
    const operands = value === undefined ? [] : [value];
    this.instruction('local.set', [0x21, ...unsigned(local.index)], [local.type], null, operands, null);
    local.lastWrite = ++this.writes;
  }

  localTee<T extends ValType>(local: Local<T>, value?: Operand<T>): Value<T> {
    const operands = value === undefined ? [] : [value];
    const bytes = [0x22, ...unsigned(local.index)];
    const result = this.instruction('local.tee', bytes, [local.type], local.type, operands, null);
    local.lastWrite = ++this.writes;
    return result as Value<T>;
  }

  // -------------------------------------------------------------------------------------------------- control

  /** block … end: a branch to the label leaves it. */
  block(body: (end: Label) => void): void {
    this.frame('block', 0x02, [], body);
  }

  /** block (result type) … end: the body leaves a value, as does every branch to the label. */
  blockOf<const T extends ValType>(type: T, body: (end: Label) => void): Value<T> {
    return this.frame('block', 0x02, [type], body) as Value<T>;
  }

  /** loop … end: a branch to the label starts over; without one the loop ends. */
  loop(body: (again: Label) => void): void {
    this.frame('loop', 0x03, [], body);
  }

  /** if … else … end; the condition is an i32 */
  if(condition: Operand<'i32'>, then: (end: Label) => void, otherwise?: (end: Label) => void): void {
    this.ifFrame([], condition, then, otherwise);
  }

  /** if (result type) … else … end: both arms leave a value. */
  ifOf<const T extends ValType>(
    type: T,
    condition: Operand<'i32'>,
    then: (end: Label) => void,
    otherwise: (end: Label) => void,
  ): Value<T> {
    return this.ifFrame([type], condition, then, otherwise) as Value<T>;
  }

  br(label: Label): void {
    const depth = this.depth('br', label);
    this.popAll('br', branchTypes(label));
    this.emit(0x0c, ...unsigned(depth));
    this.setUnreachable();
  }

  br_if(label: Label, condition?: Operand<'i32'>): void {
    if (condition !== undefined) this.operands('br_if', [condition], ['i32'], null);
    this.pop('br_if', 'i32');
    const types = branchTypes(label);
    const start = this.popAll('br_if', types);
    this.emit(0x0d, ...unsigned(this.depth('br_if', label)));
    for (const type of types) this.push(type, start);
  }

  /** Branches to `labels[index]`, or to the last label. */
  br_table(labels: readonly Label[], index?: Operand<'i32'>): void {
    if (index !== undefined) this.operands('br_table', [index], ['i32'], null);
    this.pop('br_table', 'i32');
    const last = labels.at(-1) ?? fail('br_table', 'needs at least one label');
    this.popAll('br_table', branchTypes(last));
    const depths = labels.flatMap((label) => unsigned(this.depth('br_table', label)));
    this.emit(0x0e, ...unsigned(labels.length - 1), ...depths);
    this.setUnreachable();
  }

  /** Leaves the function with its results, which are on the stack or given. */
  return(...operands: readonly Operand[]): void {
    const { results } = this.frames[0] ?? fail('return', 'no function is being defined');
    if (operands.length > 0) this.operands('return', operands, results, null);
    this.popAll('return', results);
    this.emit(0x0f);
    this.setUnreachable();
  }

  unreachable(): void {
    this.emit(0x00);
    this.setUnreachable();
  }

  nop(): void {
    this.emit(0x01);
  }

  drop(value?: Value): void {
    if (value !== undefined) this.operands('drop', [value], [value.type], null);
    this.pop('drop', null);
    this.emit(0x1a);
  }

  /** condition ? a : b, both evaluated */
  select<T extends ValType>(a: Value<T> | Local<T>, b: Value<T> | Local<T>, condition: Operand<'i32'>): Value<T> {
    const takes: ValType[] = [a.type, b.type, 'i32'];
    if (a.type !== b.type) fail('select', `chooses between two of one type, got ${a.type} and ${b.type}`);
    return this.instruction('select', [0x1b], takes, a.type, [a, b, condition], null) as Value<T>;
  }

  // -------------------------------------------------------------------------------------- conveniences (not opcodes)

  /** if (condition()) do body() while (condition()): one branch a turn; the condition is emitted twice. */
  while(condition: () => Operand<'i32'>, body: () => void): void {
    this.if(condition(), () => {
      this.loop((again) => {
        body();
        this.br_if(again, condition());
      });
    });
  }

  /** while (i < to) body(), unsigned, where the body increases `i` */
  whileLess(i: Local<'i32'>, to: Reusable<'i32'>, body: () => void): void {
    this.while(() => this.i32.lt_u(i, to), body);
  }

  /**
   * for (i = from; i < to; i += step) body(), unsigned. A vector loop takes `to` rounded down to its step (`n & -4`)
   * and leaves `i` there for the rest.
   */
  forRange(i: Local<'i32'>, from: Operand<'i32'>, to: Reusable<'i32'>, step: Reusable<'i32'>, body: () => void): void {
    i.set(from);
    this.whileLess(i, to, () => {
      body();
      this.increase(i, step);
    });
  }

  /** local += by */
  increase(local: Local<'i32'>, by: Operand<'i32'>): void {
    local.set(this.i32.add(local, by));
  }

  /** local -= by */
  decrease(local: Local<'i32'>, by: Operand<'i32'>): void {
    local.set(this.i32.sub(local, by));
  }

  /** base + index * bytes: the address of an element. */
  index(base: Operand<'i32'>, index: Operand<'i32'>, bytes: number): Value<'i32'> {
    return this.i32.add(base, this.scale(index, bytes));
  }

  /** index * bytes, by a shift where it can. */
  scale(index: Operand<'i32'>, bytes: number): Value<'i32'> {
    const shift = 31 - Math.clz32(bytes);
    return bytes === 1 << shift ? this.i32.shl(index, shift) : this.i32.mul(index, bytes);
  }

  /** The lesser of two, unsigned. */
  least(a: Reusable<'i32'>, b: Reusable<'i32'>): Value<'i32'> {
    return this.select(this.reuse(a), this.reuse(b), this.i32.lt_u(a, b));
  }

  private reuse(operand: Reusable<'i32'>): Value<'i32'> {
    return typeof operand === 'number' ? this.i32.const(operand) : operand.get();
  }

  // --------------------------------------------------------------------------------------------------- module

  /** The bytes of the module. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.frames.length > 0) fail('finish', 'a function is still being defined');
    const { functions } = this;
    const memory = this.shared ? [0x03, 0, ...unsigned(MAX_PAGES)] : [0x00, 0];
    const exported = functions.filter(({ exported }) => exported).map(({ func }) => func);
    const names = list(functions.map(({ func }) => [...unsigned(func.index), ...text(func.name)]));
    return new Uint8Array(
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00].concat(
        section(1, list(this.signatureBytes)),
        section(2, list([[...text('env'), ...text('memory'), 0x02, ...memory]])),
        section(3, list(functions.map(({ func }) => unsigned(this.signature(func))))),
        section(7, list(exported.map(({ name, index }) => [...text(name), 0x00, ...unsigned(index)]))),
        section(10, list(functions.map(({ body }) => sized(body)))),
        section(0, text('name').concat(section(1, names))),
      ),
    );
  }

  private define<P extends Readonly<Record<string, ValType>>, R extends readonly ValType[]>(
    name: string,
    exported: boolean,
    params: P,
    results: R,
    body: (params: { [K in keyof P]: Local<P[K]> }) => void,
  ): Func<R> {
    if (this.frames.length > 0) fail(name, 'functions do not nest; end the one being defined first');
    const types = Object.values(params);
    const func: Func<R> = { name, index: this.functions.length, params: types, results };
    this.bytes = [];
    this.stack = [];
    this.localTypes = [];
    this.paramCount = types.length;
    this.writes = 0;
    this.constants = new Map();
    this.prelude = [];
    const locals: Record<string, Local> = {};
    for (const [index, key] of Object.keys(params).entries()) locals[key] = new Local(this, types[index]!, index);
    this.signature(func);
    try {
      this.frames = [{ kind: 'function', results, height: 0, unreachable: false }];
      body(locals as { [K in keyof P]: Local<P[K]> });
      this.closeFrame(`end of ${name}`);
    } finally {
      this.frames = [];
    }
    this.functions.push({ func, exported, body: localGroups(this.localTypes).concat(this.prelude, this.bytes, END) });
    return func;
  }

  /** The index of the function's type among the types of the module. */
  private signature(func: Func): number {
    const key = `${func.params.join(' ')} → ${func.results.join(' ')}`;
    const known = this.signatures.indexOf(key);
    if (known >= 0) return known;
    const typeList = (types: readonly ValType[]) => [...unsigned(types.length), ...types.map((t) => TYPE_BYTE[t])];
    this.signatureBytes.push([FUNCTION, ...typeList(func.params), ...typeList(func.results)]);
    return this.signatures.push(key) - 1;
  }

  // ------------------------------------------------------------------------------------------ stack and encoding

  private emit(...bytes: readonly number[]): void {
    if (this.frames.length === 0) fail('emit', 'an instruction belongs to a function; none is being defined');
    for (const byte of bytes) this.bytes.push(byte);
  }

  private push<T extends ValType>(type: T, start: number, writes = this.writes): Value<T> {
    const value = new Value(type, start, writes);
    this.stack.push(value);
    return value;
  }

  /** Takes one value off the stack; null takes any. In code that cannot be reached there is always one. */
  private pop(op: string, type: ValType | null): Value | null {
    const frame = this.frames.at(-1) ?? fail(op, 'an instruction belongs to a function; none is being defined');
    if (this.stack.length === frame.height) {
      if (frame.unreachable) return null;
      fail(op, `expected ${type ?? 'a value'} on the stack, found nothing${frame.height > 0 ? ' in this block' : ''}`);
    }
    const value = this.stack.pop()!;
    if (type !== null && value.type !== type) fail(op, `expected ${type} on the stack, found ${value.type}`);
    return value;
  }

  /** Takes values of these types off the stack; gives where the code of the first begins. */
  private popAll(op: string, types: readonly ValType[]): number {
    return this.popFirst(op, types)?.start ?? this.bytes.length;
  }

  private popFirst(op: string, types: readonly ValType[]): Value | null {
    const frame = this.frames.at(-1) ?? fail(op, 'an instruction belongs to a function; none is being defined');
    const { stack } = this;
    const base = stack.length - types.length;
    const from = Math.max(base, frame.height);
    let matches = from === base || frame.unreachable;
    for (let i = from; matches && i < stack.length; i++) matches = stack[i].type === types[i - base];
    if (!matches) {
      const found = stack.slice(from).map(({ type }) => type);
      fail(op, `expected ${types.join(' ')} on the stack, found ${found.join(' ') || 'nothing'}`);
    }
    const first = stack[from] ?? null;
    stack.length = from;
    return first;
  }

  /** Takes and gives what an instruction does that has just been emitted. */
  private apply(op: string, takes: readonly ValType[], gives: readonly ValType[]): Value | undefined {
    const first = this.popFirst(op, takes);
    const start = first?.start ?? this.bytes.length;
    const writes = first?.writes ?? this.writes;
    let result: Value | undefined;
    // Nothing can be inserted between several results, so the later ones have no start.
    for (const type of gives) {
      const value = this.push(type, result === undefined ? start : -1, writes);
      result ??= value;
    }
    return result;
  }

  private instruction(
    op: string,
    bytes: readonly number[],
    takes: readonly ValType[],
    gives: ValType | null,
    operands: readonly Operand[],
    shape: Shape | null,
    immediates?: readonly number[],
  ): Value | undefined {
    const before = this.bytes.length;
    const first = operands.length > 0 ? this.take(op, operands, takes, shape) : this.popFirst(op, takes);
    const start = first?.start ?? before;
    for (const byte of bytes) this.bytes.push(byte);
    if (immediates !== undefined) for (const byte of immediates) this.bytes.push(byte);
    return gives === null ? undefined : this.push(gives, start, first?.writes);
  }

  /**
   * Brings operands onto the stack and takes them off again; gives the first of them that was there before. Nearly always
   * values come first, so that what else is read follows their code: then nothing is inserted, and the stack need not know.
   */
  private take(op: string, operands: readonly Operand[], takes: readonly ValType[], shape: Shape | null): Value | null {
    const { stack } = this;
    let values = 0;
    while (operands[values] instanceof Value) values++;
    const base = stack.length - values;
    let simple = operands.length === takes.length && this.frames.length > 0 && base >= this.frames.at(-1)!.height;
    for (let i = 0; simple && i < values; i++)
      simple = stack[base + i] === operands[i] && stack[base + i].type === takes[i];
    for (let i = values; simple && i < operands.length; i++) simple = !(operands[i] instanceof Value);
    if (!simple) {
      this.operands(op, operands, takes, shape);
      return this.popFirst(op, takes);
    }
    for (let i = values; i < operands.length; i++) {
      for (const byte of readingOf(op, operands[i], takes[i], shape)) this.bytes.push(byte);
    }
    const first = stack[base] ?? null;
    stack.length = base;
    return first;
  }

  /**
   * Brings operands onto the stack, in order. Values are there already; what is written before one is inserted before
   * its code. (Nothing in WebAssembly code depends on its position, so insertion is safe.)
   */
  private operands(op: string, operands: readonly Operand[], takes: readonly ValType[], shape: Shape | null): void {
    if (operands.length !== takes.length) {
      fail(op, `takes ${takes.length} operands (${takes.join(' ')}), got ${operands.length}`);
    }
    const { stack } = this;
    let values = 0;
    for (let i = 0; i < operands.length; i++) if (operands[i] instanceof Value) values++;
    const base = stack.length - values;
    for (let i = 0, slot = base; i < operands.length; i++) {
      const operand = operands[i];
      if (operand instanceof Value && stack[slot++] !== operand) {
        fail(op, 'an operand is not where it should be on the stack: it was used before, or others came in between');
      }
    }
    for (let i = 0; i < operands.length; i++) {
      const operand = operands[i];
      if (!(operand instanceof Value)) this.insert(op, base + i, operand, takes[i], shape);
    }
  }

  /** Reads a local or a constant so that it comes to lie at `slot` of the stack. */
  private insert(op: string, slot: number, operand: Local | number | bigint, type: ValType, shape: Shape | null): void {
    const code = readingOf(op, operand, type, shape);
    const above = this.stack[slot];
    if (above === undefined) {
      const start = this.bytes.length;
      this.emit(...code);
      this.push(type, start);
      return;
    }
    if (above.start < 0 || (operand instanceof Local && operand.lastWrite > above.writes)) {
      fail(op, 'an operand would be read before code that sets it; read it with get() at its place');
    }
    this.bytes.splice(above.start, 0, ...code);
    this.stack.splice(slot, 0, new Value(type, above.start, above.writes));
    for (const value of this.stack.slice(slot + 1)) if (value.start >= 0) value.start += code.length;
  }

  private frame(kind: Label['kind'], opcode: number, results: readonly ValType[], body: (label: Label) => void) {
    const start = this.bytes.length;
    const { writes } = this;
    this.openFrame(kind, opcode, results, body);
    return this.endFrame(kind, results, start, writes);
  }

  private ifFrame(
    results: readonly ValType[],
    condition: Operand<'i32'>,
    then: (end: Label) => void,
    otherwise?: (end: Label) => void,
  ): Value | undefined {
    this.operands('if', [condition], ['i32'], null);
    const value = this.pop('if', 'i32');
    const start = value?.start ?? this.bytes.length;
    const writes = value?.writes ?? this.writes;
    this.openFrame('if', 0x04, results, then);
    if (otherwise !== undefined) {
      this.closeFrame('else');
      this.emit(0x05);
      const frame = this.frames.at(-1)!;
      frame.unreachable = false;
      otherwise(frame);
    } else if (results.length > 0) fail('if', `without else cannot leave ${results.join(' ')}`);
    return this.endFrame('if', results, start, writes);
  }

  private openFrame(
    kind: Label['kind'],
    opcode: number,
    results: readonly ValType[],
    body: (label: Label) => void,
  ): void {
    this.emit(opcode, results.length === 0 ? VOID : TYPE_BYTE[results[0]!]);
    const frame: Frame = { kind, results, height: this.stack.length, unreachable: false };
    this.frames.push(frame);
    body(frame);
  }

  private endFrame(kind: string, results: readonly ValType[], start: number, writes: number): Value | undefined {
    this.closeFrame(`end of ${kind}`);
    this.frames.pop();
    this.emit(END);
    return results.length === 0 ? undefined : this.push(results[0]!, start, writes);
  }

  /** Checks that the stack holds the results of the innermost frame, no more, and takes them. */
  private closeFrame(op: string): void {
    const frame = this.frames.at(-1)!;
    this.popAll(op, frame.results);
    if (this.stack.length !== frame.height) {
      const left = this.stack.slice(frame.height).map((value) => value.type);
      const due = frame.results.length === 0 ? 'nothing' : frame.results.join(' ');
      fail(op, `expected ${due} on the stack, found ${[...left, ...frame.results].join(' ')}`);
    }
  }

  private setUnreachable(): void {
    const frame = this.frames.at(-1)!;
    this.stack.length = frame.height;
    frame.unreachable = true;
  }

  private depth(op: string, label: Label): number {
    const at = (this.frames as Label[]).lastIndexOf(label);
    if (at < 0) fail(op, 'the label is not of a block that is open here');
    return this.frames.length - 1 - at;
  }

  // ---------------------------------------------------------------------------------------- tables into methods

  get i32(): Methods<'i32'> & Constant<'i32'> {
    return this.methods('i32');
  }

  get i64(): Methods<'i64'> & Constant<'i64'> {
    return this.methods('i64');
  }

  get f32(): Methods<'f32'> & Constant<'f32'> {
    return this.methods('f32');
  }

  get f64(): Methods<'f64'> & Constant<'f64'> {
    return this.methods('f64');
  }

  get v128(): Methods<'v128'> {
    return this.methods('v128');
  }

  get i8x16(): Methods<'i8x16'> & Constant<'v128'> & Shuffle {
    return this.methods('i8x16');
  }

  get i16x8(): Methods<'i16x8'> & Constant<'v128'> & Shuffle {
    return this.methods('i16x8');
  }

  get i32x4(): Methods<'i32x4'> & Constant<'v128'> & Shuffle {
    return this.methods('i32x4');
  }

  get i64x2(): Methods<'i64x2'> & Constant<'v128'> & Shuffle {
    return this.methods('i64x2');
  }

  get f32x4(): Methods<'f32x4'> & Constant<'v128'> & Shuffle {
    return this.methods('f32x4');
  }

  get f64x2(): Methods<'f64x2'> & Constant<'v128'> & Shuffle {
    return this.methods('f64x2');
  }

  get memory(): Methods<'memory'> {
    return this.methods('memory');
  }

  /** The methods of a namespace are made at its first use, once for all assemblers. */
  private methods<M>(namespace: Namespace): M {
    let methods = this.namespaces[namespace];
    if (methods === undefined) {
      let prototype = PROTOTYPES.get(namespace);
      if (prototype === undefined) PROTOTYPES.set(namespace, (prototype = Assembler.prototypeOf(namespace)));
      methods = Object.assign(Object.create(prototype), { code: this });
      this.namespaces[namespace] = methods;
    }
    return methods as M;
  }

  private static prototypeOf(namespace: Namespace): Record<string, Bound> {
    const shape = namespace in LANES ? (namespace as Shape) : null;
    const methods: Record<string, Bound> = {};
    for (const { mnemonic, instruction } of mnemonicsOf(namespace)) {
      // Made when it is first called, which in a short program few are.
      methods[mnemonic] = function (...rest: never[]) {
        const method = Assembler.method(`${namespace}.${mnemonic}`, instruction(), shape);
        methods[mnemonic] = method;
        return method.apply(this, rest);
      };
    }
    if (shape !== null) {
      methods.const = function (...values: (number | bigint)[]) {
        const bytes = constantBytes('v128.const', 'v128', shape, values);
        return this.code.instruction('v128.const', bytes, [], 'v128', [], shape);
      };
      methods.shuffle = function (lanes: readonly number[], ...operands: Operand[]) {
        const bytes = [0xfd, 0x0d, ...shuffleBytes(shape, lanes)];
        return this.code.instruction(`${shape}.shuffle`, bytes, ['v128', 'v128'], 'v128', operands, shape);
      };
    } else if (namespace !== 'v128' && namespace !== 'memory') {
      const type = namespace as Exclude<ValType, 'v128'>;
      const op = `${type}.const`;
      methods.const = function (...values: (number | bigint)[]) {
        return this.code.instruction(op, constantBytes(op, type, null, values), [], type, [], null);
      };
    }
    return methods;
  }

  private static method(op: string, instruction: Instruction, shape: Shape | null): Bound {
    const { kind, bytes, takes, gives, width, lanes } = instruction;
    switch (kind) {
      case 'plain':
        return function (...operands: Operand[]) {
          return this.code.instruction(op, bytes, takes, gives, operands, shape);
        };
      case 'lane':
        return function (lane: number, ...operands: Operand[]) {
          checkLane(op, lane, lanes);
          return this.code.instruction(op, bytes, takes, gives, operands, shape, [lane]);
        };
      case 'access':
        return function (...rest: (Operand | undefined)[]) {
          const operands = rest.slice(0, takes.length) as Operand[];
          const immediates = memoryImmediates(op, width, rest[takes.length], rest[takes.length + 1]);
          return this.code.instruction(op, bytes, takes, gives, operands, shape, immediates);
        };
      case 'laneAccess':
        return function (lane: number, ...rest: (Operand | undefined)[]) {
          checkLane(op, lane, lanes);
          const operands = rest.slice(0, 2) as Operand[];
          const immediates = memoryImmediates(op, width, rest[2], rest[3]);
          return this.code.instruction(op, bytes, takes, gives, operands, shape, [...immediates, lane]);
        };
    }
  }
}

/** A method of a namespace. What it is given has been checked by the type of `Methods`. */
type Bound = (this: { readonly code: Assembler }, ...args: never[]) => Value | undefined;

const PROTOTYPES = new Map<Namespace, Record<string, Bound>>();

/** The code that reads a local or a constant as an operand of this type. */
function readingOf(op: string, operand: Operand, type: ValType, shape: Shape | null): readonly number[] {
  if (typeof operand !== 'object') return constantBytes(op, type, shape, [operand]);
  if (operand.type !== type) fail(op, `expected ${type} as an operand, found ${operand.type}`);
  return (operand as Local).reading;
}

function branchTypes(label: Label): readonly ValType[] {
  return label.kind === 'loop' ? [] : label.results;
}
