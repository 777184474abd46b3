/** The ceiling: how many floating point operations a second WebAssembly reaches here on registers alone. */

import { Assembler, features } from '@torsor/core';

const ACCUMULATORS = 12;
const REPEATS = 1_000_000;

/** GFLOP/s of a loop of independent multiply-adds (fused where the machine fuses them) on twelve registers. */
export function peakGflops(): number {
  const { fma } = features();
  const code = new Assembler({ shared: false });
  code.export('run', { n: 'i32' }, ['f32'], ({ n }) => {
    const { f32x4 } = code;
    const a = code.local('v128', f32x4.const(0.999));
    const b = code.local('v128', f32x4.const(0.001));
    const sums = code.locals('v128', ACCUMULATORS);
    const i = code.local('i32');
    code.forRange(i, 0, n, 1, () => {
      for (const sum of sums) sum.set(fma ? f32x4.relaxed_madd(a, sum, b) : f32x4.add(f32x4.mul(a, sum), b));
    });
    const total = code.local('v128', f32x4.const(0));
    for (const sum of sums) total.set(f32x4.add(total, sum));
    f32x4.extract_lane(0, total);
  });
  const module = new WebAssembly.Module(code.finish());
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports as { run: (n: number) => number };
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    const start = performance.now();
    run(REPEATS);
    best = Math.min(best, performance.now() - start);
  }
  return (REPEATS * ACCUMULATORS * 4 * 2) / best / 1e6;
}
