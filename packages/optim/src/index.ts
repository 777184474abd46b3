/** `@torsor/optim`: optimisers. */

// registers automatic differentiation with core, whatever a bundler drops of the rest
import '@torsor/autograd';

export type { AdamOptions } from './adam.ts';
export { Adam, AdamW } from './adam.ts';
export type { OptimizerStateDict, ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
export { Optimizer } from './optimizer.ts';
export type { SGDOptions } from './sgd.ts';
export { SGD } from './sgd.ts';
