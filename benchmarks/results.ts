/** Results as data (the form that dashboards of benchmarks read) and as a table. */

import type { Machine } from './machine.ts';
import { byReason } from './reasons.ts';

/** How a row stands to something: above 1, it is faster. */
export interface Ratio {
  readonly to: string;
  readonly value: number;
  /** Of issue 3. */
  readonly atLeast?: number;
}

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** The lowest and the highest turn. */
  readonly range: string;
  /** All of it in one line, for a reader. */
  readonly extra: string;
  readonly suite: string;
  readonly ratios: readonly Ratio[];
  /** The median of each turn, in the same unit. */
  readonly turns: readonly number[];
  readonly gflops?: number;
  readonly gigabytes?: number;
  readonly atMost?: number;
  /** Why there is no value. */
  readonly skipped?: string;
}

export interface Report {
  readonly machine: Machine;
  readonly command: string;
  readonly peers: readonly string[];
  readonly results: readonly Result[];
}

const NAME_WIDTH = 50;
const columns = ['median', 'rate', 'ceiling', 'like', 'ort-web', 'jax-js', 'tfjs', 'ort-node', 'PyTorch'] as const;
/** The column of each ratio. */
const places: Record<string, (typeof columns)[number]> = {
  fma: 'ceiling',
  copy: 'ceiling',
  like: 'like',
  'onnxruntime-web': 'ort-web',
  'onnxruntime-web-threads': 'ort-web',
  'jax-js': 'jax-js',
  'tfjs-wasm': 'tfjs',
  'onnxruntime-node': 'ort-node',
  pytorch: 'PyTorch',
};

/** Three digits that count. */
export function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function time(ms: number): string {
  if (ms < 1e-3) return `${digits(ms * 1e6)} ns`;
  return ms < 1 ? `${digits(ms * 1e3)} µs` : `${digits(ms)} ms`;
}

function quantity(value: number, unit: string): string {
  return unit === 'ms' ? time(value) : `${digits(value)} ${unit}`;
}

/** Rounded as it is shown, so that no row falls short of a number that it shows. */
function isShort(ratio: Ratio): boolean {
  return ratio.atLeast !== undefined && Number(ratio.value.toFixed(2)) < Number(ratio.atLeast.toFixed(2));
}

export function isLong(result: Result): boolean {
  return result.atMost !== undefined && result.value > result.atMost;
}

/** What a row falls short of, in words; empty when it meets all. */
export function shortfalls(result: Result): string[] {
  const list = result.ratios
    .filter(isShort)
    .map(({ to, value, atLeast }) => `${digits(value)} of ${digits(atLeast as number)} × ${to}`);
  if (isLong(result))
    list.push(`${quantity(result.value, result.unit)}, over ${quantity(result.atMost as number, result.unit)}`);
  return list;
}

/** The cells of a row; a value that falls short bears a mark. */
export function cells(result: Result): string[] {
  const row = new Map<string, string>();
  row.set('median', `${quantity(result.value, result.unit)}${isLong(result) ? ' ✗' : ''}`);
  if (result.gflops !== undefined) row.set('rate', `${digits(result.gflops)} GFLOP/s`);
  if (result.gigabytes !== undefined) row.set('rate', `${digits(result.gigabytes)} GB/s`);
  for (const ratio of result.ratios) row.set(places[ratio.to], `${digits(ratio.value)}${isShort(ratio) ? ' ✗' : ''}`);
  return columns.map((column) => row.get(column) ?? '');
}

const width = (column: string) => (column === 'rate' ? 14 : column === 'median' ? 12 : 9);

function tableLine(name: string, values: readonly string[]): string {
  const shown = name.length > NAME_WIDTH - 1 ? `${name.slice(0, NAME_WIDTH - 2)}…` : name;
  return shown.padEnd(NAME_WIDTH) + values.map((value, i) => value.padStart(width(columns[i]))).join('');
}

export const tableHead = (suite: string): string => tableLine(suite, columns);

export function tableRow(result: Result): string {
  if (result.skipped !== undefined) return `${tableLine(result.name, []).trimEnd()}  – ${result.skipped}`;
  return tableLine(result.name, cells(result)).trimEnd();
}

/** The same as Markdown, with the rows that fall short listed at the end. */
export function markdown(report: Report): string {
  const { machine, results } = report;
  const text = [
    `# Results on ${machine.runtime} ${machine.version.split('.')[0]}`,
    '',
    `${machine.cpu}; ${machine.runtime} ${machine.version}, one thread (${machine.features.join(', ')});`,
    `${machine.date.slice(0, 10)}; commit \`${machine.commit}\`; \`${report.command}\`.`,
    ...(machine.load > 0.3
      ? [
          '',
          `The machine was busy with other work (load average ${machine.load.toFixed(1)} at the start): take single figures with care.`,
        ]
      : []),
    '',
    `Peers: ${report.peers.length === 0 ? 'none' : report.peers.join(', ')}.`,
    '',
    'Each number but the first two is a ratio of speeds, ours to theirs, taken in turns in one process (PyTorch and, for two threads,',
    'ONNX Runtime Web in one beside it):',
    'above 1, ours is faster. `ceiling` is the peak of multiply-adds for a rate in GFLOP/s, and the bandwidth of copying for a rate in',
    'GB/s; `like` is the aligned product of like size, or the forward of a gradient. ✗ marks what falls short of issue 3' +
      (machine.features.includes('fma') ? '.' : ': here, what is slower than ONNX Runtime Web.'),
    'Turns on two threads are taken anew, up to ten times each, where multiply-adds just before or after find a core missing.',
  ];
  for (const suite of new Set(results.map((result) => result.suite))) {
    text.push('', `## ${suite}`, '', `| | ${columns.join(' | ')} |`, `| --- |${columns.map(() => ' ---: |').join('')}`);
    for (const result of results) {
      if (result.suite !== suite) continue;
      const values = result.skipped === undefined ? cells(result) : [result.skipped, ...columns.slice(1).map(() => '')];
      text.push(`| ${result.name} | ${values.join(' | ')} |`);
    }
  }
  const short = results.filter((result) => shortfalls(result).length > 0);
  text.push('', '## Short of issue 3');
  if (short.length === 0) text.push('', 'None.');
  for (const [why, rows] of byReason(short)) {
    text.push('', why ?? 'Not explained:', '');
    for (const result of rows) text.push(`- ${result.name}: ${shortfalls(result).join('; ')}`);
  }
  return `${text.join('\n')}\n`;
}
