import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FloatRun } from '../../reference/optim.ts';
import { adaptive, sgd } from '../../reference/optim.ts';
import { setStrict } from '../features.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import { adaptiveName, emitAdaptive, emitSgd, sgdName } from './optim.ts';

type Run = { readonly run: (...args: number[]) => undefined };
type Floats = Float32Array | Float64Array;

const GUARD = 8;
const SPECIAL = [0, -0, 1, -1, 1e-45, 1e-30, 3e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** n values in the heap between guards, and a copy of them for the reference loop. */
function place(dtype: 'float32' | 'float64', n: number, seed: number, least = -1) {
  const bytes = dtype === 'float32' ? 4 : 8;
  const Floats = dtype === 'float32' ? Float32Array : Float64Array;
  const pointer = heap().allocate((n + 2 * GUARD) * bytes);
  const whole = (): Floats => new Floats(heap().memory.buffer, pointer, n + 2 * GUARD);
  whole().fill(777);
  for (let i = 0; i < n; i++) {
    const random = Math.abs(Math.sin(seed * 1000 + i * 12.9898) * 43758.5453) % 1;
    const special = SPECIAL[(i * seed) % SPECIAL.length];
    whole()[GUARD + i] = i % 5 === 4 && !(special < least) ? special : least + (1 - least) * random;
  }
  const copy = whole().slice() as unknown as Float64Array;
  return {
    at: pointer + GUARD * bytes,
    run: { array: copy, offset: GUARD } satisfies FloatRun,
    /** Equal to the copy, guards included, to the last bit. */
    check: (title: string): void => {
      const got = whole();
      for (let i = 0; i < got.length; i++) {
        assert.ok(Object.is(got[i], copy[i]), `${title}: entry ${i - GUARD} of ${n} is ${got[i]}, expected ${copy[i]}`);
      }
      heap().release(pointer);
    },
  };
}

const SIZES = [0, 1, 2, 3, 4, 5, 33, 100];

for (const strict of [false, true]) {
  const how = strict ? 'in strict mode' : 'with the features found';
  for (const dtype of ['float32', 'float64'] as const) {
    for (const form of ['plain', 'momentum', 'nesterov'] as const) {
      for (const sign of [1, -1]) {
        test(`${sgdName(dtype, form)} gives the bits of the reference loop, sign ${sign}, ${how}`, () => {
          const was = setStrict(strict);
          for (const n of SIZES) {
            const [p, g, b] = [1, 2, 3].map((seed) => place(dtype, n, seed));
            const fresh = form === 'momentum' ? 0.7 : 1;
            const factors = { lr: 0.1, sign, weightDecay: 0.01, momentum: 0.9, fresh, nesterov: form === 'nesterov' };
            const { run } = kernel<Run>(sgdName(dtype, form), emitSgd(dtype, form), heap().memory);
            run(n, p.at, g.at, b.at, factors.lr, sign, factors.weightDecay, factors.momentum, fresh);
            sgd(n, p.run, g.run, form === 'plain' ? null : b.run, factors);
            for (const operand of [p, g, b]) operand.check(`${dtype} ${form}`);
          }
          setStrict(was);
        });
      }
    }
    for (const form of [
      { use: 'step', largest: false, buffer: false },
      { use: 'step', largest: true, buffer: false },
      { use: 'nesterov', largest: false, buffer: false },
      { use: 'center', largest: false, buffer: false },
      { use: 'center', largest: false, buffer: true },
      { use: 'none', largest: false, buffer: false },
      { use: 'none', largest: false, buffer: true },
    ] as const) {
      const { use, largest, buffer } = form;
      for (const isDecoupled of [false, true]) {
        const name = adaptiveName(dtype, form);
        test(`${name} gives the bits of the reference loop, decoupled ${isDecoupled}, ${how}`, () => {
          const was = setStrict(strict);
          for (const n of SIZES) {
            const [p, g, m, b] = [1, 2, 3, 6].map((seed) => place(dtype, n, seed));
            const [v, l] = [4, 5].map((seed) => place(dtype, n, seed, 0));
            const factors = {
              stepSize: 0.02,
              beta1: 0.9,
              beta2: 0.999,
              fresh2: isDecoupled ? 1 : 0.001,
              scale2: 3,
              eps: 1e-8,
              sign: isDecoupled ? -1 : 1,
              decay: isDecoupled ? 0.99 : 1,
              penalty: isDecoupled ? 0 : 0.01,
              gradSize: 0.3,
              momentum: 0.7,
            };
            const { stepSize, beta1, beta2, fresh2, scale2, eps, sign, decay, penalty, gradSize, momentum } = factors;
            const { run } = kernel<Run>(name, emitAdaptive(dtype, form), heap().memory);
            const scalars = [stepSize, beta1, 1 - beta1, beta2, fresh2, scale2, eps, sign, decay, penalty];
            run(n, p.at, g.at, m.at, v.at, l.at, b.at, ...scalars, gradSize, momentum);
            const runs = {
              mean: use === 'none' ? null : m.run,
              square: v.run,
              largest: largest ? l.run : null,
              buffer: buffer ? b.run : null,
            };
            adaptive(n, p.run, g.run, runs, use === 'none' ? 'step' : use, factors);
            for (const operand of [p, g, m, v, l, b]) operand.check(name);
          }
          setStrict(was);
        });
      }
    }
  }
}

test.run();
