/**
 * Printing: a strided array as the text that PyTorch's `repr` gives, to the character.
 *
 * The rules are those of `torch/_tensor_str.py`, and the digits those of Python's `'{:.4f}'` and `'{:.4e}'`, which
 * JavaScript's `toFixed` and `toExponential` match but for ties and signs. One pass visits the elements that will be
 * shown and decides how a column is written (as integers, with decimals, or with exponents, and how wide); a second
 * writes them. A tensor over the threshold is only touched at its edges. Left out: devices, names, and the sparse,
 * quantized and complex kinds.
 */

import { withBits } from './bits.ts';
import type { DType, TypedArray } from './dtype.ts';
import { isFloating, isHalf } from './dtype.ts';
import { show, ValueError } from './errors.ts';
import type { Shape, Strided } from './layout.ts';
import { sizeOf } from './layout.ts';
import { isOptions } from './options.ts';
import { halfValue } from './reference/half.ts';

/** How tensors are printed; `setPrintOptions` changes it. */
export interface PrintOptions {
  /** Digits after the decimal point; 4. */
  readonly precision: number;
  /** A tensor of more elements than this is summarised; 1000. `Infinity` never summarises. */
  readonly threshold: number;
  /** Elements shown at either end of a summarised dimension; 3. */
  readonly edgeitems: number;
  /** Columns after which lines wrap; 80. `Infinity` never wraps. */
  readonly linewidth: number;
  /** `true` always writes floating-point numbers with exponents, `false` never does, `null` decides by their range. */
  readonly sciMode: boolean | null;
}

/** A named set of print options: `full` never summarises, `short` has 2 digits and 2 edge items. */
export type PrintProfile = 'default' | 'short' | 'full';

/** What `setPrintOptions` takes: any of the options, over those of a profile. */
export type PrintOptionsUpdate = {
  readonly [K in keyof PrintOptions]?: PrintOptions[K] | null | undefined;
} & { readonly profile?: PrintProfile | null | undefined };

/** What a tensor's printed form says besides its elements. */
export interface FormatOptions {
  /** Adds `requires_grad=True`, unless there is a `gradFn`. */
  readonly requiresGrad?: boolean;
  /** The name of the node that made the tensor, for `grad_fn=<SubBackward0>`. */
  readonly gradFn?: string | null;
  /** `'tensor'`; `'Parameter'`, for `Parameter containing:` on a line above; or the name of a subclass. */
  readonly name?: string;
}

const DEFAULTS: PrintOptions = { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80, sciMode: null };

const PROFILES: Readonly<Record<PrintProfile, PrintOptions>> = {
  default: DEFAULTS,
  short: { ...DEFAULTS, precision: 2, edgeitems: 2 },
  full: { ...DEFAULTS, threshold: Infinity },
};

/** One digit less than `toExponential` gives, because ties are found by asking for one more. */
const MAX_PRECISION = 99;

let current: PrintOptions = DEFAULTS;

/**
 * Changes how tensors are printed from here on, as `torch.set_printoptions`.
 *
 * Options left out (or `null`) keep their value, or take the profile's when one is given; only `sciMode` goes back to
 * automatic on every call that does not set it, as in PyTorch.
 *
 * @throws ValueError when an option is unknown or its value is out of range; then nothing changes
 *
 * @example
 * setPrintOptions({ precision: 2 });
 * setPrintOptions({ profile: 'full', sciMode: false });
 * setPrintOptions({ profile: 'default' });
 */
export function setPrintOptions(options: PrintOptionsUpdate): void {
  if (!isOptions(options)) throw new ValueError(`expects options, but got ${show(options)}`, { op: 'setPrintOptions' });
  for (const key of Object.keys(options)) {
    if (key !== 'profile' && !Object.hasOwn(DEFAULTS, key)) {
      throw new ValueError(`unknown option '${key}'; known options are ${Object.keys(DEFAULTS).join(', ')}, profile`, {
        op: 'setPrintOptions',
        operands: { options },
      });
    }
  }
  const profile = options.profile ?? null;
  if (profile !== null && !Object.hasOwn(PROFILES, profile)) {
    refuse('profile', `one of ${Object.keys(PROFILES).join(', ')}`, profile);
  }
  const base = profile === null ? current : PROFILES[profile];
  const next: PrintOptions = {
    precision: options.precision ?? base.precision,
    threshold: options.threshold ?? base.threshold,
    edgeitems: options.edgeitems ?? base.edgeitems,
    linewidth: options.linewidth ?? base.linewidth,
    sciMode: options.sciMode ?? null,
  };
  const { precision, threshold, edgeitems, linewidth, sciMode } = next;
  if (!Number.isInteger(precision) || precision < 0 || precision > MAX_PRECISION) {
    refuse('precision', `an integer from 0 to ${MAX_PRECISION}`, precision);
  }
  if (typeof threshold !== 'number' || !(threshold >= 0)) refuse('threshold', 'a number of at least 0', threshold);
  if (!Number.isInteger(edgeitems) || edgeitems < 0) refuse('edgeitems', 'an integer of at least 0', edgeitems);
  if (!(Number.isInteger(linewidth) || linewidth === Infinity) || linewidth < 1) {
    refuse('linewidth', 'an integer of at least 1, or Infinity', linewidth);
  }
  if (sciMode !== null && typeof sciMode !== 'boolean') refuse('sciMode', 'true, false or null', sciMode);
  current = next;
}

/** The print options in force; `setPrintOptions(getPrintOptions())` changes nothing. */
export function getPrintOptions(): PrintOptions {
  return { ...current };
}

function refuse(option: string, rule: string, value: unknown): never {
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  throw new ValueError(`${option} must be ${rule}, but got ${shown}`, {
    op: 'setPrintOptions',
    operands: { [option]: value },
  });
}

/**
 * The printed form of a tensor, equal to `repr` of the same tensor in PyTorch.
 *
 * Two cases follow recent PyTorch 2 rather than older releases: columns are as wide as the mode that `sciMode` forces
 * needs, and with 0 `edgeitems` a summarised tensor is `[...]`.
 *
 * @example
 * const array = Float32Array.of(102.4, 1024, 0.1024);
 * formatTensor({ array, shape: [3], strides: [1], offset: 0, dtype: 'float32' });
 * // tensor([1.0240e+02, 1.0240e+03, 1.0240e-01])
 */
export function formatTensor(t: Strided, options: FormatOptions = {}): string {
  const { requiresGrad = false, gradFn = null, name = 'tensor' } = options;
  const isParameter = name === 'Parameter';
  const prefix = `${isParameter ? 'tensor' : name}(`;
  const isEmpty = sizeOf(t.shape) === 0;

  const suffixes: string[] = [];
  if (isEmpty && t.shape.length !== 1) suffixes.push(`size=(${t.shape.join(', ')})`);
  // Elements tell int64 and bool from the default float32; where there are none, the dtype has to be said.
  const isImplied = t.dtype === 'float32' || (!isEmpty && (t.dtype === 'int64' || t.dtype === 'bool'));
  if (!isImplied) suffixes.push(`dtype=torch.${t.dtype}`);
  if (gradFn !== null) suffixes.push(`grad_fn=<${gradFn}>`);
  else if (requiresGrad) suffixes.push('requires_grad=True');

  const body = prefix + (isEmpty ? '[]' : new Page(t, current).render(0, t.offset, prefix.length));
  const text = withSuffixes(body, suffixes, prefix.length, current.linewidth);
  return isParameter ? `Parameter containing:\n${text}` : text;
}

/** Appends suffixes and the closing parenthesis; a suffix that would pass the line width goes to a line of its own. */
function withSuffixes(body: string, suffixes: readonly string[], indent: number, linewidth: number): string {
  let text = body;
  // PyTorch counts 2 columns more than there are, on the first line and on the last of several.
  let column = body.length - body.lastIndexOf('\n') + 1;
  for (const suffix of suffixes) {
    if (column + suffix.length + 2 > linewidth) {
      text += `,\n${' '.repeat(indent)}${suffix}`;
      column = indent + suffix.length;
    } else {
      text += `, ${suffix}`;
      column += suffix.length + 2;
    }
  }
  return `${text})`;
}

/** Stands among shown indices for those that a summary leaves out. */
const GAP = -1;

/** The indices of a dimension of `n` that are shown, with at most `edge` at either end. */
function shownIndices(n: number, edge: number): number[] {
  const isWhole = n <= 2 * edge;
  const head = Array.from({ length: isWhole ? n : edge }, (_, i) => i);
  return isWhole ? head : [...head, GAP, ...head.map((i) => n - edge + i)];
}

/** A tensor laid out for printing: which indices are shown, and how an element is written. */
class Page {
  private readonly array: TypedArray;
  private readonly dtype: DType;
  readonly strides: Shape;
  readonly linewidth: number;
  /** What stands for a gap in the innermost dimension. */
  readonly gap: string;
  /** For every dimension, the indices shown. */
  readonly shown: readonly (readonly number[])[];
  readonly column: Column;

  constructor(t: Strided, options: PrintOptions) {
    const edge = sizeOf(t.shape) > options.threshold ? options.edgeitems : Infinity;
    this.array = withBits(() => t.array);
    this.dtype = t.dtype;
    this.strides = t.strides;
    this.linewidth = options.linewidth;
    this.gap = edge === 0 ? '...' : ' ...';
    this.shown = t.shape.map((n) => shownIndices(n, edge));
    const elements: (number | bigint)[] = [];
    this.collect(0, t.offset, elements);
    this.column = isFloating(t.dtype)
      ? floatColumn(elements as number[], options.precision, options.sciMode)
      : exactColumn(elements, t.dtype);
  }

  /** Appends the shown elements of dimensions `dim` and up, the first of which lies at offset `at`. */
  collect(dim: number, at: number, into: (number | bigint)[]): void {
    if (dim === this.shown.length) {
      into.push(this.valueAt(at));
      return;
    }
    const stride = this.strides[dim]!;
    for (const i of this.shown[dim]!) if (i !== GAP) this.collect(dim + 1, at + i * stride, into);
  }

  /** The text of dimensions `dim` and up, whose opening bracket stands in column `indent`. */
  render(dim: number, at: number, indent: number): string {
    const inner = this.shown.length - dim - 1;
    if (inner < 0) return this.element(at);
    const stride = this.strides[dim]!;
    const newline = `,${'\n'.repeat(Math.max(inner, 1))}${' '.repeat(indent + 1)}`;
    if (inner > 0) {
      const slices = this.shown[dim]!.map((i) =>
        i === GAP ? '...' : this.render(dim + 1, at + i * stride, indent + 1),
      );
      return `[${slices.join(newline)}]`;
    }
    const texts = this.shown[dim]!.map((i) => (i === GAP ? this.gap : this.element(at + i * stride)));
    const perLine = Math.max(1, Math.floor((this.linewidth - indent) / (this.column.width + ', '.length)));
    const lines: string[] = [];
    for (let i = 0; i < texts.length; i += perLine) lines.push(texts.slice(i, i + perLine).join(', '));
    return `[${lines.join(newline)}]`;
  }

  element(at: number): string {
    return this.column.write(this.valueAt(at)).padStart(this.column.width);
  }

  private valueAt(at: number): number | bigint {
    const element = this.array[at]!;
    return isHalf(this.dtype) ? halfValue(this.dtype, element as number) : element;
  }
}

/** How the elements of one tensor are written, all alike and padded to one width. */
interface Column {
  readonly width: number;
  readonly write: (value: number | bigint) => string;
}

function widest(texts: Iterable<string>): number {
  let width = 1;
  for (const text of texts) width = Math.max(width, text.length);
  return width;
}

/** Integers and booleans. */
function exactColumn(elements: readonly (number | bigint)[], dtype: DType): Column {
  const write = dtype === 'bool' ? (value: number | bigint) => (Number(value) === 0 ? 'False' : 'True') : String;
  return { write, width: widest(elements.map(write)) };
}

/**
 * Floating-point numbers: as integers with a point when all are integral, else with decimals; with exponents when they
 * span more than three orders of magnitude or reach too far up or down. Zeros, infinities and NaN take no part in the
 * decision nor in the width, so that `[1., nan]` is not padded.
 */
function floatColumn(elements: readonly number[], precision: number, sciMode: boolean | null): Column {
  const measured = elements.filter((value) => value !== 0 && Number.isFinite(value));
  if (measured.length === 0) return { write: (value) => formatIntegral(Number(value)), width: 1 };
  let least = Infinity;
  let greatest = 0;
  for (const value of measured) {
    least = Math.min(least, Math.abs(value));
    greatest = Math.max(greatest, Math.abs(value));
  }
  const isScientific = sciMode ?? (greatest / least > 1000 || greatest > 1e8 || least < 1e-4);
  const isIntegral = measured.every(Number.isInteger);
  const format = isScientific ? formatExponent : isIntegral ? formatIntegral : formatFixed;
  const write = (value: number | bigint) => format(Number(value), precision);
  return { write, width: widest(measured.map(write)) };
}

/** An integral float, with the point that tells it from an integer: `-3.`, `inf`. */
function formatIntegral(value: number): string {
  return Number.isFinite(value) ? `${formatFixed(value, 0)}.` : formatFixed(value, 0);
}

/**
 * A number as Python's `f'{value:.{precision}f}'`: the exact binary value, rounded half to even.
 *
 * `toFixed` is exact too, but rounds ties up. A tie is a value with one binary digit more than `precision` can hold,
 * that is, `|value| · 2^(precision + 1)` is odd; scaling by a power of two loses nothing, so this test is exact.
 *
 * @param precision digits after the point, from 0 to 99
 */
export function formatFixed(value: number, precision: number): string {
  if (!Number.isFinite(value)) return formatNonFinite(value);
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  // From here `toFixed` gives up, and doubles are integers that BigInt writes in full.
  if (magnitude >= 1e21) return `${sign}${BigInt(magnitude)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  const digits = magnitude.toFixed(precision);
  const isTie = (magnitude * 2 ** (precision + 1)) % 2 === 1;
  return sign + (isTie ? toEven(digits) : digits);
}

/**
 * A number as Python's `f'{value:.{precision}e}'`: the exact binary value, rounded half to even, with an exponent of at
 * least two digits.
 *
 * @param precision digits after the point, from 0 to 99
 */
export function formatExponent(value: number, precision: number): string {
  if (!Number.isFinite(value)) return formatNonFinite(value);
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const text = magnitude.toExponential(precision);
  const at = text.indexOf('e');
  const digits = text.slice(0, at);
  const exponent = text.slice(at + 2).padStart(2, '0');
  // A lone 1 comes of a tie only by a carry, 9.5 to 1e+1, and stays: 9 is odd.
  const isTie = digits !== '1' && isExponentTie(magnitude, precision);
  return `${sign}${isTie ? toEven(digits) : digits}e${text[at + 1]}${exponent}`;
}

/**
 * Whether the exact value of `magnitude` lies midway between two numbers of `precision` digits after the point, which
 * is when it has one digit more, and that digit is a 5.
 */
function isExponentTie(magnitude: number, precision: number): boolean {
  const text = magnitude.toExponential(precision + 1);
  const at = text.indexOf('e');
  if (text[at - 1] !== '5' || Number(text) !== magnitude) return false;
  // magnitude = digits · 10^shift, if `text` is exact; with 10 = 2 · 5, both sides are compared as integers.
  const digits = BigInt(text.slice(0, at).replace('.', ''));
  const shift = Number(text.slice(at + 1)) - precision - 1;
  if (shift >= 0) return BigInt(magnitude) === digits * 10n ** BigInt(shift);
  // Two steps, since 2^-shift alone may be too large for a double.
  const scaled = magnitude * 2 ** Math.min(-shift, 1000) * 2 ** Math.max(-shift - 1000, 0);
  return Number.isInteger(scaled) && BigInt(scaled) * 5n ** BigInt(-shift) === digits;
}

/** Digits of a tie that was rounded up, with an odd last digit turned back to the even one below. */
function toEven(digits: string): string {
  const last = Number(digits.at(-1));
  return last % 2 === 1 ? `${digits.slice(0, -1)}${last - 1}` : digits;
}

function formatNonFinite(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}
