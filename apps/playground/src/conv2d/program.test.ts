import type { Tensor } from 'torsor';
import { manualSeed, rand } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runProgram } from '../testing/runProgram.ts';
import { compute } from './compute.ts';
import { program } from './program.ts';
import type { Conv2dSettings } from './settings.ts';
import { channelCount, defaults } from './settings.ts';

for (const changes of [
  {},
  { kernelHeight: 2, kernelWidth: 5, strideHeight: 2, paddingWidth: 3, dilationHeight: 2 },
  { colours: 'rgb', bank: 'random*3_blur.1_hand*1*2_gabor*30', strideHeight: 2, strideWidth: 2 },
  // so many weights that kernels are written as what they are made of
  { colours: 'bands', bands: 12, bank: 'random*5_blur.4_gabor*60_random.2*7_emboss', kernelHeight: 5, kernelWidth: 4 },
  { operation: 'transposed', colours: 'rgb', bank: 'blur_edge', strideHeight: 3, strideWidth: 2, paddingHeight: 1 },
  { operation: 'max', kernelHeight: 3, kernelWidth: 2, strideHeight: 2, paddingHeight: 1, dilationWidth: 2 },
  { operation: 'average', colours: 'rgb', kernelHeight: 2, kernelWidth: 2, dilationHeight: 3, strideWidth: 2 },
] as Partial<Conv2dSettings>[]) {
  test(`the program runs, and computes what the page shows: ${JSON.stringify(changes)}`, () => {
    const settings = { ...defaults, ...changes };
    const [channels, rows, columns] = [channelCount(settings), 16, 24];
    const data = Float32Array.from(
      rand(1, channels, rows, columns, { generator: manualSeed(3) }).toTypedArray(),
      Number,
    );
    const picture = { channels, rows, columns, data };
    const { output } = compute(settings, picture);
    // the program draws its picture; from the same seed it is the same
    manualSeed(3);
    const [[shape, y]] = runProgram(program(settings, picture));
    assert.equal(shape, [1, output.channels, output.rows, output.columns]);
    const values = Array.from((y as Tensor).flatten().toTypedArray(), Number);
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - output.data[i])), 0);
    // where kernels are written as what they are made of, the page has rounded up to 240 weights at the fifth digit
    assert.ok(worst < 240 * 5e-6, `off by ${worst}`);
  });
}

test.run();
