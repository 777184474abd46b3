/** Ops that move elements about: half of PyTorch's speed at least. */

import * as t from 'torsor';
import { count, type Line, type Row, type Run } from '../row.ts';

const shape = [1024, 1024];
const size = count(shape);

function row(
  name: string,
  op: string,
  bytes: number,
  make: () => Run,
  shapes: readonly (readonly number[])[] = [shape],
): Row {
  return { name, work: { op, shapes }, bytes, atLeast: { pytorch: 0.5 }, make };
}

export function lines(): Line[] {
  const image = [32, 28, 28, 42];
  return [
    row('transpose, copied, 1024²', 'transpose', 8 * size, () => {
      const x = t.rand(...shape).transpose(0, 1);
      return () => t.contiguous(x);
    }),
    row(
      'permute to channels first, copied, 32×28×28×42',
      'permute',
      8 * count(image),
      () => {
        const x = t.rand(...image).permute(0, 3, 1, 2);
        return () => t.contiguous(x);
      },
      [image],
    ),
    row(
      'cat of four 512²',
      'cat',
      8 * size,
      () => {
        const parts = Array.from({ length: 4 }, () => t.rand(512, 512));
        return () => t.cat(parts, 1);
      },
      [[512, 512]],
    ),
    row('gather, 1024²', 'gather', 12 * size, () => {
      const [x, index] = [t.rand(...shape), t.randint(1024, shape)];
      return () => t.gather(x, 1, index);
    }),
    row('indexSelect, 1024 rows of 1024²', 'indexSelect', 8 * size, () => {
      const [x, index] = [t.rand(...shape), t.randint(1024, [1024])];
      return () => t.indexSelect(x, 0, index);
    }),
    row('embedding, 4096 of 10000×128', 'embedding', 8 * 4096 * 128, () => {
      const [weight, index] = [t.rand(10000, 128), t.randint(10000, [4096])];
      return () => t.embedding(weight, index);
    }),
    row('embedding with gradient, 4096 of 10000×128', 'embeddingGrad', 4 * 128 * (5 * 4096 + 10000), () => {
      const [weight, index] = [t.rand(10000, 128).requiresGrad_(true), t.randint(10000, [4096])];
      const grad = t.rand(4096, 128);
      return () => t.autograd.grad(t.embedding(weight, index), [weight], { gradOutputs: grad });
    }),
    row('topk 10 of rows, 1024²', 'topk', 4 * size, () => {
      const x = t.rand(...shape);
      return () => t.topk(x, 10);
    }),
    row('sort of rows, 1024²', 'sort', 12 * size, () => {
      const x = t.rand(...shape);
      return () => t.sort(x);
    }),
    row('cumsum of rows, 1024²', 'cumsum', 8 * size, () => {
      const x = t.rand(...shape);
      return () => t.cumsum(x, 1);
    }),
  ];
}
