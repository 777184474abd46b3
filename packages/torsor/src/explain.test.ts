import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conv2d, explain, ones } from './index.ts';

test('a backward pass is explained op by op, with the operands of ops that the tape recorded', () => {
  const x = ones(2, 8, 20, 20);
  const w = ones(8, 8, 3, 3, { requiresGrad: true });
  const { ops } = explain(() => conv2d(x, w).relu().sum().backward());
  assert.equal(
    ops.map(({ op }) => op).filter((op) => /^(conv|relu|threshold|sum)/.test(op)),
    ['convolution', 'relu', 'sum', 'thresholdBackward', 'convBackwardWeight'],
  );
  const [convolution] = ops;
  assert.equal(convolution.operands, ['float32[2, 8, 20, 20]', 'float32[8, 8, 3, 3]']);
});

test.run();
