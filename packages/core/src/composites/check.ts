/** What composed functions check alike. */

import { ShapeError } from '../errors.ts';
import { formatShape } from '../layout.ts';
import type { Tensor } from '../tensor.ts';

/** @throws ShapeError unless a tensor has `least` to `most` dimensions */
export function checkNdim(op: string, x: Tensor, least: number, most = least): void {
  if (x.ndim >= least && x.ndim <= most) return;
  const rule = most === Infinity ? `at least ${least}` : least === most ? least : `at most ${most}`;
  throw new ShapeError(`expects ${rule} dimension(s), but got shape ${formatShape(x.shape)}`, {
    op,
    operands: { self: x.shape },
  });
}
