/** `@torsor/optim`: optimisers and learning-rate schedulers. */

// registers automatic differentiation with core, whatever a bundler drops of the rest
import '@torsor/autograd';

export type { AdamOptions } from './adam.ts';
export { Adam, AdamW } from './adam.ts';
export * as lrScheduler from './lrScheduler/index.ts';
export type {
  GroupSchedule,
  OptimizerStateDict,
  ParamGroup,
  ParamState,
  ParamsInput,
  StateEntry,
} from './optimizer.ts';
export { Optimizer } from './optimizer.ts';
export type { SGDOptions } from './sgd.ts';
export { SGD } from './sgd.ts';
