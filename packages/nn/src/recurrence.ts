/**
 * Recurrences over time: Elman's, LSTM and GRU, one direction of one layer. The products of all inputs are one matrix product; a step
 * is then one product and a few passes over its gates.
 *
 * Each kind says its step twice. `step` is in ops, for cells, for projections, and for gradients that are themselves differentiated.
 * `run` and `back` are for everything else: `run` keeps the activated gates of all steps. `back` makes of them, for all steps at once,
 * the factors by which the gradients of a step's results have to be multiplied, so that the way back through a step is again one product
 * and one to four passes, and the gradients of weights are one product each.
 */

import type { FunctionContext } from '@torsor/autograd';
import { Function as AutogradFunction, grad, isGradEnabled } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { addcmul, addmm, cat, composed, empty, isHalf, linear, mul, recordFunction, stack, sub } from '@torsor/core';
import { inHeap, lstmBackward, lstmForward } from './lstmKernel.ts';

/** Hidden state, and for LSTM the cell's. */
export type State = readonly [hidden: Tensor, cell: Tensor | null];

/** What `run` is given: products with the inputs `[T, N, gates · H]`, the first state, and the hidden state's weights. */
interface Run {
  /** The steps in the order of computation. */
  readonly times: readonly number[];
  readonly inputs: Tensor;
  readonly state: State;
  /** `[gates · H, H]` */
  readonly weight: Tensor;
  /** `[gates · H]`, where it is not part of `inputs` already. */
  readonly bias: Tensor | null;
  /** Whether there will be a way back. */
  readonly keeps: boolean;
}

/** What `run` gives: hidden states by time, the last cell, and what `back` needs. */
interface Ran {
  readonly hidden: Tensor;
  readonly cell: Tensor | null;
  readonly kept: readonly Tensor[];
}

/** What `back` is given. */
interface Back {
  /** The steps in the order of computation. */
  readonly times: readonly number[];
  /** The gradients of the hidden states, `[T, N, H]`, and of the last cell. */
  readonly grads: State;
  /** Hidden states, and those before them: `[T, N, H]`. */
  readonly hidden: Tensor;
  readonly before: Tensor;
  /** What `run` kept. */
  readonly kept: readonly Tensor[];
  readonly weight: Tensor;
}

/** Gradients of the products with inputs and hidden states, `[T, N, gates · H]`, and of the first state. */
interface WentBack {
  readonly inputs: Tensor;
  readonly hidden: Tensor;
  readonly state: State;
}

export interface Kind {
  /** Under which it is seen by who listens to ops. */
  readonly name: 'lstm' | 'gru' | 'rnnTanh' | 'rnnRelu';
  /** Blocks of H rows in the weights. */
  readonly gates: number;
  /** Whether both biases enter in the same place, so that they may be added beforehand. */
  readonly addsBiases: boolean;
  /** One step, from the products of input and hidden state with their weights, `[N, gates · H]`. */
  step(input: Tensor, hidden: Tensor, state: State): State;
  run(of: Run): Ran;
  back(of: Back): WentBack;
}

/** 1 - x² */
function oneMinusSquare(x: Tensor): Tensor {
  return x.square().neg_().add_(1);
}

/** x (1 - x) */
function logisticSlope(x: Tensor): Tensor {
  return addcmul(x, x, x, { value: -1 });
}

// ------------------------------------------------------------------------------------------------------------------- Elman

function elman(
  name: Kind['name'],
  activate: (x: Tensor) => Tensor,
  activate_: (x: Tensor) => Tensor,
  slope: (result: Tensor) => Tensor,
): Kind {
  return {
    name,
    gates: 1,
    addsBiases: true,
    step: (input, hidden) => [activate(input.add(hidden)), null],
    run({ times, inputs, state, weight }) {
      const hidden: Tensor[] = [];
      let [h] = state;
      for (const t of times) {
        h = activate_(addmm(inputs.select(0, t), h, weight.t()));
        hidden[t] = h;
      }
      return { hidden: stack(hidden), cell: null, kept: [] };
    },
    back({ times, grads: [grads], hidden, weight }) {
      const factors = slope(hidden);
      let after: Tensor | null = null;
      for (const t of times.toReversed()) {
        const given = grads.select(0, t);
        after = factors.select(0, t).mul_(after === null ? given : addmm(given, after, weight));
      }
      return { inputs: factors, hidden: factors, state: [(after as Tensor).mm(weight), null] };
    },
  };
}

/** `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`. Source: Elman, "Finding Structure in Time", 1990. */
export const elmanTanh: Kind = /* @__PURE__ */ elman(
  'rnnTanh',
  (x) => x.tanh(),
  (x) => x.tanh_(),
  oneMinusSquare,
);

/** `h' = max(W_ih x + b_ih + W_hh h + b_hh, 0)`. */
export const elmanRelu: Kind = /* @__PURE__ */ elman(
  'rnnRelu',
  (x) => x.relu(),
  (x) => x.relu_(),
  (result) => result.gt(0).to(result.dtype),
);

// -------------------------------------------------------------------------------------------------------------------- LSTM

/**
 * `c' = f c + i g`, `h' = o tanh(c')`, where i, f and o are sigmoids and g the tanh of `W_ih x + b_ih + W_hh h + b_hh`, in the order i,
 * f, g, o. Source: Hochreiter, Schmidhuber, "Long Short-Term Memory", 1997; f: Gers et al., "Learning to Forget", 2000.
 */
export const lstm: Kind = {
  name: 'lstm',
  gates: 4,
  addsBiases: true,
  step(input, hidden, [, c]) {
    const [i, f, g, o] = input.add(hidden).chunk(4, -1);
    const cell = addcmul(mul(f.sigmoid(), c as Tensor), i.sigmoid(), g.tanh());
    return [mul(o.sigmoid(), cell.tanh()), cell];
  },
  run({ times, inputs, state: [first, cell], weight, keeps }) {
    const [steps, batch, width] = inputs.shape;
    const size = weight.shape[1];
    const hidden = empty([steps, batch, size], { dtype: inputs.dtype });
    const gates = keeps ? inHeap(inputs.shape, inputs) : null;
    // Cells are in the order of computation, behind the first one; where nobody goes back, two take turns.
    const cells = inHeap([keeps ? steps + 1 : 2, batch, size], inputs);
    const cellAt = (s: number): Tensor => cells.select(0, s % cells.shape[0]);
    const room = inHeap([batch, width], inputs);
    cellAt(0).copy_(cell as Tensor);
    let h = first;
    times.forEach((t, s) => {
      const products = placed(addmm(inputs.select(0, t), h, weight.t()), room);
      h = hidden.select(0, t);
      lstmForward(products, gates?.select(0, t) ?? products, cellAt(s), cellAt(s + 1), h);
    });
    return { hidden, cell: cellAt(steps).clone(), kept: gates === null ? [] : [gates, cells] };
  },
  back({ times, grads: [grads, lastCell], kept: [gates, cells], weight }) {
    const [steps, batch, width] = gates.shape;
    const factors = inHeap(gates.shape, gates);
    const given = grads.contiguous();
    const room = inHeap([batch, width / 4], gates);
    const ofCell = inHeap([batch, width / 4], gates).copy_(lastCell as Tensor);
    let after: Tensor | null = null;
    for (let s = steps - 1; s >= 0; s--) {
      const t = times[s];
      const direct = given.select(0, t);
      const ofHidden: Tensor = placed(after === null ? direct : addmm(direct, after, weight), room);
      after = factors.select(0, t);
      lstmBackward(gates.select(0, t), after, cells.select(0, s), cells.select(0, s + 1), ofHidden, ofCell);
    }
    return { inputs: factors, hidden: factors, state: [(after as Tensor).mm(weight), ofCell.clone()] };
  },
};

/** `x`, or, where it is too small to be in the heap, a copy of it in `room`. */
function placed(x: Tensor, room: Tensor): Tensor {
  return x.storage.enterHeap() ? x.contiguous() : room.copy_(x);
}

// --------------------------------------------------------------------------------------------------------------------- GRU

/**
 * `h' = n + z (h - n)`, `n = tanh(W_in x + b_in + r (W_hn h + b_hn))`, where r and z are sigmoids of sums as in Elman's; in the order r, z,
 * n. Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014, with the reset gate after the product.
 */
export const gru: Kind = {
  name: 'gru',
  gates: 3,
  addsBiases: false,
  step(input, hidden, [h]) {
    const [xr, xz, xn] = input.chunk(3, -1);
    const [hr, hz, hn] = hidden.chunk(3, -1);
    const n = addcmul(xn, xr.add(hr).sigmoid(), hn).tanh();
    return [addcmul(n, xz.add(hz).sigmoid(), sub(h, n)), null];
  },
  run({ times, inputs, state, weight, bias, keeps }) {
    const hidden: Tensor[] = [];
    const kept: Tensor[][] = [];
    const size = weight.shape[1];
    let [h] = state;
    for (const t of times) {
      const x = inputs.select(0, t);
      const product = linear(h, weight, bias);
      const both = x
        .narrow(1, 0, 2 * size)
        .add(product.narrow(1, 0, 2 * size))
        .sigmoid_();
      const [r, z] = both.chunk(2, 1);
      const part = product.narrow(1, 2 * size, size);
      const n = addcmul(x.narrow(1, 2 * size, size), r, part).tanh_();
      h = addcmul(n, z, sub(h, n));
      hidden[t] = h;
      if (keeps) kept[t] = [both, n, part];
    }
    return {
      hidden: stack(hidden),
      cell: null,
      kept: (kept[0] ?? []).map((_, k) => stack(kept.map((step) => step[k]))),
    };
  },
  back({ times, grads: [grads], before, kept: [both, n, part], weight }) {
    const [r, z] = both.chunk(2, 2);
    const [, batch, size] = before.shape;
    const ofNew = oneMinusSquare(n).mul_(z.neg().add_(1));
    const ofPart = mul(ofNew, r);
    const ofReset = mul(ofPart, part).mul_(r.neg().add_(1));
    const ofUpdate = logisticSlope(z).mul_(sub(before, n));
    // In this order, those of the inputs' products and those of the hidden state's are runs, but for the place of the first.
    const factors = cat([ofNew, ofReset, ofUpdate, ofPart], 2);
    const ofProducts = factors.narrow(2, size, 3 * size);
    let ofHidden: Tensor | null = null;
    for (const t of times.toReversed()) {
      ofHidden = ofHidden === null ? grads.select(0, t) : grads.select(0, t).add(ofHidden);
      factors.select(0, t).view(batch, 4, size).mul_(ofHidden.unsqueeze(1));
      ofHidden = addmm(mul(ofHidden, z.select(0, t)), ofProducts.select(0, t), weight);
    }
    const inputs = cat([factors.narrow(2, size, 2 * size), factors.narrow(2, 0, size)], 2);
    return { inputs, hidden: ofProducts, state: [ofHidden as Tensor, null] };
  },
};

// ---------------------------------------------------------------------------------------------------------------- in time

/** What came before each step: `states` moved by one in the order of computation, behind the first. */
function beforeOf(states: Tensor, first: Tensor, times: readonly number[]): Tensor {
  const { length } = times;
  const isReversed = times[0] !== 0;
  const rest = states.narrow(0, isReversed ? 1 : 0, length - 1);
  return cat(isReversed ? [rest, first.unsqueeze(0)] : [first.unsqueeze(0), rest]);
}

function timesOf(length: number, isReversed: boolean): number[] {
  return Array.from({ length }, (_, s) => (isReversed ? length - 1 - s : s));
}

/** `x weightᵀ + bias` of a sequence `[T, N, I]`, which may be a view of one that has the batch first. */
function products(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const swapped = x.transpose(0, 1);
  return !x.isContiguous() && swapped.isContiguous()
    ? linear(swapped, weight, bias).transpose(0, 1)
    : linear(x, weight, bias);
}

/** `[T, N, n]` as `[T · N, n]`. */
function rows(x: Tensor): Tensor {
  return x.reshape(-1, x.shape[2]);
}

/** Weights and biases of inputs and hidden states; the projection of LSTM's hidden states. */
export interface Weights {
  readonly ofInput: Tensor;
  readonly ofHidden: Tensor;
  readonly inputBias: Tensor | null;
  readonly hiddenBias: Tensor | null;
  readonly projection: Tensor | null;
}

/** Step by step in ops: `[output, last cell]`. */
function stepByStep(kind: Kind, isReversed: boolean, x: Tensor, first: State, weights: Weights): Tensor[] {
  const inputs = products(x, weights.ofInput, weights.inputBias).unbind(0);
  const outputs: Tensor[] = [];
  let state = first;
  for (const t of timesOf(inputs.length, isReversed)) {
    state = kind.step(inputs[t], linear(state[0], weights.ofHidden, weights.hiddenBias), state);
    if (weights.projection !== null) state = [linear(state[0], weights.projection), state[1]];
    outputs[t] = state[0];
  }
  return state[1] === null ? [stack(outputs)] : [stack(outputs), state[1]];
}

type Operands = [
  x: Tensor,
  hidden: Tensor,
  cell: Tensor | null,
  ofInput: Tensor,
  ofHidden: Tensor,
  inputBias: Tensor | null,
  hiddenBias: Tensor | null,
];

type Fields = { kind: Kind; isReversed: boolean };

/** All steps as one node of the tape. */
class Recurrence extends AutogradFunction {
  static readonly keepsNothing: boolean = true;

  static forward(
    ctx: FunctionContext<Fields, readonly (Tensor | null)[]>,
    kind: Kind,
    isReversed: boolean,
    ...operands: Operands
  ): Tensor[] {
    const [x, hidden, cell, ofInput, weight, inputBias, hiddenBias] = operands;
    const keeps = ctx.needsInputGrad.includes(true);
    const adds = kind.addsBiases && inputBias !== null && hiddenBias !== null;
    const [output, last, ...kept] = composed((): (Tensor | null)[] => {
      const ran = kind.run({
        times: timesOf(x.shape[0], isReversed),
        inputs: products(x, ofInput, adds ? inputBias.add(hiddenBias) : inputBias),
        state: [hidden, cell],
        weight,
        bias: adds ? null : hiddenBias,
        keeps,
      });
      return [ran.hidden, ran.cell, ...ran.kept];
    });
    ctx.kind = kind;
    ctx.isReversed = isReversed;
    if (keeps) ctx.saveForBackward(...operands, output, ...kept);
    return last === null ? [output as Tensor] : [output as Tensor, last];
  }

  static backward(
    ctx: FunctionContext<Fields, readonly (Tensor | null)[]>,
    ...grads: readonly Tensor[]
  ): (Tensor | null)[] {
    const { kind, isReversed, savedTensors, needsInputGrad: needs } = ctx;
    const operands = savedTensors.slice(0, 7) as Operands;
    const wanted = needs.slice(2);
    if (isGradEnabled()) return [null, null, ...again(kind, isReversed, operands, wanted, grads)];
    const [x, hidden, , ofInput, weight, inputBias, hiddenBias] = operands;
    const [output, ...kept] = savedTensors.slice(7) as Tensor[];
    const times = timesOf(x.shape[0], isReversed);
    return composed((): (Tensor | null)[] => {
      const before = beforeOf(output, hidden, times);
      const back = kind.back({
        times,
        grads: [grads[0], grads[1] ?? null],
        hidden: output,
        before,
        kept,
        weight,
      });
      const [ofInputs, ofHiddens] = [rows(back.inputs), rows(back.hidden)];
      return [
        null,
        null,
        wanted[0] ? ofInputs.mm(ofInput).view(x.shape) : null,
        wanted[1] ? back.state[0] : null,
        wanted[2] ? back.state[1] : null,
        wanted[3] ? ofInputs.t().mm(rows(x)) : null,
        wanted[4] ? ofHiddens.t().mm(rows(before)) : null,
        wanted[5] && inputBias !== null ? ofInputs.sum(0) : null,
        wanted[6] && hiddenBias !== null ? ofHiddens.sum(0) : null,
      ];
    });
  }
}

/** The gradients once more in ops, on the tape. */
function again(
  kind: Kind,
  isReversed: boolean,
  operands: Operands,
  wanted: readonly boolean[],
  gradOutputs: readonly Tensor[],
): (Tensor | null)[] {
  // Views, so that one tensor in two places has two gradients.
  const all = operands.map((x) => x?.view(x.shape) ?? null) as Operands;
  const [x, hidden, cell, ofInput, ofHidden, inputBias, hiddenBias] = all;
  const weights = { ofInput, ofHidden, inputBias, hiddenBias, projection: null };
  const outputs = stepByStep(kind, isReversed, x, [hidden, cell], weights);
  const sources = all.filter((_, i) => wanted[i]) as Tensor[];
  const found = [...grad(outputs, sources, { gradOutputs: [...gradOutputs], createGraph: true, allowUnused: true })];
  return all.map((_, i) => (wanted[i] ? (found.shift() ?? null) : null));
}

/**
 * One direction of a layer over `[T, N, I]`, from a first state `[N, H]`: `[output [T, N, H], last cell]`. The last hidden state is
 * that of the last step, or of the first where it goes backward. Of 16-bit floats all steps are in float32, and the results are rounded.
 */
export function recur(kind: Kind, isReversed: boolean, x: Tensor, first: State, weights: Weights): Tensor[] {
  const { dtype } = x;
  // Dtypes that differ are refused by the products, below.
  if (isHalf(dtype) && [...first, ...Object.values(weights)].every((one) => one === null || one.dtype === dtype)) {
    const wide = <X extends Tensor | null>(one: X): X => (one === null ? one : (one.to('float32') as X));
    const results = recur(kind, isReversed, wide(x), [wide(first[0]), wide(first[1])], {
      ofInput: wide(weights.ofInput),
      ofHidden: wide(weights.ofHidden),
      inputBias: wide(weights.inputBias),
      hiddenBias: wide(weights.hiddenBias),
      projection: wide(weights.projection),
    });
    return results.map((one) => one.to(dtype));
  }
  if (weights.projection !== null) return stepByStep(kind, isReversed, x, first, weights);
  const { ofInput, ofHidden, inputBias, hiddenBias } = weights;
  const operands: Operands = [x, first[0], first[1], ofInput, ofHidden, inputBias, hiddenBias];
  return recordFunction(kind.name, () => Recurrence.apply(kind, isReversed, ...operands), [isReversed, ...operands]);
}
