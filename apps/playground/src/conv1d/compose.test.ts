import { rand, tensor, zeros } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { outputSize } from '../geometry.ts';
import { litFrom, type Tower } from './compose.ts';
import { outputsOf, secondLayer } from './compute.ts';
import { receptiveField } from './settings.ts';

const ones = (size: number) => ({ size, kernels: [Array(size).fill(1)] });
const shape = { size: 3, stride: 2, dilation: 1, size2: 3, stride2: 1, dilation2: 2 };

function tower(padding: number): Tower {
  const axis = {
    input: 24,
    kernel: shape.size,
    stride: shape.stride,
    padding,
    dilation: shape.dilation,
    transposed: false,
  };
  const last = outputSize(axis);
  return { axis, mode: 'zeros', first: 0, last, ...shape, outputs: last - (shape.size2 - 1) * shape.dilation2 };
}

/** Both layers of ones over a signal that is nowhere below zero. */
function run(samples: Float32Array, padding: number): Float32Array {
  const options = { stride: shape.stride, padding, dilation: shape.dilation, groups: 1, mode: 'zeros' as const };
  const first = outputsOf([samples], ones(shape.size), options);
  return secondLayer(first, ones(shape.size2), { stride: shape.stride2, dilation: shape.dilation2 });
}

for (const padding of [0, 2]) {
  test(`with padding ${padding}, a sample lights those outputs of the second layer that it changes`, () => {
    for (let at = 0; at < 24; at++) {
      const unit = new Float32Array(24);
      unit[at] = 1;
      const changed = [...run(unit, padding)].flatMap((value, i) => (value === 0 ? [] : [i]));
      assert.equal(
        [...litFrom(tower(padding), { level: 0, at }).tops].sort((a, b) => a - b),
        changed,
        `sample ${at}`,
      );
    }
  });

  test(`with padding ${padding}, an output of the second layer lights the samples that it is made of`, () => {
    const base = run(new Float32Array(24), padding);
    for (let at = 0; at < base.length; at++) {
      const made = [];
      for (let sample = 0; sample < 24; sample++) {
        const unit = new Float32Array(24);
        unit[sample] = 1;
        if (run(unit, padding)[at] !== 0) made.push(sample);
      }
      const { samples } = litFrom(tower(padding), { level: 2, at });
      assert.equal(
        [...samples].sort((a, b) => a - b),
        made,
        `output ${at}`,
      );
    }
  });
}

test('the receptive field is as wide as the samples that are lit', () => {
  const { samples } = litFrom(tower(0), { level: 2, at: 1 });
  const settings = { ...shape } as Parameters<typeof receptiveField>[0];
  assert.is(Math.max(...samples) - Math.min(...samples) + 1, receptiveField(settings));
});

test('an output of the first layer lights what is below it and what is above', () => {
  const { samples, tops, middles } = litFrom(tower(0), { level: 1, at: 4 });
  assert.equal([...samples], [8, 9, 10]);
  assert.equal([...tops], [0, 2, 4]);
  assert.equal([...middles], [4]);
});

test('what lies below zero does not pass to the second layer', () => {
  const x = rand(24).neg();
  const options = { stride: 1, padding: 0, dilation: 1, groups: 1, mode: 'zeros' as const };
  const first = outputsOf([Float32Array.from(x.toTypedArray(), Number)], ones(3), options);
  const second = secondLayer(first, ones(3), { stride: 1, dilation: 1 });
  assert.ok(tensor(second).equal(zeros(20)));
});

test.run();
