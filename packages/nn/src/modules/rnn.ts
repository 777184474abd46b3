/**
 * Recurrent layers and cells: `torch.nn.modules.rnn`. What they compute is in `recurrence.ts`; of packed sequences, in
 * `packedRecurrence.ts`.
 */

import type { DType, Shape, Tensor } from '@torsor/core';
import {
  cat,
  DTypeError,
  empty,
  formatShape,
  linear,
  named,
  ShapeError,
  show,
  stack,
  ValueError,
  zeros,
} from '@torsor/core';
import { flag, integer, required, tensorArgument, warn } from '../arguments.ts';
import { checkProbability, dropout } from '../dropout.ts';
import { uniform_ } from '../init.ts';
import { Module } from '../module.ts';
import { PackedSequence, packedLike, positionsOf } from '../packed.ts';
import { recurPacked } from '../packedRecurrence.ts';
import { Parameter } from '../parameter.ts';
import { python, pythonFloat } from '../python.ts';
import type { Kind, State, Weights } from '../recurrence.ts';
import { elmanRelu, elmanTanh, gru, lstm, recur } from '../recurrence.ts';

/** What follows the sum in Elman's networks. */
export type RecurrentNonlinearity = 'tanh' | 'relu';

/** The states of an LSTM: hidden and cell. */
export type LSTMState = readonly [h: Tensor, c: Tensor];

export interface GRUOptions {
  /** Width of the input. */
  readonly inputSize?: number;
  /** Width of the hidden state. */
  readonly hiddenSize?: number;
  /** Number of layers, each of which gets what the one before it gives; 1 by default. */
  readonly numLayers?: number;
  /** Whether to learn biases; true by default. */
  readonly bias?: boolean;
  /** Whether input and output are `[N, L, …]` rather than `[L, N, …]`; false by default. */
  readonly batchFirst?: boolean;
  /** Probability of dropout behind each layer but the last; 0 by default. */
  readonly dropout?: number;
  /** Whether each layer also goes through the sequence backward; false by default. */
  readonly bidirectional?: boolean;
  /** Element type of the parameters; float32 by default. */
  readonly dtype?: DType | null;
}

export interface RNNOptions extends GRUOptions {
  /** `'tanh'` (default) or `'relu'`. */
  readonly nonlinearity?: RecurrentNonlinearity;
}

export interface LSTMOptions extends GRUOptions {
  /** Width to which hidden states are projected; 0, the default, for none. */
  readonly projSize?: number;
}

function elmanOf(op: string, nonlinearity: unknown): Kind {
  if (nonlinearity === 'tanh') return elmanTanh;
  if (nonlinearity === 'relu') return elmanRelu;
  throw new ValueError(`nonlinearity must be 'tanh' or 'relu', but got ${show(nonlinearity)}`, {
    op,
    operands: { nonlinearity },
  });
}

/** A state that was given, checked against the input that it goes with. */
function checkState(op: string, name: string, state: unknown, shape: Shape, input: Tensor): Tensor {
  const x = tensorArgument(op, name, state);
  if (x.shape.join() !== shape.join()) {
    throw new ShapeError(`${name} must have shape ${formatShape(shape)}, but got ${formatShape(x.shape)}`, {
      op,
      operands: { [name]: x.shape },
    });
  }
  if (x.dtype !== input.dtype) {
    throw new DTypeError(`${name} must have the dtype of the input, ${input.dtype}, but got ${x.dtype}`, {
      op,
      operands: { [name]: x.dtype, input: input.dtype },
    });
  }
  return x;
}

/** A module whose parameters all start uniform on [-1/√hiddenSize, 1/√hiddenSize). */
abstract class Recurrent<A extends readonly unknown[], R> extends Module<A, R> {
  abstract readonly hiddenSize: number;

  /** Draws all parameters anew. */
  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0;
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound);
  }
}

/** One direction of one layer over a whole input, from a first state. */
type Pass = (
  isReversed: boolean,
  x: Tensor,
  state: State,
  weights: Weights,
) => readonly [output: Tensor, hidden: Tensor, cell: Tensor | null];

/** States `[layers · directions, N, H]` of sequences in another order. */
function inOrder(states: Tensor, order: Tensor | null): Tensor {
  return order === null ? states : states.indexSelect(1, order);
}

/** Layers are called in two ways: with a tensor, or with packed sequences, of which they make packed sequences. */
type Packable = abstract new <S, L>() => Recurrent<LayerArguments<S>, [output: Tensor, last: L]> &
  ((input: PackedSequence, hx?: S | null | StateOptions<S>) => [output: PackedSequence, last: L]);
type Statics = Pick<typeof Module, 'keepsNothing'>;

const PackableBase = Recurrent as unknown as Packable & Statics;

/** What the layers have in common: parameters, checks, and the order of layers and directions. */
abstract class RecurrentLayer<S, L> extends PackableBase<S, L> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly projSize: number;
  /** Parameters by layer: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, `weight_ih_l0_reverse`, … */
  [parameter: `weight_${string}` | `bias_${string}`]: Parameter;

  constructor(op: string, gates: number, options: LSTMOptions) {
    super();
    const { numLayers = 1, bias = true, batchFirst = false, bidirectional = false } = options;
    this.inputSize = integer(op, 'inputSize', required(op, 'inputSize', options.inputSize), 1);
    this.hiddenSize = integer(op, 'hiddenSize', required(op, 'hiddenSize', options.hiddenSize), 1);
    this.numLayers = integer(op, 'numLayers', numLayers, 1);
    this.bias = flag(op, 'bias', bias);
    this.batchFirst = flag(op, 'batchFirst', batchFirst);
    this.dropout = checkProbability(op, options.dropout ?? 0);
    this.bidirectional = flag(op, 'bidirectional', bidirectional);
    this.projSize = integer(op, 'projSize', options.projSize ?? 0);
    if (this.projSize >= this.hiddenSize) {
      throw new ValueError(
        `projSize has to be smaller than hiddenSize, but got ${this.projSize} and ${this.hiddenSize}`,
        {
          op,
          operands: { projSize: this.projSize, hiddenSize: this.hiddenSize },
        },
      );
    }
    if (this.dropout > 0 && this.numLayers === 1) {
      warn(
        op,
        `dropout acts behind each layer but the last, so that with numLayers 1 dropout ${this.dropout} does nothing`,
      );
    }
    const dtype = options.dtype ?? 'float32';
    const add = (name: string, ...shape: number[]): void => {
      this.registerParameter(name, new Parameter(empty(shape, { dtype })));
    };
    const rows = gates * this.hiddenSize;
    const width = this.projSize > 0 ? this.projSize : this.hiddenSize;
    for (let layer = 0; layer < this.numLayers; layer++) {
      for (const suffix of this.suffixes(layer)) {
        add(`weight_ih_${suffix}`, rows, layer === 0 ? this.inputSize : width * (this.bidirectional ? 2 : 1));
        add(`weight_hh_${suffix}`, rows, width);
        if (this.bias) for (const kind of ['ih', 'hh']) add(`bias_${kind}_${suffix}`, rows);
        if (this.projSize > 0) add(`weight_hr_${suffix}`, this.projSize, this.hiddenSize);
      }
    }
    this.resetParameters();
  }

  /** `l0` and, for two directions, `l0_reverse`. */
  private suffixes(layer: number): string[] {
    return this.bidirectional ? [`l${layer}`, `l${layer}_reverse`] : [`l${layer}`];
  }

  /** Does nothing: parameters are used as they are. PyTorch's gathers them in one block for GPUs. */
  flattenParameters(): void {}

  /**
   * `[output, last hidden states, last cells]`, from first states `[layers · directions, N, H]` or, without a batch,
   * `[layers · directions, H]`; null for zeros.
   */
  protected run(kind: Kind, input: Tensor | PackedSequence, first: readonly (Tensor | null)[]): unknown[] {
    return input instanceof PackedSequence ? this.runPacked(kind, input, first) : this.runPadded(kind, input, first);
  }

  private runPacked(kind: Kind, input: PackedSequence, first: readonly (Tensor | null)[]): unknown[] {
    const op = this.className;
    const { data, sortedIndices, unsortedIndices } = input;
    if (data.ndim !== 2 || data.shape[1] !== this.inputSize) {
      throw new ShapeError(
        `packed input must be of vectors of ${this.inputSize}, but its data has shape ${formatShape(data.shape)}`,
        { op, operands: { input: data.shape } },
      );
    }
    const sizes = positionsOf(input.batchSizes);
    const states = this.statesOf(data, sizes[0], first, true, sortedIndices);
    const [output, last] = this.layers(data, states, (isReversed, x, state, weights) =>
      recurPacked(kind, isReversed, x, sizes, state, weights),
    );
    const restored = last.map((list) => inOrder(stack(list), unsortedIndices));
    return [packedLike(input, output), ...restored];
  }

  private runPadded(kind: Kind, input: Tensor, first: readonly (Tensor | null)[]): Tensor[] {
    const op = this.className;
    tensorArgument(op, 'input', input);
    const isBatched = input.ndim === 3;
    if ((!isBatched && input.ndim !== 2) || input.shape[input.ndim - 1] !== this.inputSize) {
      throw new ShapeError(
        `input must be 3-D, or 2-D without a batch, with a last size of ${this.inputSize}, but got ${formatShape(input.shape)}`,
        { op, operands: { input: input.shape } },
      );
    }
    const swaps = isBatched && this.batchFirst;
    let x = isBatched ? input : input.unsqueeze(1);
    if (swaps) x = x.transpose(0, 1);
    const [length, batch] = x.shape;
    if (length === 0) throw new ShapeError('expected a sequence of at least 1 step, but got 0', { op });
    const states = this.statesOf(input, batch, first, isBatched, null);
    const [output, last] = this.layers(x, states, (isReversed, x, state, weights) => {
      const [output, cell] = recur(kind, isReversed, x, state, weights);
      return [output, output.select(0, isReversed ? 0 : length - 1), cell ?? null];
    });
    const results = [swaps ? output.transpose(0, 1) : output, ...last.map((list) => stack(list))];
    return isBatched ? results : results.map((y) => y.squeeze(1));
  }

  /** First states `[N, H]` of each layer and direction, those that were given or zeros. */
  private statesOf(
    input: Tensor,
    batch: number,
    first: readonly (Tensor | null)[],
    isBatched: boolean,
    order: Tensor | null,
  ): Tensor[][] {
    const count = this.numLayers * (this.bidirectional ? 2 : 1);
    const widths = [this.projSize > 0 ? this.projSize : this.hiddenSize, this.hiddenSize];
    return first.map((given, i) => {
      if (given === null) return zeros([count, batch, widths[i]], { dtype: input.dtype }).unbind(0);
      const name = first.length === 1 ? 'hx' : `hx[${i}]`;
      const shape = isBatched ? [count, batch, widths[i]] : [count, widths[i]];
      const state = checkState(this.className, name, given, shape, input);
      return inOrder(isBatched ? state : state.unsqueeze(1), order).unbind(0);
    });
  }

  /** All layers and directions, one after the other: the last output, and last states as first ones are. */
  private layers(x: Tensor, states: readonly Tensor[][], pass: Pass): [output: Tensor, last: Tensor[][]] {
    const last: Tensor[][] = states.map(() => []);
    for (let layer = 0; layer < this.numLayers; layer++) {
      const outputs = this.suffixes(layer).map((suffix, direction) => {
        const at = last[0].length;
        const state: State = [states[0][at], states[1]?.[at] ?? null];
        const [output, hidden, cell] = pass(direction === 1, x, state, this.weights(suffix));
        last[0].push(hidden);
        last[1]?.push(cell as Tensor);
        return output;
      });
      x = outputs.length === 1 ? outputs[0] : cat(outputs, -1);
      if (this.training && this.dropout > 0 && layer < this.numLayers - 1) x = dropout(x, this.dropout);
    }
    return [x, last];
  }

  private weights(suffix: string): Weights {
    return {
      ofInput: this[`weight_ih_${suffix}`],
      ofHidden: this[`weight_hh_${suffix}`],
      inputBias: this.bias ? this[`bias_ih_${suffix}`] : null,
      hiddenBias: this.bias ? this[`bias_hh_${suffix}`] : null,
      projection: this.projSize > 0 ? this[`weight_hr_${suffix}`] : null,
    };
  }

  override extraRepr(): string {
    const parts = [`${this.inputSize}, ${this.hiddenSize}`];
    if (this.projSize !== 0) parts.push(`proj_size=${this.projSize}`);
    if (this.numLayers !== 1) parts.push(`num_layers=${this.numLayers}`);
    if (!this.bias) parts.push(`bias=${python(this.bias)}`);
    if (this.batchFirst) parts.push(`batch_first=${python(this.batchFirst)}`);
    if (this.dropout !== 0) parts.push(`dropout=${pythonFloat(this.dropout)}`);
    if (this.bidirectional) parts.push(`bidirectional=${python(this.bidirectional)}`);
    return parts.join(', ');
  }
}

const NAMES = ['inputSize', 'hiddenSize', 'numLayers', 'bias', 'batchFirst', 'dropout', 'bidirectional'] as const;

/** Arguments by name, as one object. */
function optionsOf<O extends object>(op: string, names: readonly string[], args: readonly unknown[]): O {
  const values = named<unknown[]>(op, names, args);
  return Object.fromEntries(names.map((name, i) => [name, values[i]])) as O;
}

interface StateOptions<S> {
  /** The first states; zeros by default. */
  readonly hx?: S | null;
}

type StateArgument = Tensor | null | StateOptions<Tensor>;

type LastStates = [hn: Tensor, cn: Tensor];

type LayerArguments<S> = [input: Tensor, hx?: S | null | StateOptions<S>];

function stateOf<S>(op: string, given: S | null | undefined | StateOptions<S>): S | null {
  return named<[S | null]>(op, ['hx'], [given])[0] ?? null;
}

/** Both states of an LSTM, or none. */
function pairOf(op: string, given: LSTMArgument): readonly (Tensor | null)[] {
  const pair: unknown = stateOf<LSTMState>(op, given);
  if (pair === null) return [null, null];
  if (Array.isArray(pair) && pair.length === 2) return pair as Tensor[];
  throw new ValueError(`hx must be a list of two tensors, hidden and cell state, but got ${show(pair)}`, { op });
}

type LSTMArgument = LSTMState | null | undefined | StateOptions<LSTMState>;

/**
 * Elman's recurrent network: `h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)`, or with max(·, 0) for tanh, layer by layer.
 *
 * input `[L, N, inputSize]` (`[N, L, inputSize]` with `batchFirst`, `[L, inputSize]` without a batch) and `h_0`
 * `[numLayers · directions, N, hiddenSize]` → output `[L, N, directions · hiddenSize]`, the hidden states of the last layer, and `h_n`,
 * shaped as `h_0`: the last hidden states of all. A `PackedSequence` gives one, and last states in the order in which sequences were packed.
 *
 * @param inputSize width of the input
 * @param hiddenSize width of the hidden state
 * @param numLayers 1 by default
 * @param nonlinearity `'tanh'` (default) or `'relu'`
 * @param bias whether to learn biases; true by default
 * @param batchFirst whether the batch comes first in input and output; false by default
 * @param dropout probability of dropout behind each layer but the last; 0 by default
 * @param bidirectional whether each layer also goes backward; false by default
 *
 * Parameters `weight_ih_l0` `[hiddenSize, inputSize]`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, and so on for each layer, with
 * `_reverse` for the way back, start uniform on [-√k, √k), `k = 1 / hiddenSize`.
 *
 * Source: Elman, "Finding Structure in Time", 1990.
 *
 * @throws ShapeError when input or states do not fit
 *
 * @example
 * const rnn = new RNN(10, 20, 2);
 * const [output, hn] = rnn(randn(5, 3, 10)); // [5, 3, 20] and [2, 3, 20]
 */
export class RNN extends RecurrentLayer<Tensor, Tensor> {
  static override readonly keepsNothing: boolean = true;
  readonly nonlinearity: RecurrentNonlinearity;

  constructor(options: RNNOptions);
  constructor(
    inputSize: number,
    hiddenSize: number | RNNOptions,
    numLayers?: number | RNNOptions,
    nonlinearity?: RecurrentNonlinearity | RNNOptions,
    bias?: boolean | RNNOptions,
    batchFirst?: boolean | RNNOptions,
    dropout?: number | RNNOptions,
    bidirectional?: boolean | RNNOptions,
    options?: RNNOptions,
  );
  constructor(...args: readonly unknown[]) {
    const op = 'RNN';
    const names = [...NAMES.slice(0, 3), 'nonlinearity', ...NAMES.slice(3), 'dtype'];
    const { nonlinearity = 'tanh', ...options } = optionsOf<RNNOptions>(op, names, args);
    elmanOf(op, nonlinearity);
    super(op, 1, options);
    this.nonlinearity = nonlinearity;
  }

  override forward(input: Tensor, hx?: StateArgument): [output: Tensor, hn: Tensor];
  override forward(input: PackedSequence, hx?: StateArgument): [output: PackedSequence, hn: Tensor];
  override forward<X extends Tensor | PackedSequence>(input: X, hx?: StateArgument): [output: X, hn: Tensor] {
    const kind = elmanOf('RNN', this.nonlinearity);
    return this.run(kind, input, [stateOf('RNN', hx)]) as [X, Tensor];
  }
}

/**
 * Long short-term memory, layer by layer: with i, f and o sigmoids and g the tanh of `W_ih x_t + b_ih + W_hh h_(t-1) + b_hh`,
 * `c_t = f c_(t-1) + i g` and `h_t = o tanh(c_t)`; with `projSize` `h_t = W_hr (o tanh(c_t))`.
 *
 * input `[L, N, inputSize]` (`[N, L, inputSize]` with `batchFirst`, `[L, inputSize]` without a batch) and `[h_0, c_0]`, each
 * `[numLayers · directions, N, hiddenSize]` → output `[L, N, directions · hiddenSize]`, the hidden states of the last layer, and
 * `[h_n, c_n]`, the last states of all. With `projSize`, hidden states (not cells) have that width.
 *
 * @param inputSize width of the input
 * @param hiddenSize width of hidden state and cell
 * @param numLayers 1 by default
 * @param bias whether to learn biases; true by default
 * @param batchFirst whether the batch comes first in input and output; false by default
 * @param dropout probability of dropout behind each layer but the last; 0 by default
 * @param bidirectional whether each layer also goes backward; false by default
 * @param projSize width to which hidden states are projected; 0, the default, for none
 *
 * Parameters `weight_ih_l0` `[4 hiddenSize, inputSize]`, with the rows of i, f, g and o in that order, `weight_hh_l0`, `bias_ih_l0`,
 * `bias_hh_l0` (and `weight_hr_l0`), and so on for each layer, with `_reverse` for the way back, start uniform on [-√k, √k),
 * `k = 1 / hiddenSize`.
 *
 * Source: Hochreiter, Schmidhuber, "Long Short-Term Memory", 1997; projections: Sak et al., 2014.
 *
 * @throws ShapeError when input or states do not fit; ValueError unless `projSize` is smaller than `hiddenSize`
 *
 * @example
 * const lstm = new LSTM(10, 20, 2, { batchFirst: true });
 * const [output, [hn, cn]] = lstm(randn(3, 5, 10)); // [3, 5, 20], [2, 3, 20] and [2, 3, 20]
 */
export class LSTM extends RecurrentLayer<LSTMState, LastStates> {
  static override readonly keepsNothing: boolean = true;

  constructor(options: LSTMOptions);
  constructor(
    inputSize: number,
    hiddenSize: number | LSTMOptions,
    numLayers?: number | LSTMOptions,
    bias?: boolean | LSTMOptions,
    batchFirst?: boolean | LSTMOptions,
    dropout?: number | LSTMOptions,
    bidirectional?: boolean | LSTMOptions,
    projSize?: number | LSTMOptions,
    options?: LSTMOptions,
  );
  constructor(...args: readonly unknown[]) {
    super('LSTM', lstm.gates, optionsOf('LSTM', [...NAMES, 'projSize', 'dtype'], args));
  }

  override forward(input: Tensor, hx?: LSTMArgument): [output: Tensor, states: LastStates];
  override forward(input: PackedSequence, hx?: LSTMArgument): [output: PackedSequence, states: LastStates];
  override forward<X extends Tensor | PackedSequence>(input: X, hx?: LSTMArgument): [output: X, states: LastStates] {
    const [output, hn, cn] = this.run(lstm, input, pairOf('LSTM', hx)) as [X, Tensor, Tensor];
    return [output, [hn, cn]];
  }
}

/**
 * Gated recurrent units, layer by layer: with r and z sigmoids of `W_ir x_t + b_ir + W_hr h_(t-1) + b_hr` and alike,
 * `n = tanh(W_in x_t + b_in + r (W_hn h_(t-1) + b_hn))` and `h_t = (1 - z) n + z h_(t-1)`.
 *
 * Shapes, arguments and initial values are those of `RNN`, without `nonlinearity`; weights have 3 hiddenSize rows, those of r, z and n in
 * that order.
 *
 * Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.
 *
 * @throws ShapeError when input or states do not fit
 *
 * @example
 * const gru = new GRU(10, 20, { bidirectional: true });
 * const [output, hn] = gru(randn(5, 3, 10)); // [5, 3, 40] and [2, 3, 20]
 */
export class GRU extends RecurrentLayer<Tensor, Tensor> {
  static override readonly keepsNothing: boolean = true;

  constructor(options: GRUOptions);
  constructor(
    inputSize: number,
    hiddenSize: number | GRUOptions,
    numLayers?: number | GRUOptions,
    bias?: boolean | GRUOptions,
    batchFirst?: boolean | GRUOptions,
    dropout?: number | GRUOptions,
    bidirectional?: boolean | GRUOptions,
    options?: GRUOptions,
  );
  constructor(...args: readonly unknown[]) {
    super('GRU', gru.gates, optionsOf('GRU', [...NAMES, 'dtype'], args));
  }

  override forward(input: Tensor, hx?: StateArgument): [output: Tensor, hn: Tensor];
  override forward(input: PackedSequence, hx?: StateArgument): [output: PackedSequence, hn: Tensor];
  override forward<X extends Tensor | PackedSequence>(input: X, hx?: StateArgument): [output: X, hn: Tensor] {
    return this.run(gru, input, [stateOf('GRU', hx)]) as [X, Tensor];
  }
}

// ------------------------------------------------------------------------------------------------------------------- cells

export interface CellOptions {
  /** Width of the input. */
  readonly inputSize?: number;
  /** Width of the hidden state. */
  readonly hiddenSize?: number;
  /** Whether to learn biases; true by default. */
  readonly bias?: boolean;
  /** Element type of the parameters; float32 by default. */
  readonly dtype?: DType | null;
}

export interface RNNCellOptions extends CellOptions {
  /** `'tanh'` (default) or `'relu'`. */
  readonly nonlinearity?: RecurrentNonlinearity;
}

/** One step of a layer of one direction. */
abstract class Cell<A extends readonly unknown[], R> extends Recurrent<A, R> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bias: boolean;
  /** `[gates · hiddenSize, inputSize]` */
  weight_ih: Parameter;
  /** `[gates · hiddenSize, hiddenSize]` */
  weight_hh: Parameter;
  /** `[gates · hiddenSize]`, or null. */
  bias_ih: Parameter | null;
  /** `[gates · hiddenSize]`, or null. */
  bias_hh: Parameter | null;

  constructor(op: string, gates: number, options: CellOptions) {
    super();
    this.inputSize = integer(op, 'inputSize', required(op, 'inputSize', options.inputSize), 1);
    this.hiddenSize = integer(op, 'hiddenSize', required(op, 'hiddenSize', options.hiddenSize), 1);
    this.bias = flag(op, 'bias', options.bias ?? true);
    const rows = gates * this.hiddenSize;
    const parameter = (...shape: number[]): Parameter =>
      new Parameter(empty(shape, { dtype: options.dtype ?? 'float32' }));
    this.weight_ih = parameter(rows, this.inputSize);
    this.weight_hh = parameter(rows, this.hiddenSize);
    this.bias_ih = this.bias ? parameter(rows) : null;
    this.bias_hh = this.bias ? parameter(rows) : null;
    this.resetParameters();
  }

  /** The states after a step from those given; null for zeros. */
  protected step(kind: Kind, input: Tensor, given: readonly (Tensor | null)[]): (Tensor | null)[] {
    const op = this.className;
    tensorArgument(op, 'input', input);
    const isBatched = input.ndim === 2;
    if ((!isBatched && input.ndim !== 1) || input.shape[input.ndim - 1] !== this.inputSize) {
      throw new ShapeError(
        `input must be 2-D, or 1-D without a batch, with a last size of ${this.inputSize}, but got ${formatShape(input.shape)}`,
        { op, operands: { input: input.shape } },
      );
    }
    const x = isBatched ? input : input.unsqueeze(0);
    const [hidden, cell = null] = given.map((state, i) => {
      if (state === null) return zeros([x.shape[0], this.hiddenSize], { dtype: x.dtype });
      const name = given.length === 1 ? 'hx' : `hx[${i}]`;
      const checked = checkState(op, name, state, isBatched ? [x.shape[0], this.hiddenSize] : [this.hiddenSize], input);
      return isBatched ? checked : checked.unsqueeze(0);
    });
    const products = [linear(x, this.weight_ih, this.bias_ih), linear(hidden, this.weight_hh, this.bias_hh)] as const;
    const after = kind.step(...products, [hidden, cell]);
    return after.map((state) => (isBatched ? state : (state?.squeeze(0) ?? null)));
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias ? '' : ', bias=False'}`;
  }
}

const CELL_NAMES = ['inputSize', 'hiddenSize', 'bias'] as const;

/**
 * One step of `RNN`: `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`, or with max(·, 0) for tanh.
 *
 * input `[N, inputSize]` and hidden state `[N, hiddenSize]` (zeros by default), or both without N → `[N, hiddenSize]`.
 *
 * @param inputSize width of the input
 * @param hiddenSize width of the hidden state
 * @param bias whether to learn biases; true by default
 * @param nonlinearity `'tanh'` (default) or `'relu'`
 *
 * Parameters start uniform on [-√k, √k), `k = 1 / hiddenSize`.
 *
 * @example
 * const cell = new RNNCell(10, 20);
 * let hx = zeros(3, 20);
 * for (const x of randn(6, 3, 10)) hx = cell(x, hx);
 */
export class RNNCell extends Cell<LayerArguments<Tensor>, Tensor> {
  static override readonly keepsNothing: boolean = true;
  readonly nonlinearity: RecurrentNonlinearity;

  constructor(options: RNNCellOptions);
  constructor(
    inputSize: number,
    hiddenSize: number | RNNCellOptions,
    bias?: boolean | RNNCellOptions,
    nonlinearity?: RecurrentNonlinearity | RNNCellOptions,
    options?: RNNCellOptions,
  );
  constructor(...args: readonly unknown[]) {
    const op = 'RNNCell';
    const { nonlinearity = 'tanh', ...options } = optionsOf<RNNCellOptions>(
      op,
      [...CELL_NAMES, 'nonlinearity', 'dtype'],
      args,
    );
    elmanOf(op, nonlinearity);
    super(op, 1, options);
    this.nonlinearity = nonlinearity;
  }

  override forward(input: Tensor, hx?: Tensor | null | StateOptions<Tensor>): Tensor {
    const kind = elmanOf('RNNCell', this.nonlinearity);
    return this.step(kind, input, [stateOf('RNNCell', hx)])[0] as Tensor;
  }

  override extraRepr(): string {
    return super.extraRepr() + (this.nonlinearity === 'tanh' ? '' : `, nonlinearity=${this.nonlinearity}`);
  }
}

/**
 * One step of `LSTM`.
 *
 * input `[N, inputSize]` and `[h, c]`, each `[N, hiddenSize]` (zeros by default), or all without N → `[h', c']`.
 *
 * @param inputSize width of the input
 * @param hiddenSize width of hidden state and cell
 * @param bias whether to learn biases; true by default
 *
 * Parameters, with the rows of i, f, g and o in that order, start uniform on [-√k, √k), `k = 1 / hiddenSize`.
 *
 * @example
 * const cell = new LSTMCell(10, 20);
 * const [h, c] = cell(randn(3, 10), [zeros(3, 20), zeros(3, 20)]);
 */
export class LSTMCell extends Cell<LayerArguments<LSTMState>, [h: Tensor, c: Tensor]> {
  static override readonly keepsNothing: boolean = true;

  constructor(options: CellOptions);
  constructor(inputSize: number, hiddenSize: number | CellOptions, bias?: boolean | CellOptions, options?: CellOptions);
  constructor(...args: readonly unknown[]) {
    super('LSTMCell', lstm.gates, optionsOf('LSTMCell', [...CELL_NAMES, 'dtype'], args));
  }

  override forward(input: Tensor, hx?: LSTMArgument): [h: Tensor, c: Tensor] {
    return this.step(lstm, input, pairOf('LSTMCell', hx)) as [Tensor, Tensor];
  }
}

/**
 * One step of `GRU`.
 *
 * input `[N, inputSize]` and hidden state `[N, hiddenSize]` (zeros by default), or both without N → `[N, hiddenSize]`.
 *
 * @param inputSize width of the input
 * @param hiddenSize width of the hidden state
 * @param bias whether to learn biases; true by default
 *
 * Parameters, with the rows of r, z and n in that order, start uniform on [-√k, √k), `k = 1 / hiddenSize`.
 *
 * @example
 * const cell = new GRUCell(10, 20);
 * cell(randn(3, 10)).shape; // [3, 20]
 */
export class GRUCell extends Cell<LayerArguments<Tensor>, Tensor> {
  static override readonly keepsNothing: boolean = true;

  constructor(options: CellOptions);
  constructor(inputSize: number, hiddenSize: number | CellOptions, bias?: boolean | CellOptions, options?: CellOptions);
  constructor(...args: readonly unknown[]) {
    super('GRUCell', gru.gates, optionsOf('GRUCell', [...CELL_NAMES, 'dtype'], args));
  }

  override forward(input: Tensor, hx?: Tensor | null | StateOptions<Tensor>): Tensor {
    return this.step(gru, input, [stateOf('GRUCell', hx)])[0] as Tensor;
  }
}
