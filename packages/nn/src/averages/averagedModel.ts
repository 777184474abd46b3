/** A model whose weights are averages of another's. */

import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { named, ShapeError, show, tensor, tidy, ValueError } from '@torsor/core';
import { deepCopy } from '../copy.ts';
import { isModule, Module } from '../module.ts';
import type { Buffer } from '../parameter.ts';

/**
 * The new average of a parameter.
 *
 * @param averaged the average so far
 * @param current the parameter of the model
 * @param numAveraged how many models the average is of
 */
export type AvgFn = (averaged: Tensor, current: Tensor, numAveraged: number) => Tensor;

/** The mean of all models: `averaged + (current - averaged) / (numAveraged + 1)`. What `AveragedModel` does unless told otherwise. */
export function getSwaAvgFn(): AvgFn {
  return (averaged, current, count) => tidy(() => averaged.add(current.sub(averaged).div(count + 1)));
}

/**
 * An exponential moving average: `decay averaged + (1 - decay) current`.
 *
 * @param decay from 0 to 1; 0.999 by default
 * @throws ValueError when `decay` is not from 0 to 1
 *
 * @example
 * const ema = new AveragedModel(net, getEmaAvgFn(0.99), { useBuffers: true });
 */
export function getEmaAvgFn(decay: number | { readonly decay?: number } = 0.999): AvgFn {
  const [rate = 0.999] = named<[number]>('getEmaAvgFn', ['decay'], [decay]);
  if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1)) {
    throw new ValueError(`decay must be a number from 0 to 1, but got ${show(rate)}`, { op: 'getEmaAvgFn' });
  }
  return (averaged, current) => tidy(() => averaged.mul(rate).add(current, { alpha: 1 - rate }));
}

export interface AveragedModelOptions {
  /** The new average of a parameter; null (default) for the mean of all models. */
  readonly avgFn?: AvgFn | null;
  /** Average buffers too, rather than copy them. Default false. */
  readonly useBuffers?: boolean;
}

/**
 * A copy of a model that becomes the average of what the model is at each `updateParameters(model)`: its weights generalise better
 * than the last ones of a training. The first call copies the weights, each later one averages them. It is called as the model is.
 *
 * Statistics of batch normalisation are copied with the model's last; `updateBn` works them out for the averaged weights.
 *
 * @param model what is copied, but for `#private` fields of its classes
 * @param avgFn the new average of a parameter, from the average so far, the model's parameter and the number of models before; null,
 *   the default, for the mean of all models. `getEmaAvgFn(decay)` makes one.
 * @param useBuffers whether to average buffers too, rather than copy them; false by default
 *
 * The state dict has the model's keys after `module.`, and `n_averaged`; `avgFn` is not in it.
 *
 * @throws ValueError when `model` is no module or `avgFn` no function
 *
 * Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018; torch.optim.swa_utils.
 *
 * @example
 * const averaged = new AveragedModel(net);
 * for (let epoch = 0; epoch < 20; epoch++) {
 *   train(net);
 *   if (epoch >= 15) averaged.updateParameters(net);
 * }
 * updateBn(loader, averaged);
 * averaged.eval()(images);
 */
export class AveragedModel<A extends readonly unknown[], R, M extends Module<A, R> = Module<A, R>> extends Module<
  A,
  R
> {
  // The field is the key of the state dict, which is PyTorch's; read it as nAveraged.
  declare n_averaged: Buffer;
  /** The copy, which holds the averages. */
  readonly module: M;
  /** The new average of a parameter. */
  readonly avgFn: AvgFn;
  /** Whether buffers are averaged too. */
  readonly useBuffers: boolean;

  constructor(
    model: M & Module<A, R>,
    avgFn?: AvgFn | null | AveragedModelOptions,
    useBuffers?: boolean | AveragedModelOptions,
  ) {
    super();
    const op = 'AveragedModel';
    const [average = null, averagesBuffers = false] = named<[AvgFn | null, boolean]>(
      op,
      ['avgFn', 'useBuffers'],
      [avgFn, useBuffers],
    );
    if (!isModule(model)) throw new ValueError(`model must be a module, but got ${show(model)}`, { op });
    if (average !== null && typeof average !== 'function') {
      throw new ValueError(`avgFn must be a function, but got ${show(average)}`, { op });
    }
    this.module = deepCopy<M>(model);
    this.registerBuffer('n_averaged', tensor(0n));
    this.avgFn = average ?? getSwaAvgFn();
    this.useBuffers = averagesBuffers;
  }

  /** How many models the average is of. */
  get nAveraged(): number {
    return this.n_averaged.item();
  }

  override forward(...args: A): R {
    return this.module(...args);
  }

  /**
   * Takes a model into the average. Nothing is written before all shapes are known to fit.
   *
   * @throws ShapeError when the parameters or buffers of the model are not of the shapes of those that were copied
   */
  updateParameters(model: Module<A, R>): void {
    const averaged = [...pairsOf(this.module, model, 'parameters')];
    const copied = [...pairsOf(this.module, model, 'buffers')];
    if (this.useBuffers) averaged.push(...copied.splice(0));
    const count = this.nAveraged;
    noGrad(() => {
      for (const [own, other] of averaged) {
        own.copy_(count === 0 ? other : this.avgFn(own.detach(), other.detach(), count));
      }
      for (const [own, other] of copied) own.copy_(other);
      this.n_averaged.add_(1);
    });
  }
}

/** What two models of one form have, in pairs. */
function pairsOf<A extends readonly unknown[], R>(
  own: Module<A, R>,
  other: Module<A, R>,
  kind: 'parameters' | 'buffers',
): [Tensor, Tensor][] {
  const mine: Tensor[] = [...own[kind]()];
  const theirs: Tensor[] = [...other[kind]()];
  const shapes = (list: readonly Tensor[]): string => list.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
  if (shapes(mine) !== shapes(theirs)) {
    throw new ShapeError(
      `the ${kind} of the model have shapes ${shapes(theirs)}, but those of the average ${shapes(mine)}`,
      { op: 'AveragedModel.updateParameters' },
    );
  }
  return mine.map((x, i) => [x, theirs[i]]);
}
