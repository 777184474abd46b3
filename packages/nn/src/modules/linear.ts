/** Linear and bilinear maps: `torch.nn.modules.linear`. */

import type { DType, Tensor } from '@torsor/core';
import { empty, linear, named } from '@torsor/core';
import { flag, integer, required } from '../arguments.ts';
import { bilinear } from '../functional.ts';
import { calculateFanInAndFanOut, kaimingUniform_, uniform_ } from '../init.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { python } from '../python.ts';

/** Passes its input on. Whatever arguments it is made with, it ignores, as PyTorch's. */
export class Identity extends Module {
  static override readonly keepsNothing: boolean = true;
  constructor(..._ignored: readonly unknown[]) {
    super();
  }

  override forward(input: Tensor): Tensor {
    return input;
  }
}

export interface LinearOptions {
  readonly inFeatures?: number;
  readonly outFeatures?: number;
  /** Whether to learn a bias; true by default. */
  readonly bias?: boolean;
  /** Element type of the parameters; float32 by default. */
  readonly dtype?: DType | null;
}

/**
 * An affine map: `y = x weightᵀ + bias`.
 *
 * input `[…, inFeatures]` → `[…, outFeatures]`.
 *
 * @param inFeatures size of the last dimension of the input
 * @param outFeatures size of the last dimension of the output
 * @param bias whether to learn a bias; true by default
 *
 * `weight` `[outFeatures, inFeatures]` and `bias` `[outFeatures]` start uniform on [-√k, √k), `k = 1 / inFeatures`.
 *
 * @example
 * const linear = new Linear(20, 30);
 * linear(randn(128, 20)).shape; // [128, 30]
 */
export class Linear extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** `[outFeatures, inFeatures]` */
  weight: Parameter;
  /** `[outFeatures]`, or null. */
  bias: Parameter | null;

  constructor(options: LinearOptions);
  constructor(
    inFeatures: number,
    outFeatures: number | LinearOptions,
    bias?: boolean | LinearOptions,
    options?: LinearOptions,
  );
  constructor(...args: readonly unknown[]) {
    super();
    const op = 'Linear';
    const [from, to, bias = true, dtype] = named<[number, number, boolean, DType | null]>(
      op,
      ['inFeatures', 'outFeatures', 'bias', 'dtype'],
      args,
    );
    this.inFeatures = integer(op, 'inFeatures', required(op, 'inFeatures', from));
    this.outFeatures = integer(op, 'outFeatures', required(op, 'outFeatures', to));
    const created = { dtype: dtype ?? 'float32' };
    this.weight = new Parameter(empty([this.outFeatures, this.inFeatures], created));
    this.bias = flag(op, 'bias', bias) ? new Parameter(empty([this.outFeatures], created)) : null;
    this.resetParameters();
  }

  /** Draws weight and then bias anew. */
  resetParameters(): void {
    // A slope of √5 makes Kaiming's bound 1/√fanIn.
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const [fanIn] = calculateFanInAndFanOut(this.weight);
    const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
    uniform_(this.bias, -bound, bound);
  }

  override forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${python(this.bias !== null)}`;
  }
}

export interface BilinearOptions {
  readonly in1Features?: number;
  readonly in2Features?: number;
  readonly outFeatures?: number;
  /** Whether to learn a bias; true by default. */
  readonly bias?: boolean;
  /** Element type of the parameters; float32 by default. */
  readonly dtype?: DType | null;
}

/**
 * A bilinear map of two inputs: `y[o] = x1ᵀ weight[o] x2 + bias[o]`.
 *
 * inputs `[…, in1Features]` and `[…, in2Features]` → `[…, outFeatures]`.
 *
 * `weight` `[outFeatures, in1Features, in2Features]` and `bias` `[outFeatures]` start uniform on [-√k, √k), `k = 1 / in1Features`.
 *
 * @example
 * const form = new Bilinear(20, 30, 40);
 * form(randn(128, 20), randn(128, 30)).shape; // [128, 40]
 */
export class Bilinear extends Module<[input1: Tensor, input2: Tensor]> {
  static override readonly keepsNothing: boolean = true;

  readonly in1Features: number;
  readonly in2Features: number;
  readonly outFeatures: number;
  /** `[outFeatures, in1Features, in2Features]` */
  weight: Parameter;
  /** `[outFeatures]`, or null. */
  bias: Parameter | null;

  constructor(options: BilinearOptions);
  constructor(
    in1Features: number,
    in2Features: number,
    outFeatures: number | BilinearOptions,
    bias?: boolean | BilinearOptions,
    options?: BilinearOptions,
  );
  constructor(...args: readonly unknown[]) {
    super();
    const op = 'Bilinear';
    const [in1, in2, out, bias = true, dtype] = named<[number, number, number, boolean, DType | null]>(
      op,
      ['in1Features', 'in2Features', 'outFeatures', 'bias', 'dtype'],
      args,
    );
    this.in1Features = integer(op, 'in1Features', required(op, 'in1Features', in1), 1);
    this.in2Features = integer(op, 'in2Features', required(op, 'in2Features', in2));
    this.outFeatures = integer(op, 'outFeatures', required(op, 'outFeatures', out));
    const created = { dtype: dtype ?? 'float32' };
    this.weight = new Parameter(empty([this.outFeatures, this.in1Features, this.in2Features], created));
    this.bias = flag(op, 'bias', bias) ? new Parameter(empty([this.outFeatures], created)) : null;
    this.resetParameters();
  }

  /** Draws weight and then bias anew. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.in1Features);
    uniform_(this.weight, -bound, bound);
    if (this.bias !== null) uniform_(this.bias, -bound, bound);
  }

  override forward(input1: Tensor, input2: Tensor): Tensor {
    return bilinear(input1, input2, this.weight, this.bias);
  }

  override extraRepr(): string {
    return (
      `in1_features=${this.in1Features}, in2_features=${this.in2Features}, out_features=${this.outFeatures}, ` +
      `bias=${python(this.bias !== null)}`
    );
  }
}
