/**
 * The model of docs/scaling.md: what threads are expected to bring, op by op and size by size, from a handful of measured constants.
 *
 *     node benchmarks/scaling.ts
 */

/** Microseconds: to share a launch among threads that look for one; to write down the arguments of a task; to take it and count it. */
const LAUNCH_US = 0.6;
const DESCRIBE_US = 0.05;
const TAKE_US = 0.1;
/** From one core to another a cache line takes this; the counter of tasks is one, and taken in turn. */
const LINE_US = 0.1;
/** As `wasm/cuts.ts` has it: what is shared at all, what a task is to take, how many there are at most. */
const SHARED_US = 12;
const TASK_US = 8;
const MOST_TASKS = 64;

interface Machine {
  readonly cores: number;
  readonly together: number;
  readonly alone: number;
}

/** GB/s that so many cores read and write together, and that one does. The first is measured, the others are taken from data sheets. */
const MACHINES: readonly Machine[] = [
  { cores: 2, together: 110, alone: 60 },
  { cores: 8, together: 160, alone: 40 },
  { cores: 16, together: 200, alone: 30 },
  { cores: 64, together: 400, alone: 20 },
];

/** An op on n elements: nanoseconds and bytes for each of them on one core; `us` is what stays on the calling thread. */
interface Family {
  readonly name: string;
  readonly ns: number;
  readonly bytes: number;
  readonly us: number;
  readonly tasks: (n: number) => number;
  readonly sizes: readonly number[];
}

const byTime = (ns: number) => (n: number) => {
  const us = (n * ns) / 1000;
  return us < SHARED_US ? 1 : Math.max(2, Math.min(MOST_TASKS, Math.floor(us / TASK_US)));
};
/** Chunks of a whole reduction have 2¹⁶ elements. */
const byChunks = (ns: number) => (n: number) => Math.min(Math.ceil(n / 2 ** 16), byTime(ns)(n));
/** Products of matrices are cut into blocks of some 2²⁰ multiplications at least, and into 32 (`kernels/gemm.ts`). */
const byProducts = (n: number) => Math.max(1, Math.min(32, Math.floor(n / 2 ** 20)));

const squares = [2 ** 14, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24];
const family = (name: string, ns: number, bytes: number, tasks = byTime(ns), us = 1): Family => {
  return { name, ns, bytes, us, tasks, sizes: squares };
};

const FAMILIES: readonly Family[] = [
  family('sum', 0.075, 4, byChunks(0.075)),
  family('softmax', 1.05, 8),
  family('softmax backward', 0.22, 12),
  family('layer norm', 0.43, 8),
  family('layer norm backward', 0.95, 12, (n) => Math.min(32, byTime(0.95)(n)), 5),
  family('batch norm', 0.53, 16, byTime(0.53), 20),
  family('max pool 2 × 2', 1.3, 24),
  family('max pool 3 × 3', 4.4, 24),
  { ...family('matmul', 0.039, 0, byProducts), sizes: [64, 128, 256, 512, 1024].map((n) => n ** 3) },
];

/** Microseconds on `cores` of a machine. */
function time({ ns, bytes, us, tasks }: Family, n: number, { cores, together, alone }: Machine): number {
  const compute = (n * ns) / 1000;
  const count = tasks(n);
  const transfer = (gigabytes: number): number => (n * bytes) / 1000 / gigabytes;
  if (count === 1 || cores === 1) return us + Math.max(compute, transfer(alone));
  const each = compute / count + TAKE_US;
  const rounds = Math.ceil(count / cores);
  // Tasks are taken one after the other, and counted one after the other when they are done.
  const counter = 2 * count * LINE_US;
  const shared = Math.max(rounds * each, counter, transfer(Math.min(together, cores * alone)));
  return us + LAUNCH_US + count * DESCRIBE_US + shared;
}

/** How many times as fast as one core of the same machine. */
function speedUp(of: Family, n: number, machine: Machine): number {
  return time(of, n, { ...machine, cores: 1 }) / time(of, n, machine);
}

function print(columns: readonly string[], rows: readonly (readonly unknown[])[]): void {
  const rule = columns.map((_, i) => (i === 0 ? '---' : '---:'));
  for (const cells of [columns, rule, ...rows]) console.log(`| ${cells.join(' | ')} |`);
}

const times = (x: number): string => `${x.toFixed(1)} ×`;
const cores = MACHINES.map((machine) => `${machine.cores} cores`);

const speeds = FAMILIES.flatMap((of) =>
  of.sizes.map((n) => {
    const alone = of.us + (n * of.ns) / 1000;
    const us = `${alone.toFixed(alone < 10 ? 1 : 0)} µs`;
    return [
      of.name,
      `2^${Math.log2(n)}`,
      us,
      of.tasks(n),
      ...MACHINES.map((machine) => times(speedUp(of, n, machine))),
    ];
  }),
);
print(['op', 'elements', 'one core', 'tasks', ...cores], speeds);

console.log(
  '\nElements from which an op is at three quarters of the speed-up that there are cores; the speed-up that it never exceeds, where that is less:\n',
);
const powers = Array.from({ length: 22 }, (_, i) => 2 ** (i + 10));
const limits = FAMILIES.map((of) => {
  const reached = MACHINES.map((machine) => {
    const enough = powers.find((n) => speedUp(of, n, machine) >= 0.75 * machine.cores);
    return enough === undefined
      ? times(Math.max(...powers.map((n) => speedUp(of, n, machine))))
      : `2^${Math.log2(enough)}`;
  });
  return [of.name, ...reached];
});
print(['op', ...cores], limits);
