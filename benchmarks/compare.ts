/**
 * Two commits against each other: `npm run bench -- --compare <revision>`. The revision is checked out beside, the suites of
 * today run on either, each time in a fresh process, in turns; a row has moved when the two sides' medians do not overlap.
 */

import { cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../tools/pnpm.mjs';
import { root } from '../tools/runtimes.mjs';
import { median } from './median.ts';
import type { Options } from './options.ts';
import { digits, type Report, time } from './results.ts';
import { verdict } from './verdict.ts';

/** Of each side. With five a side, chance alone separates them once in 126 rows. */
const PROCESSES = 5;

async function git(...args: string[]): Promise<string> {
  const { code, output } = await run(['git', ...args], { collect: true });
  if (code !== 0) throw new Error(`git ${args.join(' ')}: ${output.trim()}`);
  return output.trim();
}

/** Copies a folder's links as they stand: pnpm's are relative, so they lead to the packages of the checkout they are in. */
function copyLinks(from: string, to: string): void {
  if (existsSync(from)) cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

/** Makes a bare checkout able to run our suites. */
function furnish(checkout: string): void {
  symlinkSync(`${root}node_modules`, join(checkout, 'node_modules'), 'junction');
  for (const name of readdirSync(join(checkout, 'packages'))) {
    copyLinks(`${root}packages/${name}/node_modules`, join(checkout, 'packages', name, 'node_modules'));
  }
  rmSync(join(checkout, 'benchmarks'), { recursive: true, force: true });
  cpSync(`${root}benchmarks`, join(checkout, 'benchmarks'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !/benchmarks[\\/](results|peers[\\/]node_modules)$/.test(path) && !lstatSync(path).isSocket(),
  });
}

/** One fresh process in a checkout; milliseconds of each row, or kilobytes. */
async function sample(checkout: string, command: readonly string[], options: Options): Promise<Map<string, number>> {
  const json = join(checkout, 'benchmarks', 'compare.json');
  // `start` and `size` are about the build, which a bare checkout has not
  const all = ['matmul', 'conv', 'elementwise', 'reduce', 'move', 'optim', 'train', 'small'];
  const filters = options.filters.length > 0 ? options.filters : all;
  const args = ['--peers', 'none', '--rounds', String(options.rounds), '--time', String(options.budgetMs)];
  const { code, output } = await run(
    [...command, 'benchmarks/measure.ts', ...filters, ...args, '--quiet', '--json', json],
    { cwd: checkout, collect: true },
  );
  if (!existsSync(json)) throw new Error(`the benchmarks of ${checkout} ended with ${code}:\n${output}`);
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as Report;
  rmSync(json);
  return new Map(results.filter(({ skipped }) => skipped === undefined).map(({ name, value }) => [name, value]));
}

function add(to: Map<string, number[]>, from: Map<string, number>): void {
  for (const [name, value] of from) to.set(name, [...(to.get(name) ?? []), value]);
}

/** Prints the comparison; gives the exit code: 1 when a row got slower. */
export async function compare(options: Options, revision: string, command: readonly string[]): Promise<number> {
  const commit = await git('rev-parse', '--verify', `${revision}^{commit}`);
  const folder = mkdtempSync(join(tmpdir(), 'torsor-bench-'));
  const checkouts = [join(folder, 'before'), join(folder, 'after')];
  try {
    await git('worktree', 'add', '--detach', checkouts[0], commit);
    await git('worktree', 'add', '--detach', checkouts[1], 'HEAD');
    // what is being worked on, and not only what is committed: the packages as they are now
    rmSync(join(checkouts[1], 'packages'), { recursive: true });
    cpSync(`${root}packages`, join(checkouts[1], 'packages'), {
      recursive: true,
      filter: (path) => !/[\\/](node_modules|dist)$/.test(path),
    });
    for (const checkout of checkouts) furnish(checkout);
    const sides = [new Map<string, number[]>(), new Map<string, number[]>()];
    for (let i = 0; i < PROCESSES; i++) {
      // B A after A B, so that neither side is always the first
      for (const side of i % 2 === 0 ? [0, 1] : [1, 0]) {
        if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2Kprocess ${2 * i + 1} of ${2 * PROCESSES}`);
        add(sides[side], await sample(checkouts[side], command, options));
      }
    }
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
    return print(sides, commit);
  } finally {
    for (const checkout of checkouts) {
      if (existsSync(checkout)) await git('worktree', 'remove', '--force', checkout).catch(console.error);
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

function print([before, after]: readonly Map<string, number[]>[], commit: string): number {
  console.log(`${PROCESSES} processes each, in turns: ${commit.slice(0, 12)} before, the working tree after\n`);
  console.log(`${''.padEnd(50)}${['before', 'after', 'after/before'].map((cell) => cell.padStart(14)).join('')}`);
  let slower = 0;
  let moved = 0;
  for (const [name, now] of after) {
    const then = before.get(name);
    if (then === undefined) {
      console.log(`${name.padEnd(50)}${''.padStart(14)}${time(median(now)).padStart(14)}  new`);
      continue;
    }
    const word = verdict(then, now);
    if (word !== 'as before') moved++;
    if (word === 'slower') slower++;
    const values = [time(median(then)), time(median(now)), digits(median(now) / median(then))];
    console.log(
      `${name.padEnd(50)}${values.map((cell) => cell.padStart(14)).join('')}${word === 'as before' ? '' : `  ${word}`}`,
    );
  }
  for (const name of before.keys()) if (!after.has(name)) console.log(`${name.padEnd(50)}  gone`);
  console.log(`\n${moved} of ${after.size} rows moved beyond noise, ${slower} of them for the worse`);
  return slower > 0 ? 1 : 0;
}
