/** Why rows fall short of what issue 3 asks, where that is known. */

interface Reason {
  /** Rows by name. */
  readonly of: RegExp;
  readonly why: string;
}

/** The first that fits is a row's. */
const reasons: readonly Reason[] = [
  {
    of: /2 threads|workers parked|DataLoader/,
    why:
      'The second core of the machine is often missing: the first row of the suite `threads`, multiply-adds that share nothing, is all that ' +
      'two threads can gain here.',
  },
  {
    of: /softmax|crossEntropy/i,
    why:
      'An exponential takes 0.6 ns (the row `exp`), and an element of these rows needs one: 8 bytes a nanosecond are not to be had, whatever ' +
      'memory could do. Beside PyTorch, whose vectors are twice as wide, they stand at 0.7 to 1.3.',
  },
  {
    of: /^(var|layerNorm|batchNorm)/,
    why:
      'Their sums are taken in float64 about a mean, so that none of the digits is lost however far the mean is from 0; each element is ' +
      'converted, which takes four cycles a vector. Beside PyTorch they stand at 0.8 to 25.',
  },
  {
    of: /^((sum|mean|max|argmax) of|matrix|vector|outer)/,
    why:
      'A copy is one instruction, which the processor carries out in widths of its own, and its bytes are counted twice, as read and as ' +
      'written. A loop that only reads, by the 16 bytes of a WebAssembly vector, reaches 0.9 of them.',
  },
  {
    of: /2²⁰(?!.*threads)/,
    why:
      'A loop that copies by vectors of 16 bytes reaches 0.75 to 0.98 of the copy that is one instruction, by size; these loops read more, ' +
      'and compute. `pow` takes its logarithm in float64, without which 2 units of the last place do not hold.',
  },
  {
    of: /MLP|TransformerEncoder|Conv1d net|matmul/,
    why:
      'Products are four fifths of these steps and run at 0.84 to 0.9 of what WebAssembly multiplies at most, which is half of what PyTorch ' +
      'has in vectors of 256 bits (the rows `matmul`: 0.54).',
  },
  {
    of: /to input/,
    why: 'The gradient to the image of a first layer, which no training asks for, has one channel of results to share the work of 20.',
  },
  {
    of: /cold process/,
    why: 'Three quarters are the engine finding, reading and compiling the packages, a quarter the making of two kernels.',
  },
  {
    of: /minified/,
    why: 'Two fifths are the emitters of kernels, a third ops with the checks of their arguments. A page loads what it uses.',
  },
  {
    of: /2×2/,
    why: 'Within the noise of this machine: `--compare` of two commits, in processes of their own, finds 5.7 to 6.1 µs.',
  },
];

/** Rows under the reason that they have in common; null for those without one. */
export function byReason<T extends { readonly name: string }>(rows: readonly T[]): Map<string | null, T[]> {
  const groups = new Map<string | null, T[]>();
  for (const row of rows) {
    const why = reasons.find(({ of }) => of.test(row.name))?.why ?? null;
    groups.set(why, [...(groups.get(why) ?? []), row]);
  }
  return groups;
}
