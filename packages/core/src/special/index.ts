/** Special functions under the names of `torch.special`. Most are ops of core that have another name there. */

export {
  digamma,
  digamma as psi,
  erf,
  erfc,
  erfinv,
  exp2,
  expm1,
  lgamma as gammaln,
  log1p,
  sigmoid as expit,
  xlogy,
} from '../ops/elementwise.ts';
export { logSoftmax, logsumexp, softmax } from '../ops/reduce.ts';
export {
  entr,
  logit,
  logNdtr,
  mvlgamma as multigammaln,
  ndtr,
  polygamma,
  round,
  sinc,
  xlog1py,
} from './composed.ts';
export {
  erfcx,
  i0,
  i0 as modifiedBesselI0,
  i0e,
  i1,
  i1 as modifiedBesselI1,
  i1e,
  igamma as gammainc,
  igammac as gammaincc,
  ndtri,
  zeta,
} from './ops.ts';
