/** Rows for functions of one operand and of two, by the name of the function. */

import type { Tensor } from 'torsor';
import * as t from 'torsor';
import { count, type Row } from './row.ts';

export const shape = [1024, 1024];
export const size = count(shape);

/** Of issue 3: times ONNX Runtime Web, where it has the op; some are not in core's list. */
export const timesWeb = ['exp', 'log', 'tanh', 'sigmoid', 'erf', 'gelu', 'silu', 'sqrt', 'pow', 'sin', 'cos'];

export function unaryRow(op: string): Row {
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

export function binaryRow(op: string, other: readonly number[] = shape, kind = ''): Row {
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
