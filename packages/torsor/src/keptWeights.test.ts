/** Prepared weights of convolutions, kept while grad mode is off. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  collectGarbage,
  conv2d,
  explain,
  heap,
  inferenceMode,
  nn,
  noGrad,
  optim,
  randn,
  type Tensor,
  tidy,
} from './index.ts';

/** Shapes that take Winograd's squares with many tiles and with one block, its lines, and products. */
const CASES = {
  'Winograd, many blocks': { x: [2, 16, 30, 30], w: [24, 16, 3, 3], padding: [1, 1] },
  'Winograd, one block': { x: [1, 64, 12, 12], w: [64, 64, 3, 3], padding: [1, 1] },
  'Winograd, lines': { x: [4, 20, 12, 12], w: [50, 20, 5, 5], padding: [0, 0] },
  'a product': { x: [1, 64, 14, 14], w: [32, 64, 1, 1], padding: [0, 0] },
} as const;

type Case = (typeof CASES)[keyof typeof CASES];

const make = ({ x, w }: Case): [Tensor, Tensor] => [randn([...x]), randn([...w])];
/** Compared here, since to word where thousands of numbers differ takes minutes. */
function sameBits(a: Tensor, b: Tensor): boolean {
  const [x, y] = [a, b].map((tensor) => new Uint8Array(tensor.detach().toTypedArray().buffer));
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

const isKept = (run: () => Tensor): boolean => /those of the call before, kept/.test(String(explain(run)));

test('which kernel a convolution takes does not depend on whether it was first called to learn', () => {
  // Prepared, the weights of the squares fill 20 MiB: to make them for one call would not pay, but the first call need not know that.
  const [x, w] = [randn(1, 384, 7, 7), randn(384, 384, 3, 3)];
  const run = () => conv2d(x, w, { padding: 1 });
  const kernelOf = () => /f32_\w+/.exec(String(explain(run)))?.[0];
  const kept = noGrad(kernelOf);
  assert.match(String(kept), /winograd/);
  assert.is(kernelOf(), kept);
  assert.ok(sameBits(noGrad(run), run()));
});

for (const [name, given] of Object.entries(CASES)) {
  const padding = [...given.padding];

  test(`${name}: the second call takes what the first prepared, with the same bits as when it learns`, () => {
    const [x, w] = make(given);
    const bias = randn(given.w[0]);
    const wanted = conv2d(x, w, bias, { padding });
    const run = () => noGrad(() => conv2d(x, w, bias, { padding }));
    assert.not(isKept(run));
    assert.ok(sameBits(run(), wanted));
    assert.ok(isKept(run));
    assert.ok(sameBits(run(), wanted));
    assert.ok(
      sameBits(
        inferenceMode(() => conv2d(x, w, bias, { padding })),
        wanted,
      ),
    );
  });

  test(`${name}: whatever writes to the weight makes them stale`, () => {
    const [x, w] = make(given);
    const writes: Record<string, () => unknown> = {
      'in place': () => w.mul_(2),
      'to a view': () => w.narrow(0, 1, 1).zero_(),
      'to .data': () => w.data.add_(1),
      'to what is detached': () => w.detach().sub_(0.5),
      'by copy_': () => w.copy_(randn([...given.w])),
    };
    const run = () => noGrad(() => conv2d(x, w, { padding }));
    for (const [how, write] of Object.entries(writes)) {
      run();
      assert.ok(isKept(run), how);
      noGrad(() => write());
      const got = run();
      assert.ok(sameBits(got, conv2d(x, w.clone(), { padding })), how);
    }
  });
}

test('other parts of one storage, other shapes and other modes prepare their own', () => {
  const [x, all] = [randn(2, 16, 20, 20), randn(48, 16, 3, 3)];
  for (const first of [0, 24, 0]) {
    const w = all.narrow(0, first, 24);
    const got = noGrad(() => conv2d(x, w, { padding: 1 }));
    assert.ok(sameBits(got, conv2d(x, w.clone(), { padding: 1 })));
  }
  const w = all.narrow(0, 0, 24);
  for (const size of [20, 9, 20]) {
    const y = x.narrow(3, 0, size).contiguous();
    assert.ok(
      sameBits(
        noGrad(() => conv2d(y, w, { padding: 1 })),
        conv2d(y, w.clone(), { padding: 1 }),
      ),
    );
  }
});

test('a step of an optimiser between two evaluations counts as a write', () => {
  const conv = new nn.Conv2d(16, 24, 3, { padding: 1 });
  const optimizer = new optim.SGD(conv.parameters(), { lr: 0.1, momentum: 0.9 });
  const x = randn(2, 16, 20, 20);
  for (let i = 0; i < 3; i++) {
    const got = noGrad(() => conv(x));
    assert.ok(sameBits(got, conv2d(x, conv.weight.detach().clone(), conv.bias, { padding: 1 })));
    optimizer.zeroGrad();
    conv(x).sum().backward();
    optimizer.step();
  }
});

test('while it learns, nothing is kept', () => {
  const conv = new nn.Conv2d(16, 24, 3, { padding: 1 });
  const x = randn(2, 16, 20, 20);
  conv(x).sum().backward();
  assert.not(isKept(() => noGrad(() => conv(x))));
});

test('what is kept stays when a scope ends, and goes with the weight', () => {
  const [x, w] = make(CASES['Winograd, many blocks']);
  const run = () =>
    tidy(() => {
      noGrad(() => conv2d(x, w, { padding: 1 }));
    });
  collectGarbage();
  const before = heap().usedBytes;
  run();
  const kept = heap().usedBytes - before;
  assert.ok(kept > 16 * 24 * 9 * 4);
  run();
  assert.is(heap().usedBytes - before, kept);
  noGrad(() => w.add_(1));
  run();
  assert.is(heap().usedBytes - before, kept);
  w.storage.release('the test');
  assert.ok(heap().usedBytes < before);
});

test.run();
