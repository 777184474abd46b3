/** What the curves show. */

/** Values with their place (from 1), no more than `most` of them and the last, evenly taken. */
export function thinned(values: readonly number[], most = 400): [number, number][] {
  const every = Math.max(1, Math.ceil(values.length / most));
  const points: [number, number][] = [];
  for (let i = 0; i < values.length; i += every) points.push([i + 1, values[i]]);
  if (values.length > 1 && (values.length - 1) % every !== 0) points.push([values.length, values.at(-1) as number]);
  return points;
}
