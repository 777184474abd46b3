/**
 * Deep copies of modules, as `copy.deepcopy` makes them in PyTorch: stacks of layers begin as copies of one. A copy is an instance of
 * the same class whose fields are copied; its constructor does not run, so that nothing is drawn. Hooks are the same functions.
 *
 * Left out: what a class keeps in `#private` fields of its own, which no code outside the class can reach.
 */

import { noGrad } from '@torsor/autograd';
import { Tensor } from '@torsor/core';
import type { AnyModule } from './module.ts';
import { HOOKS, isModule, Module } from './module.ts';
import { Buffer, Parameter } from './parameter.ts';

function copyTensor(x: Tensor): Tensor {
  const data = noGrad(() => x.detach().clone());
  if (x instanceof Parameter) return new Parameter(data, x.requiresGrad);
  if (x instanceof Buffer) return new Buffer(data, x.persistent);
  if (x.requiresGrad) data.requiresGrad = true;
  return data;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * A copy of a module, tensor, list, set, map or plain object with all that is in it; anything else, functions too, as it is. What was
 * one thing in two places is one thing in the copy, so that tied weights stay tied. What a class keeps in `#private` fields of its own
 * stays behind.
 *
 * @param seen copies that were made before
 *
 * @example
 * const teacher = deepCopy(student).eval();
 */
export function deepCopy<T>(value: T, seen: Map<object, unknown> = new Map()): T {
  if (value === null || (typeof value !== 'object' && !isModule(value))) return value;
  const source = value as object;
  const known = seen.get(source);
  if (known !== undefined) return known as T;
  const note = <C extends object>(copy: C): C => {
    seen.set(source, copy);
    return copy;
  };
  const inner = <V>(entry: V): V => deepCopy(entry, seen);
  let copy: object = source;
  if (isModule(source)) copy = copyModule(source, note, inner);
  else if (source instanceof Tensor) copy = note(copyTensor(source));
  else if (Array.isArray(source)) {
    const list: unknown[] = note([]);
    for (const entry of source) list.push(inner(entry));
    copy = list;
  } else if (source instanceof Set) copy = note(new Set([...source].map(inner)));
  else if (source instanceof Map) copy = note(new Map([...source].map(([key, entry]) => [key, inner(entry)])));
  else if (isPlain(source)) {
    copy = note({});
    for (const [key, entry] of Object.entries(source)) (copy as Record<string, unknown>)[key] = inner(entry);
  }
  return copy as T;
}

function copyModule(source: AnyModule, note: <C extends object>(copy: C) => C, inner: <V>(entry: V) => V): AnyModule {
  // The constructor of `Module` alone, which makes the callable; those of its subclasses would draw weights.
  const copy = note(Reflect.construct(Module, [], source.constructor) as AnyModule);
  for (const key of Reflect.ownKeys(source)) {
    const field = Object.getOwnPropertyDescriptor(source, key);
    if (field?.enumerable === true && 'value' in field)
      Object.defineProperty(copy, key, { ...field, value: inner(field.value) });
  }
  copy[HOOKS] = source[HOOKS];
  return copy;
}
