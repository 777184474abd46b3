/** The kernels of `masks.ts` at every length, between guards that must not change. */

import { test } from 'uvu';
import { modesOf, place } from '../../fixtures/place.ts';
import { binaryScalars, unaryScalars } from '../../reference/scalars.ts';
import { setStrict } from '../features.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import { emitTest, emitWhere, hasTest, testName, testNames, testOperands, whereName } from './masks.ts';

type Run = { readonly run: (...args: number[]) => undefined };

const SIZES = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 100];
const scalars = { ...unaryScalars, ...binaryScalars };

for (const strict of [false, true]) {
  const how = strict ? ', in strict mode' : '';
  for (const dtype of ['float32', 'float64', 'int32', 'uint8'] as const) {
    for (const name of testNames.filter((each) => hasTest(each, dtype))) {
      test(`${dtype} ${name} gives 1 and 0 as the reference does at every length and for every broadcast${how}`, () => {
        const was = setStrict(strict);
        const f = scalars[name] as (x: number, y: number) => number;
        for (const modes of modesOf(testOperands(name))) {
          const bound = kernel<Run>(testName(name, dtype, modes), emitTest(name, dtype, modes), heap().memory);
          for (const n of SIZES) {
            const [a, b] = [1, 2].map((seed) => place(dtype, Math.max(n, 1), seed));
            const out = place('uint8', n, 3);
            const pointers = [a.at, b.at].slice(0, modes.length);
            bound.run(1, n, ...pointers, out.at, ...new Array<number>(modes.length + 1).fill(0));
            const [x, y] = [a.values(), b.values()];
            out.check((i) => f(x[modes[0] === 's' ? 0 : i], y[modes[1] === 's' ? 0 : i]), `${name} ${modes}`);
            for (const operand of [a, b, out]) operand.release();
          }
        }
        setStrict(was);
      });
    }
  }

  for (const [kind, bytes] of [
    ['uint8', 1],
    ['float32', 4],
    ['float64', 8],
  ] as const) {
    test(`where of ${bytes}-byte elements chooses by every mask, at every length and for every broadcast${how}`, () => {
      const was = setStrict(strict);
      for (const modes of modesOf(3)) {
        const { run } = kernel<Run>(whereName(bytes, modes), emitWhere(bytes, modes), heap().memory);
        for (const n of SIZES) {
          for (const seed of [1, 2]) {
            const mask = place('uint8', Math.max(n, 1), seed);
            const [a, b] = [5, 7].map((other) => place(kind, Math.max(n, 1), other));
            const out = place(kind, n, 4);
            run(1, n, mask.at, a.at, b.at, out.at, 0, 0, 0, 0);
            const [m, x, y] = [mask, a, b].map((operand) => operand.values());
            const at = (k: number, i: number): number => (modes[k] === 's' ? 0 : i);
            out.check((i) => (m[at(0, i)] !== 0 ? x[at(1, i)] : y[at(2, i)]), `where ${modes}`);
            for (const operand of [mask, a, b, out]) operand.release();
          }
        }
      }
      setStrict(was);
    });
  }
}

test.run();
