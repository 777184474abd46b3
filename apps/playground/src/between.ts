/** A pointer tells of itself only now and then; a stroke goes through all that lies between. */

/** The whole points of a straight line, without its first and with its last. */
export function between(from: readonly number[], to: readonly number[]): number[][] {
  const count = Math.max(1, ...to.map((end, axis) => Math.abs(end - from[axis])));
  return Array.from({ length: count }, (_, i) =>
    to.map((end, axis) => Math.round(from[axis] + ((end - from[axis]) * (i + 1)) / count)),
  );
}
