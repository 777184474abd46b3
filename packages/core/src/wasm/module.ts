/**
 * From emitters to callable kernels: a module is emitted and compiled, synchronously, at first use, and cached by its
 * name, the features it was emitted for and the memory that it works on.
 */

import { TorsorError } from '../errors.ts';
import { observed } from '../observe.ts';
import type { Func, Local, ValType } from './assembler.ts';
import { Assembler } from './assembler.ts';
import type { Features } from './features.ts';
import { features } from './features.ts';

/** The functions that a kernel module exports: numbers in, a number or nothing out. */
export type KernelExports = Readonly<Record<string, (...args: number[]) => number | undefined>>;

/** Emits the functions of a kernel module. */
export type Emitter = (code: Assembler, features: Features) => void;

/** A compiled kernel module, before it is bound to a memory. */
export interface KernelModule {
  /** `f32_gemm_6x8__fma` */
  readonly name: string;
  /** Its name, and the features that it was emitted for. */
  readonly key: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly module: WebAssembly.Module;
}

/** Compiles and instantiates a module that imports `env.memory`. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): KernelExports {
  return bind(new WebAssembly.Module(bytes), memory);
}

function bind(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelExports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as KernelExports;
}

/** True when the memory is shared between threads. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
}

const modules = new Map<string, KernelModule>();

/** The module of this name for the present features, emitted and compiled if need be. */
export function kernelModule(name: string, emit: Emitter, shared: boolean): KernelModule {
  const target = features();
  const key = `${name} ${target.key}${shared ? ' shared' : ''}`;
  let known = modules.get(key);
  if (known === undefined) {
    known = compile(name, key, emit, shared, target);
    observed.current?.compiled();
    modules.set(key, known);
  }
  return known;
}

/** @throws TorsorError when the runtime refuses the module; nothing is kept of it, so the next call tries again */
function compile(name: string, key: string, emit: Emitter, shared: boolean, target: Features): KernelModule {
  try {
    const code = new Assembler({ shared });
    emit(code, target);
    const bytes = code.finish();
    return { name, key, bytes, module: new WebAssembly.Module(bytes) };
  } catch (cause) {
    throw new TorsorError(`${name} does not compile for ${target.key}: ${String(cause)}`, {
      op: 'kernel',
      operands: { name, features: target.key },
      cause,
    });
  }
}

/** The kernels bound to one memory, for one set of features. */
interface Bound {
  readonly features: Features;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Map<string, KernelExports>;
}

const bound = new WeakMap<WebAssembly.Memory, Bound[]>();
let latest: Bound | null = null;

/**
 * The exports of the kernel module `name`, bound to `memory`. A name is an identity: two emitters never share one.
 *
 * @example
 * const { run } = kernel('f32_axpy', emitAxpy, heap().memory);
 */
export function kernel<E extends KernelExports = KernelExports>(
  name: string,
  emit: Emitter,
  memory: WebAssembly.Memory,
): E {
  const target = features();
  observed.current?.kernel(name);
  if (latest === null || latest.memory !== memory || latest.features !== target) latest = boundTo(memory, target);
  let exports = latest.kernels.get(name);
  if (exports === undefined) {
    exports = bind(kernelModule(name, emit, isShared(memory)).module, memory);
    latest.kernels.set(name, exports);
  }
  return exports as E;
}

function boundTo(memory: WebAssembly.Memory, target: Features): Bound {
  const all = bound.get(memory) ?? [];
  let found = all.find((entry) => entry.features === target);
  if (found === undefined) {
    found = { features: target, memory, kernels: new Map() };
    all.push(found);
    bound.set(memory, all);
  }
  return found;
}

/**
 * One launch of a kernel: a task for every number below `tasks`, in any order and on any threads; tasks write to different places.
 * Each thread brings its own scratch memory, aligned to 64 bytes, whose content means nothing. `entry` is what `exportTasks` exports.
 */
export interface Launch {
  readonly name: string;
  readonly emit: Emitter;
  readonly entry: string;
  readonly args: readonly number[];
  readonly tasks: number;
  /** Nanoseconds that all of them take one thread, about: whether to share it follows from that. */
  readonly ns: number;
  /** Bytes of scratch memory for each thread. */
  readonly scratchBytes: number;
}

/** The parameters of a task, and what its `args` are. */
export type TaskParams = Readonly<Record<string, ValType>> & { readonly task: 'i32'; readonly scratch: 'i32' };

/**
 * Defines a task, and exports the function that runs those from one on up to another: `name(from, to, scratch, ...args)`. So a thread
 * calls once for many; and a task is a function by itself, which engines replace by a faster version between two of them.
 *
 *     for task in from .. to: name(task, scratch, ...args)
 */
export function exportTasks<const P extends TaskParams>(
  code: Assembler,
  name: string,
  params: P,
  body: (params: { [K in keyof P]: Local<P[K]> }) => void,
): void {
  const one: Func<[]> = code.func(`${name}Task`, params, [], body);
  const { task, ...others } = params;
  code.export(name, { task, to: 'i32', ...others }, [], (locals) => {
    const { task, to, ...args } = locals as Readonly<Record<string, Local>> & Record<'task' | 'to', Local<'i32'>>;
    code.whileLess(task, to, () => {
      code.call(one, task, ...Object.values(args));
      code.increase(task, 1);
    });
  });
}

/** Runs a launch on this thread. */
export function runInline(launch: Launch, memory: WebAssembly.Memory, scratchPtr: number): void {
  kernel(launch.name, launch.emit, memory)[launch.entry](0, launch.tasks, scratchPtr, ...launch.args);
}
