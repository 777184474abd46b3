import { checkpointSequential } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { manualSeed, ones, rand, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { near, refuses, values } from '../fixtures/check.ts';
import type { AnyModule } from '../index.ts';
import {
  Dropout,
  Embedding,
  Linear,
  Module,
  ModuleDict,
  ModuleList,
  Parameter,
  ParameterDict,
  ParameterList,
  ReLU,
  Sequential,
  Tanh,
} from '../index.ts';

const names = (modules: Iterable<AnyModule>): string[] => [...modules].map((module) => module.className);

test('Sequential runs its modules in order, from a list, an object or a map', () => {
  const first = new Linear(3, 4);
  const last = new Linear(4, 2);
  const x = rand(5, 3);
  const expected = values(last(first(x).relu()));
  const listed = new Sequential(first, new ReLU(), last);
  assert.equal(values(listed(x)), expected);
  assert.equal(Object.keys(listed.stateDict()), ['0.weight', '0.bias', '2.weight', '2.bias']);
  for (const named of [
    new Sequential({ first, relu: new ReLU(), last }),
    new Sequential(
      new Map<string, AnyModule>([
        ['first', first],
        ['relu', new ReLU()],
        ['last', last],
      ]),
    ),
  ]) {
    assert.equal(values(named(x)), expected);
    assert.equal(Object.keys(named.stateDict()), ['first.weight', 'first.bias', 'last.weight', 'last.bias']);
  }
  assert.is(new Sequential()(x), x);
});

test('Sequential is read and changed by position', () => {
  const net = new Sequential(new Linear(1, 1), new ReLU());
  assert.is(net.length, 2);
  assert.instance(net.at(-1), ReLU);
  assert.is(net.append(new Tanh()).extend([new Tanh(), new ReLU()]), net);
  assert.equal(names(net), ['Linear', 'ReLU', 'Tanh', 'Tanh', 'ReLU']);
  net.set(-1, new Linear(1, 2));
  assert.equal(names(net), ['Linear', 'ReLU', 'Tanh', 'Tanh', 'Linear']);
  const part = net.slice(1, -1);
  assert.equal(names(part), ['ReLU', 'Tanh', 'Tanh']);
  assert.is(part.at(0), net.at(1));
  assert.equal(
    [...part.namedChildren()].map(([name]) => name),
    ['1', '2', '3'],
  );
  refuses(() => net.at(5), 'IndexError', /index 5 is out of range for 5 entries/);
  refuses(() => net.at(-6), 'IndexError', /out of range/);
  refuses(() => net.append((() => 1) as unknown as AnyModule), 'ValueError', /is not a Module/);
  refuses(() => new Sequential([new Tanh()] as unknown as AnyModule), 'ValueError', /0 is not a Module/);
  refuses(() => new Sequential({ forward: new Tanh() }), 'ValueError', /'forward' already exists/);
});

test('Sequential runs the hooks of its modules', () => {
  const relu = new ReLU();
  let calls = 0;
  relu.registerForwardHook(() => void calls++);
  new Sequential(new Tanh(), relu)(rand(2));
  assert.is(calls, 1);
});

test('Sequential may be told its types', () => {
  class Count extends Module<[Tensor], number> {
    override forward(x: Tensor): number {
      return x.numel();
    }
  }
  const counter = new Sequential<Tensor, number>(new Tanh(), new Count());
  const n: number = counter(zeros(2, 3));
  assert.is(n, 6);
});

test('ModuleList registers, keeps order past ten entries, and is no function', () => {
  const list = new ModuleList(Array.from({ length: 12 }, (_, i) => new Linear(1, i + 1)));
  assert.is(list.length, 12);
  assert.equal(
    [...list].map((layer) => layer.outFeatures),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  );
  assert.equal([...list.namedChildren()].map(([name]) => name).slice(9), ['9', '10', '11']);
  assert.equal(list.at(-1)(rand(2, 1)).shape, [2, 12]);
  const typed: Linear = list.at(0);
  assert.is(typed.outFeatures, 1);
  refuses(() => list(), 'NotImplementedError', /ModuleList: has no forward/);
});

test('ModuleList grows, shrinks and is cut', () => {
  const list = new ModuleList<AnyModule>([new Tanh()]);
  list.append(new ReLU()).insert(0, new Linear(1, 1)).extend([new Tanh()]);
  assert.equal(names(list), ['Linear', 'Tanh', 'ReLU', 'Tanh']);
  list.insert(-1, new Linear(1, 1));
  assert.equal(names(list), ['Linear', 'Tanh', 'ReLU', 'Linear', 'Tanh']);
  assert.instance(list.pop(1), Tanh);
  assert.instance(list.pop(), Tanh);
  assert.equal(names(list), ['Linear', 'ReLU', 'Linear']);
  assert.equal(names(list.slice(1)), ['ReLU', 'Linear']);
  list.set(0, new Tanh());
  assert.equal(names(list), ['Tanh', 'ReLU', 'Linear']);
  list.extend(list);
  assert.is(list.length, 6);
  refuses(() => list.append(null as unknown as AnyModule), 'ValueError', /is not a Module, but null/);
  refuses(() => list.extend(3 as unknown as AnyModule[]), 'ValueError', /iterable/);
  refuses(() => list.at(6), 'IndexError', /index 6/);
});

test('ModuleDict registers by name', () => {
  const dict = new ModuleDict<AnyModule>({ relu: new ReLU(), linear: new Linear(2, 1) });
  assert.equal([...dict], ['relu', 'linear']);
  assert.equal([...dict.keys()], ['relu', 'linear']);
  assert.equal(names(dict.values()), ['ReLU', 'Linear']);
  assert.equal(
    [...dict.items()].map(([key]) => key),
    ['relu', 'linear'],
  );
  assert.is(dict.length, 2);
  assert.ok(dict.has('relu') && !dict.has('tanh') && !dict.has('forward'));
  assert.equal(dict.at('linear')(rand(3, 2)).shape, [3, 1]);
  dict.update([['tanh', new Tanh()]]).set('relu', new Tanh());
  assert.equal(names(dict.values()), ['Tanh', 'Linear', 'Tanh']);
  assert.instance(dict.pop('relu'), Tanh);
  assert.equal(
    [...dict.namedChildren()].map(([name]) => name),
    ['linear', 'tanh'],
  );
  refuses(() => dict.at('relu'), 'IndexError', /has no entry 'relu'; there are linear, tanh/);
  refuses(() => dict.set('keys', new Tanh()), 'ValueError', /'keys' already exists/);
  refuses(() => dict.set('a.b', new Tanh()), 'ValueError', /contain a dot/);
  assert.is(dict.length, 2);
  dict.clear();
  assert.is(String(dict), 'ModuleDict()');
});

test('ModuleDict knows which module each name has', () => {
  const parts = new ModuleDict({ embedding: new Embedding(4, 2), layers: new ModuleList([new Linear(2, 2)]) });
  assert.equal(parts.at('embedding').weight.shape, [4, 2]);
  for (const layer of parts.at('layers')) assert.is(layer.inFeatures, 2);
  // @ts-expect-error a list has no weight
  assert.is(parts.at('layers').weight, undefined);
  const anything: ModuleDict = parts;
  const name: string = 'layers';
  assert.is(anything.at(name), parts.at(name));
  const listed = new ModuleDict([['head', new Linear(2, 1)]]);
  assert.is(listed.at('head').outFeatures, 1);
  assert.is(new ModuleDict(new Map([['head', new Linear(2, 1)]])).at('head').outFeatures, 1);
});

test('ParameterList makes parameters of tensors and registers them', () => {
  const own = new Parameter(ones(2));
  const list = new ParameterList([own, zeros(2, 3)]);
  assert.is(list.at(0), own);
  assert.instance(list.at(1), Parameter);
  assert.equal(
    [...list.namedParameters()].map(([name]) => name),
    ['0', '1'],
  );
  list.append(tensor([1]));
  assert.is(list.length, 3);
  assert.is([...list][2].requiresGrad, true);
  refuses(() => list.append(1 as unknown as Tensor), 'ValueError', /holds tensors, but got number/);
  refuses(() => list.extend(zeros(2)), 'ValueError', /iterable of entries/);
});

test('ParameterDict makes parameters of tensors and registers them', () => {
  const dict = new ParameterDict({ left: zeros(2), right: new Parameter(ones(1)) });
  assert.equal(
    [...dict.namedParameters()].map(([name]) => name),
    ['left', 'right'],
  );
  assert.is(dict.at('right').item(), 1);
  dict.set('left', ones(3));
  assert.equal(dict.at('left').shape, [3]);
  assert.is([...dict.parameters()].length, 2);
});

test('a network of nested containers learns the gradient of every part', () => {
  class Deep extends Module {
    layers = new ModuleList([new Linear(2, 2), new Linear(2, 2)]);
    heads = new ModuleDict({ a: new Linear(2, 1) });
    scales = new ParameterList([ones(1), ones(1)]);
    override forward(x: Tensor): Tensor {
      for (let i = 0; i < this.layers.length; i++) x = this.layers.at(i)(x).mul(this.scales.at(i)).tanh();
      return this.heads.at('a')(x);
    }
  }
  const deep = new Deep();
  deep(rand(3, 2)).sum().backward();
  for (const [name, parameter] of deep.namedParameters()) assert.ok(parameter.grad !== null, name);
  near(deep.heads.at('a').bias?.grad as Tensor, [3], 'gradient of the last bias', 0);
});

test('a Sequential in segments that are computed anew has the gradients of one that is not, dropout included', () => {
  const net = new Sequential(
    new Linear(6, 8),
    new Dropout(),
    new Tanh(),
    new Linear(8, 8),
    new Dropout(),
    new Linear(8, 2),
  );
  const x = rand(5, 6);
  const gradients = (run: () => Tensor): unknown[] => {
    net.zeroGrad();
    manualSeed(4);
    run().sum().backward();
    return [...[...net.parameters()].map(({ grad }) => grad?.toArray()), rand(1).item()];
  };
  const expected = gradients(() => net(x));
  for (const segments of [1, 2, 3, 6])
    assert.equal(
      gradients(() => checkpointSequential(net, segments, x)),
      expected,
    );
});

test.run();
