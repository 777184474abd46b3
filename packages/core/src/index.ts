/** `@torsor/core`: strided tensors, their ops and kernels, random numbers, printing. */

export { allocate, allocateZeros, construct, isTensor, makeView, modes } from './base.ts';
// For `@torsor/autograd` and `@torsor/data`.
export { halves, withBits } from './bits.ts';
export { keepShape } from './collector.ts';
export { composed, expose, exposed } from './composed.ts';
export * from './composites/arrange.ts';
export * from './composites/covariance.ts';
export * from './composites/pointwise.ts';
export * from './composites/products.ts';
export * from './composites/scan.ts';
export * from './composites/search.ts';
export * from './composites/statistics.ts';
export * from './composites/windows.ts';
export type { BackwardOptions, GradFn, Recorder, RemovableHandle } from './dispatch.ts';
export { dispatch, dispatchInPlace, setRecorder } from './dispatch.ts';
export type { DispatchGuard, DispatchHandler } from './dispatchMode.ts';
export { dispatchMode } from './dispatchMode.ts';
// For the other packages.
export { symbolAsyncDispose, symbolDispose } from './dispose.ts';
export * from './dtype.ts';
export * from './errors.ts';
export type { ExplainedOp } from './explain.ts';
export { Explanation, explain } from './explain.ts';
export * from './layout.ts';
export { choleskyInverse, choleskySolve } from './linalg/cholesky.ts';
export type { SolveTriangularOptions } from './linalg/index.ts';
export * as linalg from './linalg/index.ts';
export {
  cholesky,
  cross,
  det,
  inv as inverse,
  matrixExp,
  matrixPower,
  pinv as pinverse,
  slogdet,
} from './linalg/index.ts';
export { logdet, luUnpack, solveByFactors } from './linalg/lu.ts';
export { cumulativeTrapezoid, trapezoid, trapezoid as trapz } from './linalg/products.ts';
export { solveTriangular } from './linalg/triangular.ts';
export type { LiveTensor, MemoryReport } from './memory.ts';
export {
  collectGarbage,
  debugMemory,
  liveTensors,
  memory,
  onMemoryPressure,
  resetPeakMemory,
  setMemoryLimits,
} from './memory.ts';
// For `@torsor/workers` and `@torsor/data`.
export type { Message, PackedError } from './message.ts';
export { fromMessage, packError, toMessage, unpackError } from './message.ts';
export type { NamedTuple, ValuesIndices } from './namedTuple.ts';
export { recordFunction } from './observe.ts';
export * from './ops/conv.ts';
export * from './ops/counting.ts';
export * from './ops/create.ts';
export * from './ops/elementwise.ts';
export type { GradientName } from './ops/gradients.ts';
export { fusedGradient } from './ops/gradients.ts';
export * from './ops/index.ts';
export * from './ops/join.ts';
export type * from './ops/list.ts';
export * from './ops/loss.ts';
export * from './ops/matmul.ts';
export { dot as vdot } from './ops/matmul.ts';
export * from './ops/norm.ts';
export type { SgdStepOptions } from './ops/optim.ts';
export { adaptiveStep, sgdStep } from './ops/optim.ts';
export * from './ops/pad.ts';
export * from './ops/pool.ts';
export * from './ops/random.ts';
export * from './ops/reduce.ts';
export type { Subscript } from './ops/subscript.ts';
export { at, Slice, setAt, slice } from './ops/subscript.ts';
export * from './ops/view.ts';
export { isOptions, listArgument, named, tuple } from './options.ts';
export type { MemoryLimits, MemoryPressure } from './pager.ts';
export { formatTensor, getPrintOptions, setPrintOptions } from './print.ts';
export type { EventAverage, EventAverages, ProfileOptions, ProfilerEvent, TableOptions } from './profile.ts';
export { Profile, profile } from './profile.ts';
export {
  defaultGenerator,
  Generator,
  getRngState,
  initialSeed,
  manualSeed,
  seed,
  setRngState,
} from './random/generator.ts';
export { cos as exactCos, pow as exactPow } from './reference/exactMath.ts';
export type { AdaptiveFactors, AdaptiveRuns, MeanUse } from './reference/optim.ts';
export { roundedOnce } from './roundedOnce.ts';
export { keep, Scope, scope, tidy } from './scope.ts';
export { logit, mvlgamma, polygamma, sinc } from './special/composed.ts';
export * as special from './special/index.ts';
export { erfcx, i0, i0e, i1, i1e, igamma, igammac, ndtri, zeta } from './special/ops.ts';
export { Storage, sameStorage, setStorageTracker } from './storage.ts';
export type { NestedValues } from './tensor.ts';
export { Tensor } from './tensor.ts';
// For `@torsor/workers` and `@torsor/data`.
export type { Parent, Thread, ThreadStart } from './threads.ts';
export { parentThread, START_MS, STARTING_ATTEMPTS, startThread } from './threads.ts';
export type { Local } from './wasm/assembler.ts';
export { Assembler } from './wasm/assembler.ts';
// For `@torsor/workers`.
export type { Executor, Rows } from './wasm/executor.ts';
export { executor, setExecutor } from './wasm/executor.ts';
export type { Features } from './wasm/features.ts';
export { features, isStrict, setStrict } from './wasm/features.ts';
export { heap } from './wasm/heap.ts';
// For kernels of `@torsor/nn`.
export type { Lanes, Vector } from './wasm/kernels/lanes.ts';
export { lanes } from './wasm/kernels/lanes.ts';
export { sigmoid as emitSigmoid, tanh as emitTanh } from './wasm/kernels/vectorMath.ts';
export type { Emitter, Launch } from './wasm/module.ts';
export { exportTasks, kernel, kernelModule, runInline } from './wasm/module.ts';
