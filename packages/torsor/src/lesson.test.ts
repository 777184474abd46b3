/** The lesson's facts, each a test. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Tensor } from './index.ts';
import {
  AutogradError,
  arange,
  autograd,
  manualSeed,
  nn,
  noGrad,
  ones,
  onesLike,
  rand,
  randn,
  slice,
  tensor,
  zeros,
  zerosLike,
} from './index.ts';

const { Function, gradcheck } = autograd;
type FunctionContext = autograd.FunctionContext;

// ---------------------------------------------------------------------------------------------------------- convolutions

test('Conv1d(2, 16, 3) has weight [16, 2, 3] and bias [16], and maps [1, 2, 64] to [1, 16, 62]', () => {
  const conv = new nn.Conv1d(2, 16, 3);
  assert.equal(conv.weight.size(), [16, 2, 3]);
  assert.equal((conv.bias as Tensor).size(), [16]);
  assert.equal(conv(rand(1, 2, 64)).size(), [1, 16, 62]);
});

test('with kernels of size 5 it gives [1, 16, 60]', () => {
  assert.equal(new nn.Conv1d(2, 16, 5)(rand(1, 2, 64)).size(), [1, 16, 60]);
});

test('Conv1d takes all of the arguments of PyTorch, by position and by name', () => {
  const byPosition = new nn.Conv1d(4, 6, 3, 2, 1, 2, 2, false, 'circular');
  const byName = new nn.Conv1d(4, 6, 3, {
    stride: 2,
    padding: 1,
    dilation: 2,
    groups: 2,
    bias: false,
    paddingMode: 'circular',
  });
  assert.is(String(byPosition), String(byName));
  assert.is(byName.bias, null);
  byName.loadStateDict(byPosition.stateDict());
  const x = rand(2, 4, 21);
  assert.ok(byPosition(x).equal(byName(x)));
});

for (const paddingMode of ['zeros', 'circular', 'reflect', 'replicate'] as const) {
  test(`padding mode ${paddingMode} pads as it says`, () => {
    const conv = new nn.Conv1d(1, 1, 3, { padding: 1, bias: false, paddingMode });
    noGrad(() => conv.weight.copy_(tensor([1, 0, 0]).view(1, 1, 3)));
    const first = { zeros: 0, circular: 4, reflect: 2, replicate: 1 }[paddingMode];
    assert.equal(
      conv(arange(1, 5).view(1, 1, 4))
        .detach()
        .view(-1)
        .toArray(),
      [first, 1, 2, 3],
    );
  });
}

test('Conv2d(20, 16, [3, 5]) has weight [16, 20, 3, 5], and maps [1, 20, 64, 128] to [1, 16, 62, 124]', () => {
  const conv = new nn.Conv2d(20, 16, [3, 5]);
  assert.equal(conv.weight.size(), [16, 20, 3, 5]);
  assert.equal(conv(rand(1, 20, 64, 128)).size(), [1, 16, 62, 124]);
});

test('stride 1 and padding [1, 2], by position or by name, keep the size', () => {
  const x = rand(1, 20, 64, 128);
  assert.equal(new nn.Conv2d(20, 16, [3, 5], 1, [1, 2])(x).size(), [1, 16, 64, 128]);
  assert.equal(new nn.Conv2d(20, 16, [3, 5], { stride: 1, padding: [1, 2] })(x).size(), [1, 16, 64, 128]);
});

/** n - k + 1 rows, each holding the kernel one place further on. */
function shiftedKernels(kernel: Tensor, n: number): Tensor {
  const k = kernel.shape[0];
  const matrix = zeros(n - k + 1, n);
  for (let i = 0; i <= n - k; i++) matrix.setAt([i, slice(i, i + k)], kernel);
  return matrix;
}

test('a 1-D convolution equals the product with m layers of n - k + 1 stacked, shifted kernels', () => {
  manualSeed(1);
  const [m, n, k] = [5, 20, 4];
  const conv = new nn.Conv1d(1, m, k, { bias: false });
  const x = randn(n);
  const slid = conv(x.view(1, 1, n))
    .detach()
    .at(0);
  assert.equal(slid.size(), [m, n - k + 1]);
  for (let layer = 0; layer < m; layer++) {
    const matrix = shiftedKernels(conv.weight.detach().at(layer, 0), n);
    assert.equal(matrix.size(), [n - k + 1, n]);
    assert.ok(matrix.matmul(x).allclose(slid.at(layer), { atol: 1e-6 }), `layer ${layer}`);
  }
});

// --------------------------------------------------------------------------------------------------------------- autograd

function square(): Tensor {
  return tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { requiresGrad: true },
  );
}

test('y = x - 2 knows how it was made, and from what', () => {
  const x = square();
  const y = x.sub(2);
  assert.is(String(x), 'tensor([[1., 2.],\n        [3., 4.]], requires_grad=True)');
  assert.is(String(y), 'tensor([[-1.,  0.],\n        [ 1.,  2.]], grad_fn=<SubBackward0>)');
  assert.is(y.gradFn?.name, 'SubBackward0');
  assert.is(y.gradFn?.nextFunctions[0][0]?.name, 'AccumulateGrad');
  assert.is(y.gradFn?.nextFunctions[0][0]?.variable, x);
  assert.is(x.gradFn, null);
  assert.ok(x.isLeaf && !y.isLeaf);
});

test('a = mean(3 y²) gives the gradient 1.5 x - 3, printed as PyTorch prints it', () => {
  const x = square();
  const y = x.sub(2);
  const z = y.mul(y).mul(3);
  const a = z.mean();
  assert.is(String(z), 'tensor([[ 3.,  0.],\n        [ 3., 12.]], grad_fn=<MulBackward0>)');
  assert.is(String(a), 'tensor(4.5000, grad_fn=<MeanBackward0>)');
  a.backward();
  assert.equal(x.grad?.toArray(), [
    [-1.5, 0],
    [1.5, 3],
  ]);
  assert.is(String(x.grad), 'tensor([[-1.5000,  0.0000],\n        [ 1.5000,  3.0000]])');
});

test('doubling until the norm reaches 1000: the gradient tells the number of doublings', () => {
  for (let seed = 0; seed < 5; seed++) {
    manualSeed(seed);
    const x = randn(3, { requiresGrad: true });
    let y = x.mul(2);
    let i = 0;
    while (y.data.norm().item() < 1000) {
      y = y.mul(2);
      i++;
    }
    y.backward(tensor([0.1, 1, 0.0001]));
    const factor = 2 ** (i + 1);
    const expected = tensor([0.1, 1, 0.0001]).mul(factor);
    assert.ok((x.grad as Tensor).equal(expected), `seed ${seed}: ${String(x.grad)}`);
  }
});

test('the loop may also compare the norm itself', () => {
  let y = tensor([3, 4]);
  let i = 0;
  while (Number(y.data.norm()) < 1000) {
    y = y.mul(2);
    i++;
  }
  assert.is(i, 8);
});

test('mixed magnitudes print in scientific notation', () => {
  assert.is(String(tensor([102.4, 1024, 0.1024])), 'tensor([1.0240e+02, 1.0240e+03, 1.0240e-01])');
});

test('w · x gives each the other as gradient', () => {
  const n = 3;
  const x = arange(1, n + 1, { requiresGrad: true });
  const w = ones(n, { requiresGrad: true });
  const z = w.matmul(x);
  assert.is(z.gradFn?.name, 'DotBackward0');
  z.backward();
  assert.equal(x.grad?.toArray(), [1, 1, 1]);
  assert.equal(w.grad?.toArray(), [1, 2, 3]);
});

test('requiresGrad may be left out for either of them', () => {
  const w = ones(3, { requiresGrad: true });
  const x = arange(1, 4);
  w.matmul(x).backward();
  assert.equal(w.grad?.toArray(), [1, 2, 3]);
  assert.is(x.grad, null);

  const v = arange(1, 4, { requiresGrad: true });
  ones(3).matmul(v).backward();
  assert.equal(v.grad?.toArray(), [1, 1, 1]);
});

test('under noGrad the product has no gradFn, and backward says what is missing', () => {
  const w = ones(3, { requiresGrad: true });
  const z = noGrad(() => w.matmul(arange(1, 4)));
  assert.is(z.gradFn, null);
  assert.not.ok(z.requiresGrad);
  assert.throws(
    () => z.backward(),
    (error: Error) =>
      error instanceof AutogradError && error.message.includes('does not require grad and does not have a grad_fn'),
  );
});

// --------------------------------------------------------------------------------------------------------- own functions

class MyAdd extends Function {
  static forward(ctx: FunctionContext, x1: Tensor, x2: Tensor): Tensor {
    ctx.saveForBackward(x1, x2);
    return x1.add(x2);
  }

  static backward(ctx: FunctionContext, gradOutput: Tensor): [Tensor, Tensor] {
    const [x1, x2] = ctx.savedTensors;
    return [gradOutput.mul(onesLike(x1)), gradOutput.mul(onesLike(x2))];
  }
}

class MySplit extends Function {
  static forward(ctx: FunctionContext, x: Tensor): [Tensor, Tensor] {
    ctx.saveForBackward(x);
    return [x.clone(), x.clone()];
  }

  static backward(_ctx: FunctionContext, grad1: Tensor, grad2: Tensor): Tensor {
    return grad1.add(grad2);
  }
}

class MyArgMax extends Function {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    const best = x.argmax();
    ctx.saveForBackward(x, best);
    return x.at(best.item()).clone();
  }

  static backward(ctx: FunctionContext, gradOutput: Tensor): Tensor {
    const [x, best] = ctx.savedTensors;
    const oneHot = zerosLike(x);
    oneHot.setAt([best.item()], 1);
    return oneHot.mul(gradOutput);
  }
}

const wide = (values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

test('MyAdd copies the gradient to both sides', () => {
  const a = wide([1, 2, 3]);
  const b = wide([4, 5, 6]);
  const sum = MyAdd.apply(a, b);
  assert.is(sum.gradFn?.name, 'MyAddBackward');
  assert.equal(sum.detach().toArray(), [5, 7, 9]);
  sum.backward(tensor([1, 10, 100], { dtype: 'float64' }));
  assert.equal(a.grad?.toArray(), [1, 10, 100]);
  assert.equal(b.grad?.toArray(), [1, 10, 100]);
  assert.ok(gradcheck((p: Tensor, q: Tensor) => MyAdd.apply(p, q), [a, b]));
});

test('MySplit sums the gradients of its two outputs', () => {
  const x = wide([1, 2, 3]);
  const [left, right] = MySplit.apply(x);
  left.mul(2).add(right.mul(3)).sum().backward();
  assert.equal(x.grad?.toArray(), [5, 5, 5]);
  assert.ok(gradcheck((p: Tensor) => MySplit.apply(p), [x]));
});

test('MyArgMax sends the gradient to the largest entry alone', () => {
  const x = wide([1, 5, 3]);
  const largest = MyArgMax.apply(x);
  assert.is(largest.item(), 5);
  largest.mul(2).backward();
  assert.equal(x.grad?.toArray(), [0, 2, 0]);
  assert.ok(gradcheck((p: Tensor) => MyArgMax.apply(p), [x]));
});

test.run();
