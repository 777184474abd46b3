/** `@torsor/optim`, with averages of weights, some of which are modules, under PyTorch's name. */

export * from '@torsor/optim';
export * as swaUtils from './swaUtils.ts';
