/**
 * What weight and spectral normalisation share: a parameter that is computed anew, by a hook, before each call of its module. The
 * parameter gives way to fields that it is computed from, and its own field holds a plain tensor, which no state dict has.
 */

import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { ValueError } from '@torsor/core';
import type { AnyModule } from './module.ts';
import { HOOKS, isModule } from './module.ts';
import { Parameter } from './parameter.ts';

/** How a field of a module is computed. */
export interface Reparametrization {
  /** The function that set it up, which errors name. */
  readonly op: string;
  /** The field that is computed. */
  readonly field: string;
  /** The fields that it is computed from. */
  readonly parts: readonly string[];
  /**
   * The value, from the fields of a module: of the one that was set up, or of a copy.
   *
   * @param isTraining whether fields may change with it
   */
  compute(module: AnyModule, isTraining: boolean): Tensor;
}

type Hook = ((module: AnyModule) => void) & Reparametrization;

/** A module as its fields. */
export function fieldsOf<T>(module: AnyModule): Record<string, T> {
  return module as unknown as Record<string, T>;
}

function find(module: AnyModule, op: string, field: string): Hook | undefined {
  const hooks = [...(module[HOOKS]?.forwardPre ?? [])] as Partial<Hook>[];
  return hooks.find((hook) => hook.op === op && hook.field === field) as Hook | undefined;
}

/**
 * The parameter that is to be computed.
 *
 * @throws ValueError when there is none, or it is computed already
 */
export function parameterToCompute(op: string, module: unknown, field: string): Parameter {
  if (!isModule(module)) throw new ValueError('takes a module', { op, operands: { module } });
  if (find(module, op, field) !== undefined) {
    throw new ValueError(`cannot be applied to the parameter '${field}' twice`, { op, operands: { name: field } });
  }
  const value: unknown = Object.hasOwn(module, field) ? fieldsOf(module)[field] : undefined;
  if (value instanceof Parameter) return value;
  throw new ValueError(`${module.className} has no parameter '${field}'`, { op, operands: { name: field } });
}

/** Computes a field before each call from now on. */
export function reparametrize(module: AnyModule, how: Reparametrization): void {
  const hook: Hook = Object.assign((target: AnyModule) => {
    fieldsOf(target)[how.field] = how.compute(target, target.training);
  }, how);
  module.registerForwardPreHook(hook);
}

/**
 * Makes a parameter of a field that is computed.
 *
 * @param undo the function that does it, which errors name
 * @param op the function that set it up
 * @throws ValueError when it is none
 */
export function toParameter(undo: string, op: string, module: AnyModule, field: string): void {
  const hook = isModule(module) ? find(module, op, field) : undefined;
  if (hook === undefined) {
    throw new ValueError(
      `${op} of '${field}' not found in ${isModule(module) ? module.className : 'what is no module'}`,
      {
        op: undo,
        operands: { name: field },
      },
    );
  }
  const last = noGrad(() => hook.compute(module, false));
  for (const name of [field, ...hook.parts]) Reflect.deleteProperty(module, name);
  module[HOOKS]?.forwardPre.delete(hook);
  module.registerParameter(field, new Parameter(last));
}
