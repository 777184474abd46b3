/** `@torsor/optim`: optimisers and learning-rate schedulers. */

// registers automatic differentiation with core, whatever a bundler drops of the rest
import '@torsor/autograd';

export type { AdadeltaOptions } from './adadelta.ts';
export { Adadelta } from './adadelta.ts';
export type { AdagradOptions } from './adagrad.ts';
export { Adagrad } from './adagrad.ts';
export type { AdamOptions } from './adam.ts';
export { Adam, AdamW } from './adam.ts';
export type { AdamaxOptions } from './adamax.ts';
export { Adamax } from './adamax.ts';
export type { ASGDOptions } from './asgd.ts';
export { ASGD } from './asgd.ts';
export type { LBFGSOptions } from './lbfgs.ts';
export { LBFGS } from './lbfgs.ts';
export * as lrScheduler from './lrScheduler/index.ts';
export type { NAdamOptions } from './nadam.ts';
export { NAdam } from './nadam.ts';
export type {
  GroupSchedule,
  OptimizerStateDict,
  ParamGroup,
  ParamState,
  ParamsInput,
  StateEntry,
} from './optimizer.ts';
export { Optimizer } from './optimizer.ts';
export type { RAdamOptions } from './radam.ts';
export { RAdam } from './radam.ts';
export type { RMSpropOptions } from './rmsprop.ts';
export { RMSprop } from './rmsprop.ts';
export type { RpropOptions } from './rprop.ts';
export { Rprop } from './rprop.ts';
export type { SGDOptions } from './sgd.ts';
export { SGD } from './sgd.ts';
export type { SWALROptions } from './swaLr.ts';
export { SWALR } from './swaLr.ts';
