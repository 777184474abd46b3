import type { Tensor } from 'torsor';
import { arange, autograd, dispatchMode, noGrad, ones, Tensor as TensorClass, tensor } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TapeRecorder } from './recorder.ts';
import type { Step, TapeNode, Trace } from './trace.ts';

const { apply } = autograd.Function;
const { backward } = TensorClass.prototype;

type Watched = Pick<typeof autograd, 'backward' | 'grad'>;

/** What is told of a program; all that the recorder has changed is put back. */
function traceOf(program: (note: <T>(name: string, value: T) => T, watched: Watched) => void): Trace {
  let line = 0;
  const recorder = new TapeRecorder(() => ++line);
  using _ = dispatchMode((_op, _args, run) => run());
  recorder.start();
  try {
    program((name, value) => {
      recorder.note(name, value);
      return value;
    }, recorder.wrap(autograd) as Watched);
  } catch {
    // told in the trace
  } finally {
    autograd.Function.apply = apply;
    TensorClass.prototype.backward = backward;
  }
  return recorder.finish();
}

const node = (trace: Trace, name: string): TapeNode => {
  const found = trace.nodes.find(({ outputs }) => outputs.some((output) => output.name === name));
  assert.ok(found, name);
  return found as TapeNode;
};
const stepAt = <K extends Step['kind']>(
  trace: Trace,
  pass: number,
  id: number,
  kind: K,
): Extract<Step, { kind: K }> => {
  const found = trace.passes[pass].steps.find((step) => step.kind === kind && 'node' in step && step.node === id);
  assert.ok(found, `step of ${id}`);
  return found as Extract<Step, { kind: K }>;
};

const lesson = (note: <T>(name: string, value: T) => T): Tensor => {
  const x = note('x', tensor([[1, 2], [3, 4]], { requiresGrad: true })); // biome-ignore format: a matrix
  const y = note('y', x.sub(2));
  const z = note('z', y.mul(y).mul(3));
  return note('a', z.mean());
};

test('the lesson: every node with its value, its call and what it saved', () => {
  const trace = traceOf((note) => lesson(note).backward());
  assert.equal(
    trace.nodes.map(({ title, call, outputs }) => [title, call, outputs[0].name, outputs[0].value?.data]),
    [
      ['SubBackward0', 'sub(x, 2)', 'y', [-1, 0, 1, 2]],
      ['MulBackward0', 'mul(y, y)', undefined, [1, 0, 1, 4]],
      ['MulBackward0', 'mul(·, 3)', 'z', [3, 0, 3, 12]],
      ['MeanBackward0', 'mean(z, [0, 1])', 'a', [4.5]],
      ['AccumulateGrad', undefined, 'x', [1, 2, 3, 4]],
    ],
  );
  const y = node(trace, 'y');
  assert.equal(
    trace.nodes[1].saved.map(({ of, value }) => [of, value.data]),
    [
      [y.id, [-1, 0, 1, 2]],
      [y.id, [-1, 0, 1, 2]],
    ],
  );
  assert.equal(
    trace.edges.map(({ from, to }) => [trace.nodes[from].title, trace.nodes[to].title]),
    [
      ['SubBackward0', 'AccumulateGrad'],
      ['MulBackward0', 'SubBackward0'],
      ['MulBackward0', 'SubBackward0'],
      ['MulBackward0', 'MulBackward0'],
      ['MeanBackward0', 'MulBackward0'],
    ],
  );
});

test('gradients arrive, add up and leave in the order in which the engine runs', () => {
  const trace = traceOf((note) => lesson(note).backward());
  const [pass] = trace.passes;
  assert.is(pass.call, 'a.backward()');
  assert.equal(
    pass.steps.map((step) => ('node' in step ? trace.nodes[step.node].title : step.kind)),
    ['seed', 'MeanBackward0', 'MulBackward0', 'MulBackward0', 'SubBackward0', 'AccumulateGrad'],
  );
  // y · y sends 1.5 y / 2 along each of its two edges, and they are summed
  const { deliveries } = stepAt(trace, 0, 1, 'node');
  assert.equal(
    deliveries.map(({ gradient, sum }) => [gradient.data, sum.data]),
    [
      [
        [-0.75, 0, 0.75, 1.5],
        [-0.75, 0, 0.75, 1.5],
      ],
      [
        [-0.75, 0, 0.75, 1.5],
        [-1.5, 0, 1.5, 3],
      ],
    ],
  );
  const leaf = stepAt(trace, 0, node(trace, 'x').id, 'leaf');
  assert.is(leaf.before, null);
  assert.equal(leaf.after.data, [-1.5, 0, 1.5, 3]);
});

test('a loop gives a node each time round, and names count them', () => {
  const trace = traceOf((note) => {
    const x = note('x', tensor([0.5, 1, 2], { requiresGrad: true }));
    let y = note('y', x.mul(2));
    while (y.data.norm().item() < 20) y = note('y', y.mul(2));
    y.backward(tensor([0.1, 1, 0.0001]));
  });
  assert.equal(
    trace.nodes.filter(({ kind }) => kind === 'op').map(({ outputs }) => outputs[0].name),
    ['y', 'y₂', 'y₃', 'y₄'],
  );
  assert.equal(
    stepAt(trace, 0, node(trace, 'x').id, 'leaf').after.data.map(Math.fround),
    [1.6, 16, 0.0016].map(Math.fround),
  );
});

test('under noGrad there is no node, and backward fails', () => {
  const trace = traceOf((note) => {
    const x = note('x', arange(1, 4));
    const w = note('w', ones(3, { requiresGrad: true }));
    const z = note('z', noGrad(() => w.matmul(x))); // biome-ignore format: one line
    z.backward();
  });
  assert.equal(
    trace.nodes.map(({ kind, title, outputs }) => [kind, title, outputs[0].name]),
    [
      ['unrecorded', 'dot', 'z'],
      ['constant', 'leaf', 'w'],
      ['constant', 'no gradient wanted', 'x'],
    ],
  );
  assert.is(trace.edges.length, 2);
  assert.match(trace.passes[0].failure ?? '', /does not require grad/);
  assert.is(trace.passes[0].steps.length, 0);
});

test('a second pass needs what the first has freed, unless it is retained', () => {
  const twice = (retainGraph: boolean) =>
    traceOf((note) => {
      const x = note('x', tensor([2, 3], { requiresGrad: true }));
      const y = note('y', x.mul(x).sum());
      y.backward({ retainGraph });
      y.backward();
    });
  const freed = twice(false);
  assert.match(freed.passes[1].failure ?? '', /second time/);
  assert.equal(
    freed.passes.map(({ grads }) => grads[0].value?.data),
    [undefined, [4, 6]],
  );
  const kept = twice(true);
  const leaf = stepAt(kept, 1, node(kept, 'x').id, 'leaf');
  assert.equal([leaf.before?.data, leaf.arrived.data, leaf.after.data], [[4, 6], [4, 6], [8, 12]]); // biome-ignore format: three
});

test('createGraph records the pass, which is a graph to go back over', () => {
  const trace = traceOf((note, { grad }) => {
    const x = note('x', tensor(2, { requiresGrad: true }));
    const y = note('y', x.pow(3));
    const [g] = grad(y, x, { createGraph: true });
    note('g', g).backward();
  });
  const [first, second] = trace.passes;
  assert.is(first.call, 'grad(y, x)');
  assert.ok(first.createGraph && !second.createGraph);
  const returned = first.steps.at(-1);
  assert.equal(returned?.kind === 'returned' && returned.results.map(({ value }) => value?.data), [[12]]);
  assert.is(node(trace, 'g').madeBy, 0);
  assert.is(node(trace, 'y').madeBy, undefined);
  // 6 x
  assert.equal(stepAt(trace, 1, node(trace, 'x').id, 'leaf').after.data, [12]);
});

test('functions of the user’s are nodes, whose inside is not told', () => {
  class Twice extends autograd.Function {
    static forward(ctx: autograd.FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.add(x);
    }
    static backward(_ctx: autograd.FunctionContext, gradient: Tensor): Tensor {
      return gradient.mul(2);
    }
  }
  const trace = traceOf((note) => {
    const x = note('x', tensor([1, 2], { requiresGrad: true }));
    Twice.apply(x).sum().backward();
  });
  assert.equal(
    trace.nodes.map(({ title, saved, outputs }) => [title, saved.length, outputs[0].value?.data]),
    [
      ['TwiceBackward', 1, [2, 4]],
      ['AccumulateGrad', 0, [1, 2]],
      ['SumBackward0', 0, [6]],
    ],
  );
  assert.equal(stepAt(trace, 0, node(trace, 'x').id, 'leaf').after.data, [2, 2]);
});

test('what was broadcast is summed on its way back', () => {
  const trace = traceOf((note) => {
    const b = note('b', tensor([1, 2], { requiresGrad: true }));
    ones(3, 2).add(b).sum().backward();
  });
  assert.equal(stepAt(trace, 0, node(trace, 'b').id, 'leaf').arrived.data, [3, 3]);
});

test('a long program is cut, and runs on', () => {
  let end = 0;
  const trace = traceOf((note) => {
    let y = note('y', tensor([1], { requiresGrad: true }));
    for (let i = 0; i < 2000; i++) y = y.add(1);
    y.sum().backward();
    end = y.item();
  });
  assert.is(end, 2001);
  assert.ok(trace.isCut && trace.nodes.length <= 240);
});

test.run();
