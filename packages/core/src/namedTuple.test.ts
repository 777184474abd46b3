/** Several results at once: by name, in order, and as PyTorch prints them. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { aminmax, linalg, maxPool2d, median, tensor, tidy, unique, varMean } from './index.ts';

const x = () =>
  tensor([
    [0, 1, 2],
    [5, 4, 3],
  ]);

test('results are a list, and have names', () => {
  const result = x().max(1);
  const [values, indices] = result;
  assert.ok(Array.isArray(result));
  assert.is(result.values, values);
  assert.is(result.indices, indices);
  assert.is(result.length, 2);
  assert.equal(Object.keys(result), ['0', '1']);
  assert.is(result.map(String).constructor, Array, 'a plain list');
  assert.equal([...result].length, 2);
});

test('they print as PyTorch’s', () => {
  const lines = (...list: string[]): string => list.join('\n');
  assert.is(
    String(x().max(1)),
    lines('torch.return_types.max(', 'values=tensor([2., 5.]),', 'indices=tensor([2, 0], dtype=torch.int32))'),
  );
  assert.is(
    String(x().topk(2)),
    lines(
      'torch.return_types.topk(',
      'values=tensor([[2., 1.],',
      '        [5., 4.]]),',
      'indices=tensor([[2, 1],',
      '        [0, 1]], dtype=torch.int32))',
    ),
  );
  assert.is(String(aminmax(x())), lines('torch.return_types.aminmax(', 'min=tensor(0.),', 'max=tensor(5.))'));
  assert.match(String(linalg.luFactor(x())), /^torch\.return_types\.linalg_lu_factor\(\nLU=tensor/);
  assert.match(String(linalg.lu(x())), /^torch\.return_types\.linalg_lu\(\nP=tensor/);
  assert.match(String(linalg.lstsq(x(), x())), /,\nsingular_values=tensor/);
  assert.match(String(median(tensor(3), 0)), /^torch\.return_types\.median\(\nvalues=tensor\(3\.\)/);
});

test('and plain tuples as Python’s', () => {
  assert.is(String(varMean(tensor([1, 2, 3]))), '(tensor(1.), tensor(2.))');
  assert.is(
    String(unique(tensor([2, 1, 2]), { returnCounts: true })),
    '(tensor([1., 2.]), tensor([1, 2], dtype=torch.int32))',
  );
  assert.match(String(maxPool2d(x().view(1, 2, 3), 2, { returnIndices: true })), /^\(tensor/);
});

test('inspectors print the same', () => {
  const result = x().max(1) as unknown as Record<symbol, () => string>;
  for (const inspector of ['nodejs.util.inspect.custom', 'Deno.customInspect']) {
    assert.is(result[Symbol.for(inspector)](), String(result));
  }
});

test('tidy keeps what is in them', () => {
  const { values, indices } = tidy(() => x().max(1));
  assert.equal(
    [values.toArray(), indices.toArray()],
    [
      [2, 5],
      [2, 0],
    ],
  );
});

test.run();
