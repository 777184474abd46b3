/** How Python writes values: modules print as PyTorch's do, to the character. */

/** A Python float: `0.1`, `1.0`, `1e-05`. The digits are JavaScript's own, which are the shortest too. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [mantissa, exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  // CPython's repr: exponents below -4 or from 16 on.
  if (power < -4 || power >= 16)
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const text = String(value);
  const plain = text.includes('e') ? value.toFixed(-power + mantissa.replace(/[-.]/g, '').length - 1) : text;
  return Number.isInteger(value) ? `${Object.is(value, -0) ? '-0' : plain}.0` : plain;
}

/** A number as a user would have typed it: `20` is an integer, `0.5` a float. */
export function pythonNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? String(value) : pythonFloat(value);
}

/** `True` or `False`. */
export function pythonBool(value: boolean): string {
  return value ? 'True' : 'False';
}

/** A Python value: `None`, a number, a bool, a tuple `(3, 5)` or `(3,)`, a string as it is. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'number') return pythonNumber(value);
  if (typeof value === 'boolean') return pythonBool(value);
  if (Array.isArray(value)) return value.length === 1 ? `(${python(value[0])},)` : `(${value.map(python).join(', ')})`;
  return String(value);
}
