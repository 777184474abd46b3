import { grad, noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { arange, manualSeed, ones, rand, randn, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { near, refuses, values } from './fixtures/check.ts';
import * as nn from './index.ts';

class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 2, 3);
  norm = new nn.BatchNorm2d(2);
  fc = new nn.Linear(8, 3);
  scale = new nn.Parameter(ones(1));

  override forward(x: Tensor): Tensor {
    return this.fc(nn.functional.relu(this.norm(this.conv1(x))).flatten(1)).mul(this.scale);
  }
}

// ---------------------------------------------------------------------------------------------------- fields and members

test('fields that hold parameters, buffers and modules are registered in order', () => {
  const net = new Net();
  assert.equal(
    [...net.namedParameters()].map(([name]) => name),
    ['scale', 'conv1.weight', 'conv1.bias', 'norm.weight', 'norm.bias', 'fc.weight', 'fc.bias'],
  );
  assert.equal(
    [...net.namedBuffers()].map(([name]) => name),
    ['norm.running_mean', 'norm.running_var', 'norm.num_batches_tracked'],
  );
  assert.equal(
    [...net.namedChildren()].map(([name]) => name),
    ['conv1', 'norm', 'fc'],
  );
  assert.equal(
    [...net.namedModules()].map(([name]) => name),
    ['', 'conv1', 'norm', 'fc'],
  );
  assert.equal([...net.parameters(false)], [net.scale]);
  assert.equal(
    [...net.namedParameters({ prefix: 'net', recurse: false })].map(([name]) => name),
    ['net.scale'],
  );
  assert.is([...net.children()][2], net.fc);
  assert.is([...net.modules()].length, 4);
});

test('a module is called as a function, and is an instance of its class', () => {
  const net = new Net();
  const x = rand(2, 1, 4, 4);
  assert.instance(net, Net);
  assert.instance(net, nn.Module);
  assert.equal(net(x).shape, [2, 3]);
  assert.equal(values(net.eval()(x)), values(net.forward(x)));
});

test('fields may be named as properties of functions are', () => {
  class Odd extends nn.Module {
    override name = new nn.Linear(1, 1);
    override length: nn.Linear;
    constructor() {
      super();
      this.length = new nn.Linear(1, 2);
    }
    override forward(x: Tensor): Tensor {
      return this.length(this.name(x));
    }
  }
  const odd = new Odd();
  assert.equal(odd(rand(3, 1)).shape, [3, 2]);
  assert.equal(
    new Set(Object.keys(odd.stateDict())),
    new Set(['name.weight', 'name.bias', 'length.weight', 'length.bias']),
  );
});

test('modules of several arguments and results keep their types', () => {
  class Split extends nn.Module<[x: Tensor, at: number], [Tensor, Tensor]> {
    override forward(x: Tensor, at: number): [Tensor, Tensor] {
      return [x.narrow(0, 0, at), x.narrow(0, at, x.length - at)];
    }
  }
  const [head, tail] = new Split()(arange(5), 2);
  const size: number = head.numel() + tail.numel();
  assert.is(size, 5);
  const split = new Split();
  // @ts-expect-error the second argument is missing
  assert.throws(() => split(arange(5)));
});

test('shared parameters and modules are counted once, and appear under each name in the state', () => {
  class Tied extends nn.Module {
    encode = new nn.Linear(3, 3, { bias: false });
    decode = this.encode;
    twin = new nn.Linear(3, 3, false);
    constructor() {
      super();
      this.twin.weight = this.encode.weight;
    }
    override forward(x: Tensor): Tensor {
      return this.twin(this.decode(this.encode(x)));
    }
  }
  const tied = new Tied();
  assert.is([...tied.parameters()].length, 1);
  assert.is(nn.utils.countParameters(tied), 9);
  assert.is([...tied.modules()].length, 3);
  assert.equal(Object.keys(tied.stateDict()), ['encode.weight', 'decode.weight', 'twin.weight']);
  tied(rand(2, 3)).sum().backward();
  assert.is(tied.twin.weight.grad, tied.encode.weight.grad);
});

test('parameters, buffers and modules can be registered by name, replaced and removed', () => {
  const net = new nn.Sequential();
  net.registerParameter('w', new nn.Parameter(ones(2)));
  net.registerParameter('none', null);
  net.registerBuffer('kept', zeros(1));
  net.registerBuffer('passing', zeros(1), { persistent: false });
  net.addModule('child', new nn.Tanh());
  assert.equal(Object.keys(net.stateDict()), ['w', 'kept']);
  assert.is([...net.buffers()].length, 2);
  assert.is(net.length, 1);
  refuses(() => net.registerBuffer('a.b', null), 'ValueError', /must not be empty or contain a dot/);
  refuses(() => net.registerParameter('forward', null), 'ValueError', /'forward' already exists/);
  refuses(
    () => net.registerBuffer('b', [1, 2] as never),
    'ValueError',
    /'b' must be a tensor or null, but got \[1, 2\]/,
  );
  refuses(() => net.registerParameter('p', ones(2) as never), 'ValueError', /'p' must be a parameter or null/);
  refuses(() => net.addModule('m', ones(2) as never), 'ValueError', /'m' must be a module or null/);
  refuses(() => new nn.BCELoss({ weight: 2 as never }), 'ValueError', /'weight' must be a tensor or null, but got 2/);
  assert.equal(Object.keys(net.stateDict()), ['w', 'kept'], 'nothing was registered');
});

test('cross entropy with smoothed labels has a gradient for an empty batch', () => {
  const x = zeros(0, 5).requiresGrad_();
  nn.functional.crossEntropy(x, zeros(0).int(), { labelSmoothing: 0.5, reduction: 'sum' }).backward();
  assert.equal(x.grad?.shape, [0, 5]);
});

test('paths lead to modules, parameters and buffers', () => {
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.Sequential(new nn.BatchNorm1d(3)));
  assert.is(net.getSubmodule(''), net);
  assert.instance(net.getSubmodule('1.0'), nn.BatchNorm1d);
  assert.equal(net.getParameter('0.weight').shape, [3, 2]);
  assert.equal(net.getBuffer('1.0.running_var').shape, [3]);
  refuses(() => net.getSubmodule('1.7'), 'ValueError', /has no module '7', on the way to '1.7'/);
  refuses(() => net.getParameter('0.running_var'), 'ValueError', /has no parameter '0.running_var'/);
  refuses(() => net.getBuffer('0.weight'), 'ValueError', /has no buffer/);
});

// --------------------------------------------------------------------------------------------------------------- the state

test('a state dict shares memory with the module and is off the tape', () => {
  const layer = new nn.Linear(2, 1);
  const state = layer.stateDict();
  assert.not.instance(state.weight, nn.Parameter);
  assert.is(state.weight.requiresGrad, false);
  noGrad(() => layer.weight.fill_(3));
  assert.equal(values(state.weight), [3, 3]);
  assert.equal(Object.keys(layer.stateDict({ prefix: 'head.' })), ['head.weight', 'head.bias']);
});

test('loading a state copies values, casts them, and keeps the parameters themselves', () => {
  const [from, to] = [new Net(), new Net()];
  from(rand(2, 1, 4, 4));
  const { weight } = to.fc;
  assert.equal(to.loadStateDict(from.stateDict()), { missingKeys: [], unexpectedKeys: [] });
  assert.is(to.fc.weight, weight);
  assert.ok(weight.requiresGrad && weight.isLeaf);
  for (const [key, x] of Object.entries(to.stateDict())) assert.equal(values(x), values(from.stateDict()[key]), key);
  assert.is(to.norm.numBatchesTracked?.item(), 1);
  const doubles = new nn.Linear(1, 1, { dtype: 'float64' });
  doubles.loadStateDict(
    new Map([
      ['weight', tensor([[0.5]])],
      ['bias', tensor([2])],
    ]),
  );
  assert.is(doubles.weight.dtype, 'float64');
  assert.equal(values(doubles(tensor([4], { dtype: 'float64' }))), [4]);
});

test('a state with other names is refused, unless strict is false; nothing is written before all is checked', () => {
  const layer = new nn.Linear(2, 2);
  const before = values(layer.weight);
  const given = { weight: zeros(2, 2), bais: zeros(2) };
  refuses(
    () => layer.loadStateDict(given),
    'ValueError',
    /loading state_dict for Linear:\n\tMissing key.*"bias".*\n\tUnexpected key.*"bais"/,
  );
  assert.equal(values(layer.weight), before);
  const found = layer.loadStateDict(given, { strict: false });
  assert.equal(found, { missingKeys: ['bias'], unexpectedKeys: ['bais'] });
  assert.is(String(found), "_IncompatibleKeys(missing_keys=['bias'], unexpected_keys=['bais'])");
  assert.is(String(layer.loadStateDict(layer.stateDict())), '<All keys matched successfully>');
  assert.equal(values(layer.weight), [0, 0, 0, 0]);
  refuses(
    () => layer.loadStateDict({ weight: ones(2, 2), bias: zeros(3) }, false),
    'ShapeError',
    /size mismatch for bias: .*\[3\].*\[2\]/,
  );
  assert.equal(values(layer.weight), [0, 0, 0, 0]);
});

test('a weight of a loss is in the state, as in PyTorch', () => {
  const loss = new nn.BCEWithLogitsLoss({ weight: ones(2), posWeight: ones(2).mul(3) });
  assert.equal(Object.keys(loss.stateDict()), ['weight', 'pos_weight']);
  assert.equal(Object.keys(new nn.CrossEntropyLoss().stateDict()), []);
});

// --------------------------------------------------------------------------------------------------------------- the modes

test('train and eval reach every module below', () => {
  const net = new nn.Sequential(new nn.Dropout(), new nn.Sequential(new nn.BatchNorm1d(2)));
  assert.is(net.eval(), net);
  assert.ok([...net.modules()].every((module) => !module.training));
  net.train();
  assert.ok([...net.modules()].every((module) => module.training));
  net.train({ mode: false });
  assert.ok([...net.modules()].every((module) => !module.training));
});

test('apply visits children first', () => {
  const net = new nn.Sequential(new nn.Linear(1, 1), new nn.Sequential(new nn.Tanh()));
  const seen: string[] = [];
  net.apply((module) => {
    seen.push(module.className);
    if (module instanceof nn.Linear) nn.init.ones_(module.weight);
  });
  assert.equal(seen, ['Linear', 'Tanh', 'Sequential', 'Sequential']);
  assert.is((net.at(0) as nn.Linear).weight.item(), 1);
});

test('zeroGrad drops gradients, or sets them to zero', () => {
  const layer = new nn.Linear(2, 1);
  layer(rand(3, 2)).sum().backward();
  layer.zeroGrad(false);
  assert.equal(values(layer.weight.grad as Tensor), [0, 0]);
  layer.zeroGrad();
  assert.is(layer.weight.grad, null);
});

test('requiresGrad_ freezes and thaws', () => {
  const layer = new nn.Linear(2, 1).requiresGrad_(false);
  assert.is(layer(rand(3, 2)).requiresGrad, false);
  layer.requiresGrad_();
  assert.is(layer(rand(3, 2)).requiresGrad, true);
});

test('casting changes floating parameters and buffers in place, gradients with them', () => {
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3));
  const [weight] = net.parameters();
  net(rand(4, 2)).sum().backward();
  assert.is(net.double(), net);
  assert.is([...net.parameters()][0], weight);
  assert.equal(
    Object.values(net.stateDict()).map((x) => x.dtype),
    ['float64', 'float64', 'float64', 'float64', 'float64', 'float64', 'int64'],
  );
  assert.is(weight.grad?.dtype, 'float64');
  const out = net(rand([4, 2], { dtype: 'float64' }));
  assert.is(out.dtype, 'float64');
  out.sum().backward();
  assert.is(net.float().getParameter('0.weight').dtype, 'float32');
  refuses(() => net.to('int32'), 'ValueError', /only accepts floating point dtypes, but got int32/);
});

// ---------------------------------------------------------------------------------------------------------------- hooks

test('hooks around forward see and replace arguments and results', () => {
  const layer = new nn.Identity();
  const calls: string[] = [];
  const pre = layer.registerForwardPreHook((module, [x]) => {
    calls.push(`pre ${String(module === layer)} ${(x as Tensor).item()}`);
    return (x as Tensor).add(1);
  });
  const post = layer.registerForwardHook((_module, [x], output) => {
    calls.push(`post ${(x as Tensor).item()}`);
    return (output as Tensor).mul(10);
  });
  assert.is(layer(tensor(1)).item(), 20);
  assert.equal(calls, ['pre true 1', 'post 2']);
  assert.is(layer.forward(tensor(1)).item(), 1);
  pre.remove();
  assert.is(layer(tensor(1)).item(), 10);
  post.remove();
  assert.is(layer(tensor(1)).item(), 1);
});

test('a hook that returns nothing changes nothing; several run in order', () => {
  const layer = new nn.Tanh();
  const order: number[] = [];
  for (const i of [1, 2, 3]) layer.registerForwardHook(() => void order.push(i));
  assert.is(layer(tensor(0)).item(), 0);
  assert.equal(order, [1, 2, 3]);
});

test('a full backward hook sees the gradients of outputs and inputs, and may replace the latter', () => {
  const layer = new nn.Linear(2, 1, { bias: false });
  noGrad(() => layer.weight.copy_(tensor([[2, 3]])));
  const seen: (readonly (Tensor | null)[])[] = [];
  const handle = layer.registerFullBackwardHook((module, gradInput, gradOutput) => {
    assert.is(module, layer);
    seen.push(gradInput, gradOutput);
    return [gradInput[0]?.mul(100) ?? null];
  });
  const x = tensor([[1, 1]], { requiresGrad: true });
  layer(x).mul(5).sum().backward();
  assert.equal(
    seen[0].map((g) => g?.toArray()),
    [[[10, 15]]],
  );
  assert.equal(
    seen[1].map((g) => g?.toArray()),
    [[[5]]],
  );
  assert.equal(x.grad?.toArray(), [[1000, 1500]]);
  assert.equal(layer.weight.grad?.toArray(), [[5, 5]]);
  handle.remove();
  const again = tensor([[1, 1]], { requiresGrad: true });
  layer(again).sum().backward();
  assert.equal(again.grad?.toArray(), [[2, 3]]);
});

test('a full backward hook runs where no input needs a gradient, with null for it', () => {
  const layer = new nn.Linear(2, 1);
  const seen: (readonly (Tensor | null)[])[] = [];
  layer.registerFullBackwardHook((_module, gradInput, gradOutput) => void seen.push(gradInput, gradOutput));
  layer(ones(3, 2)).sum().backward();
  assert.equal(seen[0], [null]);
  assert.equal(seen[1][0]?.toArray(), [[1], [1], [1]]);
  assert.is(seen.length, 2);
});

test('a full backward pre-hook replaces the gradients of outputs before the module sees them', () => {
  const layer = new nn.Linear(1, 1, false);
  layer.registerFullBackwardPreHook((_module, [g]) => [g?.mul(7) ?? null]);
  const x = tensor([[2]], { requiresGrad: true });
  layer(x).sum().backward();
  assert.is(layer.weight.grad?.item(), 14);
  near(x.grad as Tensor, [7 * layer.weight.item()], 'gradient of the input', 1e-6);
});

test('gradients flow through a module twice', () => {
  manualSeed(0);
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.Tanh(), new nn.Linear(3, 1)).double();
  const x = rand([4, 2], { dtype: 'float64' }).requiresGrad_();
  const [slope] = grad(net(x).sum(), [x], { createGraph: true }) as Tensor[];
  slope.mul(slope).sum().backward();
  assert.ok(values(net.getParameter('0.weight').grad as Tensor).some((g) => g !== 0));
});

test('a parameter prints as PyTorch prints it', () => {
  assert.is(
    String(new nn.Parameter(tensor([1, 2.5]))),
    'Parameter containing:\ntensor([1.0000, 2.5000], requires_grad=True)',
  );
  assert.is(String(new nn.Parameter(tensor([1]), false)), 'Parameter containing:\ntensor([1.])');
});

test('a parameter shares the storage of its data and starts off the tape', () => {
  const data = randn(3);
  const parameter = new nn.Parameter(data);
  assert.ok(parameter.sharesStorageWith(data));
  assert.ok(parameter.isLeaf && parameter.requiresGrad);
  assert.is(new nn.Parameter(parameter.mul(2), { requiresGrad: false }).requiresGrad, false);
});

test('there is no other device', () => {
  refuses(() => new nn.Linear(1, 1).cuda(), 'NotImplementedError', /no other device/);
});

test.run();
