/** Launches of the optimiser kernels. Each computes and returns true, or does nothing and returns false. */

import type { FloatDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import { sizeOf } from '../layout.ts';
import type { AdaptiveFactors, AdaptiveRuns, MeanUse, SgdFactors } from '../reference/optim.ts';
import type { Tensor } from '../tensor.ts';
import { runShared } from './cuts.ts';
import { features } from './features.ts';
import { adaptiveName, emitAdaptive, emitSgd, sgdName } from './kernels/optim.ts';
import { inPieces } from './pieces.ts';

/** Parameters of fewer elements are done before a kernel would have been called. */
const MIN_SIZE = 256;
/** Nanoseconds that an element takes, about: while it is in the cache. */
const NS = { sgd: 0.3, adaptive: 0.5 } as const;

/** The dtype that all share, if a kernel should be launched for it; the operands are contiguous by now. */
function commonDType(operands: readonly (Tensor | null)[]): FloatDType | null {
  const [first] = operands as readonly Tensor[];
  const { dtype } = first;
  if (dtype !== 'float32' && dtype !== 'float64') return null;
  if (sizeOf(first.shape) < MIN_SIZE || !features().simd) return null;
  for (const x of operands) if (x !== null && x.dtype !== dtype) return null;
  return dtype;
}

/** `sgd` of `reference/optim.ts` by a kernel */
export function launchSgd(param: Tensor, grad: Tensor, buffer: Tensor | null, factors: SgdFactors): boolean {
  const dtype = commonDType([param, grad, buffer]);
  if (dtype === null) return false;
  const { lr, sign, weightDecay, momentum, fresh, nesterov } = factors;
  const form = buffer === null ? 'plain' : nesterov ? 'nesterov' : 'momentum';
  const [name, emit] = [sgdName(dtype, form), emitSgd(dtype, form)];
  const steps = new Array<number>(3).fill(itemBytes(dtype));
  const operands = [
    { tensor: param, written: true },
    { tensor: grad, written: false },
    ...(buffer === null ? [] : [{ tensor: buffer, written: true }]),
  ];
  inPieces(sizeOf(param.shape), dtype, operands, (n, [p, g, b = 0]) => {
    const call = [n, p, g, b, lr, sign, weightDecay, momentum, fresh];
    runShared({ name, emit }, call, NS.sgd, steps);
  });
  return true;
}

/** `adaptive` of `reference/optim.ts` by a kernel */
export function launchAdaptive(
  param: Tensor,
  grad: Tensor,
  { mean, square, largest, buffer }: AdaptiveRuns<Tensor>,
  use: MeanUse,
  factors: AdaptiveFactors,
): boolean {
  const places = [param, grad, mean, square, largest, buffer];
  const dtype = commonDType(places);
  if (dtype === null) return false;
  const { stepSize, beta1, beta2, fresh2, scale2, eps, sign, decay, penalty, gradSize, momentum } = factors;
  const form = { use: mean === null ? 'none' : use, largest: largest !== null, buffer: buffer !== null } as const;
  const [name, emit] = [adaptiveName(dtype, form), emitAdaptive(dtype, form)];
  const steps = new Array<number>(places.length).fill(itemBytes(dtype));
  const operands = places.flatMap((tensor, k) => (tensor === null ? [] : [{ tensor, written: k !== 1 }]));
  const scalars = [stepSize, beta1, 1 - beta1, beta2, fresh2, scale2, eps, sign, decay, penalty, gradSize, momentum];
  inPieces(sizeOf(param.shape), dtype, operands, (n, pointers) => {
    let at = 0;
    const addresses = places.map((tensor) => (tensor === null ? 0 : pointers[at++]));
    runShared({ name, emit }, [n, ...addresses, ...scalars], NS.adaptive, steps);
  });
  return true;
}
