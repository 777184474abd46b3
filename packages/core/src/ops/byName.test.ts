/** Required arguments that PyTorch's users often write by name. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuses, values } from '../fixtures/check.ts';
import {
  arange,
  full,
  gather,
  indexSelect,
  linspace,
  manualSeed,
  multinomial,
  normal,
  randint,
  roll,
  tensor,
} from '../index.ts';
import type { Tensor } from '../tensor.ts';

const x = arange(6).view(2, 3);
const index = tensor([[2, 0]], { dtype: 'int32' });

function drawn(make: () => Tensor): unknown {
  manualSeed(3);
  return make().toArray();
}

test('required arguments come by name, too, with the result that they have by position', () => {
  assert.equal(values(gather(x, { dim: 1, index })), values(gather(x, 1, index)));
  assert.equal(values(x.gather(1, { index })), [2, 0]);
  const rows = index.view(-1).div(2).to(index);
  assert.equal(values(indexSelect(x, { dim: 0, index: rows })), values(indexSelect(x, 0, rows)));
  assert.equal(values(roll(x, { shifts: [1, -1], dims: [0, 1] })), values(roll(x, [1, -1], [0, 1])));
  assert.equal(values(x.roll({ shifts: 2 })), values(x.roll(2)));
  assert.equal(x.unsqueeze({ dim: -1 }).shape, [2, 3, 1]);
  assert.equal(
    x.chunk({ chunks: 2, dim: 1 }).map((part) => part.shape),
    [
      [2, 2],
      [2, 1],
    ],
  );
  assert.equal(values(linspace(0, 1, { steps: 3, dtype: 'float64' })), [0, 0.5, 1]);
  assert.equal(values(full([2], { fillValue: 3, dtype: 'int32' })), [3, 3]);
  assert.equal(values(x.maskedFill(x.gt(3), { value: 9 })), [0, 1, 2, 3, 9, 9]);
  assert.equal(values(x.clone().maskedFill_(x.gt(3), { value: 9 })), [0, 1, 2, 3, 9, 9]);
});

test('draws do not differ where arguments come by name', () => {
  const weights = tensor([1, 2, 3]);
  assert.equal(
    drawn(() => multinomial(weights, { numSamples: 5, replacement: true })),
    drawn(() => multinomial(weights, 5, true)),
  );
  assert.equal(
    drawn(() => weights.multinomial(2, { replacement: false })),
    drawn(() => weights.multinomial(2)),
  );
  assert.equal(
    drawn(() => randint(2, 9, { size: [4], dtype: 'int64' })),
    drawn(() => randint(2, 9, [4], { dtype: 'int64' })),
  );
  assert.equal(
    drawn(() => randint(9, { size: [4] })),
    drawn(() => randint(9, [4])),
  );
  assert.equal(
    drawn(() => normal(1, 2, { size: [4], dtype: 'float64' })),
    drawn(() => normal(1, 2, [4], { dtype: 'float64' })),
  );
});

test('what is missing or unknown is named', () => {
  refuses(() => multinomial(tensor([1]), {} as never), 'ValueError', /samples must be a positive integer/, 'no number');
  refuses(() => roll(x, { dims: 0 } as never), 'ValueError', /shifts must be integers/, 'no shifts');
  refuses(() => gather(x, { dim: 1 } as never), 'DTypeError', /for index, but got nothing/, 'no index');
  refuses(
    () => x.unsqueeze({ axis: 1 } as never),
    'ValueError',
    /unknown option 'axis'; known options are dim/,
    'axis',
  );
  refuses(() => randint(3, { size: [2], low: 1 } as never), 'ValueError', /unknown option 'low'/, 'low');
  refuses(() => x.transpose({ dim0: 0 } as never, 1), 'IndexError', /but got \{ dim0 \}/, 'transpose');
});

test.run();
