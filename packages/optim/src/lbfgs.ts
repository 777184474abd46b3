/** L-BFGS: a quasi-Newton method that remembers the last steps. */

import { borrowGrad, enableGrad, noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import {
  cat,
  isTensor,
  keep,
  named,
  recordFunction,
  ShapeError,
  show,
  tidy,
  ValueError,
  zerosLike,
} from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkAtLeast, checkInteger } from './check.ts';
import { type Point, strongWolfe } from './lineSearch.ts';
import type { ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';

export interface LBFGSOptions {
  /** Learning rate; 1 by default. */
  lr: number;
  /** The most iterations of a step; 20 by default. */
  maxIter: number;
  /** The most evaluations of a step; 1.25 times `maxIter` by default. */
  maxEval: number | null;
  /** A step ends when no element of the gradient is larger; 1e-7 by default. */
  toleranceGrad: number;
  /** A step ends when loss and parameters change by less; 1e-9 by default. */
  toleranceChange: number;
  /** How many iterations are remembered; 100 by default. */
  historySize: number;
  /** How far to go: as `'strong_wolfe'` finds it, or, null, the default, `lr` times the direction. */
  lineSearchFn: 'strong_wolfe' | null;
}

const NAMES = ['lr', 'maxIter', 'maxEval', 'toleranceGrad', 'toleranceChange', 'historySize', 'lineSearchFn'] as const;

type Values = [
  lr: number,
  maxIter: number,
  maxEval: number | null,
  toleranceGrad: number,
  toleranceChange: number,
  historySize: number,
  lineSearchFn: 'strong_wolfe' | null,
];

/** What is remembered of all parameters, which are taken as one vector; by PyTorch's keys. */
interface LBFGSState extends ParamState {
  func_evals: number;
  n_iter: number;
  /** The last direction, and the step that was taken along it. */
  d: Tensor;
  t: number;
  /** Differences of gradients, differences of parameters, and the reciprocals of their products. */
  old_dirs: Tensor[];
  old_stps: Tensor[];
  ro: number[];
  H_diag: number;
  prev_flat_grad: Tensor;
  prev_loss: number;
}

/**
 * L-BFGS: goes along `-H g`, where H, an estimate of the inverse Hessian, is made of the last `historySize` differences of gradients
 * and of parameters. A step takes up to `maxIter` iterations, and `step` needs a closure that computes loss and gradients anew.
 * There is one group of parameters.
 *
 * It takes `2 historySize + 4` times the memory of the parameters.
 *
 * @throws ValueError when an option is out of range or unknown, there are several groups, or `step` is given no closure
 *
 * Source: torch.optim.LBFGS; Nocedal, Wright, "Numerical Optimization", 2006, algorithm 7.4.
 *
 * @example
 * const optimizer = new LBFGS(net.parameters(), { lineSearchFn: 'strong_wolfe' });
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const loss = lossOf(net(x), y);
 *   loss.backward();
 *   return loss;
 * });
 */
export class LBFGS extends Optimizer<LBFGSOptions> {
  constructor(params: ParamsInput<LBFGSOptions>, ...args: Arguments<Values, LBFGSOptions>) {
    const [lr = 1, maxIter = 20, maxEval, toleranceGrad = 1e-7, toleranceChange = 1e-9, historySize = 100, search] =
      named<Values>('LBFGS', NAMES, args);
    super(params, {
      lr,
      maxIter,
      maxEval: maxEval ?? Math.floor((maxIter * 5) / 4),
      toleranceGrad,
      toleranceChange,
      historySize,
      lineSearchFn: search ?? null,
    });
  }

  protected override checkOptions(options: LBFGSOptions): void {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkInteger(this.name, 'maxIter', options.maxIter, 1);
    checkInteger(this.name, 'maxEval', options.maxEval, 1);
    checkAtLeast(this.name, 'toleranceGrad', options.toleranceGrad);
    checkAtLeast(this.name, 'toleranceChange', options.toleranceChange);
    checkInteger(this.name, 'historySize', options.historySize, 1);
    if (options.lineSearchFn !== null && options.lineSearchFn !== 'strong_wolfe') {
      throw new ValueError(`lineSearchFn must be 'strong_wolfe' or null, but got ${show(options.lineSearchFn)}`, {
        op: this.name,
      });
    }
  }

  override addParamGroup(group: Parameters<Optimizer<LBFGSOptions>['addParamGroup']>[0]): void {
    if (this.paramGroups.length > 0) {
      throw new ValueError('there can be only one group of parameters', { op: this.name });
    }
    super.addParamGroup(group);
  }

  /** Not taken one by one. */
  protected override update(): void {}

  private get params(): readonly Tensor[] {
    return this.paramGroups[0].params;
  }

  /** Up to `maxIter` iterations; returns what the closure returned first. */
  protected override run<T>(closure: (() => T) | undefined): T {
    if (typeof closure !== 'function') {
      throw new ValueError(`step needs a closure that computes the loss, but got ${show(closure)}`, { op: this.name });
    }
    return recordFunction(`Optimizer.step#${this.name}.step`, () =>
      noGrad(() => this.iterate(() => enableGrad(closure))),
    );
  }

  private iterate<T>(closure: () => T): T {
    const { lr, maxIter, maxEval, toleranceGrad, toleranceChange, lineSearchFn } = this.paramGroups[0];
    const state = this.stateOf<ParamState>(this.params[0], () => ({ func_evals: 0, n_iter: 0 })) as LBFGSState;
    const first = closure();
    let loss = this.lossOf(first);
    let grad = this.gather();
    let evaluations = 1;
    state.func_evals++;
    let isFlat = largest(grad) <= toleranceGrad;
    for (let n = 1; n <= maxIter && !isFlat; n++) {
      state.n_iter++;
      this.turn(state, grad);
      const { d } = state;
      state.prev_flat_grad = keep(grad);
      state.prev_loss = loss;
      state.t = state.n_iter === 1 ? Math.min(1, 1 / tidy(() => grad.abs().sum().item())) * lr : lr;
      const slope = grad.dot(d).item();
      if (slope > -toleranceChange) break;
      if (lineSearchFn !== null) {
        const begun = this.params.map((param) => param.clone());
        const evaluate = (t: number): Point => {
          this.move(d, t);
          const at = this.lossOf(closure());
          const there = this.gather();
          this.params.forEach((param, i) => {
            param.copy_(begun[i]);
          });
          return { t, loss: at, grad: there, slope: there.dot(d).item() };
        };
        const found = strongWolfe(evaluate, { t: 0, loss, grad, slope }, state.t, largest(d), toleranceChange);
        ({ loss, grad, t: state.t } = found);
        evaluations += found.evaluations;
        state.func_evals += found.evaluations;
        this.move(d, state.t);
      } else {
        this.move(d, state.t);
        // After the last iteration nothing asks for the loss.
        if (n < maxIter) {
          loss = this.lossOf(closure());
          grad = this.gather();
          evaluations++;
          state.func_evals++;
        }
      }
      isFlat = largest(grad) <= toleranceGrad;
      if (evaluations >= (maxEval as number)) break;
      if (largest(d) * Math.abs(state.t) <= toleranceChange) break;
      if (Math.abs(loss - state.prev_loss) < toleranceChange) break;
    }
    return first;
  }

  /** Notes the last step in the history, and works the next direction out. */
  private turn(state: LBFGSState, grad: Tensor): void {
    if (state.n_iter === 1) {
      Object.assign(state, { d: keep(grad.neg()), old_dirs: [], old_stps: [], ro: [], H_diag: 1 });
      return;
    }
    const { historySize } = this.paramGroups[0];
    const { old_dirs: dirs, old_stps: steps, ro } = state;
    const [y, s] = [grad.sub(state.prev_flat_grad), state.d.mul(state.t)];
    const product = y.dot(s).item();
    if (product > 1e-10) {
      if (dirs.length === historySize) for (const list of [dirs, steps, ro]) list.shift();
      dirs.push(keep(y));
      steps.push(keep(s));
      ro.push(1 / product);
      state.H_diag = product / y.dot(y).item();
    }
    state.d = keep(
      tidy(() => {
        const q = grad.neg();
        const shares = new Array<number>(ro.length);
        for (let i = ro.length - 1; i >= 0; i--) {
          shares[i] = steps[i].dot(q).item() * ro[i];
          q.sub_(dirs[i], { alpha: shares[i] });
        }
        q.mul_(state.H_diag);
        for (let i = 0; i < ro.length; i++) {
          const share = dirs[i].dot(q).item() * ro[i];
          q.add_(steps[i], { alpha: shares[i] - share });
        }
        return q;
      }),
    );
  }

  /** All gradients as one vector, zero where there is none. */
  private gather(): Tensor {
    const parts = this.params.map((param) => borrowGrad(param) ?? zerosLike(param));
    return cat(parts.map((part) => part.detach().reshape(-1)));
  }

  /** Moves all parameters along a direction. */
  private move(direction: Tensor, t: number): void {
    let offset = 0;
    for (const param of this.params) {
      const n = param.numel();
      param.add_(direction.narrow(0, offset, n).reshape(param.shape), { alpha: t });
      offset += n;
    }
  }

  private lossOf(value: unknown): number {
    const loss = isTensor(value) ? value.item() : value;
    if (typeof loss === 'number') return loss;
    throw new ValueError(`the closure must return the loss, a number or a tensor, but returned ${show(value)}`, {
      op: this.name,
    });
  }

  /** Vectors that are as long as all parameters, lists of them, and numbers. */
  protected override entriesToLoad(entries: ParamState, param: Tensor): ParamState {
    const length = this.params.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    const load = (key: string, value: ParamState[string]): ParamState[string] => {
      if (Array.isArray(value)) return value.map((entry) => load(key, entry)) as ParamState[string];
      if (!isTensor(value)) return value;
      if (value.shape.length === 0) return value.item();
      if (value.shape.join() === String(length)) return value.detach().to(param.dtype, { copy: true });
      throw new ShapeError(`${key} has shape [${value.shape.join(', ')}], but all parameters have ${length} elements`, {
        op: 'loadStateDict',
      });
    };
    return Object.fromEntries(
      Object.entries(entries)
        .filter(([key]) => key !== 'al')
        .map(([key, value]) => [key, load(key, value)]),
    );
  }
}

/** The largest absolute value; 0 where there is nothing. */
function largest(x: Tensor): number {
  return x.numel() === 0 ? 0 : tidy(() => x.abs().max().item());
}
