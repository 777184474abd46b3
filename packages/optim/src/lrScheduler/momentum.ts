/** The momentum of a group, for schedules that move it against the learning rate: SGD's momentum, or the first β of the Adams. */

import { show, ValueError } from '@torsor/core';
import { checkFinite } from '../check.ts';
import type { ScheduledGroup, ScheduledOptimizer } from './base.ts';
import { checkOptimizer } from './base.ts';

/** One value for all groups, or one for each. */
export type PerGroup = number | readonly number[];

/**
 * A value for each group.
 *
 * @throws ValueError when it is neither a number nor a list of as many as there are groups
 */
export function perGroup(
  op: string,
  name: string,
  optimizer: ScheduledOptimizer,
  value: PerGroup | undefined,
): number[] {
  checkOptimizer(op, optimizer);
  const groups = optimizer.paramGroups;
  const list = Array.isArray(value) ? (value as readonly number[]) : groups.map(() => value as number);
  if (list.length !== groups.length) {
    throw new ValueError(`expected ${groups.length} values for ${name}, one for each group, but got ${show(value)}`, {
      op,
      operands: { [name]: value },
    });
  }
  for (const entry of list) checkFinite(op, name, entry);
  return [...list];
}

/**
 * Whether momentum is the first β.
 *
 * @throws ValueError when the optimiser has neither that nor momentum
 */
export function usesBeta1(op: string, optimizer: ScheduledOptimizer): boolean {
  const { defaults } = optimizer;
  if ('betas' in defaults) return true;
  if ('momentum' in defaults) return false;
  throw new ValueError(
    `the optimizer must have momentum or betas for cycleMomentum, but ${optimizer.constructor.name} has ` +
      `${Object.keys(defaults).join(', ')}; give cycleMomentum: false`,
    { op },
  );
}

export function setMomentum(group: ScheduledGroup, useBeta1: boolean, momentum: number): void {
  if (useBeta1) group.betas = [momentum, (group.betas as readonly [number, number])[1]];
  else group.momentum = momentum;
}
