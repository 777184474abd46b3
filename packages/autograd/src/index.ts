/** `@torsor/autograd`: reverse-mode automatic differentiation for `@torsor/core`. Importing it switches recording on. */

import './register.ts';

export {
  detectAnomaly,
  isAnomalyCheckNanEnabled,
  isAnomalyEnabled,
  setDetectAnomaly,
} from './anomaly.ts';
export type { AnomalyOptions, Guard } from './anomaly.ts';
export { formula, materialize, nonDifferentiable, notImplemented } from './derivatives/define.ts';
export type { Derivative, Derivatives, Formula, TensorMeta } from './derivatives/define.ts';
export { derivatives } from './derivatives/index.ts';
export { Function, onceDifferentiable } from './function.ts';
export type { Context, FunctionClass, FunctionContext, FunctionGradients } from './function.ts';
export { backward, grad } from './grad.ts';
export type { BackwardManyOptions, GradOptions, OutputGradients, Tensors } from './grad.ts';
export {
  enableGrad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setGradEnabled,
} from './gradMode.ts';
export type { InferenceModeOptions } from './gradMode.ts';
export { savedTensorsHooks } from './saved.ts';
export type { SavedTensorsHooks } from './saved.ts';
export { registerPostAccumulateGradHook } from './slot.ts';
