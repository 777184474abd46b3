/** Normalisation: `torch.nn.modules.batchnorm`, `normalization` and `instancenorm`. */

import type { DType, Shape, Tensor } from '@torsor/core';
import { formatShape, named, ones, ShapeError, tensor, zeros } from '@torsor/core';
import { flag, integer, numeric, required } from '../arguments.ts';
import { batchNorm, groupNorm, instanceNorm, layerNorm } from '../functional.ts';
import { ones_, zeros_ } from '../init.ts';
import { DISPENSABLE, Module } from '../module.ts';
import type { Buffer } from '../parameter.ts';
import { Parameter } from '../parameter.ts';
import { python, pythonFloat } from '../python.ts';

export interface BatchNormLayerOptions {
  /** Channels of the input. */
  readonly numFeatures?: number;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Share of a batch in the running statistics, 0.1 by default; null averages over all batches. */
  readonly momentum?: number | null;
  /** Whether to learn a factor and a bias per channel. */
  readonly affine?: boolean;
  /** Whether to keep running statistics. */
  readonly trackRunningStats?: boolean;
  /** Element type; float32 by default. */
  readonly dtype?: DType | null;
}

type BatchNormArguments = [number, number, number | null, boolean, boolean, DType | null];

const BATCH_NORM_NAMES = ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats', 'dtype'] as const;

/** What batch and instance normalisation have in common: parameters, running statistics, and the printed form. */
abstract class NormNd extends Module {
  readonly numFeatures: number;
  readonly eps: number;
  readonly momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  /** `[numFeatures]`, at first ones; or null. */
  weight: Parameter | null;
  /** `[numFeatures]`, at first zeros; or null. */
  bias: Parameter | null;
  // The fields are the keys of the state dict, which are PyTorch's; read them as runningMean, runningVar, numBatchesTracked.
  declare running_mean: Buffer | null;
  declare running_var: Buffer | null;
  declare num_batches_tracked: Buffer | null;

  constructor(op: string, args: readonly unknown[], learns: boolean) {
    super();
    const [features, eps = 1e-5, momentum = 0.1, affine = learns, track = learns, dtype] = named<BatchNormArguments>(
      op,
      BATCH_NORM_NAMES,
      args,
    );
    this.numFeatures = integer(op, 'numFeatures', required(op, 'numFeatures', features));
    this.eps = numeric(op, 'eps', eps);
    this.momentum = momentum === null ? null : numeric(op, 'momentum', momentum);
    this.affine = flag(op, 'affine', affine);
    this.trackRunningStats = flag(op, 'trackRunningStats', track);
    const shape = [this.numFeatures];
    const options = { dtype: dtype ?? 'float32' } as const;
    this.weight = affine ? new Parameter(ones(shape, options)) : null;
    this.bias = affine ? new Parameter(zeros(shape, options)) : null;
    this.registerBuffer('running_mean', track ? zeros(shape, options) : null);
    this.registerBuffer('running_var', track ? ones(shape, options) : null);
    this.registerBuffer('num_batches_tracked', track ? tensor(0n) : null);
  }

  /** Running mean of each channel; null without running statistics. */
  get runningMean(): Buffer | null {
    return this.running_mean;
  }

  /** Running variance of each channel; null without running statistics. */
  get runningVar(): Buffer | null {
    return this.running_var;
  }

  /** How many batches the running statistics have seen; null without them. */
  get numBatchesTracked(): Buffer | null {
    return this.num_batches_tracked;
  }

  /** @internal Checkpoints from before PyTorch 0.4.1, and dicts without their metadata, may lack the count; PyTorch takes them. */
  override get [DISPENSABLE](): readonly string[] {
    return ['num_batches_tracked'];
  }

  /** Forgets all batches. */
  resetRunningStats(): void {
    this.running_mean?.zero_();
    this.running_var?.fill_(1);
    this.num_batches_tracked?.zero_();
  }

  /** Forgets all batches, and sets factors to 1 and biases to 0. */
  resetParameters(): void {
    this.resetRunningStats();
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  protected checkDims(input: Tensor, dims: readonly number[]): void {
    if (dims.includes(input.ndim)) return;
    throw new ShapeError(
      `expected ${dims.map((n) => `${n}D`).join(' or ')} input (got ${input.ndim}D input of shape ${formatShape(input.shape)})`,
      { op: this.className, operands: { input: input.shape } },
    );
  }

  override extraRepr(): string {
    const momentum = this.momentum === null ? 'None' : pythonFloat(this.momentum);
    return (
      `${this.numFeatures}, eps=${pythonFloat(this.eps)}, momentum=${momentum}, affine=${python(this.affine)}, ` +
      `track_running_stats=${python(this.trackRunningStats)}`
    );
  }
}

abstract class BatchNormNd extends NormNd {
  override forward(input: Tensor): Tensor {
    this.checkInputDim(input);
    const counter = this.training && this.trackRunningStats ? this.num_batches_tracked : null;
    // Without a momentum the running statistics are the mean over all batches, this one included.
    let momentum = this.momentum ?? 0;
    if (counter !== null && this.momentum === null) momentum = 1 / (counter.item() + 1);
    const usesRunning = !this.training || this.trackRunningStats;
    const out = batchNorm(
      input,
      usesRunning ? this.running_mean : null,
      usesRunning ? this.running_var : null,
      this.weight,
      this.bias,
      this.training || (this.running_mean === null && this.running_var === null),
      momentum,
      this.eps,
    );
    counter?.add_(1);
    return out;
  }

  protected abstract checkInputDim(input: Tensor): void;
}

/**
 * Normalises each channel over the batch: `y = (x - mean) / √(var + eps) * weight + bias`.
 *
 * input `[N, C]` or `[N, C, L]` → the same shape. In training, mean and (biased) variance are those of the batch, and the running
 * statistics become `(1 - momentum) running + momentum new`, the variance with Bessel's correction; in evaluation mode the
 * running statistics are used.
 *
 * @param numFeatures C
 * @param eps added to the variance; 1e-5 by default
 * @param momentum share of a batch in the running statistics, 0.1 by default; null for the mean over all batches
 * @param affine whether to learn `weight` and `bias`, `[C]`, at first 1 and 0; true by default
 * @param trackRunningStats whether to keep running statistics; true by default
 *
 * Source: Ioffe, Szegedy, "Batch Normalization", 2015.
 *
 * @throws ShapeError in training with one value per channel
 */
export class BatchNorm1d extends BatchNormNd {
  static override readonly keepsNothing: boolean = true;
  constructor(
    numFeatures: number | BatchNormLayerOptions,
    eps?: number | BatchNormLayerOptions,
    momentum?: number | null | BatchNormLayerOptions,
    affine?: boolean | BatchNormLayerOptions,
    trackRunningStats?: boolean | BatchNormLayerOptions,
    options?: BatchNormLayerOptions,
  ) {
    super('BatchNorm1d', [numFeatures, eps, momentum, affine, trackRunningStats, options], true);
  }

  protected override checkInputDim(input: Tensor): void {
    this.checkDims(input, [2, 3]);
  }
}

/**
 * Normalises each channel over batch, height and width, as `BatchNorm1d` does: input `[N, C, H, W]` → the same shape.
 *
 * @param numFeatures C
 * @param eps added to the variance; 1e-5 by default
 * @param momentum share of a batch in the running statistics, 0.1 by default; null for the mean over all batches
 * @param affine whether to learn `weight` and `bias`, `[C]`, at first 1 and 0; true by default
 * @param trackRunningStats whether to keep running statistics; true by default
 *
 * @example
 * const bn = new BatchNorm2d(16);
 * bn(randn(8, 16, 5, 5)).mean(); // about 0
 * bn.numBatchesTracked?.item(); // 1
 */
export class BatchNorm2d extends BatchNormNd {
  static override readonly keepsNothing: boolean = true;
  constructor(
    numFeatures: number | BatchNormLayerOptions,
    eps?: number | BatchNormLayerOptions,
    momentum?: number | null | BatchNormLayerOptions,
    affine?: boolean | BatchNormLayerOptions,
    trackRunningStats?: boolean | BatchNormLayerOptions,
    options?: BatchNormLayerOptions,
  ) {
    super('BatchNorm2d', [numFeatures, eps, momentum, affine, trackRunningStats, options], true);
  }

  protected override checkInputDim(input: Tensor): void {
    this.checkDims(input, [4]);
  }
}

// ------------------------------------------------------------------------------------------------ instance normalisation

abstract class InstanceNormNd extends NormNd {
  private readonly spatial: number;

  constructor(op: string, spatial: number, args: readonly unknown[]) {
    super(op, args, false);
    this.spatial = spatial;
  }

  override forward(input: Tensor): Tensor {
    const spatial = this.spatial;
    this.checkDims(input, [spatial + 1, spatial + 2]);
    const unbatched = input.ndim === spatial + 1;
    const out = instanceNorm(unbatched ? input.unsqueeze(0) : input, {
      runningMean: this.running_mean,
      runningVar: this.running_var,
      weight: this.weight,
      bias: this.bias,
      useInputStats: this.training || !this.trackRunningStats,
      momentum: this.momentum ?? 0,
      eps: this.eps,
    });
    return unbatched ? out.squeeze(0) : out;
  }
}

/**
 * Normalises each channel of each sample by itself: input `[N, C, L]` or `[C, L]` → the same shape.
 *
 * Arguments as those of `BatchNorm1d`, but `affine` and `trackRunningStats` are false by default.
 * Source: Ulyanov et al., "Instance Normalization", 2016.
 */
export class InstanceNorm1d extends InstanceNormNd {
  static override readonly keepsNothing: boolean = true;

  constructor(
    numFeatures: number | BatchNormLayerOptions,
    eps?: number | BatchNormLayerOptions,
    momentum?: number | null | BatchNormLayerOptions,
    affine?: boolean | BatchNormLayerOptions,
    trackRunningStats?: boolean | BatchNormLayerOptions,
    options?: BatchNormLayerOptions,
  ) {
    super('InstanceNorm1d', 1, [numFeatures, eps, momentum, affine, trackRunningStats, options]);
  }
}

/** Normalises each channel of each image by itself: input `[N, C, H, W]` or `[C, H, W]`, as `InstanceNorm1d`. */
export class InstanceNorm2d extends InstanceNormNd {
  static override readonly keepsNothing: boolean = true;

  constructor(
    numFeatures: number | BatchNormLayerOptions,
    eps?: number | BatchNormLayerOptions,
    momentum?: number | null | BatchNormLayerOptions,
    affine?: boolean | BatchNormLayerOptions,
    trackRunningStats?: boolean | BatchNormLayerOptions,
    options?: BatchNormLayerOptions,
  ) {
    super('InstanceNorm2d', 2, [numFeatures, eps, momentum, affine, trackRunningStats, options]);
  }
}

// ------------------------------------------------------------------------------------------------ layer and group norm

export interface LayerNormLayerOptions {
  /** Sizes of the last dimensions; a number stands for one. */
  readonly normalizedShape?: number | Shape;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Whether to learn a factor (and a bias) for each element; true by default. */
  readonly elementwiseAffine?: boolean;
  /** Whether to learn a bias where a factor is learned; true by default. */
  readonly bias?: boolean;
  /** Element type; float32 by default. */
  readonly dtype?: DType | null;
}

/**
 * Normalises over the last dimensions: `y = (x - mean) / √(var + eps) * weight + bias`, mean and biased variance over
 * `normalizedShape`.
 *
 * input `[…, ...normalizedShape]` → the same shape.
 *
 * @param normalizedShape sizes of the last dimensions
 * @param eps added to the variance; 1e-5 by default
 * @param elementwiseAffine whether to learn `weight` and `bias` of that shape, at first 1 and 0; true by default
 * @param bias whether to learn `bias` then; true by default
 *
 * Source: Ba et al., "Layer Normalization", 2016.
 *
 * @example
 * new LayerNorm([5, 10])(randn(20, 5, 10)).shape; // [20, 5, 10]
 */
export class LayerNorm extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly normalizedShape: Shape;
  readonly eps: number;
  readonly elementwiseAffine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(
    normalizedShape: number | Shape | LayerNormLayerOptions,
    eps?: number | LayerNormLayerOptions,
    elementwiseAffine?: boolean | LayerNormLayerOptions,
    bias?: boolean | LayerNormLayerOptions,
    options?: LayerNormLayerOptions,
  ) {
    super();
    const op = 'LayerNorm';
    const [shape, e = 1e-5, affine = true, withBias = true, dtype] = named<
      [number | Shape, number, boolean, boolean, DType | null]
    >(
      op,
      ['normalizedShape', 'eps', 'elementwiseAffine', 'bias', 'dtype'],
      [normalizedShape, eps, elementwiseAffine, bias, options],
    );
    const sizes = required(op, 'normalizedShape', shape);
    this.normalizedShape = (Array.isArray(sizes) ? sizes : [sizes]).map((n) => integer(op, 'normalizedShape', n));
    this.eps = numeric(op, 'eps', e);
    this.elementwiseAffine = flag(op, 'elementwiseAffine', affine);
    const created = { dtype: dtype ?? 'float32' } as const;
    this.weight = affine ? new Parameter(ones(this.normalizedShape, created)) : null;
    this.bias = affine && flag(op, 'bias', withBias) ? new Parameter(zeros(this.normalizedShape, created)) : null;
  }

  /** Sets factors to 1 and biases to 0. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(input: Tensor): Tensor {
    return layerNorm(input, this.normalizedShape, this.weight, this.bias, this.eps);
  }

  override extraRepr(): string {
    return (
      `${python(this.normalizedShape)}, eps=${pythonFloat(this.eps)}, ` +
      `elementwise_affine=${python(this.elementwiseAffine)}`
    );
  }
}

export interface GroupNormLayerOptions {
  readonly numGroups?: number;
  readonly numChannels?: number;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Whether to learn a factor and a bias per channel; true by default. */
  readonly affine?: boolean;
  /** Element type; float32 by default. */
  readonly dtype?: DType | null;
}

/**
 * Normalises each sample over groups of channels: input `[N, C, …]` → the same shape; each of `numGroups` groups of channels has its
 * own mean and biased variance.
 *
 * @param numGroups number of groups
 * @param numChannels C, divisible by `numGroups`
 * @param eps added to the variance; 1e-5 by default
 * @param affine whether to learn `weight` and `bias`, `[C]`, at first 1 and 0; true by default
 *
 * Source: Wu, He, "Group Normalization", 2018.
 *
 * @throws ShapeError when `numGroups` does not divide `numChannels`
 */
export class GroupNorm extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  readonly affine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(
    numGroups: number | GroupNormLayerOptions,
    numChannels?: number | GroupNormLayerOptions,
    eps?: number | GroupNormLayerOptions,
    affine?: boolean | GroupNormLayerOptions,
    options?: GroupNormLayerOptions,
  ) {
    super();
    const op = 'GroupNorm';
    const [groups, channels, e = 1e-5, learns = true, dtype] = named<[number, number, number, boolean, DType | null]>(
      op,
      ['numGroups', 'numChannels', 'eps', 'affine', 'dtype'],
      [numGroups, numChannels, eps, affine, options],
    );
    this.numGroups = integer(op, 'numGroups', required(op, 'numGroups', groups), 1);
    this.numChannels = integer(op, 'numChannels', required(op, 'numChannels', channels));
    if (this.numChannels % this.numGroups !== 0) {
      throw new ShapeError(
        `numChannels must be divisible by numGroups, but got ${this.numChannels} and ${this.numGroups}`,
        { op, operands: { numChannels: channels, numGroups: groups } },
      );
    }
    this.eps = numeric(op, 'eps', e);
    this.affine = flag(op, 'affine', learns);
    const created = { dtype: dtype ?? 'float32' } as const;
    this.weight = learns ? new Parameter(ones([this.numChannels], created)) : null;
    this.bias = learns ? new Parameter(zeros([this.numChannels], created)) : null;
  }

  /** Sets factors to 1 and biases to 0. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(input: Tensor): Tensor {
    return groupNorm(input, this.numGroups, this.weight, this.bias, this.eps);
  }

  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${pythonFloat(this.eps)}, affine=${python(this.affine)}`;
  }
}
