/**
 * No package grows unnoticed: a ceiling for what each adds to a web page, minified and gzipped, and for what a little of core
 * costs. Whoever passes one makes the code smaller, or raises the ceiling in the same commit and says there what for.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packages } from './pack.ts';
import { EVERYTHING, gzipped, minified } from './sizes.ts';

/** Kilobytes of a package's own code, and why that much. */
const ceilings: Record<string, readonly [kilobytes: number, why: string]> = {
  '@torsor/core': [
    214.6,
    'two fifths emitters of kernels, a third ops with checks of their arguments, decompositions 11, 16-bit floats 5, composed functions 5, special functions 3, the rest reference loops and tensors; aim: 60',
  ],
  '@torsor/autograd': [26.2, 'a formula for every op, 2 of them of decompositions, and the engine'],
  '@torsor/nn': [
    52.7,
    'some 185 modules, most of them checks of arguments; layers for sequences are 10 with packed ones, resampling and rare losses 4 each, bags and reparametrisations 3, averages of weights 1',
  ],
  '@torsor/optim': [13.3, 'a dozen optimisers and sixteen schedules, most of them names and checks of options'],
  '@torsor/onnx': [19.2, 'what each op of core becomes, and the trace that knows which sizes follow from the input'],
  '@torsor/data': [
    12.7,
    'half loaders with their workers and samplers, and safetensors, half the files of NumPy and MNIST, zip and CSV',
  ],
  '@torsor/workers': [6.3, 'a pool with its protocol, and trainers'],
  torsor: [0.7, 'names alone'],
};

for (const { name, folder, dependencies } of packages()) {
  const [ceiling, why] = ceilings[name] ?? [0, 'no ceiling yet'];
  test(`${name} adds at most ${ceiling} kB: ${why}`, async () => {
    const size = gzipped(await minified(folder, EVERYTHING, dependencies)) / 1000;
    assert.ok(size <= ceiling, `${name} is ${size.toFixed(1)} kB`);
    assert.ok(size >= ceiling / 2, `${name} is ${size.toFixed(1)} kB: lower its ceiling`);
  });
}

test('a web page that uses tensors but not all functions of core loads at most 114.1 kB: what methods of Tensor reach', async () => {
  const use = `import { matmul, tensor } from '@torsor/core'; console.log(matmul(tensor([[1]]), tensor([[2]])))`;
  const size = gzipped(await minified('packages/torsor', use, [])) / 1000;
  assert.ok(size <= 114.1, `it loads ${size.toFixed(1)} kB`);
});

test('a web page that trains does not load decompositions', async () => {
  const train = `import { Linear } from '@torsor/nn'; console.log(new Linear(1, 1))`;
  const code = new TextDecoder().decode(await minified('packages/torsor', train, []));
  assert.match(code, /Linear/);
  assert.not.match(code, /leading minor|failed to converge|gelsy|logNdtr/);
});

test('a web page that uses convolutions does not load layers for sequences', async () => {
  const use = `import { Conv2d, Linear } from '@torsor/nn'; console.log(new Conv2d(1, 1, 1), new Linear(1, 1))`;
  const code = new TextDecoder().decode(await minified('packages/torsor', use, []));
  assert.match(code, /Linear/);
  assert.not.match(code, /MultiheadAttention|weight_ih/);
});

test('a web page that uses convolutions does not load resampling', async () => {
  const use = `import { Conv2d, ReLU } from '@torsor/nn'; console.log(new Conv2d(1, 1, 1), new ReLU())`;
  const code = new TextDecoder().decode(await minified('packages/torsor', use, []));
  assert.match(code, /Conv2d/);
  assert.not.match(code, /interpolate|gridSample|upscaleFactor|maxUnpool|ctcLoss/);
});

test.run();
