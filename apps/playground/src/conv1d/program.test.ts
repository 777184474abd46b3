import type { Tensor } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runProgram } from '../testing/runProgram.ts';
import { outputsOf, secondLayer } from './compute.ts';
import { program } from './program.ts';
import type { Conv1dSettings } from './settings.ts';
import { bankOf, defaults, optionsOf, secondBankOf } from './settings.ts';
import { shortSignal } from './signals.ts';

const largest = (numbers: readonly number[]): number => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const flat = (x: Tensor): number[] => Array.from(x.flatten().toTypedArray(), Number);

for (const changes of [
  {},
  { stride: 2, padding: 3, dilation: 2, size: 4, signal: 'noise' },
  { channels: 2, bank: 'random*3_difference_hand*1*2*3*4*5*6', mode: 'reflect', padding: 4, length: 64 },
  { channels: 2, groups: 2, bank: 'blur_edge_vertical.1_identity', mode: 'circular', padding: 1 },
  { mode: 'replicate', padding: 2, bank: 'sharpen', stride2: 2, dilation2: 3, size2: 4 },
] as Partial<Conv1dSettings>[]) {
  test(`the program runs, and computes what the page shows: ${JSON.stringify(changes)}`, () => {
    const settings = { ...defaults, ...changes };
    const samples = shortSignal(settings.signal as 'steps', settings.length, settings.channels, settings.samples);
    const [[shape, y], [matrixShape, difference], [second]] = runProgram(program(settings, { samples }));
    const outputs = outputsOf(samples, bankOf(settings), optionsOf(settings));
    assert.equal(shape, [1, outputs.length, outputs[0].length]);
    const expected = outputs.flatMap((output) => [...output]);
    // numbers are printed with five digits
    assert.ok(largest(flat(y as Tensor).map((value, i) => value - expected[i])) < 2e-4);
    assert.equal(matrixShape, [expected.length, settings.channels * settings.length]);
    assert.ok((difference as number) < 1e-5);
    const { stride2: stride, dilation2: dilation } = settings;
    const top = secondLayer(outputs, secondBankOf(settings), { stride, dilation });
    assert.ok(largest(flat(second as Tensor).map((value, i) => value - top[i])) < 1e-3);
  });
}

test('the program of a long sound says which samples it took', () => {
  const code = program(defaults, { samples: [Float32Array.of(0.5, 0.25, -0.125, 1)], from: 1200 });
  assert.match(code, '// samples 1200 to 1203 of the sound');
  assert.match(code, '[0.5, 0.25, -0.125, 1]');
});

test.run();
