/** Averages of weights, under the names of `torch.optim.swa_utils`. */

export type { AveragedModelOptions, AvgFn } from './averagedModel.ts';
export { AveragedModel, getEmaAvgFn, getSwaAvgFn } from './averagedModel.ts';
export type { SWALROptions } from './swaLr.ts';
export { SWALR } from './swaLr.ts';
export { updateBn } from './updateBn.ts';
