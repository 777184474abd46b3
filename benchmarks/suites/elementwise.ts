/**
 * Functions of elements, on 2²⁰ of them. The functions of one operand and of two are those of core's own lists, so a new one is
 * measured without anyone remembering.
 */

import type { Tensor } from 'torsor';
import * as t from 'torsor';
import { count, type Line, type Row } from '../row.ts';

/** Core does not export its lists. Where TypeScript cannot be read, the build has them. */
const lists = ['src/reference/scalars.ts', 'dist/reference/scalars.js'].map(
  (path) => new URL(`../../packages/core/${path}`, import.meta.url).href,
);
const { unaryScalars, binaryScalars } = (await import(lists[0]).catch(() => import(lists[1]))) as Record<
  string,
  Record<string, unknown>
>;

const shape = [1024, 1024];
const size = count(shape);

/** Of issue 3: times ONNX Runtime Web, where it has the op; some are not in core's list. */
const timesWeb = ['exp', 'log', 'tanh', 'sigmoid', 'erf', 'gelu', 'silu', 'sqrt', 'pow', 'sin', 'cos'];

function unaryRow(op: string): Row {
  const apply = (t as unknown as Record<string, (x: Tensor) => Tensor>)[op];
  const atLeast: Record<string, number> =
    op === 'relu' ? { copy: 0.8 } : timesWeb.includes(op) ? { 'onnxruntime-web': 3 } : {};
  const outBytes = ['logicalNot', 'isnan', 'isinf', 'isfinite'].includes(op) ? 1 : 4;
  return {
    name: `${op} 2²⁰`,
    work: { op, shapes: [shape] },
    bytes: (4 + outBytes) * size,
    atLeast,
    make() {
      // relu has something to do, all others are defined
      const x = op === 'relu' ? t.randn(...shape) : t.rand(...shape).add(op === 'acosh' ? 1 : 0);
      return () => apply(x);
    },
  };
}

function binaryRow(op: string, other: readonly number[] = shape, kind = ''): Row {
  const apply = (t as unknown as Record<string, (x: Tensor, y: Tensor) => Tensor>)[op];
  const outBytes = /^(eq|ne|lt|le|gt|ge|logical.*)$/.test(op) ? 1 : 4;
  const atLeast: Record<string, number> =
    op === 'pow' ? { 'onnxruntime-web': 3 } : op === 'add' || op === 'mul' ? { copy: 0.8 } : {};
  return {
    name: `${op} 2²⁰${kind}`,
    work: { op, shapes: [shape, other] },
    bytes: 4 * (size + count(other)) + outBytes * size,
    atLeast,
    make() {
      const [x, y] = [t.rand(...shape), t.rand(...other)];
      return () => apply(x, y);
    },
  };
}

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
  ];
}
