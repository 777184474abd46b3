/** Matrix products. */

import type { Tensor } from 'torsor';
import * as t from 'torsor';
import { count, type Line, type Row, shapeName, type Work } from '../row.ts';

/** A random operand; transposed in memory, or every second column of a wider one. */
function operand(shape: readonly number[], layout: 'plain' | 'transposed' | 'spread' = 'plain'): Tensor {
  if (layout === 'plain') return t.rand(...shape);
  const [rows, columns] = shape.slice(-2);
  if (layout === 'transposed') return t.rand(columns, rows).transpose(0, 1);
  return t.asStrided(t.rand(rows, 2 * columns), [rows, columns], [2 * columns, 2]);
}

type Layout = 'plain' | 'transposed' | 'spread';

function product(
  name: string,
  a: readonly number[],
  b: readonly number[],
  given: Partial<Row> & { readonly layouts?: readonly [Layout, Layout] } = {},
): Row {
  const { layouts = ['plain', 'plain'], ...rest } = given;
  const columns = b.length > 1 ? (b.at(-1) as number) : 1;
  const transposed = layouts.map((layout) => layout === 'transposed');
  const work: Work = { op: 'matmul', shapes: [a, b], transposed };
  return {
    name,
    ...(layouts.includes('spread') ? {} : { work }),
    flops: 2 * count(a) * columns,
    make() {
      const [x, y] = [operand(a, layouts[0]), operand(b, layouts[1])];
      return () => t.matmul(x, y);
    },
    ...rest,
  };
}

const square = (n: number, atLeast: Record<string, number>) => product(`matmul ${n}`, [n, n], [n, n], { atLeast });

/** As fast as the aligned product of like size. */
function asFastAs(m: number, k: number, n: number): Pick<Row, 'like' | 'atLeast'> {
  const { flops, make } = product('', [m, k], [k, n]);
  return {
    like: { name: `matmul ${shapeName([m, k, n])}`, flops: flops as number, make },
    atLeast: { like: 0.85 },
  };
}

/** Bound by memory: what they must read and write at least. */
function vectorRow(name: string, a: readonly number[], b: readonly number[], out: number): Row {
  const bytes = 4 * (count(a) + count(b) + out);
  return { ...product(name, a, b), flops: undefined, bytes, atLeast: { copy: 0.8 } };
}

/** A linear layer of a batch: the bias must cost next to nothing. */
function linearRow(batch: number, inputs: number, outputs: number): Row {
  return {
    name: `linear ${batch}×${inputs}→${outputs}, with bias`,
    flops: 2 * batch * inputs * outputs,
    make() {
      const [x, weight, bias] = [t.rand(batch, inputs), t.rand(outputs, inputs), t.rand(outputs)];
      return () => t.nn.functional.linear(x, weight, bias);
    },
    ...asFastAs(batch, inputs, outputs),
  };
}

export function lines(): Line[] {
  return [
    square(1024, { fma: 0.9, 'onnxruntime-web': 1.8 }),
    square(512, { fma: 0.9, 'onnxruntime-web': 1.8 }),
    square(256, { fma: 0.8 }),
    square(128, { fma: 0.65 }),
    product('matmul AᵀB 512', [512, 512], [512, 512], { layouts: ['transposed', 'plain'], ...asFastAs(512, 512, 512) }),
    product('matmul ABᵀ 512', [512, 512], [512, 512], { layouts: ['plain', 'transposed'], ...asFastAs(512, 512, 512) }),
    product('matmul batched 16×128³', [16, 128, 128], [16, 128, 128], asFastAs(128, 128, 128)),
    product('matmul 512, every second column', [512, 512], [512, 512], {
      layouts: ['spread', 'spread'],
      ...asFastAs(512, 512, 512),
    }),
    product('matmul 65×129×67', [65, 129], [129, 67], asFastAs(64, 128, 64)),
    product('matmul 63×300×257', [63, 300], [300, 257], asFastAs(64, 304, 256)),
    product('matmul 16', [16, 16], [16, 16]),
    product('matmul 32', [32, 32], [32, 32]),
    product('matmul batched 32×64×32×64', [32, 64, 32], [32, 32, 64]),
    linearRow(64, 784, 256),
    linearRow(1, 784, 256),
    vectorRow('matrix × vector 1024', [1024, 1024], [1024], 1024),
    vectorRow('vector × matrix 1024', [1024], [1024, 1024], 1024),
    vectorRow('outer product 1024', [1024, 1], [1, 1024], 1024 * 1024),
  ];
}
