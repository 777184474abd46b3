/**
 * Activations: `torch.nn.modules.activation`, element by element but for the softmaxes and `GLU`. `inplace`, where PyTorch has it,
 * writes the result into the input and is false by default.
 */

import type { DType, Tensor } from '@torsor/core';
import { formatShape, full, named, ShapeError, ValueError } from '@torsor/core';
import { flag, integer, numeric, required } from '../arguments.ts';
import type { InplaceOptions } from '../functional.ts';
import * as F from '../functional.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { python, pythonFloat } from '../python.ts';

/** An activation whose only argument is `inplace`. */
abstract class InplaceActivation extends Module {
  readonly inplace: boolean;

  constructor(op: string, inplace: boolean | InplaceOptions | undefined) {
    super();
    const [value = false] = named<[boolean]>(op, ['inplace'], [inplace]);
    this.inplace = flag(op, 'inplace', value);
  }

  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : '';
  }
}

/** `max(x, 0)`. */
export class ReLU extends InplaceActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(inplace?: boolean | InplaceOptions) {
    super('ReLU', inplace);
  }

  override forward(input: Tensor): Tensor {
    return F.relu(input, this.inplace);
  }
}

/** `min(max(x, 0), 6)`. */
export class ReLU6 extends InplaceActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(inplace?: boolean | InplaceOptions) {
    super('ReLU6', inplace);
  }

  override forward(input: Tensor): Tensor {
    return F.relu6(input, this.inplace);
  }
}

/** Scaled elu, `1.0507 (x > 0 ? x : 1.6733 (e^x - 1))`: Klambauer et al., "Self-Normalizing Neural Networks", 2017. */
export class SELU extends InplaceActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(inplace?: boolean | InplaceOptions) {
    super('SELU', inplace);
  }

  override forward(input: Tensor): Tensor {
    return F.selu(input, this.inplace);
  }
}

/** `x sigmoid(x)`, also called swish. */
export class SiLU extends InplaceActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(inplace?: boolean | InplaceOptions) {
    super('SiLU', inplace);
  }

  override forward(input: Tensor): Tensor {
    return F.silu(input, this.inplace);
  }
}

/** `x tanh(softplus(x))`. */
export class Mish extends InplaceActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(inplace?: boolean | InplaceOptions) {
    super('Mish', inplace);
  }

  override forward(input: Tensor): Tensor {
    return F.mish(input, this.inplace);
  }
}

/** `x min(max(x + 3, 0), 6) / 6`. */
export class Hardswish extends InplaceActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(inplace?: boolean | InplaceOptions) {
    super('Hardswish', inplace);
  }

  override forward(input: Tensor): Tensor {
    return F.hardswish(input, this.inplace);
  }

  override extraRepr(): string {
    return '';
  }
}

/** `min(max(x + 3, 0), 6) / 6`. */
export class Hardsigmoid extends InplaceActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(inplace?: boolean | InplaceOptions) {
    super('Hardsigmoid', inplace);
  }

  override forward(input: Tensor): Tensor {
    return F.hardsigmoid(input, this.inplace);
  }

  override extraRepr(): string {
    return '';
  }
}

// ---------------------------------------------------------------------------------------------------- without parameters

/** `1 / (1 + e^-x)`. */
export class Sigmoid extends Module {
  static override readonly keepsNothing: boolean = true;
  override forward(input: Tensor): Tensor {
    return F.sigmoid(input);
  }
}

/** `log(sigmoid(x))`, without overflow. */
export class LogSigmoid extends Module {
  static override readonly keepsNothing: boolean = true;

  override forward(input: Tensor): Tensor {
    return F.logSigmoid(input);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  static override readonly keepsNothing: boolean = true;
  override forward(input: Tensor): Tensor {
    return F.tanh(input);
  }
}

/** `x / (1 + |x|)`. */
export class Softsign extends Module {
  static override readonly keepsNothing: boolean = true;

  override forward(input: Tensor): Tensor {
    return F.softsign(input);
  }
}

/** `x - tanh(x)`. */
export class Tanhshrink extends Module {
  static override readonly keepsNothing: boolean = true;

  override forward(input: Tensor): Tensor {
    return F.tanhshrink(input);
  }
}

// ------------------------------------------------------------------------------------------------------- with parameters

const inplaceSuffix = (inplace: boolean): string => (inplace ? ', inplace=True' : '');

/** `x > 0 ? x : negativeSlope x`; the slope is 0.01 by default. */
export class LeakyReLU extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly negativeSlope: number;
  readonly inplace: boolean;

  constructor(negativeSlope?: number | F.LeakyReluOptions, inplace?: boolean | F.LeakyReluOptions) {
    super();
    const op = 'LeakyReLU';
    const [slope = 0.01, write = false] = named<[number, boolean]>(
      op,
      ['negativeSlope', 'inplace'],
      [negativeSlope, inplace],
    );
    this.negativeSlope = numeric(op, 'negativeSlope', slope);
    this.inplace = flag(op, 'inplace', write);
  }

  override forward(input: Tensor): Tensor {
    return F.leakyRelu(input, this.negativeSlope, this.inplace);
  }

  override extraRepr(): string {
    return `negative_slope=${python(this.negativeSlope)}${inplaceSuffix(this.inplace)}`;
  }
}

export type RReluLayerOptions = Omit<F.RReluOptions, 'training'>;

/**
 * `x > 0 ? x : a x`, with a slope a drawn from [lower, upper) for each element in training, `(lower + upper) / 2` in evaluation.
 *
 * @param lower least slope; 1/8 by default
 * @param upper largest slope; 1/3 by default
 */
export class RReLU extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly lower: number;
  readonly upper: number;
  readonly inplace: boolean;

  constructor(
    lower?: number | RReluLayerOptions,
    upper?: number | RReluLayerOptions,
    inplace?: boolean | RReluLayerOptions,
  ) {
    super();
    const op = 'RReLU';
    const [low = 1 / 8, high = 1 / 3, write = false] = named<[number, number, boolean]>(
      op,
      ['lower', 'upper', 'inplace'],
      [lower, upper, inplace],
    );
    this.lower = numeric(op, 'lower', low);
    this.upper = numeric(op, 'upper', high);
    this.inplace = flag(op, 'inplace', write);
  }

  override forward(input: Tensor): Tensor {
    return F.rrelu(input, this.lower, this.upper, this.training, this.inplace);
  }

  override extraRepr(): string {
    return `lower=${python(this.lower)}, upper=${python(this.upper)}${inplaceSuffix(this.inplace)}`;
  }
}

export interface PReluOptions {
  /** Number of slopes: 1 (default), or one for each channel. */
  readonly numParameters?: number;
  /** First value of the slopes; 0.25 by default. */
  readonly init?: number;
  /** Element type of the parameter; float32 by default. */
  readonly dtype?: DType | null;
}

/**
 * `x > 0 ? x : weight x`, with a learned slope: one for all, or one for each entry of the input's second dimension.
 *
 * @param numParameters number of slopes; 1 by default
 * @param init their first value; 0.25 by default
 */
export class PReLU extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly numParameters: number;
  /** `[numParameters]` */
  weight: Parameter;

  constructor(numParameters?: number | PReluOptions, init?: number | PReluOptions, options?: PReluOptions) {
    super();
    const op = 'PReLU';
    const [count = 1, value = 0.25, dtype] = named<[number, number, DType | null]>(
      op,
      ['numParameters', 'init', 'dtype'],
      [numParameters, init, options],
    );
    this.numParameters = integer(op, 'numParameters', count, 1);
    this.weight = new Parameter(full([count], numeric(op, 'init', value), { dtype: dtype ?? 'float32' }));
  }

  override forward(input: Tensor): Tensor {
    return F.prelu(input, this.weight);
  }

  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}

abstract class AlphaActivation extends Module {
  readonly alpha: number;
  readonly inplace: boolean;

  constructor(op: string, args: readonly unknown[]) {
    super();
    const [alpha = 1, inplace = false] = named<[number, boolean]>(op, ['alpha', 'inplace'], args);
    this.alpha = numeric(op, 'alpha', alpha);
    this.inplace = flag(op, 'inplace', inplace);
  }

  override extraRepr(): string {
    return `alpha=${pythonFloat(this.alpha)}${inplaceSuffix(this.inplace)}`;
  }
}

/** `x > 0 ? x : alpha (e^x - 1)`; alpha is 1 by default. */
export class ELU extends AlphaActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(alpha?: number | F.AlphaOptions, inplace?: boolean | F.AlphaOptions) {
    super('ELU', [alpha, inplace]);
  }

  override forward(input: Tensor): Tensor {
    return F.elu(input, this.alpha, this.inplace);
  }
}

/** `max(0, x) + min(0, alpha (e^(x/alpha) - 1))`; alpha is 1 by default. */
export class CELU extends AlphaActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(alpha?: number | F.AlphaOptions, inplace?: boolean | F.AlphaOptions) {
    super('CELU', [alpha, inplace]);
  }

  override forward(input: Tensor): Tensor {
    return F.celu(input, this.alpha, this.inplace);
  }
}

export interface GeluOptions {
  /** `'none'` (default) or `'tanh'`. */
  readonly approximate?: 'none' | 'tanh';
}

/** Gaussian error linear unit, `x Φ(x)`: exact by default, by a tanh with `approximate: 'tanh'`. */
export class GELU extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly approximate: 'none' | 'tanh';

  constructor(approximate?: 'none' | 'tanh' | GeluOptions) {
    super();
    const [form = 'none'] = named<['none' | 'tanh']>('GELU', ['approximate'], [approximate]);
    this.approximate = form;
  }

  override forward(input: Tensor): Tensor {
    return F.gelu(input, this.approximate);
  }

  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

export interface SoftplusLayerOptions {
  /** 1 by default. */
  readonly beta?: number;
  /** 20 by default. */
  readonly threshold?: number;
}

/** `log(1 + e^(beta x)) / beta`, and x itself where `beta x > threshold`. Defaults: beta 1, threshold 20. */
export class Softplus extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly beta: number;
  readonly threshold: number;

  constructor(beta?: number | SoftplusLayerOptions, threshold?: number | SoftplusLayerOptions) {
    super();
    const [b = 1, t = 20] = named<[number, number]>('Softplus', ['beta', 'threshold'], [beta, threshold]);
    this.beta = numeric('Softplus', 'beta', b);
    this.threshold = numeric('Softplus', 'threshold', t);
  }

  override forward(input: Tensor): Tensor {
    return F.softplus(input, this.beta, this.threshold);
  }

  override extraRepr(): string {
    return `beta=${pythonFloat(this.beta)}, threshold=${pythonFloat(this.threshold)}`;
  }
}

/** x clipped to `[minVal, maxVal]`, by default [-1, 1]. */
export class Hardtanh extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly minVal: number;
  readonly maxVal: number;
  readonly inplace: boolean;

  constructor(
    minVal?: number | F.HardtanhOptions,
    maxVal?: number | F.HardtanhOptions,
    inplace?: boolean | F.HardtanhOptions,
  ) {
    super();
    const op = 'Hardtanh';
    const [min = -1, max = 1, write = false] = named<[number, number, boolean]>(
      op,
      ['minVal', 'maxVal', 'inplace'],
      [minVal, maxVal, inplace],
    );
    this.minVal = numeric(op, 'minVal', min);
    this.maxVal = numeric(op, 'maxVal', max);
    this.inplace = flag(op, 'inplace', write);
    if (!(max > min)) {
      throw new ValueError(`maxVal must be greater than minVal, but got ${max} and ${min}`, {
        op,
        operands: { minVal: min, maxVal: max },
      });
    }
  }

  override forward(input: Tensor): Tensor {
    return F.hardtanh(input, this.minVal, this.maxVal, this.inplace);
  }

  override extraRepr(): string {
    return `min_val=${pythonFloat(this.minVal)}, max_val=${pythonFloat(this.maxVal)}${inplaceSuffix(this.inplace)}`;
  }
}

/** `x > threshold ? x : value`. */
export class Threshold extends Module {
  static override readonly keepsNothing: boolean = true;

  readonly threshold: number;
  readonly value: number;
  readonly inplace: boolean;

  constructor(
    threshold: number | F.ThresholdOptions,
    value?: number | F.ThresholdOptions,
    inplace?: boolean | F.ThresholdOptions,
  ) {
    super();
    const op = 'Threshold';
    const [t, v, write = false] = named<[number, number, boolean]>(
      op,
      ['threshold', 'value', 'inplace'],
      [threshold, value, inplace],
    );
    this.threshold = numeric(op, 'threshold', required(op, 'threshold', t));
    this.value = numeric(op, 'value', required(op, 'value', v));
    this.inplace = flag(op, 'inplace', write);
  }

  override forward(input: Tensor): Tensor {
    return F.threshold(input, this.threshold, this.value, this.inplace);
  }

  override extraRepr(): string {
    return `threshold=${python(this.threshold)}, value=${python(this.value)}${inplaceSuffix(this.inplace)}`;
  }
}

export interface ShrinkOptions {
  /** 0.5 by default. */
  readonly lambd?: number;
}

abstract class ShrinkActivation extends Module {
  readonly lambd: number;

  constructor(op: string, lambd: number | ShrinkOptions | undefined) {
    super();
    const [value = 0.5] = named<[number]>(op, ['lambd'], [lambd]);
    this.lambd = numeric(op, 'lambd', value);
  }

  override extraRepr(): string {
    return python(this.lambd);
  }
}

/** 0 where `|x| ≤ lambd` (0.5 by default), x elsewhere. */
export class Hardshrink extends ShrinkActivation {
  static override readonly keepsNothing: boolean = true;

  constructor(lambd?: number | ShrinkOptions) {
    super('Hardshrink', lambd);
  }

  override forward(input: Tensor): Tensor {
    return F.hardshrink(input, this.lambd);
  }
}

/** x moved towards 0 by `lambd` (0.5 by default), and 0 within it. */
export class Softshrink extends ShrinkActivation {
  static override readonly keepsNothing: boolean = true;

  constructor(lambd?: number | ShrinkOptions) {
    super('Softshrink', lambd);
  }

  override forward(input: Tensor): Tensor {
    return F.softshrink(input, this.lambd);
  }
}

// -------------------------------------------------------------------------------------------------------- along a dimension

export interface DimOption {
  readonly dim?: number | null;
}

abstract class SoftmaxActivation extends Module {
  /** Dimension along which the results sum to 1; null leaves the choice to PyTorch's old rule, with a warning. */
  readonly dim: number | null;

  constructor(op: string, dim: number | null | DimOption | undefined) {
    super();
    const [value = null] = named<[number | null]>(op, ['dim'], [dim]);
    this.dim = value;
  }

  override extraRepr(): string {
    return `dim=${python(this.dim)}`;
  }
}

/** `e^x / Σ e^x` along `dim`. */
export class Softmax extends SoftmaxActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(dim?: number | null | DimOption) {
    super('Softmax', dim);
  }

  override forward(input: Tensor): Tensor {
    return F.softmax(input, this.dim);
  }
}

/** `e^x / Σ e^x` over the channels at each place of an image: input `[N, C, H, W]` or `[C, H, W]` of the same shape. */
export class Softmax2d extends Module {
  static override readonly keepsNothing: boolean = true;

  override forward(input: Tensor): Tensor {
    if (input.ndim !== 3 && input.ndim !== 4) {
      throw new ShapeError(`requires a 3D or 4D tensor as input, but got ${formatShape(input.shape)}`, {
        op: 'Softmax2d',
        operands: { input: input.shape },
      });
    }
    return F.softmax(input, -3);
  }
}

/** `log(softmax(x))` along `dim`. */
export class LogSoftmax extends SoftmaxActivation {
  static override readonly keepsNothing: boolean = true;
  constructor(dim?: number | null | DimOption) {
    super('LogSoftmax', dim);
  }

  override forward(input: Tensor): Tensor {
    return F.logSoftmax(input, this.dim);
  }
}

/** `softmax(-x)` along `dim`. */
export class Softmin extends SoftmaxActivation {
  static override readonly keepsNothing: boolean = true;

  constructor(dim?: number | null | DimOption) {
    super('Softmin', dim);
  }

  override forward(input: Tensor): Tensor {
    return F.softmin(input, this.dim);
  }
}

/** `a sigmoid(b)` for the two halves a and b of the input along `dim` (-1 by default). */
export class GLU extends Module {
  static override readonly keepsNothing: boolean = true;

  readonly dim: number;

  constructor(dim?: number | { readonly dim?: number }) {
    super();
    const [value = -1] = named<[number]>('GLU', ['dim'], [dim]);
    this.dim = value;
  }

  override forward(input: Tensor): Tensor {
    return F.glu(input, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}
