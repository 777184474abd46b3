/** Launches of the optimiser kernels. Each computes and returns true, or does nothing and returns false. */

import type { FloatDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import { sizeOf } from '../layout.ts';
import type { AdaptiveFactors, AdaptiveRuns, MeanUse, SgdFactors } from '../reference/optim.ts';
import type { Tensor } from '../tensor.ts';
import { runShared } from './cuts.ts';
import { features } from './features.ts';
import { adaptiveName, emitAdaptive, emitSgd, sgdName } from './kernels/optim.ts';
import type { Emitter } from './module.ts';
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

/**
 * Launches a kernel over a parameter, its gradient and further operands, of which some may be missing.
 *
 * @param kernelOf the kernel's name and emitter
 * @param scalars what follows the pointers
 */
function launch(
  operands: readonly (Tensor | null)[],
  kernelOf: (dtype: FloatDType) => readonly [name: string, emit: Emitter],
  scalars: readonly number[],
  ns: number,
): boolean {
  const dtype = commonDType(operands);
  if (dtype === null) return false;
  const [name, emit] = kernelOf(dtype);
  const steps = new Array<number>(operands.length).fill(itemBytes(dtype));
  // All but the gradient, which comes second, are written to.
  const present = operands.flatMap((tensor, k) => (tensor === null ? [] : [{ tensor, written: k !== 1 }]));
  inPieces(sizeOf(present[0].tensor.shape), dtype, present, (n, pointers) => {
    let at = 0;
    const places = operands.map((tensor) => (tensor === null ? 0 : pointers[at++]));
    runShared({ name, emit }, [n, ...places, ...scalars], ns, steps);
  });
  return true;
}

/** `sgd` of `reference/optim.ts` by a kernel */
export function launchSgd(param: Tensor, grad: Tensor, buffer: Tensor | null, factors: SgdFactors): boolean {
  const { lr, sign, weightDecay, momentum, fresh, nesterov } = factors;
  const form = buffer === null ? 'plain' : nesterov ? 'nesterov' : 'momentum';
  return launch(
    [param, grad, buffer],
    (dtype) => [sgdName(dtype, form), emitSgd(dtype, form)],
    [lr, sign, weightDecay, momentum, fresh],
    NS.sgd,
  );
}

/** `adaptive` of `reference/optim.ts` by a kernel */
export function launchAdaptive(
  param: Tensor,
  grad: Tensor,
  { mean, square, largest, buffer }: AdaptiveRuns<Tensor>,
  use: MeanUse,
  factors: AdaptiveFactors,
): boolean {
  const { stepSize, beta1, beta2, fresh2, scale2, eps, sign, decay, penalty, gradSize, momentum } = factors;
  const form = { use: mean === null ? 'none' : use, largest: largest !== null, buffer: buffer !== null } as const;
  return launch(
    [param, grad, mean, square, largest, buffer],
    (dtype) => [adaptiveName(dtype, form), emitAdaptive(dtype, form)],
    [stepSize, beta1, 1 - beta1, beta2, fresh2, scale2, eps, sign, decay, penalty, gradSize, momentum],
    NS.adaptive,
  );
}
