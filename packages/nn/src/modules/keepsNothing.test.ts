/** What modules that keep nothing give back early, `Sequential` between its modules first: nothing that anybody else can see. */

import type { FunctionContext } from '@torsor/autograd';
import { Function as AutogradFunction, gradgradcheck, noGrad, savedTensorsHooks } from '@torsor/autograd';
import type { GradFn, Tensor } from '@torsor/core';
import { collectGarbage, dispatchMode, isTensor, manualSeed, memory, randn } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as nn from '../index.ts';

/** Every module that says it keeps nothing, in chains that fit `[4, 8, 12, 12]`. */
const CHAINS: Readonly<Record<string, () => nn.Module[]>> = {
  conv: () => [new nn.Conv2d(8, 16, 3), new nn.ReLU(), new nn.MaxPool2d(2), new nn.Conv2d(16, 8, 3), new nn.Tanh()],
  norm: () => [new nn.Conv2d(8, 8, 3), new nn.BatchNorm2d(8), new nn.ReLU(true), new nn.GroupNorm(2, 8), new nn.GELU()],
  drop: () => [new nn.Dropout(0.5), new nn.Conv2d(8, 8, 3), new nn.Dropout2d(0.3), new nn.SiLU(), new nn.AvgPool2d(2)],
  pads: () => [
    new nn.ZeroPad2d(1),
    new nn.Conv2d(8, 8, 3),
    new nn.ReflectionPad2d(1),
    new nn.Sigmoid(),
    new nn.Identity(),
  ],
  flat: () => [
    new nn.Flatten(),
    new nn.Linear(8 * 144, 700),
    new nn.LayerNorm(700),
    new nn.ELU(),
    new nn.Linear(700, 600),
    new nn.RMSNorm(600),
  ],
  soft: () => [new nn.Flatten(), new nn.Linear(8 * 144, 600), new nn.PReLU(), new nn.Softplus(), new nn.LogSoftmax(1)],
  more: () => [
    new nn.Hardswish(),
    new nn.Mish(),
    new nn.LeakyReLU(0.1),
    new nn.Hardtanh(),
    new nn.ConvTranspose2d(8, 4, 3),
  ],
  gates: () => [new nn.SELU(), new nn.CELU(), new nn.ReLU6(), new nn.Hardsigmoid(), new nn.Softmax(1)],
  sequence: () => [
    new nn.Flatten(2),
    new nn.TransformerEncoderLayer(144, 4, 64, { dropout: 0.2, batchFirst: true }),
    new nn.Linear(144, 96),
    new nn.TransformerEncoder(new nn.TransformerEncoderLayer(96, 2, 64, { normFirst: true }), 2, new nn.LayerNorm(96)),
    new nn.Tanh(),
  ],
  pool: () => [
    new nn.Conv2d(8, 8, 1),
    new nn.AdaptiveAvgPool2d(6),
    new nn.Unflatten(1, [2, 4]),
    new nn.Flatten(1, 2),
    new nn.ReLU(),
  ],
  sizes: () => [
    new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' }),
    new nn.Conv2d(8, 8, 3),
    new nn.Upsample([12, 12]),
    new nn.Unfold(3),
    new nn.Tanh(),
    new nn.Fold(12, 3),
    new nn.Upsample({ size: 9, mode: 'bicubic' }),
  ],
  order: () => [
    new nn.PixelUnshuffle(2),
    new nn.LocalResponseNorm(3),
    new nn.ChannelShuffle(4),
    new nn.RReLU(),
    new nn.PixelShuffle(4),
    new nn.Softmax2d(),
  ],
};

/** Output, and the gradients of the input and of all parameters. */
function passOf(make: () => nn.Module[], watched: boolean): Tensor[] {
  manualSeed(7);
  const net = new nn.Sequential(...make());
  // With a hook on each module nothing is released early.
  if (watched) for (const module of net) module.registerForwardHook(() => undefined);
  const x = randn(4, 8, 12, 12).requiresGrad_();
  const y = net(x) as Tensor;
  y.mul(y).sum().backward();
  return [y.detach(), x.grad as Tensor, ...[...net.parameters()].map((p) => p.grad as Tensor)];
}

for (const [name, make] of Object.entries(CHAINS)) {
  test(`${name}: output and gradients are those of the same modules watched by hooks`, () => {
    const want = passOf(make, true);
    passOf(make, false).forEach((x, i) => {
      assert.ok(x.equal(want[i]), `result ${i}`);
    });
  });
}

const chain = () =>
  new nn.Sequential(
    new nn.Linear(600, 600),
    new nn.ReLU(),
    new nn.Linear(600, 600),
    new nn.Tanh(),
    new nn.Linear(600, 600),
  );
const used = (): number => memory().usedBytes - memory().scratchBytes;
const BYTES = 16 * 600 * 4;

test('without gradients nothing but the output is left', () => {
  const net = chain();
  const x = randn(16, 600);
  collectGarbage();
  const before = used();
  const y = noGrad(() => net(x) as Tensor);
  assert.is(used() - before, BYTES);
  assert.is(y.numel(), 16 * 600);
});

test('with gradients the tape keeps what it needs until the backward pass, and nothing after it', () => {
  const net = chain();
  const x = randn(16, 600);
  collectGarbage();
  const before = used();
  const y = net(x) as Tensor;
  // The results of ReLU and Tanh, each saved twice over as one, and the output.
  assert.is(used() - before, 3 * BYTES);
  y.sum().backward();
  for (const p of net.parameters()) p.grad = null;
  assert.ok(
    used() - before <= 4 * BYTES + 4 * 600 * 600 * 3,
    'what is left is the output, and gradients that the collector finds',
  );
});

test('what a module of the user’s, a hook or a pack hook has seen stays', () => {
  const seen: Tensor[] = [];
  class Keeper extends nn.ReLU {
    override forward(x: Tensor): Tensor {
      seen.push(x);
      const y = super.forward(x);
      seen.push(y);
      return y;
    }
  }
  const x = randn(16, 600);
  const keeper = new nn.Sequential(new nn.Linear(600, 600), new Keeper(), new nn.Linear(600, 600), new nn.Tanh());
  (keeper(x) as Tensor).sum().backward();
  const hooked = chain();
  hooked.at(1).registerForwardHook((_module, [input], output) => {
    seen.push(input as Tensor, output as Tensor);
  });
  (hooked(x) as Tensor).sum().backward();
  savedTensorsHooks(
    (saved) => {
      seen.push(saved);
      return saved;
    },
    (saved) => saved,
    () => (chain()(x) as Tensor).sum().backward(),
  );
  assert.ok(seen.length > 8);
  for (const tensor of seen) assert.ok(Number.isFinite(tensor.sum().item()));
});

test('a graph that is kept can be walked again, and a gradient differentiated', () => {
  const net = chain();
  const x = randn(16, 600).requiresGrad_();
  const y = (net(x) as Tensor).sum();
  y.backward({ retainGraph: true });
  const once = (x.grad as Tensor).clone();
  y.backward();
  assert.ok((x.grad as Tensor).allclose(once.mul(2)));
  const small = new nn.Sequential(
    new nn.Linear(40, 30),
    new nn.Tanh(),
    new nn.Linear(30, 20),
    new nn.Sigmoid(),
  ).double();
  assert.ok(gradgradcheck((z: Tensor) => small(z) as Tensor, [randn(9, 40, { dtype: 'float64' }).requiresGrad_()]));
});

/** A module of a user's, with layers in fields. */
class Block extends nn.Module {
  static override readonly keepsNothing: boolean = true;
  first = new nn.Linear(600, 600);
  second = new nn.Linear(600, 600);
  inner = (x: Tensor): Tensor => x;
  override forward(x: Tensor): Tensor {
    return x.add(
      this.second(this.inner(this.first(x).relu()))
        .tanh()
        .mul(2),
    );
  }
}

/** The same, which says nothing of what it keeps, since its class does not say so anew. */
class Heir extends Block {}

test('a module that keeps nothing gives back what it makes on its way, with the tape or at once', () => {
  const net = new Block();
  const x = randn(16, 600);
  collectGarbage();
  let before = used();
  const y = noGrad(() => net(x));
  assert.is(used() - before, BYTES, 'without gradients: the output');
  collectGarbage();
  before = used();
  const z = net(x);
  z.sum().backward();
  net.zeroGrad();
  assert.is(used() - before, BYTES, 'after a backward pass: the output');
  assert.ok(y.equal(z));
  const heir = new Heir();
  collectGarbage();
  before = used();
  heir(x).sum().backward();
  heir.zeroGrad();
  assert.ok(used() - before > BYTES, 'a subclass has to say so anew');
});

test('what somebody else may have seen inside a module that keeps nothing is not given back', () => {
  const seen: Tensor[] = [];
  class Keeper extends nn.Module {
    override forward(x: Tensor): Tensor {
      seen.push(x);
      return x.mul(1);
    }
  }
  class Peek extends AutogradFunction {
    static forward(_: FunctionContext, x: Tensor): Tensor {
      seen.push(x);
      return x.mul(1);
    }
    static backward(_: FunctionContext, grad: Tensor): Tensor {
      return grad;
    }
  }
  const keeper = new Keeper();
  const inners: Record<string, (net: Block) => void> = {
    'a hook on a layer': (net) => {
      net.second.registerForwardPreHook((_, [input]) => {
        seen.push(input as Tensor);
      });
    },
    'a module that is no child': (net) => {
      net.inner = (x) => keeper(x);
    },
    'a function of the user': (net) => {
      net.inner = (x) => Peek.apply(x) as Tensor;
    },
  };
  for (const [title, watch] of Object.entries(inners)) {
    const net = new Block();
    watch(net);
    seen.length = 0;
    new nn.Sequential(net)(randn(16, 600).requiresGrad_()).sum().backward();
    for (let i = 0; i < 20; i++) randn(16, 600).fill_(Number.NaN);
    assert.is(seen.length, 1, title);
    assert.ok(Number.isFinite(seen[0].sum().item()), title);
  }
});

test('what inspection has shown is not given back', () => {
  const net = chain();
  const seen: Tensor[] = [];
  const loss = net(randn(16, 600)).sum();
  for (let node: GradFn | null = loss.gradFn; node !== null; node = node.nextFunctions[0]?.[0] ?? null) {
    seen.push(...node.savedTensors.filter((tensor) => tensor !== null));
  }
  loss.backward();
  const inputs: unknown[] = [];
  dispatchMode(
    (_, args, run) => {
      inputs.push(...args);
      const result = run();
      inputs.push(result);
      return result;
    },
    () => net(randn(16, 600)).sum().backward(),
  );
  net.zeroGrad();
  for (let i = 0; i < 60; i++) randn(16, 600).fill_(Number.NaN);
  seen.push(...inputs.filter(isTensor));
  assert.ok(seen.length > 20);
  for (const tensor of seen) assert.ok(Number.isFinite(tensor.sum().item()));
});

test.run();
