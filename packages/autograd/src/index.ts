/** `@torsor/autograd`: reverse-mode automatic differentiation for `@torsor/core`. Importing it switches recording on. */

import './register.ts';

export type { AnomalyOptions, Guard } from './anomaly.ts';
export {
  detectAnomaly,
  isAnomalyCheckNanEnabled,
  isAnomalyEnabled,
  setDetectAnomaly,
} from './anomaly.ts';
export type { CheckpointOptions } from './checkpoint.ts';
export { checkpoint, checkpointSequential } from './checkpoint.ts';
export type { ArgumentMeta, Derivative, Derivatives, Formula, TensorMeta } from './derivatives/define.ts';
export { formula, materialize, nonDifferentiable, notImplemented } from './derivatives/define.ts';
export { derivatives } from './derivatives/index.ts';
export type { Context, FunctionClass, FunctionContext, FunctionGradients } from './function.ts';
export { Function, onceDifferentiable } from './function.ts';
export type { BackwardManyOptions, GradOptions, OutputGradients, Tensors } from './grad.ts';
export { backward, grad } from './grad.ts';
export type { CheckedFunction, GradcheckOptions, GradgradcheckOptions } from './gradcheck.ts';
export { GradcheckError, gradcheck, gradgradcheck } from './gradcheck.ts';
export type { InferenceModeOptions } from './gradMode.ts';
export {
  enableGrad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setGradEnabled,
} from './gradMode.ts';
export type { SavedTensorsHooks } from './saved.ts';
export { leaveToTape, savedTensorsHooks } from './saved.ts';
export { borrowGrad, registerPostAccumulateGradHook } from './slot.ts';
export type { JacobianOptions, ProductOptions, TransformOptions } from './transforms.ts';
export { hessian, hvp, jacobian, jvp, vhp, vjp } from './transforms.ts';
