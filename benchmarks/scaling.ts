/**
 * The model of docs/scaling.md: what threads are expected to bring, op by op and size by size, from a handful of measured constants.
 *
 *     node benchmarks/scaling.ts
 */

/** Microseconds: to share a launch among threads that look for one; to write down the arguments of a task; to take it and count it. */
const LAUNCH_US = 0.6;
const DESCRIBE_US = 0.05;
const TAKE_US = 0.1;
/** From one core to another a cache line takes this: a queue of tasks is one for each thread, the counter of those done one for all. */
const LINE_US = 0.1;
/** What is shared at all (`workers/src/pool.ts`); what a task is to take, how many there are at most (`wasm/cuts.ts`). */
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

/**
 * An op on n elements: nanoseconds and bytes for each of them on one core; `us` is what stays on the calling thread. `again` is the part of
 * the work that tasks do besides, since one task does it once.
 */
interface Family {
  readonly name: string;
  readonly ns: number;
  readonly bytes: number;
  readonly us: number;
  readonly tasks: (n: number, cores: number) => number;
  readonly again?: (n: number, cores: number) => number;
  readonly sizes: readonly number[];
}

const byTime = (ns: number) => (n: number) => {
  const us = (n * ns) / 1000;
  const wanted = Math.floor(us / TASK_US);
  return us < SHARED_US ? 1 : Math.max(2, Math.min(8, 2 * wanted), Math.min(MOST_TASKS, 4 * Math.round(wanted / 4)));
};
/** Chunks of a whole reduction have 2¹⁶ elements. */
const byChunks = (ns: number) => (n: number) => Math.min(Math.ceil(n / 2 ** 16), byTime(ns)(n));

/** Tasks of a product of n multiplications (`kernels/gemm.ts`): rows of some 24 at least, which share a packed B, and then columns. */
function productTasks(n: number, cores: number): { rows: number; columns: number } {
  const side = Math.cbrt(n);
  const products = Math.max(2 ** 18, Math.min(2 ** 20, n / 4), n / Math.max(48, 2 * cores));
  const tasks = Math.max(1, Math.floor(n / products));
  const rows = Math.min(tasks, Math.floor(side / 24));
  if (rows > 4) {
    // Whole panels of six rows.
    const height = 6 * Math.ceil(side / rows / 6);
    return { rows: Math.ceil(side / height), columns: Math.round(tasks / rows) };
  }
  return { rows: Math.ceil(Math.sqrt(tasks)), columns: Math.floor(Math.sqrt(tasks)) };
}
const byProducts = (n: number, cores: number) => {
  const { rows, columns } = productTasks(n, cores);
  return rows * columns;
};
/** A is packed for each of the columns' tasks, B for each of the rows' unless they share it; 0.3 ns an element against 0.039 a product. */
const packedAgain = (n: number, cores: number) => {
  const { rows, columns } = productTasks(n, cores);
  return ((columns - 1 + (rows > 4 ? 0 : rows - 1)) * 0.3) / (0.039 * Math.cbrt(n));
};

/** Blocks of tiles of an image of 56 × 56 in `kernels/winograd.ts`; output channels; cycles of inputs and, for each row, of products. */
const BLOCKS = 2;
const CHANNELS = 64;
const CYCLES = { inputs: 140, row: 18 };
/** Into how many parts the output channels of a block are cut: what has the last thread end soonest. */
function rowParts(n: number, cores: number): number {
  const blocks = (n / (CHANNELS * 56 * 56)) * BLOCKS;
  const time = (parts: number) =>
    Math.ceil((blocks * parts) / cores) * ((CYCLES.row * CHANNELS) / parts + CYCLES.inputs);
  return [1, 2, 3, 4, 5].reduce((best, parts) => (time(parts) < time(best) ? parts : best));
}
const byBlocks = (n: number, cores: number) => (n / (CHANNELS * 56 * 56)) * BLOCKS * rowParts(n, cores);
const inputsAgain = (n: number, cores: number) =>
  ((rowParts(n, cores) - 1) * CYCLES.inputs) / (CYCLES.row * CHANNELS + CYCLES.inputs);

const squares = [2 ** 14, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24];
const family = (name: string, ns: number, bytes: number, tasks: Family['tasks'] = byTime(ns), us = 1): Family => {
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
  family('Adam', 0.5, 28),
  {
    ...family('matmul', 0.039, 0, byProducts),
    again: packedAgain,
    sizes: [64, 128, 256, 512, 1024].map((n) => n ** 3),
  },
  {
    ...family('conv 3 × 3, 64 → 64, 56²', 7, 8, byBlocks, 10),
    again: inputsAgain,
    sizes: [1, 8, 32].map((images) => images * CHANNELS * 56 * 56),
  },
];

/** Microseconds on `cores` of a machine. */
function time({ ns, bytes, us, tasks, again }: Family, n: number, { cores, together, alone }: Machine): number {
  const count = tasks(n, cores);
  const compute = ((n * ns) / 1000) * (1 + (cores === 1 ? 0 : (again?.(n, cores) ?? 0)));
  const transfer = (gigabytes: number): number => (n * bytes) / 1000 / gigabytes;
  if (count === 1 || cores === 1) return us + Math.max(compute, transfer(alone));
  const each = compute / count + TAKE_US;
  const rounds = Math.ceil(count / cores);
  // Tasks are counted one after the other when they are done.
  const counter = count * LINE_US;
  const shared = Math.max(rounds * each, counter, transfer(Math.min(together, cores * alone)));
  return us + LAUNCH_US + Math.min(cores, count) * LINE_US + count * DESCRIBE_US + shared;
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
      `2^${Math.log2(n).toFixed(Number.isInteger(Math.log2(n)) ? 0 : 1)}`,
      us,
      of.tasks(n, 2),
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
