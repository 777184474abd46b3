/**
 * Transformers: `torch.nn.modules.transformer`. Vaswani et al., "Attention Is All You Need", 2017; `normFirst` is the order of Xiong et
 * al., "On Layer Normalization in the Transformer Architecture", 2020.
 *
 * Masks are those of `MultiheadAttention`: where a boolean one is true, a query may not attend to a key; floats are added to the
 * scores. Hints that a mask is causal change nothing, and are checked to come with a mask.
 */

import type { DType, Tensor } from '@torsor/core';
import { expose, formatShape, gelu, named, relu as plainRelu, ShapeError, show, ValueError } from '@torsor/core';
import { flag, integer, numeric, required, tensorArgument } from '../arguments.ts';
import { causalMask } from '../attention.ts';
import { deepCopy } from '../copy.ts';
import { checkProbability } from '../dropout.ts';
import { relu } from '../functional.ts';
import { xavierUniform_ } from '../init.ts';
import type { AnyModule } from '../module.ts';
import { isModule, Module } from '../module.ts';
import { MultiheadAttention } from './attention.ts';
import { ModuleList } from './container.ts';
import { Dropout } from './dropout.ts';
import { Linear } from './linear.ts';
import { LayerNorm } from './norm.ts';

/** What stands between the two linear layers: by name, or as a function or module. */
export type Activation = 'relu' | 'gelu' | ((input: Tensor) => Tensor);

/** Functions that are known to keep nothing. */
const PURE: ReadonlySet<unknown> = /* @__PURE__ */ new Set([relu, plainRelu, gelu]);

interface LayerArguments {
  readonly dModel: number;
  readonly nhead: number;
  readonly dimFeedforward: number;
  readonly dropout: number;
  readonly activation: (input: Tensor) => Tensor;
  readonly layerNormEps: number;
  readonly batchFirst: boolean;
  readonly normFirst: boolean;
  readonly bias: boolean;
  readonly dtype: DType;
}

export interface TransformerLayerOptions {
  /** Width of input and output, divisible by `nhead`. */
  readonly dModel?: number;
  /** Number of heads. */
  readonly nhead?: number;
  /** Width between the two linear layers; 2048 by default. */
  readonly dimFeedforward?: number;
  /** Probability of dropout; 0.1 by default. */
  readonly dropout?: number;
  /** What stands between the two linear layers; `'relu'` by default. */
  readonly activation?: Activation;
  /** Added to variances in the normalisations; 1e-5 by default. */
  readonly layerNormEps?: number;
  /** Whether inputs are `[N, L, dModel]` rather than `[L, N, dModel]`; false by default. */
  readonly batchFirst?: boolean;
  /** Whether to normalise before attention and linear layers rather than after them; false by default. */
  readonly normFirst?: boolean;
  /** Whether linear layers and normalisations have biases; true by default. */
  readonly bias?: boolean;
  /** Element type of the parameters; float32 by default. */
  readonly dtype?: DType | null;
}

/** `activation` as a function. */
function activationOf(op: string, activation: unknown): (input: Tensor) => Tensor {
  if (activation === 'relu') return relu;
  if (activation === 'gelu') return gelu;
  if (typeof activation === 'function') return activation as (input: Tensor) => Tensor;
  throw new ValueError(`activation must be 'relu', 'gelu' or a function, but got ${show(activation)}`, {
    op,
    operands: { activation },
  });
}

function layerArguments(op: string, args: readonly unknown[]): LayerArguments {
  const [
    dModel,
    nhead,
    dim = 2048,
    p = 0.1,
    activation = 'relu',
    eps = 1e-5,
    first = false,
    norm = false,
    bias = true,
    dtype,
  ] = named<[number, number, number, number, Activation, number, boolean, boolean, boolean, DType | null]>(
    op,
    [
      'dModel',
      'nhead',
      'dimFeedforward',
      'dropout',
      'activation',
      'layerNormEps',
      'batchFirst',
      'normFirst',
      'bias',
      'dtype',
    ],
    args,
  );
  return {
    dModel: integer(op, 'dModel', required(op, 'dModel', dModel), 1),
    nhead: integer(op, 'nhead', required(op, 'nhead', nhead), 1),
    dimFeedforward: integer(op, 'dimFeedforward', dim, 1),
    dropout: checkProbability(op, p),
    activation: activationOf(op, activation),
    layerNormEps: numeric(op, 'layerNormEps', eps),
    batchFirst: flag(op, 'batchFirst', first),
    normFirst: flag(op, 'normFirst', norm),
    bias: flag(op, 'bias', bias),
    dtype: dtype ?? 'float32',
  };
}

type LayerConstructor = [
  dModel: number,
  nhead: number | TransformerLayerOptions,
  dimFeedforward?: number | TransformerLayerOptions,
  dropout?: number | TransformerLayerOptions,
  activation?: Activation | TransformerLayerOptions,
  layerNormEps?: number | TransformerLayerOptions,
  batchFirst?: boolean | TransformerLayerOptions,
  normFirst?: boolean | TransformerLayerOptions,
  bias?: boolean | TransformerLayerOptions,
  options?: TransformerLayerOptions,
];

/** @throws ValueError for a hint without the mask that it speaks of */
function checkHint(op: string, name: string, hint: unknown, mask: Tensor | null): void {
  if (hint === null || hint === undefined || !flag(op, name, hint) || mask !== null) return;
  throw new ValueError(`${name} says that a mask is causal, but there is no mask`, { op });
}

/** What layers of encoder and decoder have in common: blocks, each a branch beside the input, normalised before or after. */
abstract class TransformerLayer<A extends readonly unknown[]> extends Module<A> {
  abstract readonly normFirst: boolean;
  abstract readonly self_attn: MultiheadAttention;
  abstract readonly linear1: Linear;
  abstract readonly dropout: Dropout;
  abstract readonly linear2: Linear;
  abstract activation: (input: Tensor) => Tensor;

  /** `norm(x + branch(x))`, or with `normFirst` `x + branch(norm(x))`. */
  protected block(x: Tensor, norm: LayerNorm, branch: (x: Tensor) => Tensor): Tensor {
    return this.normFirst ? x.add(branch(norm(x))) : norm(x.add(branch(x)));
  }

  /** Dropout of what an attention gives. */
  protected attended(
    attention: MultiheadAttention,
    dropout: Dropout,
    x: Tensor,
    memory: Tensor,
    attnMask: Tensor | null,
    keyPaddingMask: Tensor | null,
  ): Tensor {
    return dropout(attention(x, memory, memory, keyPaddingMask, false, attnMask)[0]);
  }

  protected feedForward(x: Tensor, dropout: Dropout): Tensor {
    const hidden = this.linear1(x);
    if (!isModule(this.activation) && !PURE.has(this.activation)) expose();
    return dropout(this.linear2(this.dropout(this.activation(hidden))));
  }
}

export interface TransformerEncoderLayerForwardOptions {
  /** `[L, L]` or `[N · nhead, L, L]`. */
  readonly srcMask?: Tensor | null;
  /** `[N, L]`, or `[L]` without a batch. */
  readonly srcKeyPaddingMask?: Tensor | null;
  /** A hint that `srcMask` is causal; false by default. */
  readonly isCausal?: boolean;
}

type EncoderLayerArguments = [
  src: Tensor,
  srcMask?: Tensor | null | TransformerEncoderLayerForwardOptions,
  srcKeyPaddingMask?: Tensor | null | TransformerEncoderLayerForwardOptions,
  isCausal?: boolean | TransformerEncoderLayerForwardOptions,
];

/**
 * Self-attention, then two linear layers, each beside its input: `y = norm₁(x + attention(x))`, then
 * `norm₂(y + W₂ activation(W₁ y + b₁) + b₂)`; with `normFirst` `y = x + attention(norm₁(x))`, and alike. In training, dropout follows
 * the attention weights, both branches and the activation.
 *
 * src `[L, N, dModel]` (`[N, L, dModel]` with `batchFirst`, `[L, dModel]` without a batch) → the same shape.
 *
 * @param dModel width of input and output
 * @param nhead number of heads, which divides `dModel`
 * @param dimFeedforward width between the two linear layers; 2048 by default
 * @param dropout probability; 0.1 by default
 * @param activation `'relu'` (default), `'gelu'`, a function or a module
 * @param layerNormEps added to variances; 1e-5 by default
 * @param batchFirst whether the batch comes first; false by default
 * @param normFirst whether to normalise before each branch; false by default
 * @param bias whether linear layers and normalisations have biases; true by default
 *
 * Source: Vaswani et al., "Attention Is All You Need", 2017, section 3.1.
 *
 * @throws ValueError unless `nhead` divides `dModel`; ShapeError when inputs or masks do not fit
 *
 * @example
 * const layer = new TransformerEncoderLayer(512, 8, { batchFirst: true });
 * layer(randn(32, 10, 512)).shape; // [32, 10, 512]
 */
export class TransformerEncoderLayer extends TransformerLayer<EncoderLayerArguments> {
  static override readonly keepsNothing: boolean = true;

  readonly normFirst: boolean;
  readonly self_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  activation: (input: Tensor) => Tensor;

  constructor(options: TransformerLayerOptions);
  constructor(...args: LayerConstructor);
  constructor(...args: readonly unknown[]) {
    super();
    const given = layerArguments('TransformerEncoderLayer', args);
    const { dModel, nhead, dimFeedforward, dropout, layerNormEps: eps, batchFirst, bias, dtype } = given;
    this.normFirst = given.normFirst;
    this.self_attn = new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype });
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, dtype });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, dtype });
    this.norm1 = new LayerNorm(dModel, { eps, bias, dtype });
    this.norm2 = new LayerNorm(dModel, { eps, bias, dtype });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.activation = given.activation;
  }

  override forward(...[src, ...rest]: EncoderLayerArguments): Tensor {
    const op = 'TransformerEncoderLayer';
    const [mask = null, padding = null, isCausal] = named<[Tensor | null, Tensor | null, boolean]>(
      op,
      ['srcMask', 'srcKeyPaddingMask', 'isCausal'],
      rest,
    );
    checkHint(op, 'isCausal', isCausal, mask);
    const x = this.block(tensorArgument(op, 'src', src), this.norm1, (y) =>
      this.attended(this.self_attn, this.dropout1, y, y, mask, padding),
    );
    return this.block(x, this.norm2, (y) => this.feedForward(y, this.dropout2));
  }
}

export interface TransformerDecoderForwardOptions {
  /** `[T, T]` or `[N · nhead, T, T]`. */
  readonly tgtMask?: Tensor | null;
  /** `[T, S]` or `[N · nhead, T, S]`. */
  readonly memoryMask?: Tensor | null;
  /** `[N, T]`, or `[T]` without a batch. */
  readonly tgtKeyPaddingMask?: Tensor | null;
  /** `[N, S]`, or `[S]` without a batch. */
  readonly memoryKeyPaddingMask?: Tensor | null;
  /** A hint that `tgtMask` is causal. */
  readonly tgtIsCausal?: boolean | null;
  /** A hint that `memoryMask` is causal; false by default. */
  readonly memoryIsCausal?: boolean;
}

type DecoderArguments = [
  tgt: Tensor,
  memory: Tensor,
  tgtMask?: Tensor | null | TransformerDecoderForwardOptions,
  memoryMask?: Tensor | null | TransformerDecoderForwardOptions,
  tgtKeyPaddingMask?: Tensor | null | TransformerDecoderForwardOptions,
  memoryKeyPaddingMask?: Tensor | null | TransformerDecoderForwardOptions,
  tgtIsCausal?: boolean | null | TransformerDecoderForwardOptions,
  memoryIsCausal?: boolean | TransformerDecoderForwardOptions,
];

type DecoderMasks = [
  tgt: Tensor | null,
  memory: Tensor | null,
  tgtPadding: Tensor | null,
  memoryPadding: Tensor | null,
];

function decoderMasks(op: string, rest: readonly unknown[]): DecoderMasks {
  const [tgt = null, memory = null, tgtPadding = null, memoryPadding = null, tgtIsCausal, memoryIsCausal] = named<
    [...DecoderMasks, boolean | null, boolean]
  >(op, ['tgtMask', 'memoryMask', 'tgtKeyPaddingMask', 'memoryKeyPaddingMask', 'tgtIsCausal', 'memoryIsCausal'], rest);
  checkHint(op, 'tgtIsCausal', tgtIsCausal, tgt);
  checkHint(op, 'memoryIsCausal', memoryIsCausal, memory);
  return [tgt, memory, tgtPadding, memoryPadding];
}

/**
 * Self-attention, attention to what the encoder gives (`memory`), then two linear layers, each beside its input and normalised, as in
 * `TransformerEncoderLayer`, whose arguments it takes.
 *
 * tgt `[T, N, dModel]`, memory `[S, N, dModel]` (`[N, …, dModel]` with `batchFirst`, no N without a batch) → the shape of tgt.
 *
 * Source: Vaswani et al., "Attention Is All You Need", 2017, section 3.1.
 *
 * @throws ValueError unless `nhead` divides `dModel`; ShapeError when inputs or masks do not fit
 *
 * @example
 * const layer = new TransformerDecoderLayer(512, 8);
 * const tgtMask = Transformer.generateSquareSubsequentMask(20);
 * layer(randn(20, 32, 512), randn(10, 32, 512), { tgtMask }).shape; // [20, 32, 512]
 */
export class TransformerDecoderLayer extends TransformerLayer<DecoderArguments> {
  static override readonly keepsNothing: boolean = true;

  readonly normFirst: boolean;
  readonly self_attn: MultiheadAttention;
  readonly multihead_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly dropout3: Dropout;
  activation: (input: Tensor) => Tensor;

  constructor(options: TransformerLayerOptions);
  constructor(...args: LayerConstructor);
  constructor(...args: readonly unknown[]) {
    super();
    const given = layerArguments('TransformerDecoderLayer', args);
    const { dModel, nhead, dimFeedforward, dropout, layerNormEps: eps, batchFirst, bias, dtype } = given;
    this.normFirst = given.normFirst;
    this.self_attn = new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype });
    this.multihead_attn = new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype });
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, dtype });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, dtype });
    this.norm1 = new LayerNorm(dModel, { eps, bias, dtype });
    this.norm2 = new LayerNorm(dModel, { eps, bias, dtype });
    this.norm3 = new LayerNorm(dModel, { eps, bias, dtype });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.dropout3 = new Dropout(dropout);
    this.activation = given.activation;
  }

  override forward(...[tgt, memory, ...rest]: DecoderArguments): Tensor {
    const op = 'TransformerDecoderLayer';
    const [mask, memoryMask, padding, memoryPadding] = decoderMasks(op, rest);
    tensorArgument(op, 'memory', memory);
    let x = this.block(tensorArgument(op, 'tgt', tgt), this.norm1, (y) =>
      this.attended(this.self_attn, this.dropout1, y, y, mask, padding),
    );
    x = this.block(x, this.norm2, (y) =>
      this.attended(this.multihead_attn, this.dropout2, y, memory, memoryMask, memoryPadding),
    );
    return this.block(x, this.norm3, (y) => this.feedForward(y, this.dropout3));
  }
}

// ----------------------------------------------------------------------------------------------------------------- stacks

/** What a module of layers is given, checked. */
function layersOf(op: string, name: string, layer: unknown, count: unknown): [AnyModule, number] {
  const template = required(op, name, layer);
  if (!isModule(template)) throw new ValueError(`${name} must be a Module, but got ${show(template)}`, { op });
  return [template, integer(op, 'numLayers', required(op, 'numLayers', count))];
}

function normOf(op: string, norm: unknown): AnyModule | null {
  if (norm === null || isModule(norm)) return norm;
  throw new ValueError(`norm must be a Module or null, but got ${show(norm)}`, { op });
}

function copies(layer: AnyModule, count: number): ModuleList {
  return new ModuleList(Array.from({ length: count }, () => deepCopy(layer)));
}

export interface TransformerEncoderOptions {
  readonly encoderLayer?: AnyModule;
  readonly numLayers?: number;
  /** Applied at the end; null by default. */
  readonly norm?: AnyModule | null;
  /** Whether PyTorch may leave padding out in evaluation; here it changes nothing. True by default. */
  readonly enableNestedTensor?: boolean;
  /** Whether PyTorch checks masks for that; here it changes nothing. True by default. */
  readonly maskCheck?: boolean;
}

export interface TransformerEncoderForwardOptions {
  /** `[L, L]` or `[N · nhead, L, L]`. */
  readonly mask?: Tensor | null;
  /** `[N, L]`, or `[L]` without a batch. */
  readonly srcKeyPaddingMask?: Tensor | null;
  /** A hint that `mask` is causal. */
  readonly isCausal?: boolean | null;
}

type EncoderArguments = [
  src: Tensor,
  mask?: Tensor | null | TransformerEncoderForwardOptions,
  srcKeyPaddingMask?: Tensor | null | TransformerEncoderForwardOptions,
  isCausal?: boolean | null | TransformerEncoderForwardOptions,
];

/**
 * Layers one after the other, each a deep copy of the one given, so that all begin with the same weights, and at the end a
 * normalisation if one is given. A copy has the fields of the original, without its hooks and its class's `#private` fields.
 *
 * src as in `TransformerEncoderLayer` → the same shape.
 *
 * @param encoderLayer a `TransformerEncoderLayer`, or a module that takes `(src, { srcMask, srcKeyPaddingMask })`
 * @param numLayers number of copies
 * @param norm applied at the end; null by default
 *
 * @example
 * const encoder = new TransformerEncoder(new TransformerEncoderLayer(512, 8), 6);
 * encoder(randn(10, 32, 512)).shape; // [10, 32, 512]
 */
export class TransformerEncoder extends Module<EncoderArguments> {
  static override readonly keepsNothing: boolean = true;

  readonly layers: ModuleList;
  readonly numLayers: number;
  readonly norm: AnyModule | null;
  readonly enableNestedTensor: boolean;
  readonly maskCheck: boolean;

  constructor(options: TransformerEncoderOptions);
  constructor(
    encoderLayer: AnyModule,
    numLayers: number | TransformerEncoderOptions,
    norm?: AnyModule | null | TransformerEncoderOptions,
    enableNestedTensor?: boolean | TransformerEncoderOptions,
    maskCheck?: boolean | TransformerEncoderOptions,
  );
  constructor(...args: readonly unknown[]) {
    super();
    const op = 'TransformerEncoder';
    const [layer, count, norm = null, nested = true, maskCheck = true] = named<
      [AnyModule, number, AnyModule | null, boolean, boolean]
    >(op, ['encoderLayer', 'numLayers', 'norm', 'enableNestedTensor', 'maskCheck'], args);
    const [template, numLayers] = layersOf(op, 'encoderLayer', layer, count);
    this.layers = copies(template, numLayers);
    this.numLayers = numLayers;
    this.norm = normOf(op, norm);
    this.enableNestedTensor = flag(op, 'enableNestedTensor', nested);
    this.maskCheck = flag(op, 'maskCheck', maskCheck);
  }

  override forward(...[src, ...rest]: EncoderArguments): Tensor {
    const op = 'TransformerEncoder';
    const [srcMask = null, srcKeyPaddingMask = null, isCausal] = named<[Tensor | null, Tensor | null, boolean | null]>(
      op,
      ['mask', 'srcKeyPaddingMask', 'isCausal'],
      rest,
    );
    checkHint(op, 'isCausal', isCausal, srcMask);
    let x = tensorArgument(op, 'src', src);
    for (const layer of this.layers) x = layer(x, { srcMask, srcKeyPaddingMask }) as Tensor;
    return this.norm === null ? x : (this.norm(x) as Tensor);
  }
}

export interface TransformerDecoderOptions {
  readonly decoderLayer?: AnyModule;
  readonly numLayers?: number;
  /** Applied at the end; null by default. */
  readonly norm?: AnyModule | null;
}

/**
 * Layers one after the other, each a deep copy of the one given (see `TransformerEncoder`), and at the end a normalisation if one is
 * given. All attend to the same memory.
 *
 * tgt and memory as in `TransformerDecoderLayer` → the shape of tgt.
 *
 * @param decoderLayer a `TransformerDecoderLayer`, or a module that takes
 *   `(tgt, memory, { tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask })`
 * @param numLayers number of copies
 * @param norm applied at the end; null by default
 *
 * @example
 * const decoder = new TransformerDecoder(new TransformerDecoderLayer(512, 8), 6);
 * decoder(randn(20, 32, 512), randn(10, 32, 512)).shape; // [20, 32, 512]
 */
export class TransformerDecoder extends Module<DecoderArguments> {
  static override readonly keepsNothing: boolean = true;

  readonly layers: ModuleList;
  readonly numLayers: number;
  readonly norm: AnyModule | null;

  constructor(options: TransformerDecoderOptions);
  constructor(
    decoderLayer: AnyModule,
    numLayers: number | TransformerDecoderOptions,
    norm?: AnyModule | null | TransformerDecoderOptions,
  );
  constructor(...args: readonly unknown[]) {
    super();
    const op = 'TransformerDecoder';
    const [layer, count, norm = null] = named<[AnyModule, number, AnyModule | null]>(
      op,
      ['decoderLayer', 'numLayers', 'norm'],
      args,
    );
    const [template, numLayers] = layersOf(op, 'decoderLayer', layer, count);
    this.layers = copies(template, numLayers);
    this.numLayers = numLayers;
    this.norm = normOf(op, norm);
  }

  override forward(...[tgt, memory, ...rest]: DecoderArguments): Tensor {
    const op = 'TransformerDecoder';
    const [tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask] = decoderMasks(op, rest);
    tensorArgument(op, 'memory', memory);
    let x = tensorArgument(op, 'tgt', tgt);
    for (const layer of this.layers) {
      x = layer(x, memory, { tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask }) as Tensor;
    }
    return this.norm === null ? x : (this.norm(x) as Tensor);
  }
}

// ------------------------------------------------------------------------------------------------------------- the whole

export interface TransformerOptions extends Omit<TransformerLayerOptions, 'dModel' | 'nhead'> {
  /** Width of input and output, divisible by `nhead`; 512 by default. */
  readonly dModel?: number;
  /** Number of heads; 8 by default. */
  readonly nhead?: number;
  /** 6 by default. */
  readonly numEncoderLayers?: number;
  /** 6 by default. */
  readonly numDecoderLayers?: number;
  /** In place of the encoder; null by default. */
  readonly customEncoder?: AnyModule | null;
  /** In place of the decoder; null by default. */
  readonly customDecoder?: AnyModule | null;
}

export interface TransformerForwardOptions {
  /** `[S, S]` or `[N · nhead, S, S]`. */
  readonly srcMask?: Tensor | null;
  /** `[T, T]` or `[N · nhead, T, T]`. */
  readonly tgtMask?: Tensor | null;
  /** `[T, S]` or `[N · nhead, T, S]`. */
  readonly memoryMask?: Tensor | null;
  /** `[N, S]`, or `[S]` without a batch. */
  readonly srcKeyPaddingMask?: Tensor | null;
  /** `[N, T]`, or `[T]` without a batch. */
  readonly tgtKeyPaddingMask?: Tensor | null;
  /** `[N, S]`, or `[S]` without a batch. */
  readonly memoryKeyPaddingMask?: Tensor | null;
  /** A hint that `srcMask` is causal. */
  readonly srcIsCausal?: boolean | null;
  /** A hint that `tgtMask` is causal. */
  readonly tgtIsCausal?: boolean | null;
  /** A hint that `memoryMask` is causal; false by default. */
  readonly memoryIsCausal?: boolean;
}

type MaskArgument = Tensor | null | TransformerForwardOptions;

type TransformerArguments = [
  src: Tensor,
  tgt: Tensor,
  srcMask?: MaskArgument,
  tgtMask?: MaskArgument,
  memoryMask?: MaskArgument,
  srcKeyPaddingMask?: MaskArgument,
  tgtKeyPaddingMask?: MaskArgument,
  memoryKeyPaddingMask?: MaskArgument,
  srcIsCausal?: boolean | null | TransformerForwardOptions,
  tgtIsCausal?: boolean | null | TransformerForwardOptions,
  memoryIsCausal?: boolean | TransformerForwardOptions,
];

/**
 * An encoder, and a decoder that attends to what it gives; both end with a normalisation.
 *
 * src `[S, N, dModel]`, tgt `[T, N, dModel]` (`[N, …, dModel]` with `batchFirst`, no N without a batch) → the shape of tgt.
 *
 * @param dModel width of inputs and output; 512 by default
 * @param nhead number of heads, which divides `dModel`; 8 by default
 * @param numEncoderLayers 6 by default
 * @param numDecoderLayers 6 by default
 * @param dimFeedforward width between the two linear layers; 2048 by default
 * @param dropout probability; 0.1 by default
 * @param activation `'relu'` (default), `'gelu'`, a function or a module
 * @param customEncoder what takes the encoder's place; null by default
 * @param customDecoder what takes the decoder's place; null by default
 * @param layerNormEps added to variances; 1e-5 by default
 * @param batchFirst whether the batch comes first; false by default
 * @param normFirst whether to normalise before each branch; false by default
 * @param bias whether linear layers and normalisations have biases; true by default
 *
 * All parameters of two dimensions are drawn by Xavier's uniform scheme.
 *
 * Source: Vaswani et al., "Attention Is All You Need", 2017.
 *
 * @throws ShapeError when src, tgt and masks do not fit
 *
 * @example
 * const model = new Transformer({ dModel: 64, nhead: 4, numEncoderLayers: 2, numDecoderLayers: 2, batchFirst: true });
 * const tgtMask = Transformer.generateSquareSubsequentMask(20);
 * model(randn(8, 10, 64), randn(8, 20, 64), { tgtMask }).shape; // [8, 20, 64]
 */
export class Transformer extends Module<TransformerArguments> {
  static override readonly keepsNothing: boolean = true;

  readonly encoder: AnyModule;
  readonly decoder: AnyModule;
  readonly dModel: number;
  readonly nhead: number;
  readonly batchFirst: boolean;

  constructor(
    dModel?: number | TransformerOptions,
    nhead?: number | TransformerOptions,
    numEncoderLayers?: number | TransformerOptions,
    numDecoderLayers?: number | TransformerOptions,
    dimFeedforward?: number | TransformerOptions,
    dropout?: number | TransformerOptions,
    activation?: Activation | TransformerOptions,
    customEncoder?: AnyModule | null | TransformerOptions,
    customDecoder?: AnyModule | null | TransformerOptions,
    layerNormEps?: number | TransformerOptions,
    batchFirst?: boolean | TransformerOptions,
    normFirst?: boolean | TransformerOptions,
    bias?: boolean | TransformerOptions,
    options?: TransformerOptions,
  );
  constructor(...args: readonly unknown[]) {
    super();
    const op = 'Transformer';
    const names = [
      'dModel',
      'nhead',
      'numEncoderLayers',
      'numDecoderLayers',
      'dimFeedforward',
      'dropout',
      'activation',
      'customEncoder',
      'customDecoder',
      'layerNormEps',
      'batchFirst',
      'normFirst',
      'bias',
      'dtype',
    ] as const;
    const [
      dModel = 512,
      nhead = 8,
      encoders = 6,
      decoders = 6,
      dim,
      p,
      activation,
      encoder,
      decoder,
      eps,
      first,
      ...last
    ] = named<[number, number, number, number, number, number, Activation, unknown, unknown, number, boolean]>(
      op,
      names,
      args,
    );
    const checked = layerArguments(op, [dModel, nhead, dim, p, activation, eps, first, ...last]);
    const norm = (): LayerNorm =>
      new LayerNorm(checked.dModel, { eps: checked.layerNormEps, bias: checked.bias, dtype: checked.dtype });
    this.encoder =
      normOf(`${op} customEncoder`, encoder ?? null) ??
      new TransformerEncoder(new TransformerEncoderLayer({ ...checked }), encoders, norm());
    this.decoder =
      normOf(`${op} customDecoder`, decoder ?? null) ??
      new TransformerDecoder(new TransformerDecoderLayer({ ...checked }), decoders, norm());
    this.resetParameters();
    this.dModel = checked.dModel;
    this.nhead = checked.nhead;
    this.batchFirst = checked.batchFirst;
  }

  /** Draws all parameters of two dimensions and more anew. */
  resetParameters(): void {
    for (const parameter of this.parameters()) if (parameter.ndim > 1) xavierUniform_(parameter);
  }

  /** A mask that shows position i the positions 0 … i: `[size, size]`, minus infinity above the diagonal and 0 elsewhere. */
  static generateSquareSubsequentMask(size: number, options?: { readonly dtype?: DType | null }): Tensor {
    const op = 'generateSquareSubsequentMask';
    const [dtype] = named<[DType | null]>(op, ['dtype'], [options]);
    return causalMask(integer(op, 'size', size), size, dtype ?? 'float32');
  }

  override forward(...[src, tgt, ...rest]: TransformerArguments): Tensor {
    const op = 'Transformer';
    const [mask = null, tgtMask, memoryMask, srcKeyPaddingMask, tgtKeyPaddingMask, memoryKeyPaddingMask, ...hints] =
      named<[...(Tensor | null)[]]>(
        op,
        [
          'srcMask',
          'tgtMask',
          'memoryMask',
          'srcKeyPaddingMask',
          'tgtKeyPaddingMask',
          'memoryKeyPaddingMask',
          'srcIsCausal',
          'tgtIsCausal',
          'memoryIsCausal',
        ],
        rest,
      );
    [mask, tgtMask ?? null, memoryMask ?? null].forEach((of, i) => {
      checkHint(op, ['srcIsCausal', 'tgtIsCausal', 'memoryIsCausal'][i], hints[i], of);
    });
    this.checkInputs(op, tensorArgument(op, 'src', src), tensorArgument(op, 'tgt', tgt));
    const memory = this.encoder(src, { mask, srcKeyPaddingMask: srcKeyPaddingMask ?? null }) as Tensor;
    return this.decoder(tgt, memory, { tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask }) as Tensor;
  }

  private checkInputs(op: string, src: Tensor, tgt: Tensor): void {
    const batch = this.batchFirst ? 0 : 1;
    const hasBatches = src.ndim === 3 && tgt.ndim === 3;
    if (hasBatches && src.shape[batch] !== tgt.shape[batch]) fail('the batch number of src and tgt must be equal');
    if (src.shape.at(-1) !== this.dModel || tgt.shape.at(-1) !== this.dModel) {
      fail(`the feature number of src and tgt must be equal to dModel ${this.dModel}`);
    }
    function fail(rule: string): never {
      throw new ShapeError(`${rule}, but got src ${formatShape(src.shape)} and tgt ${formatShape(tgt.shape)}`, {
        op,
        operands: { src: src.shape, tgt: tgt.shape },
      });
    }
  }
}
