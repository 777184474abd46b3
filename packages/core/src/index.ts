/** `@torsor/core`: strided tensors, their ops and kernels, random numbers, printing. */

export { Tensor } from './tensor.ts';
export type { NestedValues } from './tensor.ts';
export { allocate, allocateZeros, construct, isTensor, makeView, modes } from './base.ts';
export { setRecorder, dispatch, dispatchInPlace } from './dispatch.ts';
export type { BackwardOptions, GradFn, Recorder, RemovableHandle } from './dispatch.ts';
export * from './dtype.ts';
export * from './errors.ts';
export * from './layout.ts';
export { isOptions, listArgument, named, tuple } from './options.ts';
export { formatTensor, getPrintOptions, setPrintOptions } from './print.ts';
export { keep, memory, Scope, scope, tidy } from './scope.ts';
export type { MemoryReport } from './scope.ts';
export { Storage } from './storage.ts';
export type * from './ops/list.ts';
export * from './ops/create.ts';
export * from './ops/elementwise.ts';
export * from './ops/matmul.ts';
export * from './ops/random.ts';
export * from './ops/reduce.ts';
export * from './ops/view.ts';
export type { NamedTuple, ValuesIndices } from './namedTuple.ts';
export { Generator, defaultGenerator, getRngState, initialSeed, manualSeed, seed, setRngState } from './random/generator.ts';
