import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ExplainedOp } from './index.ts';
import { conv2d, type Explanation, explain, features, matmul, ones, setStrict, tensor, zeros } from './index.ts';
import { withoutKernels } from './wasm/features.ts';

const only = ({ ops }: Explanation): ExplainedOp => {
  assert.is(ops.length, 1, 'one op');
  return ops[0];
};

test('a large op names its kernel, its operands and its result', () => {
  const x = ones(64, 64);
  const { op, operands, results, kernels, why, ms } = only(explain(() => x.exp()));
  assert.is(op, 'exp');
  assert.equal([operands, results], [['float32[64, 64]'], ['float32[64, 64]']]);
  assert.equal(kernels, ['f32_exp_v']);
  assert.match(why, /a kernel takes it, .*compiled in this call/);
  assert.ok(ms > 0);
  assert.not.match(only(explain(() => x.exp())).why, /compiled/);
});

test('the function may come with its arguments, and its result comes back', () => {
  const x = ones(64, 64);
  const { result, ops } = explain(matmul, x, x);
  assert.is(result.sum().item(), 64 ** 3);
  assert.is(ops.length, 1);
  assert.match(ops[0].kernels.join(), /gemm/);
  assert.throws(() => explain(matmul, x, ones(3)), /64/);
});

test('a convolution and its kernels', () => {
  const [x, w] = [ones(2, 8, 20, 20), ones(16, 8, 3, 3)];
  const { ops } = explain(() => conv2d(x, w));
  assert.ok(ops.some(({ kernels }) => kernels.length > 0));
  assert.match(ops.find(({ kernels }) => kernels.length > 0)?.why ?? '', /winograd|tiles|direct|products|channels/i);
});

test('what has no kernel says why', () => {
  const why = (run: () => unknown): string => only(explain(run)).why;
  const [small, large, whole] = [ones(2, 2), ones(100, 100), ones(100, 100, { dtype: 'int32' })];
  assert.match(
    why(() => small.add(small)),
    /plain loop is quicker for up to 1024 bytes/,
  );
  assert.match(
    why(() => small.matmul(small)),
    /plain loop is quicker for/,
  );
  assert.match(
    why(() => conv2d(ones(1, 1, 3, 3), ones(1, 1, 2, 2))),
    /plain loop is quicker for/,
  );
  assert.match(
    why(() => whole.sign()),
    /no kernel for int32/,
  );
  assert.match(
    why(() => large.transpose(0, 1)),
    /a view/,
  );
  assert.match(
    withoutKernels(() => why(() => large.exp())),
    /no vectors/,
  );
});

test('strict mode is named', () => {
  const x = ones(64, 64);
  setStrict(true);
  try {
    assert.match(only(explain(() => x.add(1))).why, /strict mode/);
  } finally {
    setStrict(false);
  }
});

test('ops in place and ops within ops are told apart', () => {
  const x = zeros(64, 64);
  const { op, kernels } = only(explain(() => x.add_(1)));
  assert.is(op, 'add_');
  assert.ok(kernels.length > 0);
});

test('it prints as a table, in inspectors too', () => {
  const x = ones(64, 64);
  const explanation = explain(() => x.exp().sum(0));
  const lines = String(explanation).split('\n');
  assert.is(lines.length, 2);
  assert.match(lines[0], /^exp +float32\[64, 64\] → float32\[64, 64\] +\d+\.\d{3} ms +f32_exp/);
  for (const inspector of ['nodejs.util.inspect.custom', 'Deno.customInspect']) {
    const print = (explanation as unknown as Record<symbol, () => string>)[Symbol.for(inspector)];
    assert.is(print.call(explanation), String(explanation));
  }
});

test('an error passes through, and nothing listens afterwards', () => {
  assert.throws(() =>
    explain(() => {
      throw new Error('mine');
    }),
  );
  const { ops } = explain(() => explain(() => tensor([1]).add(1)).ops);
  assert.equal(ops, [], 'the inner one hears');
  assert.ok(features().simd);
});

test.run();
