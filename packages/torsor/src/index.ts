/**
 * `torsor`: everything under one name. Tensors and ops, and the functions of `torch.autograd` that PyTorch also has at its top,
 * come by name; `nn`, `optim`, `data`, `autograd` and `workers` are namespaces, as are core's `linalg` and `special`.
 */

// registers automatic differentiation with core, whatever a bundler drops of the rest
import '@torsor/autograd';

export * as autograd from '@torsor/autograd';
export { enableGrad, inferenceMode, isGradEnabled, noGrad, setGradEnabled } from '@torsor/autograd';
export * from '@torsor/core';
export * as data from '@torsor/data';
export * as nn from '@torsor/nn';
export * as optim from '@torsor/optim';
export * as workers from '@torsor/workers';
