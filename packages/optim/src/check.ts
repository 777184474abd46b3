/** Checks of options. Each error names the class, the rule and the value. */

import { show, ValueError } from '@torsor/core';

/** @throws ValueError with what `value` must be */
function refuse(op: string, name: string, value: unknown, rule: string): never {
  throw new ValueError(`invalid ${name}: ${typeof value === 'number' ? value : show(value)}; it must be ${rule}`, {
    op,
    operands: { [name]: value },
  });
}

/** @throws ValueError unless `value` is a number of at least `least` */
export function checkAtLeast(op: string, name: string, value: unknown, least = 0): void {
  if (typeof value !== 'number' || !(value >= least)) refuse(op, name, value, `a number of at least ${least}`);
}

/** @throws ValueError unless `value` is a number from `least` to `most` */
export function checkBetween(op: string, name: string, value: unknown, least: number, most: number): void {
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    refuse(op, name, value, `a number from ${least} to ${most}`);
  }
}

/** @throws ValueError unless `value` is a number above 0 */
export function checkPositive(op: string, name: string, value: unknown): void {
  if (typeof value !== 'number' || !(value > 0)) refuse(op, name, value, 'a number above 0');
}

/** @throws ValueError unless `value` is an integer of at least `least` */
export function checkInteger(op: string, name: string, value: unknown, least = 0): void {
  if (!Number.isInteger(value) || (value as number) < least) refuse(op, name, value, `an integer of at least ${least}`);
}

/** @throws ValueError unless `value` is a number, and neither infinite nor NaN */
export function checkFinite(op: string, name: string, value: unknown): void {
  if (!Number.isFinite(value)) refuse(op, name, value, 'a finite number');
}

/** @throws ValueError unless `value` is one of `choices` */
export function checkChoice(op: string, name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string)) refuse(op, name, value, `one of '${choices.join("', '")}'`);
}

/** @throws ValueError unless both decay rates are in [0, 1) */
export function checkBetas(op: string, betas: unknown): void {
  if (!Array.isArray(betas) || betas.length !== 2) refuse(op, 'betas', betas, 'a list of two numbers');
  (betas as readonly unknown[]).forEach((beta, i) => {
    if (typeof beta !== 'number' || !(beta >= 0 && beta < 1)) {
      throw new ValueError(`invalid beta parameter at index ${i}: ${String(beta)}; it must be in [0, 1)`, {
        op,
        operands: { betas },
      });
    }
  });
}
