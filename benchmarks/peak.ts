/** The ceilings: what WebAssembly reaches here on registers alone, and how fast it copies. */

import type { Launch } from '@torsor/core';
import { Assembler, exportTasks, features } from '@torsor/core';
import type { Run } from './row.ts';

const ACCUMULATORS = 12;
const REPEATS = 500_000;
const PAGE_BYTES = 65536;
/** Copies are of 2²⁰ floats at least, as issue 3 measured them; beyond the upper bound they get no slower per byte. */
const MIN_COPY_BYTES = 4 << 20;
const MAX_COPY_BYTES = 64 << 20;

/** What a probe does once, and how much of it: floating point operations, or bytes read and written. */
export interface Probe {
  readonly amount: number;
  readonly run: Run;
}

function instantiate<T>(code: Assembler, pages: number): T {
  // of the kind that tensors live in
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: features().sharedMemory });
  const module = new WebAssembly.Module(code.finish());
  return new WebAssembly.Instance(module, { env: { memory } }).exports as T;
}

/** Independent multiply-adds (fused where the machine fuses them) on twelve registers, each depending on its last value alone: n of each. */
function emitMultiplyAdds(code: Assembler, n: Parameters<Assembler['forRange']>[2]): void {
  const { f32x4 } = code;
  const a = code.local('v128', f32x4.const(0.999));
  const b = code.local('v128', f32x4.const(0.001));
  const sums = code.locals('v128', ACCUMULATORS);
  const i = code.local('i32');
  code.forRange(i, 0, n, 1, () => {
    for (const sum of sums) {
      sum.set(features().fma ? f32x4.relaxed_madd(a, sum, b) : f32x4.add(f32x4.mul(a, sum), b));
    }
  });
  const total = code.local('v128', f32x4.const(0));
  for (const sum of sums) total.set(f32x4.add(total, sum));
  f32x4.extract_lane(0, total);
}

/** The peak of one thread. */
export function peakProbe(): Probe {
  const code = new Assembler({ shared: features().sharedMemory });
  code.export('run', { n: 'i32' }, ['f32'], ({ n }) => emitMultiplyAdds(code, n));
  const { run } = instantiate<{ run: (n: number) => number }>(code, 1);
  return { amount: REPEATS * ACCUMULATORS * 4 * 2, run: () => run(REPEATS) };
}

/** The same as a launch that shares nothing but the processor: as many times as fast on two threads as a program can get. */
export const peakLaunch: Launch = {
  name: 'bench_peak',
  emit: (code) => {
    exportTasks(code, 'run', { task: 'i32', scratch: 'i32', n: 'i32' }, ({ n }) => {
      emitMultiplyAdds(code, n);
      code.drop();
    });
  },
  entry: 'run',
  args: [REPEATS / 500],
  tasks: 500,
  ns: 1e6,
  scratchBytes: 0,
};

/** `memory.copy` that reads and writes about `bytes` in all, so that it finds in caches what the row beside it finds there. */
export function copyProbe(bytes: number): Probe {
  const half = Math.ceil(Math.max(MIN_COPY_BYTES, Math.min(bytes / 2, MAX_COPY_BYTES)) / PAGE_BYTES) * PAGE_BYTES;
  const code = new Assembler({ shared: features().sharedMemory });
  code.export('run', { to: 'i32', from: 'i32', n: 'i32' }, [], ({ to, from, n }) => {
    code.memory.copy(to, from, n);
  });
  code.export('fill', { n: 'i32' }, [], ({ n }) => {
    code.memory.fill(0, 1, n);
  });
  const exports = instantiate<{ run: (to: number, from: number, n: number) => void; fill: (n: number) => void }>(
    code,
    (2 * half) / PAGE_BYTES,
  );
  // pages that were never written to are one and the same page, which no cache would miss
  exports.fill(2 * half);
  return { amount: 2 * half, run: () => exports.run(half, 0, half) };
}
