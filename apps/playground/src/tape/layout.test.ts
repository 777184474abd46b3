import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { flowAt } from './flow.ts';
import { edgeKey, layoutOf } from './layout.ts';
import type { Delivery, Pass, TapeNode, Trace, Value } from './trace.ts';

const value = (...data: number[]): Value => {
  return { shape: [data.length], dtype: 'float32', rows: 1, columns: data.length, data, isWhole: true };
};
const node = (id: number, kind: TapeNode['kind'], title: string): TapeNode => {
  return { id, kind, title, outputs: [{ value: value(id, 1) }], saved: [] };
};
const send = (input: number, to: number, gradient: Value, sum = gradient): Delivery => {
  return { input, to, outputNr: 0, gradient, sum };
};

// y = x · x beside a constant; one node that the pass does not reach
const pass: Pass = {
  call: 'y.backward()',
  createGraph: false,
  nodes: [0, 1],
  grads: [{ node: 0, value: value(1, 1) }],
  steps: [
    { kind: 'seed', deliveries: [send(-1, 1, value(1, 1))] },
    {
      kind: 'node',
      node: 1,
      arrived: [value(1, 1)],
      deliveries: [send(0, 0, value(2, 3)), send(1, 0, value(2, 3), value(4, 6))],
    },
    { kind: 'leaf', node: 0, arrived: value(4, 6), before: value(1, 1), after: value(5, 7) },
  ],
};
const trace: Trace = {
  nodes: [
    node(0, 'leaf', 'AccumulateGrad'),
    node(1, 'op', 'MulBackward0'),
    node(2, 'constant', 'no gradient wanted'),
    node(3, 'op', 'SinBackward0'),
  ],
  edges: [
    { from: 1, input: 0, to: 0, outputNr: 0 },
    { from: 1, input: 1, to: 0, outputNr: 0 },
    { from: 1, input: 2, to: 2, outputNr: 0 },
    { from: 3, input: 0, to: 0, outputNr: 0 },
  ],
  passes: [pass],
  isCut: false,
};

test('what is computed first stands on top, and boxes do not overlap', () => {
  const { boxes, lines, width, height } = layoutOf(trace, pass);
  assert.equal(boxes.map((box) => box.node.id).sort(), [0, 1, 2]);
  const [leaf, product] = boxes;
  assert.ok(leaf.y + leaf.height < product.y);
  for (const a of boxes) {
    assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height);
    for (const b of boxes) {
      const isApart =
        a === b || a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      assert.ok(isApart);
    }
  }
  assert.equal(
    lines.map(({ edge, isAside }) => [edgeKey(edge), isAside]),
    [
      ['1:0', false],
      ['1:1', false],
      ['1:2', true],
    ],
  );
  assert.is.not(lines[0].path, lines[1].path);
});

test('without a pass all there is is shown', () => {
  assert.is(layoutOf(trace, undefined).boxes.length, 4);
});

test('gradients add up step by step, and can be taken back', () => {
  const start = flowAt(pass, 0);
  assert.equal([start.sums.size, start.passed.size, start.step], [0, 0, undefined]);
  assert.equal(start.leaves.get(0), { before: value(1, 1), after: value(1, 1) });
  const seeded = flowAt(pass, 1);
  assert.equal(seeded.sums.get('1:0'), value(1, 1));
  assert.is(seeded.passing.size, 0);
  const sent = flowAt(pass, 2);
  assert.equal(sent.sums.get('0:0'), value(4, 6));
  assert.equal(sent.parts.get('0:0'), [value(2, 3), value(2, 3)]);
  assert.equal([...sent.passing], ['1:0', '1:1']);
  const done = flowAt(pass, 3);
  assert.equal([...done.passing], []);
  assert.equal([...done.passed], ['1:0', '1:1']);
  assert.equal(done.leaves.get(0)?.after, value(5, 7));
});

test.run();
