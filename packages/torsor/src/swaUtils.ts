/** Averages of weights, under the names of `torch.optim.swa_utils`: models from `@torsor/nn`, their schedule from `@torsor/optim`. */

export type { AveragedModelOptions, AvgFn } from '@torsor/nn';
export { AveragedModel, getEmaAvgFn, getSwaAvgFn, updateBn } from '@torsor/nn';
export type { SWALROptions } from '@torsor/optim';
export { SWALR } from '@torsor/optim';
