/** What all optimisers share: parameter groups, per-parameter state, and their exchange with PyTorch's state dicts. */

import { borrowGrad, enableGrad } from '@torsor/autograd';
import {
  DTypeError,
  isOptions,
  isTensor,
  keep,
  named,
  type RemovableHandle,
  recordFunction,
  ShapeError,
  show,
  type Tensor,
  tensor,
  ValueError,
} from '@torsor/core';

/** Options of an optimiser, by camelCase name; each group carries its own. */
export type Hyperparameters = Record<string, unknown>;

/** What schedulers note in groups: the bounds between which learning rate and momentum move, and where they go. */
export interface GroupSchedule {
  /** The rate that the group began with. A scheduler that resumes needs it. */
  initialLr?: number;
  maxLr?: number;
  minLr?: number;
  maxMomentum?: number;
  baseMomentum?: number;
  /** The rate at which weights are averaged. */
  swaLr?: number;
}

const SCHEDULE = ['initialLr', 'maxLr', 'minLr', 'maxMomentum', 'baseMomentum', 'swaLr'];

/** Parameters with options of their own. */
type GroupInput<H> = Partial<H> & GroupSchedule & { readonly params: Tensor | Iterable<Tensor> };

/** Parameters as they are given: one list, or several groups with options of their own. */
export type ParamsInput<H> = Iterable<Tensor> | Iterable<GroupInput<H>>;

/** Parameters that share options. */
export type ParamGroup<H> = H & GroupSchedule & { params: Tensor[] };

/** What an optimiser remembers of a parameter under one key. */
export type StateEntry = Tensor | number | null | readonly (Tensor | number | null)[];

/** State of one parameter, by PyTorch's key. */
export type ParamState = Record<string, StateEntry>;

/** Entries that are numbers here, and in PyTorch tensors of no dimensions and of the default dtype. */
const SCALARS = ['step', 'eta', 'mu', 'mu_product'];

/** As `torch.optim.Optimizer.state_dict()` lays it out: parameters by number, options by PyTorch's names. */
export interface OptimizerStateDict {
  state: Record<string, ParamState>;
  param_groups: (Record<string, unknown> & { params: number[] })[];
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * The base class of optimisers. One of your own says which options are valid and how to update one parameter.
 *
 * @param params parameters, or groups of them, each with options of its own: `{ params, lr: 0.1 }`
 * @param defaults all options, with the values that groups fall back on
 * @throws ValueError when there are no parameters, one is no leaf, appears twice, or an option is unknown or refused by `checkOptions`;
 *   DTypeError when one is not floating point
 *
 * Source: torch.optim.Optimizer.
 *
 * @example
 * class SignSGD extends Optimizer<{ lr: number }> {
 *   constructor(params: Iterable<Tensor>, lr: number) {
 *     super(params, { lr });
 *   }
 *   protected override checkOptions({ lr }: { lr: number }): void {
 *     if (!(lr >= 0)) throw new RangeError(`lr is ${lr}`);
 *   }
 *   protected override update(param: Tensor, grad: Tensor, { lr }: { lr: number }): void {
 *     noGrad(() => param.sub_(grad.sign(), { alpha: lr }));
 *   }
 * }
 */
export abstract class Optimizer<H extends object> {
  /** Groups of parameters with their options, which may be changed between steps. */
  readonly paramGroups: ParamGroup<H>[] = [];
  /** State by parameter. */
  readonly state = new Map<Tensor, ParamState>();
  /** Options that a group falls back on. */
  readonly defaults: Readonly<H>;
  /** Steps since the optimiser or its last scheduler was made. */
  stepCount = 0;

  private readonly preHooks = new Map<RemovableHandle, () => void>();
  private readonly postHooks = new Map<RemovableHandle, () => void>();

  constructor(params: ParamsInput<H>, defaults: H) {
    this.defaults = defaults;
    this.checkOptions(defaults);
    if (isTensor(params)) {
      throw new ValueError('params should be an iterable of tensors or groups, but got a tensor; put it in a list', {
        op: this.name,
      });
    }
    if (typeof (params as Partial<Iterable<Tensor>> | null | undefined)?.[Symbol.iterator] !== 'function') {
      const hint = typeof params === 'function' ? '; call parameters()' : '';
      throw new ValueError(`params should be an iterable of tensors or groups, but got ${show(params)}${hint}`, {
        op: this.name,
      });
    }
    const list = [...(params as Iterable<Tensor | GroupInput<H>>)];
    if (list.length === 0) throw new ValueError('got an empty parameter list', { op: this.name });
    if (list.every(isTensor)) this.addParamGroup({ params: list } as unknown as GroupInput<H>);
    else for (const group of list) this.addParamGroup(group as GroupInput<H>);
  }

  /** Whether `update` keeps no gradient that it is given. A class says so of itself: what it says does not hold for its subclasses. */
  static readonly keepsNothing: boolean = false;

  /** The name that errors begin with. */
  protected get name(): string {
    return this.constructor.name;
  }

  /** @throws ValueError when an option is out of range */
  protected abstract checkOptions(options: H): void;

  /** Updates one parameter from its gradient. */
  protected abstract update(param: Tensor, grad: Tensor, group: ParamGroup<H>): void;

  /** Adds a group of parameters, for instance layers that are thawed during training. */
  addParamGroup(group: GroupInput<H>): void {
    if (!isOptions(group)) {
      throw new ValueError(`a parameter group must be an object with params, but got ${String(group)}`, {
        op: this.name,
      });
    }
    const { params, ...options } = group as GroupInput<H>;
    const known = Object.keys(this.defaults);
    for (const key of Object.keys(options)) {
      if (!known.includes(key) && !SCHEDULE.includes(key)) {
        throw new ValueError(`unknown option '${key}'; known options are ${known.join(', ')}`, { op: this.name });
      }
    }
    const list = isTensor(params) ? [params] : [...(params as Iterable<Tensor>)];
    const merged = { ...this.defaults, ...options } as unknown as H & GroupSchedule;
    this.checkOptions(merged);
    const seen = new Set(this.paramGroups.flatMap((other) => other.params));
    for (const param of list) {
      if (!isTensor(param))
        throw new ValueError(`can only optimize tensors, but got ${String(param)}`, { op: this.name });
      if (!param.isLeaf) throw new ValueError("can't optimize a non-leaf tensor", { op: this.name });
      if (!param.isFloatingPoint()) {
        throw new DTypeError(`can only optimize floating point tensors, but got ${param.dtype}`, { op: this.name });
      }
      if (seen.has(param)) {
        throw new ValueError('a parameter appears more than once, in one group or in several', { op: this.name });
      }
      seen.add(param);
    }
    this.paramGroups.push({ ...merged, params: list });
  }

  /**
   * Updates all parameters that have a gradient.
   *
   * @param closure computes the loss anew and calls `backward`; its value is returned
   */
  step(): undefined;
  step<T>(closure: () => T): T;
  step<T>(closure?: () => T): T | undefined {
    this.stepCount++;
    for (const hook of [...this.preHooks.values()]) hook();
    const loss = this.run(closure);
    for (const hook of [...this.postHooks.values()]) hook();
    return loss;
  }

  /**
   * Calls `hook` with the optimiser before each step. PyTorch's `register_step_pre_hook`.
   *
   * @example
   * const handle = optimizer.registerStepPreHook(() => nn.utils.clipGradNorm_(net.parameters(), 1));
   * handle.remove();
   */
  registerStepPreHook(hook: (optimizer: this) => void): RemovableHandle {
    return attach(this.preHooks, () => hook(this));
  }

  /** Calls `hook` with the optimiser after each step, for instance to average weights. PyTorch's `register_step_post_hook`. */
  registerStepPostHook(hook: (optimizer: this) => void): RemovableHandle {
    return attach(this.postHooks, () => hook(this));
  }

  /** The step itself. */
  protected run<T>(closure: (() => T) | undefined): T | undefined {
    const loss = closure === undefined ? undefined : enableGrad(closure);
    const kind = this.constructor as { keepsNothing?: boolean };
    const mayKeep = !(Object.hasOwn(kind, 'keepsNothing') && kind.keepsNothing);
    recordFunction(`Optimizer.step#${this.name}.step`, () => {
      for (const group of this.paramGroups) {
        for (const param of group.params) {
          const grad = mayKeep ? param.grad : borrowGrad(param);
          if (grad !== null) this.update(param, grad, group);
        }
      }
    });
    return loss;
  }

  /** Drops all gradients (`setToNone`, the default), or sets them to zero. */
  zeroGrad(setToNone: boolean | { setToNone?: boolean } = true): void {
    const [drop = true] = named<[boolean]>('zeroGrad', ['setToNone'], [setToNone]);
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        if (borrowGrad(param) === null) continue;
        if (drop) param.grad = null;
        else borrowGrad(param)?.detach_().zero_();
      }
    }
  }

  /** State of a parameter, made at first use. It outlives any scope. */
  protected stateOf<S extends ParamState>(param: Tensor, make: () => S): S {
    let state = this.state.get(param);
    if (state === undefined) {
      state = keep(make());
      this.state.set(param, state);
    }
    return state as S;
  }

  /** State and options under PyTorch's keys; the tensors are shared, not copied. */
  stateDict(): OptimizerStateDict {
    const numbers = new Map<Tensor, number>();
    for (const group of this.paramGroups) for (const param of group.params) numbers.set(param, numbers.size);
    const state: OptimizerStateDict['state'] = {};
    for (const [param, entries] of this.state) {
      const number = numbers.get(param);
      if (number === undefined) continue;
      state[number] = this.entriesToSave(entries);
    }
    const groups = this.paramGroups.map((group) => {
      const { params, ...options } = group;
      const entry: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(options)) entry[snake(key)] = value;
      return { ...entry, params: params.map((param) => numbers.get(param) as number) };
    });
    return { state, param_groups: groups };
  }

  /**
   * Takes over state and options. The state is copied.
   *
   * @throws ValueError when the groups do not match those of this optimiser
   */
  loadStateDict(stateDict: OptimizerStateDict): void {
    const saved = stateDict.param_groups;
    if (saved.length !== this.paramGroups.length) {
      throw new ValueError(
        `loaded state dict has ${saved.length} parameter groups, expected ${this.paramGroups.length}`,
        {
          op: 'loadStateDict',
        },
      );
    }
    const byNumber = new Map<number, Tensor>();
    saved.forEach((group, i) => {
      const own = this.paramGroups[i].params;
      if (group.params.length !== own.length) {
        throw new ValueError(`loaded group ${i} has ${group.params.length} parameters, expected ${own.length}`, {
          op: 'loadStateDict',
        });
      }
      for (const [j, number] of group.params.entries()) byNumber.set(number, own[j]);
    });
    const loaded = new Map<Tensor, ParamState>();
    for (const [number, entries] of Object.entries(stateDict.state)) {
      const param = byNumber.get(Number(number));
      if (param === undefined) continue;
      loaded.set(param, keep(this.entriesToLoad(entries, param)));
    }
    saved.forEach((group, i) => {
      for (const [key, value] of Object.entries(group)) {
        const name = camel(key);
        if (name in this.defaults || SCHEDULE.includes(name)) {
          (this.paramGroups[i] as Record<string, unknown>)[name] = value;
        }
      }
    });
    this.state.clear();
    for (const [param, entries] of loaded) this.state.set(param, entries);
  }

  /** The state of a parameter as a state dict has it. */
  protected entriesToSave(entries: ParamState): ParamState {
    const saved = { ...entries };
    for (const key of SCALARS) if (typeof saved[key] === 'number') saved[key] = tensor(saved[key]);
    return saved;
  }

  /** A copy of a parameter's state in a state dict; tensors have the parameter's shape and take its dtype. */
  protected entriesToLoad(entries: ParamState, param: Tensor): ParamState {
    const copy: ParamState = {};
    for (const [key, value] of Object.entries(entries)) {
      if (SCALARS.includes(key)) copy[key] = isTensor(value) ? value.item() : value;
      else if (!isTensor(value)) copy[key] = value;
      else {
        if (value.shape.join() !== param.shape.join()) {
          throw new ShapeError(
            `${key} has shape [${value.shape.join(', ')}], but its parameter has shape [${param.shape.join(', ')}]`,
            { op: 'loadStateDict' },
          );
        }
        copy[key] = value.detach().to(param.dtype, { copy: true });
      }
    }
    return copy;
  }

  /** As PyTorch prints optimisers: the options of each group. */
  toString(): string {
    const groups = this.paramGroups.map((group, i) => {
      const options = Object.entries(group).filter(([key]) => key !== 'params');
      const lines = options.map(([key, value]) => `    ${snake(key)}: ${formatOption(value)}`).sort();
      return `Parameter Group ${i}\n${lines.join('\n')}\n`;
    });
    return `${this.name} (\n${groups.join('\n')})`;
  }

  /** Node's and Bun's inspector. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Deno's inspector. */
  [Symbol.for('Deno.customInspect')](): string {
    return this.toString();
  }
}

/** Adds a hook; the handle takes it out again. */
function attach(hooks: Map<RemovableHandle, () => void>, hook: () => void): RemovableHandle {
  const handle = { remove: () => void hooks.delete(handle) };
  hooks.set(handle, hook);
  return handle;
}

function formatOption(value: unknown): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null) return 'None';
  if (Array.isArray(value)) return `(${value.map(formatOption).join(', ')})`;
  // Python writes small numbers as 1e-05, with two digits at least.
  const isSmall = typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-4;
  return isSmall ? value.toExponential().replace(/-(\d)$/, '-0$1') : String(value);
}
