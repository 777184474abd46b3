/**
 * Models to export: every layer of `@torsor/nn`, the functions that are no layer, and whole networks. Inputs are functions of a size n:
 * a dimension in which they follow it is exported as a dynamic axis.
 */

import type { Tensor } from '@torsor/core';
import { arange, manualSeed, rand, randn, setStrict, tensor } from '@torsor/core';
import * as nn from '@torsor/nn';
import type { Exportable } from '../export.ts';
import { functions } from './functions.ts';
import { lenet, resnet20, Tagger, Tied, waves } from './networks.ts';

export interface Example {
  /** Of the layer, and what is special about it. */
  readonly name: string;
  readonly make: () => Exportable;
  readonly inputs: (n: number) => Tensor[];
  /** Default 17. */
  readonly opset?: number;
}

/** Random integers below `most`, of int32. */
function places(most: number, ...shape: readonly number[]): Tensor {
  return rand(shape).mul(most).floor().to('int32');
}

const signs = (n: number): Tensor => rand(n).gt(0.5).to('float32').mul(2).sub(1);
const scores = (n: number): Tensor[] => [randn(n, 4), places(4, n)];
const pairs = (n: number): Tensor[] => [randn(n, 4), randn(n, 4)];
const line = (n: number): Tensor[] => [randn(n, 3, 11)];
const image = (n: number): Tensor[] => [randn(n, 3, 8, 9)];
const volume = (n: number): Tensor[] => [randn(n, 2, 4, 5, 3)];
const rows = (n: number): Tensor[] => [randn(n, 6)];
const sequence = (n: number): Tensor[] => [randn(5, n, 6)];
/** The length follows n. */
const steps = (n: number): Tensor[] => [randn(n + 2, 2, 6)];

/** Statistics that are not those of a new layer. */
function trained<M extends nn.BatchNorm1d | nn.BatchNorm2d | nn.InstanceNorm1d>(norm: M): M {
  norm.running_mean?.copy_(randn(norm.numFeatures));
  norm.running_var?.copy_(rand(norm.numFeatures).add(0.5));
  return norm;
}

const example = (name: string, make: () => Exportable, inputs: Example['inputs'], opset?: number): Example => {
  return { name, make, inputs, opset };
};

/** Layers of one argument, by their names. */
const activations: readonly Example[] = [
  new nn.CELU(1.5),
  new nn.ELU(0.7),
  new nn.GELU(),
  new nn.GELU('tanh'),
  new nn.GLU(),
  new nn.Hardshrink(0.4),
  new nn.Hardsigmoid(),
  new nn.Hardswish(),
  new nn.Hardtanh(-0.5, 0.7),
  new nn.LeakyReLU(0.2),
  new nn.LogSigmoid(),
  new nn.LogSoftmax(1),
  new nn.Mish(),
  new nn.PReLU(6),
  new nn.RReLU(),
  new nn.ReLU(),
  new nn.ReLU6(),
  new nn.SELU(),
  new nn.SiLU(),
  new nn.Sigmoid(),
  new nn.Softmax(1),
  new nn.Softmin(1),
  new nn.Softplus(),
  new nn.Softplus(2, 1),
  new nn.Softshrink(0.4),
  new nn.Softsign(),
  new nn.Tanh(),
  new nn.Tanhshrink(),
  new nn.Threshold(0.1, -2),
  new nn.Identity(),
  new nn.Dropout(),
  new nn.AlphaDropout(),
  new nn.FeatureAlphaDropout(),
].map((layer) => example(`${layer}`, () => layer as Exportable, rows));

const convolutions: readonly Example[] = [
  example('Conv1d', () => new nn.Conv1d(3, 4, 3, { stride: 2, padding: 1 }), line),
  example('Conv1d dilated', () => new nn.Conv1d(3, 6, 3, { dilation: 2, groups: 3, bias: false }), line),
  example('Conv1d same', () => new nn.Conv1d(3, 4, 4, { padding: 'same' }), line),
  example('Conv1d circular', () => new nn.Conv1d(3, 4, 3, { padding: 2, paddingMode: 'circular' }), line),
  example('Conv1d replicate', () => new nn.Conv1d(3, 4, 3, { padding: 2, paddingMode: 'replicate' }), line),
  example(
    'Conv1d unbatched',
    () => new nn.Conv1d(3, 4, 3),
    () => [randn(3, 11)],
  ),
  example(
    'Conv1d of any length',
    () => new nn.Conv1d(3, 4, 3, { stride: 2 }),
    (n) => [randn(2, 3, 8 + n)],
  ),
  example('Conv2d', () => new nn.Conv2d(3, 4, [3, 2], { stride: [2, 1], padding: [1, 0] }), image),
  example('Conv2d depthwise', () => new nn.Conv2d(3, 3, 3, { groups: 3, padding: 'same' }), image),
  example('Conv2d valid', () => new nn.Conv2d(3, 4, 3, { padding: 'valid', dilation: 2 }), image),
  example('Conv2d reflect', () => new nn.Conv2d(3, 4, 3, { padding: 1, paddingMode: 'reflect' }), image),
  example('Conv2d circular same', () => new nn.Conv2d(3, 4, 4, { padding: 'same', paddingMode: 'circular' }), image),
  example('ConvTranspose1d', () => new nn.ConvTranspose1d(3, 4, 3, { stride: 2, padding: 1, outputPadding: 1 }), line),
  example('ConvTranspose2d', () => new nn.ConvTranspose2d(3, 6, 3, { stride: 2, groups: 3, bias: false }), image),
  example('ConvTranspose2d dilated', () => new nn.ConvTranspose2d(3, 2, 3, { dilation: 2, outputPadding: 1 }), image),
];

const pools: readonly Example[] = [
  example('MaxPool1d', () => new nn.MaxPool1d(3, { stride: 2, padding: 1 }), line),
  example('MaxPool2d', () => new nn.MaxPool2d(2), image),
  example('MaxPool2d ceilMode', () => new nn.MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true }), image),
  example('MaxPool2d dilated', () => new nn.MaxPool2d(2, { stride: 1, dilation: 2 }), image),
  example('MaxPool2d indices', () => new nn.MaxPool2d(2, { returnIndices: true }), image),
  example('AvgPool1d', () => new nn.AvgPool1d(3, { stride: 2, padding: 1 }), line),
  example('AvgPool2d', () => new nn.AvgPool2d(3, { stride: 2, padding: 1, countIncludePad: false }), image),
  example('AvgPool2d ceilMode', () => new nn.AvgPool2d(3, { stride: 2, padding: 1, ceilMode: true }), image),
  example(
    'AvgPool2d ceilMode countIncludePad',
    () => new nn.AvgPool2d([3, 4], { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
    image,
  ),
  example('AvgPool2d divisorOverride', () => new nn.AvgPool2d(2, { divisorOverride: 3 }), image),
  example('AdaptiveAvgPool1d', () => new nn.AdaptiveAvgPool1d(4), line),
  example('AdaptiveAvgPool2d 1', () => new nn.AdaptiveAvgPool2d(1), image),
  example('AdaptiveAvgPool2d divides', () => new nn.AdaptiveAvgPool2d([4, 3]), image),
  example('AdaptiveAvgPool2d', () => new nn.AdaptiveAvgPool2d([3, 5]), image),
  example('AdaptiveMaxPool1d', () => new nn.AdaptiveMaxPool1d(4), line),
  example('AdaptiveMaxPool2d 1', () => new nn.AdaptiveMaxPool2d(1), image),
  example('AdaptiveMaxPool2d divides', () => new nn.AdaptiveMaxPool2d([4, 3], { returnIndices: true }), image),
  example('AdaptiveMaxPool2d', () => new nn.AdaptiveMaxPool2d([3, 5]), image),
  example('LPPool1d', () => new nn.LPPool1d(2, 3), line),
  example(
    'LPPool2d',
    () => new nn.LPPool2d(3, 2, { stride: 1 }),
    (n) => [rand(n, 3, 8, 9)],
  ),
  example(
    'MaxUnpool1d',
    () => new nn.MaxUnpool1d(2),
    (n) => [randn(n, 3, 4), arange(0, 8, 2, { dtype: 'int32' }).expand(n, 3, 4)],
  ),
  example(
    'MaxUnpool2d',
    () => new nn.MaxUnpool2d(2),
    (n) => [
      randn(n, 3, 2, 2),
      tensor(
        [
          [0, 3],
          [9, 14],
        ],
        { dtype: 'int32' },
      ).expand(n, 3, 2, 2),
    ],
  ),
];

const norms: readonly Example[] = [
  example('BatchNorm1d', () => trained(new nn.BatchNorm1d(6)), rows),
  example('BatchNorm2d', () => trained(new nn.BatchNorm2d(3, { affine: false })), image),
  example('BatchNorm2d of the batch', () => new nn.BatchNorm2d(3, { trackRunningStats: false }), image),
  example('InstanceNorm1d', () => new nn.InstanceNorm1d(3, { affine: true }), line),
  example('InstanceNorm1d tracked', () => trained(new nn.InstanceNorm1d(3, { trackRunningStats: true })), line),
  example('InstanceNorm2d', () => new nn.InstanceNorm2d(3), image),
  example('LayerNorm', () => new nn.LayerNorm(6), rows),
  example('LayerNorm of an image', () => new nn.LayerNorm([8, 9], { bias: false }), image),
  example('LayerNorm plain', () => new nn.LayerNorm([8, 9], { elementwiseAffine: false }), image),
  example('RMSNorm', () => new nn.RMSNorm(6), rows),
  example('RMSNorm of an image', () => new nn.RMSNorm([8, 9], { eps: 0.1, elementwiseAffine: false }), image),
  example(
    'GroupNorm',
    () => new nn.GroupNorm(2, 6),
    (n) => [randn(n, 6, 5)],
  ),
  example('LocalResponseNorm', () => new nn.LocalResponseNorm(2), image),
];

const shapes: readonly Example[] = [
  example('Flatten', () => new nn.Flatten(), image),
  example('Unflatten', () => new nn.Unflatten(1, [2, 3]), rows),
  example(
    'Fold',
    () => new nn.Fold([4, 5], 2, { padding: 1 }),
    (n) => [randn(n, 12, 30)],
    18,
  ),
  example('Unfold', () => new nn.Unfold([3, 2], { stride: 2, padding: 1, dilation: [1, 2] }), image),
  example(
    'PixelShuffle',
    () => new nn.PixelShuffle(2),
    (n) => [randn(n, 8, 3, 4)],
  ),
  example(
    'PixelUnshuffle',
    () => new nn.PixelUnshuffle(2),
    (n) => [randn(n, 2, 4, 6)],
  ),
  example(
    'ChannelShuffle',
    () => new nn.ChannelShuffle(2),
    (n) => [randn(n, 6, 3, 4)],
  ),
  example('CircularPad1d', () => new nn.CircularPad1d([2, 1]), line),
  example('CircularPad2d', () => new nn.CircularPad2d([1, 0, 2, 3]), image),
  example('CircularPad3d', () => new nn.CircularPad3d([1, 0, 2, 3, 0, 1]), volume),
  example('ConstantPad1d', () => new nn.ConstantPad1d([2, -1], 3.5), line),
  example('ConstantPad2d', () => new nn.ConstantPad2d(1, -1), image),
  example('ConstantPad3d', () => new nn.ConstantPad3d([1, -1, 0, 2, 1, 1], 2), volume),
  example('ReflectionPad1d', () => new nn.ReflectionPad1d(2), line),
  example('ReflectionPad2d', () => new nn.ReflectionPad2d([1, 2, 3, 0]), image),
  example('ReflectionPad3d', () => new nn.ReflectionPad3d([1, 2, 3, 0, 2, 1]), volume),
  example('ReplicationPad1d', () => new nn.ReplicationPad1d(2), line),
  example('ReplicationPad2d', () => new nn.ReplicationPad2d([1, 2, 3, 0]), image),
  example('ReplicationPad3d', () => new nn.ReplicationPad3d([1, 2, 3, 0, 2, 1]), volume),
  example('ZeroPad1d', () => new nn.ZeroPad1d([0, 3]), line),
  example('ZeroPad2d', () => new nn.ZeroPad2d(1), image),
  example('ZeroPad3d', () => new nn.ZeroPad3d(1), volume),
  example('Upsample nearest', () => new nn.Upsample({ scaleFactor: 2 }), line),
  example('Upsample size', () => new nn.Upsample({ size: [5, 12] }), image),
  example('Upsample nearest-exact', () => new nn.Upsample({ size: [5, 12], mode: 'nearest-exact' }), image),
  example('Upsample linear', () => new nn.Upsample({ scaleFactor: 1.7, mode: 'linear' }), line),
  example('Upsample bilinear', () => new nn.Upsample({ size: [5, 12], mode: 'bilinear' }), image),
  example(
    'Upsample of any size',
    () => new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' }),
    (n) => [randn(2, 3, 4 + n, 6)],
  ),
  example('Upsample bicubic', () => new nn.Upsample({ size: [13, 12], mode: 'bicubic' }), image),
  example('UpsamplingBilinear2d', () => new nn.UpsamplingBilinear2d({ scaleFactor: 2 }), image),
  example('UpsamplingNearest2d', () => new nn.UpsamplingNearest2d({ scaleFactor: 2 }), image),
  example('Dropout1d', () => new nn.Dropout1d(), line),
  example('Dropout2d', () => new nn.Dropout2d(), image),
  example('Softmax2d', () => new nn.Softmax2d(), image),
];

const dense: readonly Example[] = [
  example('Linear', () => new nn.Linear(6, 4), rows),
  example('Linear of sequences', () => new nn.Linear(6, 4), sequence),
  example(
    'Linear without bias',
    () => new nn.Linear(6, 4, { bias: false }),
    (n) => [randn(n, 2, 6)],
  ),
  example(
    'Linear of a vector',
    () => new nn.Linear(6, 4),
    () => [randn(6)],
  ),
  example('Linear with weightNorm', () => nn.utils.weightNorm(new nn.Linear(6, 4)), rows),
  example('Linear with spectralNorm', () => nn.utils.spectralNorm(new nn.Linear(6, 4)), rows),
  example('Bilinear', () => new nn.Bilinear(4, 4, 3), pairs),
  example(
    'Embedding',
    () => new nn.Embedding(10, 4),
    (n) => [places(10, n, 3)],
  ),
  example(
    'Embedding with padding',
    () => new nn.Embedding(10, 4, { paddingIdx: 0 }),
    (n) => [places(10, n, 3)],
  ),
  ...(['sum', 'mean', 'max'] as const).map((mode) =>
    example(
      `EmbeddingBag ${mode}`,
      () => new nn.EmbeddingBag(10, 4, { mode }),
      (n) => [places(10, n, 3)],
    ),
  ),
  example('CosineSimilarity', () => new nn.CosineSimilarity(), pairs),
  example('PairwiseDistance', () => new nn.PairwiseDistance(), pairs),
];

const recurrent: readonly Example[] = [
  example('RNN', () => new nn.RNN(6, 4), sequence),
  example(
    'RNN relu',
    () => new nn.RNN(6, 4, { nonlinearity: 'relu', bias: false, batchFirst: true }),
    (n) => [randn(n, 5, 6)],
  ),
  example('LSTM', () => new nn.LSTM(6, 4), sequence),
  example('LSTM of any length', () => new nn.LSTM(6, 4, { bidirectional: true }), steps),
  example(
    'LSTM deep',
    () => new nn.LSTM(6, 4, { numLayers: 2, bidirectional: true, batchFirst: true }),
    (n) => [randn(n, 5, 6)],
  ),
  example(
    'LSTM from states',
    () => given(new nn.LSTM(6, 4) as never),
    (n) => [randn(5, n, 6), randn(1, n, 4), randn(1, n, 4)],
  ),
  example('LSTM projected', () => new nn.LSTM(6, 4, { projSize: 3 }), sequence),
  example(
    'LSTM unbatched',
    () => new nn.LSTM(6, 4),
    () => [randn(5, 6)],
  ),
  example('GRU', () => new nn.GRU(6, 4), sequence),
  example('GRU of any length', () => new nn.GRU(6, 4, { bidirectional: true }), steps),
  example('RNNCell', () => new nn.RNNCell(6, 4), rows),
  example('LSTMCell', () => new nn.LSTMCell(6, 4), rows),
  example(
    'GRUCell',
    () => new nn.GRUCell(6, 4),
    (n) => [randn(n, 6), randn(n, 4)],
  ),
];

/** Takes both states as inputs of their own. */
function given(lstm: (x: Tensor, states: [Tensor, Tensor]) => unknown): Exportable {
  return (x: Tensor, h: Tensor, c: Tensor) => lstm(x, [h, c]);
}

const small = { dimFeedforward: 12, batchFirst: true };

const attention: readonly Example[] = [
  example(
    'MultiheadAttention',
    () => new nn.MultiheadAttention(6, 2, { batchFirst: true }),
    (n) => [randn(n, 5, 6), randn(n, 4, 6), randn(n, 4, 6)],
  ),
  example(
    'MultiheadAttention of itself',
    () => itself(new nn.MultiheadAttention(6, 2)),
    (n) => [randn(n + 1, 3, 6)],
  ),
  example(
    'TransformerEncoderLayer',
    () => new nn.TransformerEncoderLayer(6, 2, small),
    (n) => [randn(n, 5, 6)],
  ),
  example(
    'TransformerEncoderLayer gelu',
    () => new nn.TransformerEncoderLayer(6, 2, { ...small, activation: 'gelu', normFirst: true }),
    (n) => [randn(2, n + 3, 6)],
  ),
  example(
    'TransformerEncoder',
    () => causal(new nn.TransformerEncoder(new nn.TransformerEncoderLayer(6, 2, small), 2)),
    (n) => [randn(n, 5, 6)],
  ),
  example(
    'TransformerDecoderLayer',
    () => new nn.TransformerDecoderLayer(6, 2, small),
    (n) => [randn(n, 5, 6), randn(n, 4, 6)],
  ),
  example(
    'TransformerDecoder',
    () => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(6, 2, small), 2),
    (n) => [randn(n, 5, 6), randn(n, 4, 6)],
  ),
  example(
    'Transformer',
    () => new nn.Transformer({ dModel: 6, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, ...small }),
    (n) => [randn(n, 5, 6), randn(n, 4, 6)],
  ),
];

type Attention = (query: Tensor, key: Tensor, value: Tensor) => unknown;

const itself =
  (layer: Attention): Exportable =>
  (x: Tensor) =>
    layer(x, x, x);

function causal(encoder: nn.TransformerEncoder): Exportable {
  encoder.eval();
  return (x: Tensor) => encoder(x, nn.Transformer.generateSquareSubsequentMask(5));
}

const losses: readonly Example[] = [
  example(
    'BCELoss',
    () => new nn.BCELoss(),
    (n) => [rand(n, 4), rand(n, 4)],
  ),
  example(
    'BCEWithLogitsLoss',
    () => new nn.BCEWithLogitsLoss(),
    (n) => [randn(n, 4), rand(n, 4)],
  ),
  example(
    'CosineEmbeddingLoss',
    () => new nn.CosineEmbeddingLoss(),
    (n) => [...pairs(n), signs(n)],
  ),
  example('CrossEntropyLoss', () => new nn.CrossEntropyLoss(), scores),
  example('CrossEntropyLoss smoothed', () => new nn.CrossEntropyLoss({ labelSmoothing: 0.1 }), scores),
  example(
    'HingeEmbeddingLoss',
    () => new nn.HingeEmbeddingLoss(),
    (n) => [randn(n), signs(n)],
  ),
  example('HuberLoss', () => new nn.HuberLoss(), pairs),
  example(
    'KLDivLoss',
    () => new nn.KLDivLoss({ reduction: 'batchmean' }),
    () => [randn(3, 4), rand(3, 4)],
  ),
  example('L1Loss', () => new nn.L1Loss(), pairs),
  example('MSELoss', () => new nn.MSELoss(), pairs),
  example('MSELoss none', () => new nn.MSELoss({ reduction: 'none' }), pairs),
  example(
    'MarginRankingLoss',
    () => new nn.MarginRankingLoss(),
    (n) => [randn(n), randn(n), signs(n)],
  ),
  example(
    'MultiLabelSoftMarginLoss',
    () => new nn.MultiLabelSoftMarginLoss(),
    (n) => [randn(n, 4), rand(n, 4).round()],
  ),
  example(
    'NLLLoss',
    () => new nn.NLLLoss({ ignoreIndex: 1 }),
    (n) => [randn(n, 4).logSoftmax(1), places(4, n)],
  ),
  example('NLLLoss weighted', () => new nn.NLLLoss({ weight: tensor([1, 2, 3, 4]), reduction: 'sum' }), scores),
  example(
    'PoissonNLLLoss',
    () => new nn.PoissonNLLLoss(),
    (n) => [randn(n, 4), rand(n, 4)],
  ),
  example('SmoothL1Loss', () => new nn.SmoothL1Loss(), pairs),
  example(
    'SoftMarginLoss',
    () => new nn.SoftMarginLoss(),
    (n) => [randn(n), signs(n)],
  ),
  example(
    'TripletMarginLoss',
    () => new nn.TripletMarginLoss(),
    (n) => [...pairs(n), randn(n, 4)],
  ),
  example(
    'TripletMarginWithDistanceLoss',
    () => new nn.TripletMarginWithDistanceLoss(),
    (n) => [...pairs(n), randn(n, 4)],
  ),
];

const networks: readonly Example[] = [
  example('LeNet', lenet, (n) => [randn(n, 1, 28, 28)]),
  example('ResNet-20', resnet20, (n) => [randn(n, 3, 16, 16)]),
  example('Conv1d net', waves, (n) => [randn(n, 1, 64)]),
  example(
    'Tied',
    () => new Tied(),
    (n) => [places(12, n, 3)],
  ),
  example(
    'Tagger',
    () => new Tagger(),
    (n) => [places(20, n, 6)],
  ),
  example(
    'Tagger of any length',
    () => new Tagger(),
    (n) => [places(20, 2, n + 3)],
  ),
];

/** Layers that are not exported, and why. */
export const without: Readonly<Record<string, string>> = {
  AveragedModel: 'is the model that it averages',
  CTCLoss: 'reads targets and lengths, of which it lays out paths',
  ConvNd: 'is what convolutions have in common',
  GaussianNLLLoss: 'reads the variances, to see that none is negative',
  ModuleDict: 'computes nothing',
  ModuleList: 'computes nothing',
  MultiLabelMarginLoss: 'reads the targets, to sort them out',
  MultiMarginLoss: 'reads the targets, to see that they are classes',
  ParameterDict: 'computes nothing',
  ParameterList: 'computes nothing',
  Sequential: 'is in LeNet',
};

export const zoo: readonly Example[] = [
  ...dense,
  ...activations,
  ...convolutions,
  ...pools,
  ...norms,
  ...shapes,
  ...recurrent,
  ...attention,
  ...losses,
  ...functions(example),
  ...networks,
];

/** A model and its inputs, always the same: weights too, to the bit, on all runtimes. */
export function prepare({ name, make, inputs }: Example, n: number): { model: Exportable; given: Tensor[] } {
  setStrict(true);
  manualSeed([...name].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 65537, 7));
  const model = make();
  return { model, given: inputs(n) };
}

/** Names of inputs, and the axes in which they follow n. */
export function axesOf({ inputs }: Example): {
  inputNames: string[];
  dynamicAxes: Record<string, Record<number, string>>;
} {
  const [two, three] = [inputs(2), inputs(3)];
  const inputNames = two.map((_, i) => `x${i}`);
  const dynamicAxes = Object.fromEntries(
    two.map((x, i) => {
      const axes = [...x.shape.keys()].filter((d) => x.shape[d] !== three[i].shape[d]);
      return [`x${i}`, Object.fromEntries(axes.map((d) => [d, 'n']))];
    }),
  );
  return { inputNames, dynamicAxes };
}
