/** Files that programs may fetch by name. */

export const files: Readonly<Record<string, string>> = {
  'digits.csv': new URL('../../../../examples/data/digits.csv.gz', import.meta.url).href,
};
