/** What the curves show. */

/** The mean of the last few values at each place: a line through noise. */
export function smoothed(values: readonly number[], window = 15): number[] {
  let sum = 0;
  return values.map((value, i) => {
    sum += value - (i >= window ? values[i - window] : 0);
    return sum / Math.min(i + 1, window);
  });
}

/** Values with their place, no more than `most` of them, evenly taken. */
export function thinned(values: readonly number[], most = 400): [number, number][] {
  const every = Math.max(1, Math.ceil(values.length / most));
  return values
    .map((value, i): [number, number] => [i + 1, value])
    .filter(([step]) => step % every === 0 || step === 1);
}
