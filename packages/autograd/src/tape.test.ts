import { AutogradError, cat, ones, type Tensor, tensor, where, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, inferenceMode, noGrad } from './index.ts';

function throws(fn: () => unknown, pattern: RegExp): void {
  assert.throws(fn, (error: unknown) => {
    assert.instance(error, AutogradError);
    assert.match((error as Error).message, pattern);
    return true;
  });
}

const leaf = (values: number[] = [1, 2]): Tensor => tensor(values, { requiresGrad: true });

test('the lesson: names, edges, the leaf behind the first edge, and the gradient', () => {
  const x = tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { requiresGrad: true },
  );
  const y = x.sub(2);
  assert.is(y.gradFn?.name, 'SubBackward0');
  assert.is(y.gradFn?.nextFunctions[0][0]?.variable, x);
  const z = y.mul(y).mul(3);
  const a = z.mean();
  assert.is(a.gradFn?.name, 'MeanBackward0');
  a.backward();
  assert.equal(x.grad?.toArray(), [
    [-1.5, 0],
    [1.5, 3],
  ]);
  assert.is(String(x.grad), 'tensor([[-1.5000,  0.0000],\n        [ 1.5000,  3.0000]])');
});

test('the lesson: doubling until the norm is 1000', () => {
  const x = tensor([0.1, 0.2, 0.3], { requiresGrad: true });
  let y = x.mul(2);
  let doublings = 1;
  while (y.data.norm().item() < 1000) {
    y = y.mul(2);
    doublings++;
  }
  y.backward(tensor([0.1, 1.0, 0.0001]));
  const expected = tensor([0.1, 1.0, 0.0001]).mul(2 ** doublings);
  assert.equal(x.grad?.toArray(), expected.toArray());
});

test('a leaf has no gradFn, a result has one, and both say so', () => {
  const x = leaf();
  const y = x.mul(2);
  assert.is(x.isLeaf, true);
  assert.is(x.gradFn, null);
  assert.is(x.requiresGrad, true);
  assert.is(y.isLeaf, false);
  assert.is(y.requiresGrad, true);
  assert.is(y.gradFn?.name, 'MulBackward0');
  assert.is(tensor([1]).mul(2).gradFn, null);
  assert.is(y.detach().requiresGrad, false);
  assert.is(y.data.requiresGrad, false);
});

test('edges are shown as PyTorch shows them', () => {
  const x = leaf();
  const edges = (y: Tensor): (string | null)[] => y.gradFn!.nextFunctions.map(([node]) => node?.name ?? null);
  assert.equal(edges(x.sub(2)), ['AccumulateGrad', null]);
  assert.equal(edges(x.div(3)), ['AccumulateGrad', null]);
  assert.equal(edges(x.pow(2)), ['AccumulateGrad']);
  assert.equal(edges(x.sum()), ['AccumulateGrad']);
  assert.equal(edges(cat([x, tensor([1]), x])), ['AccumulateGrad', null, 'AccumulateGrad']);
  assert.equal(edges(where(x.gt(1), x, 2)), ['AccumulateGrad', null]);
  assert.equal(edges(x.mul(x)), ['AccumulateGrad', 'AccumulateGrad']);
  assert.equal(edges(x.mul(2).mul(tensor([1, 2]))), ['MulBackward0', null]);
});

test('the second number of an edge is the output of the node that it leads to', () => {
  const parts = leaf([1, 2, 3, 4]).mul(2).split(2);
  assert.is(parts[1].outputNr, 1);
  assert.equal(
    parts[1].add(parts[0]).gradFn?.nextFunctions.map(([node, nr]) => [node?.name, nr]),
    [
      ['SplitBackward0', 1],
      ['SplitBackward0', 0],
    ],
  );
});

test('all uses of a leaf share one accumulator', () => {
  const x = leaf();
  assert.is(x.mul(2).gradFn!.nextFunctions[0][0], x.add(1).gradFn!.nextFunctions[0][0]);
});

test('integer and bool results carry no gradient', () => {
  const x = leaf();
  for (const y of [x.gt(1), x.to('int32'), x.argmax()]) {
    assert.is(y.requiresGrad, false);
    assert.is(y.isLeaf, true);
  }
});

test('requiresGrad_ refuses integers, and false on what was computed', () => {
  throws(
    () => tensor([1, 2], { dtype: 'int32' }).requiresGrad_(),
    /only Tensors of floating point dtype can require grad/,
  );
  throws(() => leaf().mul(2).requiresGrad_(false), /you can only change requires_grad flags of leaf variables/);
  const y = leaf().mul(2);
  assert.is(y.requiresGrad_(), y);
  const x = leaf();
  x.requiresGrad = false;
  assert.is(x.mul(2).requiresGrad, false);
});

test('grad can be set, to what fits', () => {
  const x = leaf();
  x.grad = ones(2);
  assert.equal(x.grad?.toArray(), [1, 1]);
  x.grad = null;
  assert.is(x.grad, null);
  throws(() => {
    x.grad = ones(3);
  }, /assigned grad has data of a different size/);
  throws(() => {
    x.grad = ones(2, { dtype: 'float64' });
  }, /assigned grad has data of a different type/);
  throws(() => {
    x.grad = x;
  }, /its own grad/);
});

test('a leaf that was told to want no gradient is given none by a graph of before', () => {
  const [w, x] = [tensor([1, 2]).requiresGrad_(), tensor([3, 4]).requiresGrad_()];
  const y = w.mul(x).sum();
  w.requiresGrad = false;
  y.backward({ retainGraph: true });
  assert.is(w.grad, null);
  assert.equal(x.grad?.toArray(), [1, 2]);
  w.requiresGrad = true;
  y.backward();
  assert.equal(w.grad?.toArray(), [3, 4]);
});

test('detach_ cuts a tensor off, but not a view', () => {
  const x = leaf();
  const y = x.mul(2);
  assert.is(y.detach_(), y);
  assert.is(y.requiresGrad, false);
  assert.is(y.isLeaf, true);
  throws(() => x.mul(2).select(0, 0).detach_(), /can't detach views in-place/);
});

test('writing to a saved argument is noticed, with its maker and both versions', () => {
  const y = leaf().mul(2);
  const z = y.mul(y);
  y.add_(1);
  throws(
    () => z.sum().backward(),
    /one of the variables needed for gradient computation has been modified by an inplace operation: \[float32 \[2\]\], which is output 0 of AddBackward0, is at version 1; expected version 0 instead/,
  );
});

test('writing to a saved result is noticed', () => {
  const y = leaf().exp();
  y.add_(1);
  throws(
    () => y.sum().backward(),
    /\[float32 \[2\]\], which is output 0 of ExpBackward0, is at version 1; expected version 0/,
  );
});

test('writing to a saved tensor without history is noticed, also through a view or a detached alias', () => {
  for (const write of [
    (c: Tensor) => c.add_(1),
    (c: Tensor) => c.select(0, 0).mul_(3),
    (c: Tensor) => c.detach().zero_(),
  ]) {
    const c = ones(2, 2);
    const z = tensor([[1, 2]], { requiresGrad: true }).mul(c);
    write(c);
    throws(() => z.sum().backward(), /\[float32 \[2, 2\]\] is at version 1; expected version 0 instead/);
  }
});

test('writing to .data is not noticed, and giving a tensor other data is', () => {
  const c = ones(2);
  const z = leaf().mul(c);
  c.data.mul_(5);
  const [x] = [z.gradFn!.nextFunctions[0][0]!.variable!];
  z.sum().backward();
  assert.equal(x.grad?.toArray(), [5, 5]);
  const d = ones(2);
  const y = leaf().mul(d);
  d.data = zeros(2);
  throws(() => y.sum().backward(), /modified by an inplace operation.*has been given other data/s);
});

test('only what the wanted gradients need is saved: an update of a weight raises no false alarm', () => {
  const x = tensor([1, 2]);
  const w = leaf([3, 4]);
  const y = w.mul(x);
  noGrad(() => w.sub_(1));
  y.sum().backward();
  assert.equal(w.grad?.toArray(), [1, 2]);
});

test('a write without harm raises no alarm', () => {
  const y = leaf().mul(2);
  const z = y.add(1);
  y.add_(1);
  z.sum().backward();
});

test('an argument returned as it is keeps its history', () => {
  const x = leaf();
  const y = x.mul(2);
  assert.is(y.contiguous().gradFn, y.gradFn);
  assert.is(y.to('float32').gradFn, y.gradFn);
});

test('a leaf that requires a gradient cannot be overwritten, nor through a view', () => {
  throws(() => leaf().mul_(2), /a leaf Variable that requires grad is being used in an in-place operation/);
  throws(
    () => leaf().select(0, 0).mul_(2),
    /a view of a leaf Variable that requires grad is being used in an in-place operation/,
  );
  const x = leaf();
  noGrad(() => x.select(0, 0).mul_(5));
  assert.equal(x.toArray(), [5, 2]);
});

test('a refused write changes nothing', () => {
  const x = leaf();
  const before = x.version;
  throws(() => x.mul_(2), /leaf/);
  assert.equal(x.toArray(), [1, 2]);
  assert.is(x.version, before);
  const y = x.mul(2);
  const node = y.gradFn;
  assert.throws(() => y.add_(ones(3, 3)));
  assert.is(y.gradFn, node);
  assert.is(y.version, 0);
  y.sum().backward();
});

test('a write rewrites history and counts the version', () => {
  const x = leaf();
  const y = x.mul(2);
  y.mul_(x);
  assert.is(y.version, 1);
  assert.is(y.gradFn?.name, 'MulBackward0');
  assert.is(y.gradFn?.nextFunctions[0][0]?.name, 'MulBackward0');
  y.sum().backward();
  assert.equal(x.grad?.toArray(), [4, 8]);
});

test('x.mul_(x) saves what x was', () => {
  const x = leaf([2, 3]);
  const y = x.mul(1);
  y.mul_(y);
  y.sum().backward();
  assert.equal(x.grad?.toArray(), [4, 6]);
});

test('a constant that is overwritten with something tracked becomes tracked', () => {
  const w = leaf([2, 3]);
  const out = zeros(2);
  out.add_(w);
  assert.is(out.requiresGrad, true);
  assert.is(out.gradFn?.name, 'AddBackward0');
  const ints = zeros(2, { dtype: 'int32' });
  ints.copy_(w);
  assert.is(ints.requiresGrad, false);
  assert.equal(ints.toArray(), [2, 3]);
});

test('views of what a view rewrote: CopySlices on the base, AsStrided on the views', () => {
  const w = leaf([1]);
  const out = zeros(3);
  const v = out.select(0, 0);
  const u = out.select(0, 1);
  v.copy_(w.select(0, 0).mul(2));
  assert.is(u.isLeaf, false);
  assert.is(u.requiresGrad, true);
  assert.is(out.gradFn?.name, 'CopySlices');
  assert.is(v.gradFn?.name, 'AsStridedBackward0');
  assert.is(v.gradFn?.nextFunctions[0][0], out.gradFn);
  assert.is(u.gradFn?.name, 'AsStridedBackward0');
  out.sum().backward();
  assert.equal(w.grad?.toArray(), [2]);
});

test('a view made before its base was tracked takes part after', () => {
  const w = leaf([5]);
  const out = zeros(3);
  const v = out.slice(0, 0, 2);
  out.select(0, 1).copy_(w.select(0, 0));
  const y = v.mul(2);
  assert.is(y.requiresGrad, true);
  y.sum().backward();
  assert.equal(w.grad?.toArray(), [2]);
});

test('one of several views cannot be overwritten, nor used after its base was', () => {
  const y = leaf([1, 2, 3, 4]).mul(2);
  const [a] = y.split(2);
  throws(() => a.mul_(2), /output 0 of SplitBackward0 is a view and is being modified inplace.*returns multiple views/);
  y.mul_(2);
  throws(
    () => a.mul(1),
    /output 0 of SplitBackward0 is a view and its base or another view of its base has been modified/,
  );
  assert.is(a.requiresGrad, true, 'can be asked');
  assert.equal(
    a.detach().toArray(),
    [2, 4].map((x) => 2 * x),
    'and read',
  );
  throws(() => leaf([1, 2]).mul(2).unbind()[1].zero_(), /output 1 of UnbindBackward0 is a view/);
  const part = leaf([1, 2]).mul(2).unbind()[1].view(1);
  throws(
    () => part.zero_(),
    /output 0 of ViewBackward0 is a view and is being modified inplace.*returns multiple views/,
  );
});

test('a view made without recording cannot be overwritten while recording', () => {
  const y = leaf().mul(2);
  const v = noGrad(() => y.select(0, 0));
  assert.is(v.requiresGrad, false);
  throws(() => v.mul_(3), /a view was created in no_grad mode and is being modified inplace with grad mode enabled/);
  throws(() => v.mul_(leaf([1]).select(0, 0)), /a view was created in no_grad mode/);
  noGrad(() => v.mul_(3));
  assert.is(v.requiresGrad, false);
  y.mul_(2);
  throws(() => v.mul(2), /created in no_grad mode and its base or another view of its base has been modified/);
});

test('inference tensors can be computed with, but neither saved nor overwritten nor tracked', () => {
  const x = leaf();
  const [q, v] = inferenceMode(() => [ones(2), x.select(0, 0)]);
  assert.is(q.isInference, true);
  assert.is(v.isInference, false);
  assert.is(inferenceMode(() => x.mul(2)).requiresGrad, false);
  throws(() => x.mul(q), /inference tensors cannot be saved for backward/);
  assert.equal(grad(x.add(q).sum(), x)[0].toArray(), [1, 1]);
  throws(() => q.add_(1), /inplace update to inference tensor outside inferenceMode is not allowed/);
  throws(() => q.requiresGrad_(), /on inference tensor outside inferenceMode/);
  inferenceMode(() => q.add_(1));
  assert.equal(q.toArray(), [2, 2]);
  const y = x.mul(2);
  inferenceMode(() => y.add_(1));
  assert.is(y.version, 1);
  assert.is(q.clone().isInference, false);
});

test('a node tells what it keeps for its backward, until that is freed', () => {
  const x = leaf([1, 2]);
  const w = tensor([3, 4]);
  const y = x.mul(w);
  const saves = (of: Tensor, ...what: Tensor[]): boolean => {
    const saved = of.gradFn?.savedTensors ?? [];
    return saved.length === what.length && what.every((tensor, i) => saved[i] === tensor);
  };
  assert.ok(saves(y, w), 'x is not needed for its own gradient');
  const z = y.exp();
  assert.ok(saves(z, z), 'an output');
  const joined = cat([x, y]);
  assert.ok(saves(joined));
  const both = y.mul(y);
  assert.ok(saves(both, y, y));
  both.sum().backward();
  throws(() => both.gradFn?.savedTensors, /directly access saved tensors after they have already been freed/);
  assert.equal(y.gradFn?.nextFunctions[0][0]?.savedTensors, [], 'an accumulator keeps nothing');
});

test('a node whose output was overwritten through a view keeps what the write keeps', () => {
  const x = leaf([1, 2]);
  const y = x.mul(1);
  y.select(0, 0).mul_(x.select(0, 1));
  assert.is(y.gradFn?.name, 'CopySlices');
  assert.equal(
    y.gradFn?.savedTensors.map((saved) => saved?.item()),
    [1, 2],
  );
  y.sum().backward();
  throws(() => y.gradFn?.savedTensors, /already been freed/);
});

test('gradients of a comparison written in place are zeros, of both operands', () => {
  const [x, bound] = [leaf([1, 2]), leaf([3])];
  const y = x.mul(2);
  y.gt_(bound);
  y.sum().backward();
  assert.equal(y.toArray(), [0, 1]);
  assert.equal([x.grad?.toArray(), bound.grad?.toArray()], [[0, 0], [0]]);
});

test.run();
