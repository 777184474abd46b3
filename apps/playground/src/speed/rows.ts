/** What the page measures: rows of the project's benchmarks, by their names, so that recorded results stand beside. */

export interface SpeedRow {
  /** As the suite calls it. */
  readonly name: string;
  readonly suite: 'matmul' | 'conv' | 'elementwise' | 'train';
  /** For readers. */
  readonly title: string;
  readonly what: string;
}

export const rows: readonly SpeedRow[] = [
  { name: 'matmul 1024', suite: 'matmul', title: 'Matrix product, 1024²', what: 'two billion operations on 12 MB' },
  { name: 'matmul 128', suite: 'matmul', title: 'Matrix product, 128²', what: 'small enough for the nearest caches' },
  {
    name: 'conv 3×3 64→64, 56²',
    suite: 'conv',
    title: 'Convolution 3 × 3, 64 → 64 channels, 56²',
    what: 'a layer of a ResNet',
  },
  {
    name: 'conv 3×3 64→64, 56², to weight',
    suite: 'conv',
    title: 'Its gradient to the weights',
    what: 'what training adds',
  },
  { name: 'add 2²⁰', suite: 'elementwise', title: 'A sum of two vectors, 2²⁰', what: 'memory, and little else' },
  { name: 'exp 2²⁰', suite: 'elementwise', title: 'Exponentials, 2²⁰', what: 'a polynomial for each number' },
  {
    name: 'LeNet (20, 50, 500), batch 64, SGD',
    suite: 'train',
    title: 'A training step of LeNet, 64 pictures',
    what: 'forward, backward, update',
  },
];
