/**
 * Functions of elements, on 2²⁰ of them. The functions of one operand and of two are those of core's own lists, so a new one is
 * measured without anyone remembering.
 */

import * as t from 'torsor';
import { binaryRow, shape, size, timesWeb, unaryRow } from '../elementwiseRows.ts';
import { count, type Line, type Row } from '../row.ts';

/** Core does not export its lists. Where TypeScript cannot be read, the build has them. */
const lists = ['src/reference/scalars.ts', 'dist/reference/scalars.js'].map(
  (path) => new URL(`../../packages/core/${path}`, import.meta.url).href,
);
const { unaryScalars, binaryScalars } = (await import(lists[0]).catch(() => import(lists[1]))) as Record<
  string,
  Record<string, unknown>
>;

function whereRow(other: readonly number[], kind: string): Row {
  return {
    name: `where 2²⁰${kind}`,
    work: { op: 'where', shapes: [shape, shape, other] },
    bytes: 4 * (2 * size + count(other)) + size,
    atLeast: { copy: 0.8 },
    make() {
      const [x, y] = [t.rand(...shape), t.rand(...other)];
      const condition = t.gt(t.rand(...shape), 0.5);
      return () => t.where(condition, x, y);
    },
  };
}

export function lines(): Line[] {
  const row = [1024];
  const column = [1024, 1];
  const names = Object.keys(unaryScalars).filter((name) => name in t);
  const others = Object.keys(binaryScalars).filter((name) => name in t && !['add', 'mul', 'pow'].includes(name));
  const first = ['relu', ...timesWeb].filter((name) => name !== 'pow');
  return [
    ...(['add', 'mul'] as const).flatMap((op) => [
      binaryRow(op, shape, ''),
      binaryRow(op, row, ', a row'),
      binaryRow(op, column, ', a column'),
    ]),
    whereRow(shape, ''),
    whereRow(row, ', a row'),
    whereRow(column, ', a column'),
    ...first.map(unaryRow),
    binaryRow('pow'),
    ...names.filter((name) => !first.includes(name)).map(unaryRow),
    ...others.map((op) => binaryRow(op)),
    binaryRow('prelu', row, ', a slope for each channel'),
  ];
}
