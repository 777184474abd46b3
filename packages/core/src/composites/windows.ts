/**
 * Windows for spectra: vectors that fade in and out. Those for a periodic signal, the default, are one element short of the next period;
 * `periodic: false` gives symmetric ones. With k from 0 and N the length of the period, which is the number of elements or one less, all are
 * functions of `t = k / N`. They are computed in float64, and rounded once.
 */

import { composed } from '../composed.ts';
import type { DType } from '../dtype.ts';
import { flag, requireFloat } from '../ops/arguments.ts';
import type { CreateOptions } from '../ops/create.ts';
import { arange, checkShape, ones } from '../ops/create.ts';
import { add, clamp, cos, mul, sqrt, sub, to } from '../ops/elementwise.ts';
import { named } from '../options.ts';
import { i0 } from '../special/ops.ts';
import type { Tensor } from '../tensor.ts';

export interface WindowOptions extends CreateOptions {
  /** One element short of the next period, and not symmetric. Default true. */
  readonly periodic?: boolean;
}

/** What follows the length of a window without parameters. */
type PlainArguments = [periodic?: boolean | WindowOptions, options?: CreateOptions];

/** Reads the arguments after the length, the parameters of the window with their defaults, and makes it. */
function windowOf(
  op: string,
  length: number,
  args: readonly unknown[],
  defaults: Readonly<Record<string, number>>,
  shape: (t: Tensor, ...parameters: readonly number[]) => Tensor,
): Tensor {
  const names = Object.keys(defaults);
  const [p, ...rest] = named<readonly unknown[]>(op, ['periodic', ...names, 'dtype', 'requiresGrad'], args);
  const periodic = p === undefined || flag(op, 'periodic', p);
  const dtype = (rest[names.length] ?? 'float32') as DType;
  requireFloat(op, dtype);
  checkShape(op, [length]);
  const out = composed(() => {
    // A window of one element is 1.
    if (length < 2) return ones([length], { dtype });
    const t = arange(0, length, { dtype: 'float64' }).div(periodic ? length : length - 1);
    return to(shape(t, ...names.map((name, i) => (rest[i] as number | undefined) ?? defaults[name])), dtype);
  });
  return rest[names.length + 1] === true ? out.requiresGrad_() : out;
}

/** `Σₙ (-1)ⁿ cₙ cos 2πnt` */
const waves = (t: Tensor, coefficients: readonly number[]): Tensor =>
  coefficients.map((c, n) => mul(cos(mul(t, 2 * Math.PI * n)), n === 1 ? -c : c)).reduce((a, b) => add(a, b));

/**
 * The Hann window, `(1 - cos 2πt) / 2`, which begins at 0.
 *
 * @throws ShapeError for a negative length; DTypeError for a dtype that is not floating
 *
 * @example
 * hannWindow(4); // tensor([0.0000, 0.5000, 1.0000, 0.5000])
 */
export function hannWindow(windowLength: number, ...args: PlainArguments): Tensor {
  return windowOf('hannWindow', windowLength, args, {}, (t) => waves(t, [0.5, 0.5]));
}

export interface HammingOptions extends WindowOptions {
  /** Default 0.54. */
  readonly alpha?: number;
  /** Default 0.46. */
  readonly beta?: number;
}

/**
 * The Hamming window, `alpha - beta cos 2πt`, which by default begins at 0.08.
 *
 * @throws ShapeError for a negative length; DTypeError for a dtype that is not floating
 *
 * @example
 * hammingWindow(4); // tensor([0.0800, 0.5400, 1.0000, 0.5400])
 */
export function hammingWindow(
  windowLength: number,
  ...args: [
    periodic?: boolean | HammingOptions,
    alpha?: number | Omit<HammingOptions, 'periodic'>,
    beta?: number | Omit<HammingOptions, 'periodic' | 'alpha'>,
    options?: CreateOptions,
  ]
): Tensor {
  return windowOf('hammingWindow', windowLength, args, { alpha: 0.54, beta: 0.46 }, (t, ...ab) => waves(t, ab));
}

/**
 * The Blackman window, `0.42 - 0.5 cos 2πt + 0.08 cos 4πt`.
 *
 * @throws ShapeError for a negative length; DTypeError for a dtype that is not floating
 *
 * @example
 * blackmanWindow(4); // about tensor([0.0000, 0.3400, 1.0000, 0.3400])
 */
export function blackmanWindow(windowLength: number, ...args: PlainArguments): Tensor {
  return windowOf('blackmanWindow', windowLength, args, {}, (t) => waves(t, [0.42, 0.5, 0.08]));
}

/**
 * The Bartlett window, a triangle: `1 - |2t - 1|`.
 *
 * @throws ShapeError for a negative length; DTypeError for a dtype that is not floating
 *
 * @example
 * bartlettWindow(4); // tensor([0.0000, 0.5000, 1.0000, 0.5000])
 */
export function bartlettWindow(windowLength: number, ...args: PlainArguments): Tensor {
  return windowOf('bartlettWindow', windowLength, args, {}, (t) => sub(1, mul(t, 2).sub(1).abs()));
}

export interface KaiserOptions extends WindowOptions {
  /** How narrow the window is. Default 12. */
  readonly beta?: number;
}

/**
 * The Kaiser window, `I₀(beta √(1 - (2t - 1)²)) / I₀(beta)`, with the modified Bessel function of order 0.
 *
 * @throws ShapeError for a negative length; DTypeError for a dtype that is not floating
 *
 * @example
 * kaiserWindow(4); // tensor([5.2773e-05, 2.1567e-01, 1.0000e+00, 2.1567e-01])
 */
export function kaiserWindow(
  windowLength: number,
  ...args: [
    periodic?: boolean | KaiserOptions,
    beta?: number | Omit<KaiserOptions, 'periodic'>,
    options?: CreateOptions,
  ]
): Tensor {
  return windowOf('kaiserWindow', windowLength, args, { beta: 12 }, (t, b) => {
    const x = mul(t, 2).sub(1);
    const whole = i0(ones([], { dtype: 'float64' }).mul(b));
    return i0(mul(sqrt(clamp(sub(1, mul(x, x)), 0)), b)).div(whole);
  });
}
