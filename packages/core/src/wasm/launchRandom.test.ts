/** Random kernels against the loops of `random/`, which single draws of fewer numbers than a kernel takes go by. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType, TypedArray } from '../dtype.ts';
import { newArray, viewArray } from '../dtype.ts';
import { fillBernoulli, fillNormal, fillRand, fillRandint, fillUniform } from '../random/distributions.ts';
import { Generator } from '../random/generator.ts';
import { randperm } from '../random/sampling.ts';
import { setStrict } from './features.ts';
import { heap } from './heap.ts';
import { emitUniform } from './kernels/random.ts';
import { holdScratch } from './launchRandom.ts';
import { kernel } from './module.ts';

/** Fewer than a kernel takes. */
const LOOP = 100;
const SIZES = [256, 257, 623, 624, 625, 1249, 5000, 8195];

type Fill = (out: TypedArray, generator: Generator, dtype: DType) => void;

const fills: Record<string, { readonly dtypes: readonly DType[]; readonly fill: Fill }> = {
  rand: { dtypes: ['float32', 'float64'], fill: (out, g) => fillRand(out as Float32Array, g) },
  uniform: { dtypes: ['float32', 'float64'], fill: (out, g) => fillUniform(out as Float32Array, -0.1, 0.3, g) },
  'uniform, far from 0': { dtypes: ['float32'], fill: (out, g) => fillUniform(out as Float32Array, 7e6, 1e8 / 3, g) },
  bernoulli: {
    dtypes: ['float32', 'float64', 'int32', 'int64', 'uint8', 'bool'],
    fill: (out, g, dtype) => fillBernoulli(out, 0.3, g, dtype),
  },
  randint: {
    dtypes: ['float32', 'float64', 'int32', 'int64', 'uint8'],
    fill: (out, g, dtype) => fillRandint(out, 3, 201, g, dtype),
  },
  'randint over all of int32': {
    dtypes: ['int32', 'float64'],
    fill: (out, g, dtype) => fillRandint(out, -(2 ** 31), 2 ** 31, g, dtype),
  },
};

for (const strict of [false, true]) {
  for (const [name, { dtypes, fill }] of Object.entries(fills)) {
    test(`${name}: a kernel draws the numbers of the loop, wherever they go${strict ? ', in strict mode' : ''}`, () => {
      const was = setStrict(strict);
      for (const dtype of dtypes) {
        for (const size of SIZES) {
          const expected = newArray(dtype, size);
          const single = new Generator(size);
          for (let at = 0; at < size; at += LOOP) fill(expected.subarray(at, at + LOOP), single, dtype);
          holdScratch();
          const pointer = heap().allocate(8 * size);
          for (const out of [newArray(dtype, size), viewArray(dtype, heap().memory.buffer, pointer, size)]) {
            const generator = new Generator(size);
            fill(out, generator, dtype);
            assert.equal([...out], [...expected], `${size} of ${dtype}`);
            assert.is(generator.random(), single.clone().random(), 'the generator goes on from the same point');
          }
          heap().release(pointer);
        }
      }
      setStrict(was);
    });
  }
}

/** The word of the state that the generator gives as `y`. */
function untempered(y: number): number {
  let x = y ^ (y >>> 18);
  x ^= (x << 15) & 0xefc60000;
  for (let i = 0, z = x; i < 5; i++) x = z ^ ((x << 7) & 0x9d2c5680);
  for (let i = 0, z = x; i < 3; i++) x = z ^ (x >>> 11);
  return x;
}

test('uniform numbers are rounded once, also where rounding twice would end on a tie', () => {
  // 2^47 + 2^24 + (2^23 + 1)(2^24 - 2) / 2^24 is 2^-23 below the middle between two float32
  const [from, width] = [2 ** 47 + 2 ** 24, 2 ** 24 - 2];
  for (const strict of [false, true]) {
    const was = setStrict(strict);
    const pointer = heap().allocate(20);
    const x = new Int32Array(heap().memory.buffer, pointer, 5).fill(untempered(2 ** 23 + 1));
    kernel('f32_uniform', emitUniform, heap().memory)['run'](5, pointer, from, width);
    assert.equal([...new Float32Array(x.buffer, pointer, 5)], new Array(5).fill(from));
    heap().release(pointer);
    setStrict(was);
  }
});

test('randperm swaps as single draws do', () => {
  for (const n of SIZES) {
    const generator = new Generator(n);
    const expected = Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < n - 1; i++) {
      const other = i + (generator.random() % (n - i));
      [expected[i], expected[other]] = [expected[other], expected[i]];
    }
    const own = new Generator(n);
    assert.equal([...randperm(n, own)], expected);
    assert.is(own.random(), generator.random());
  }
});

// Single precision throughout: 2^-22 relative to the radius, which is less than 6, as against PyTorch's own kernel.
test('normals are those of Box and Muller in double precision to 6 · 2^-22, whatever the size, and the last 16 are drawn anew', () => {
  for (const size of [16, 17, 31, 32, 1000, 4096, 4099, 9000]) {
    const uniform = new Generator(3);
    const expected = new Float64Array(size);
    const draw = (from: number): void => {
      for (let i = from; i < size; i++) expected[i] = (uniform.random() & 0xffffff) * 2 ** -24;
    };
    const transform = (from: number): void => {
      for (let j = from; j < from + 8; j++) {
        const radius = Math.sqrt(-2 * Math.log(1 - expected[j]));
        const theta = 2 * Math.PI * expected[j + 8];
        expected[j] = radius * Math.cos(theta) * 0.5 + 2;
        expected[j + 8] = radius * Math.sin(theta) * 0.5 + 2;
      }
    };
    draw(0);
    for (let from = 0; from + 16 <= size; from += 16) transform(from);
    if (size % 16 !== 0) {
      draw(size - 16);
      transform(size - 16);
    }
    holdScratch();
    const pointer = heap().allocate(4 * size);
    const results = [new Float32Array(size), new Float32Array(heap().memory.buffer, pointer, size)].map((out) => {
      const generator = new Generator(3);
      fillNormal(out, 2, 0.5, generator);
      assert.is(generator.random(), uniform.clone().random());
      for (let i = 0; i < size; i++) {
        assert.ok(Math.abs(out[i] - expected[i]) <= 6 * 2 ** -22, `${out[i]} for ${expected[i]} at ${i} of ${size}`);
      }
      return [...out];
    });
    assert.equal(results[0], results[1]);
    heap().release(pointer);
  }
});

test.run();
