/** Measures in a worker, with the code of the project's own benchmarks: one row after the other, each beside its ceiling. */

import { binaryRow, unaryRow } from '@torsor/benchmarks/elementwiseRows.ts';
import { featureNames } from '@torsor/benchmarks/featureNames.ts';
import { measureRow } from '@torsor/benchmarks/measureRow.ts';
import { median } from '@torsor/benchmarks/median.ts';
import { copyProbe, peakProbe } from '@torsor/benchmarks/peak.ts';
import { isFigure, type Line, type Row, type Run } from '@torsor/benchmarks/row.ts';
import { measure, timed } from '@torsor/benchmarks/sample.ts';
import { lines as conv } from '@torsor/benchmarks/suites/conv.ts';
import { lines as matmul } from '@torsor/benchmarks/suites/matmul.ts';
import { lines as train } from '@torsor/benchmarks/suites/train.ts';
import { threaded } from '@torsor/benchmarks/threaded.ts';
import { features, workers } from 'torsor';
import type { Report, Spread, Task } from './messages.ts';
import { rows, type SpeedRow } from './rows.ts';

const elementwise = (): Line[] => [binaryRow('add'), unaryRow('exp')];
const suites: Record<SpeedRow['suite'], () => Line[]> = { matmul, conv, elementwise, train };
const COPY_BYTES = 64 << 20;
/** Nobody reads what the benchmarks would print. */
const silence = { print() {}, show() {}, warn() {} };

function rowOf({ name, suite }: SpeedRow): Row {
  const line = suites[suite]().find((each) => each.name === name);
  if (line === undefined || isFigure(line)) throw new Error(`no row is called ${name}`);
  return line;
}

/** 10⁹ a second. */
function spreadOf(amount: number, turnsMs: readonly number[]): Spread {
  const rates = turnsMs.map((ms) => amount / ms / 1e6);
  return { median: median(rates), low: Math.min(...rates), high: Math.max(...rates) };
}

async function run(context: workers.TrainingContext<Task, Report>): Promise<void> {
  const { threads, ...effort } = context.data;
  let done = 0;
  const doing = async (what: string): Promise<void> => {
    context.report({ kind: 'doing', what, done: done++, total: 1 + rows.length });
    await context.checkpoint();
  };

  await doing('what this machine could do at most');
  const [fma, copy] = [peakProbe(), copyProbe(COPY_BYTES)];
  const subjects = [await timed('fma', fma.amount, fma.run), await timed('copy', copy.amount, copy.run)];
  const [peak, copied] = await measure(subjects, effort.rounds, effort.budgetMs);
  context.report({
    kind: 'machine',
    features: featureNames(features()),
    peak: spreadOf(peak.amount, peak.turns),
    copy: spreadOf(copied.amount, copied.turns),
  });

  for (const row of rows) {
    await doing(row.title);
    const line = rowOf(row);
    const one = await measureRow(row.suite, line, [], effort, silence);
    await context.checkpoint();
    const all =
      threads > 1
        ? await measureRow('threads', threaded(row.name, line.make as () => Run, threads), [], effort, silence)
        : undefined;
    context.report({ kind: 'row', row: { name: row.name, one, ...(all && { all }) } });
  }
}

export default workers.expose(run);
