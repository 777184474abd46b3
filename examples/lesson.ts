/**
 * The lesson, end to end: what convolutions do, and how gradients are found. PyTorch's examples, with PyTorch's numbers and
 * PyTorch's printed form. Run it with `npm run lesson` in this folder, or as the first half of `npm start`.
 */

import type { Tensor } from 'torsor';
import {
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
} from 'torsor';

function heading(title: string): void {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 76 - title.length))}`);
}

/** `torch.Size([1, 16, 62])` */
function size(x: Tensor): string {
  return `torch.Size([${x.shape.join(', ')}])`;
}

manualSeed(0);

// ------------------------------------------------------------------------------------------------------------------------
heading('1-D convolution: 2 channels (stereo), 16 kernels of size 3');

let conv: nn.Conv1d = new nn.Conv1d(2, 16, 3);
console.log('weight', size(conv.weight)); // [16, 2, 3]
console.log('bias  ', size(conv.bias as Tensor)); // [16]

const signal = rand(1, 2, 64); // one signal, 2 channels, 64 samples
console.log('conv(x)', size(conv(signal))); // [1, 16, 62]: 64 - 3 + 1

conv = new nn.Conv1d(2, 16, 5);
console.log('conv(x)', size(conv(signal)), 'with kernels of size 5'); // [1, 16, 60]

// ------------------------------------------------------------------------------------------------------------------------
heading('A convolution is a product with a sparse matrix of stacked, shifted kernels');

/** Row i holds the kernel from column i on: n - k + 1 rows, of which each is the one above moved by one (stationarity). */
function shiftedKernels(kernel: Tensor, n: number): Tensor {
  const k = kernel.shape[0];
  const matrix = zeros(n - k + 1, n);
  for (let i = 0; i <= n - k; i++) matrix.setAt([i, slice(i, i + k)], kernel);
  return matrix;
}

const mono = new nn.Conv1d(1, 2, 3, { bias: false }); // m = 2 layers
const x7 = arange(1, 8);
const layers = [0, 1].map((m) => shiftedKernels(mono.weight.detach().at(m, 0), 7).matmul(x7));
console.log(shiftedKernels(tensor([1, 2, 3]), 7));
const slid = mono(x7.view(1, 1, 7)).detach();
console.log('sliding equals stacking:', slid.at(0, 0).allclose(layers[0]) && slid.at(0, 1).allclose(layers[1]));

// ------------------------------------------------------------------------------------------------------------------------
heading('2-D convolution: 20 channels (a hyperspectral image), 16 kernels of 3 × 5');

const image = rand(1, 20, 64, 128);
let conv2: nn.Conv2d = new nn.Conv2d(20, 16, [3, 5]);
console.log('weight', size(conv2.weight)); // [16, 20, 3, 5]
console.log('conv(x)', size(conv2(image))); // [1, 16, 62, 124]

conv2 = new nn.Conv2d(20, 16, [3, 5], 1, [1, 2]); // stride 1, padding (1, 2): the size stays
console.log('conv(x)', size(conv2(image)), 'with padding (1, 2)'); // [1, 16, 64, 128]
console.log(String(conv2));

// ------------------------------------------------------------------------------------------------------------------------
heading('Automatic differentiation: a = mean(3 (x - 2)²)');

const x = tensor(
  [
    [1, 2],
    [3, 4],
  ],
  { requiresGrad: true },
);
console.log(x);

const y = x.sub(2);
console.log(y);
console.log('y.gradFn.name:', y.gradFn?.name); // SubBackward0
console.log('the tensor it came from:', y.gradFn?.nextFunctions[0][0]?.variable === x);

const z = y.mul(y).mul(3);
const a = z.mean();
console.log(z);
console.log(a);

a.backward();
console.log(x.grad); // da/dx = 1.5 x - 3

// ------------------------------------------------------------------------------------------------------------------------
heading('A graph that depends on the data: double y until its norm reaches 1000');

const v = randn(3, { requiresGrad: true });
let doubled = v.mul(2);
let i = 0;
while (doubled.data.norm().item() < 1000) {
  doubled = doubled.mul(2);
  i++;
}
const gradients = tensor([0.1, 1, 0.0001]);
doubled.backward(gradients);
console.log(v.grad);
console.log(`${i} doublings after the first; the gradient tells: 2^${i + 1} = ${2 ** (i + 1)}`);

// ------------------------------------------------------------------------------------------------------------------------
heading('Who gets a gradient: z = w · x');

const n = 3;
{
  const xs = arange(1, n + 1, { requiresGrad: true });
  const w = ones(n, { requiresGrad: true });
  w.matmul(xs).backward();
  console.log(xs.grad, w.grad);
}
{
  const xs = arange(1, n + 1); // no gradient wanted for x
  const w = ones(n, { requiresGrad: true });
  w.matmul(xs).backward();
  console.log(xs.grad, w.grad);

  const silent = noGrad(() => w.matmul(xs));
  try {
    silent.backward();
  } catch (error) {
    console.log('RuntimeError!!! >:[');
    console.log((error as Error).message);
  }
}

// ------------------------------------------------------------------------------------------------------------------------
heading('Functions of your own: add, split, argmax');

class MyAdd extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, x1: Tensor, x2: Tensor): Tensor {
    ctx.saveForBackward(x1, x2);
    return x1.add(x2);
  }

  static backward(ctx: autograd.FunctionContext, gradOutput: Tensor): [Tensor, Tensor] {
    const [x1, x2] = ctx.savedTensors;
    return [gradOutput.mul(onesLike(x1)), gradOutput.mul(onesLike(x2))];
  }
}

/** One thing in, the same thing out twice: on the way back the gradients are summed. */
class MySplit extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, input: Tensor): [Tensor, Tensor] {
    ctx.saveForBackward(input);
    return [input.clone(), input.clone()];
  }

  static backward(_ctx: autograd.FunctionContext, grad1: Tensor, grad2: Tensor): Tensor {
    return grad1.add(grad2);
  }
}

/** The largest entry, whose position alone receives a gradient. */
class MyArgMax extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, input: Tensor): Tensor {
    const best = input.argmax();
    ctx.saveForBackward(input, best);
    return input.at(best.item());
  }

  static backward(ctx: autograd.FunctionContext, gradOutput: Tensor): Tensor {
    const [input, best] = ctx.savedTensors;
    const oneHot = zerosLike(input);
    oneHot.setAt([best.item()], 1);
    return oneHot.mul(gradOutput);
  }
}

const p = tensor([1, 5, 3], { requiresGrad: true });
const q = tensor([2, 2, 2], { requiresGrad: true });

const sum = MyAdd.apply(p, q);
console.log(sum);
sum.sum().backward();
console.log('add:   ', p.grad, q.grad);

p.grad = null;
const [left, right] = MySplit.apply(p);
left.mul(2).add(right.mul(3)).sum().backward();
console.log('split: ', p.grad); // 2 + 3

p.grad = null;
MyArgMax.apply(p).backward();
console.log('argmax:', p.grad); // one-hot
