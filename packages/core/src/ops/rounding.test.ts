/** Sums of products in float32 have PyTorch's bits (`tools/fixtures/rounding.py`), in loops and in kernels, in strict mode too. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import data from '../fixtures/rounding.json' with { type: 'json' };
import type { Tensor } from '../index.ts';
import { add, addcdiv, addcmul, cat, fromTypedArray, lerp, pow, setStrict, sub } from '../index.ts';

type Name = keyof typeof data;

/** So many times over, operands lie in the heap, where kernels compute. */
const COPIES = 20;

function listed(name: Name): Tensor {
  const bytes = Uint8Array.from(atob(data[name]), (character) => character.charCodeAt(0));
  return fromTypedArray(new Float32Array(bytes.buffer));
}

const OPS: Partial<Record<Name, (a: Tensor, b: Tensor, c: Tensor, t: Tensor) => Tensor>> = {
  add: (a, b) => add(a, b, { alpha: 0.1 }),
  sub: (a, b) => sub(a, b, { alpha: 0.1 }),
  addcmul: (a, b, c) => addcmul(a, b, c, { value: 0.1 }),
  addcdiv: (a, b, c) => addcdiv(a, b, c, { value: 0.1 }),
  lerp: (a, b, _, t) => lerp(a, b, t),
  lerpNear: (a, b) => lerp(a, b, 0.3),
  lerpFar: (a, b) => lerp(a, b, 0.7),
  cube: (a) => pow(a, 3),
};

for (const [name, run] of Object.entries(OPS)) {
  test(`${name} has PyTorch's bits`, () => {
    const operands = (['a', 'b', 'c', 't'] as const).map(listed);
    const want = listed(name as Name).toTypedArray();
    for (const copies of [1, COPIES]) {
      const [a, b, c, t] = operands.map((x) => (copies === 1 ? x : cat(new Array<Tensor>(copies).fill(x))));
      for (const isStrict of [false, true]) {
        const was = setStrict(isStrict);
        const got = run(a, b, c, t).toTypedArray();
        setStrict(was);
        assert.is(got.length, copies * want.length);
        for (let i = 0; i < got.length; i++) {
          const expected = want[i % want.length];
          if (!Object.is(got[i], expected)) assert.unreachable(`element ${i} is ${got[i]}, expected ${expected}`);
        }
      }
    }
  });
}

test.run();
