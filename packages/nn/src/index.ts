/** `@torsor/nn`: modules, their functional forms, initialisation, and utilities. */

// registers automatic differentiation with core, whatever a bundler drops of the rest
import '@torsor/autograd';

export type { AveragedModelOptions, AvgFn } from './averages/averagedModel.ts';
export { AveragedModel, getEmaAvgFn, getSwaAvgFn } from './averages/averagedModel.ts';
export { updateBn } from './averages/updateBn.ts';
export { deepCopy } from './copy.ts';
export * as functional from './functional.ts';
export * as init from './init.ts';
export type { AnyModule, IncompatibleKeys, StateDict } from './module.ts';
export { isModule, Module } from './module.ts';
export * from './modules/activation.ts';
export * from './modules/attention.ts';
export * from './modules/container.ts';
export * from './modules/conv.ts';
export * from './modules/distance.ts';
export * from './modules/dropout.ts';
export * from './modules/embeddingBag.ts';
export * from './modules/flatten.ts';
export * from './modules/fold.ts';
export * from './modules/likelihoodLoss.ts';
export * from './modules/linear.ts';
export * from './modules/localResponseNorm.ts';
export * from './modules/loss.ts';
export * from './modules/marginLoss.ts';
export * from './modules/norm.ts';
export * from './modules/padding.ts';
export * from './modules/pool.ts';
export * from './modules/powerPool.ts';
export * from './modules/rmsNorm.ts';
export * from './modules/rnn.ts';
export * from './modules/shuffle.ts';
export * from './modules/sparse.ts';
export * from './modules/transformer.ts';
export * from './modules/unpool.ts';
export * from './modules/upsample.ts';
export { Buffer, Parameter } from './parameter.ts';
export * as utils from './utils.ts';
