/**
 * A search along a line for a step that satisfies the strong Wolfe conditions.
 *
 * Idea: Nocedal, Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6, with cubic interpolation, in the form that minFunc, Torch
 * and torch.optim.LBFGS give them.
 */

import type { Tensor } from '@torsor/core';

/** A point on the line: the step, the loss there, its gradient, and the slope along the line. */
export interface Point {
  readonly t: number;
  readonly loss: number;
  readonly grad: Tensor;
  readonly slope: number;
}

export interface Found extends Point {
  /** How often the loss was worked out. */
  readonly evaluations: number;
}

/** How much of the decrease that the slope promises must come. */
const DECREASE = 1e-4;
/** How much of the slope may be left. */
const CURVATURE = 0.9;
const MAX_ITERATIONS = 25;

/**
 * Where the cubic through two points with their slopes has its minimum, within bounds; their middle if it has none.
 *
 * @param bounds the two steps by default
 */
export function cubicMinimum(a: Point, b: Point, bounds?: readonly [number, number]): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const [least, most] = bounds ?? [left.t, right.t];
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d1 ** 2 - a.slope * b.slope;
  if (!(square >= 0)) return (least + most) / 2;
  const d2 = Math.sqrt(square);
  const at = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return Math.min(Math.max(at, least), most);
}

/**
 * A step along a direction after which the loss has fallen enough, and its slope too; or the best that was found.
 *
 * @param evaluate the point at a step
 * @param start the point at step 0, whose slope is negative
 * @param first the step to try first
 * @param reach the largest element of the direction, which says how far a step moves
 */
export function strongWolfe(
  evaluate: (t: number) => Point,
  start: Point,
  first: number,
  reach: number,
  toleranceChange: number,
): Found {
  const falls = ({ t, loss }: Point): boolean => loss <= start.loss + DECREASE * t * start.slope;
  const isFlat = ({ slope }: Point): boolean => Math.abs(slope) <= -CURVATURE * start.slope;

  // Forward, until there is a step with a point that satisfies the conditions between it and the one before.
  let previous = start;
  let point = evaluate(first);
  let evaluations = 1;
  let iteration = 0;
  let bracket: [Point, Point] | null = null;
  while (iteration < MAX_ITERATIONS) {
    if (!falls(point) || (iteration > 1 && point.loss >= previous.loss)) {
      bracket = [previous, point];
      break;
    }
    if (isFlat(point)) return { ...point, evaluations };
    if (point.slope >= 0) {
      bracket = [previous, point];
      break;
    }
    const { t } = point;
    const next = cubicMinimum(previous, point, [t + 0.01 * (t - previous.t), t * 10]);
    previous = point;
    point = evaluate(next);
    evaluations++;
    iteration++;
  }
  bracket ??= [start, point];

  // Inward, until it is found.
  let low = lower(bracket);
  let isStuck = false;
  while (iteration < MAX_ITERATIONS) {
    const [left, right] = [Math.min(bracket[0].t, bracket[1].t), Math.max(bracket[0].t, bracket[1].t)];
    if ((right - left) * reach < toleranceChange) break;
    let t = cubicMinimum(bracket[0], bracket[1]);
    // A step close to a bound, twice or onto it, is moved away from there by a tenth of the bracket.
    const margin = 0.1 * (right - left);
    if (Math.min(right - t, t - left) < margin) {
      if (isStuck || t >= right || t <= left) {
        t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
        isStuck = false;
      } else isStuck = true;
    } else isStuck = false;
    const tried = evaluate(t);
    evaluations++;
    iteration++;
    if (!falls(tried) || tried.loss >= bracket[low].loss) {
      bracket[1 - low] = tried;
      low = lower(bracket);
    } else {
      if (isFlat(tried)) return { ...tried, evaluations };
      if (tried.slope * (bracket[1 - low].t - bracket[low].t) >= 0) bracket[1 - low] = bracket[low];
      bracket[low] = tried;
    }
  }
  return { ...bracket[low], evaluations };
}

/** Which of two points has the lower loss; the first of equals, and never one whose loss is NaN if the other's is not. */
function lower([a, b]: readonly [Point, Point]): 0 | 1 {
  return b.loss < a.loss || Number.isNaN(a.loss) ? 1 : 0;
}
