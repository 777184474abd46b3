/** What is not a tensor and goes where a function wants one: each says so in an error of its own, and none fails in its middle. */

import { rand, TorsorError } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as torsor from './index.ts';

/** Those that take functions, names or settings first, or are there for the packages above core, which check for them. */
const otherwise = new Set(
  (
    'adaptiveAvgPool adaptiveMaxPool adaptiveStep allocate allocateZeros avgPool broadcastShapes broadcastStrides checkMaskShape collapse ' +
    'commonDType composed contiguousStrides convBackwardInput convBackwardWeight convolution emitSigmoid emitTanh explain exportTasks ' +
    'memoryOrder formatShape formatTensor isContiguous kernel lanes listArgument makeView maxPool maxPoolGather named profile recordFunction ' +
    'reducedShape resultType runInline sameShape sameStorage scope setExecutor setRecorder setStorageTracker setStrict sizeOf startThread ' +
    'roundedOnce unpackError viewStrides withBits dispatch dispatchInPlace dispatchMode manualSeed debugMemory keepShape normalizedTail ' +
    'wrapDims fusedGradient'
  ).split(' '),
);
const isAsked = (name: string, value: unknown): value is (x: unknown) => unknown =>
  typeof value === 'function' && /^[a-z]/.test(name) && !name.endsWith('Backward') && !otherwise.has(name);

/** Arguments of which one is wrong, among tensors and numbers that may be right. */
function* misplaced(): Generator<unknown[]> {
  for (const make of [() => rand(3), () => rand(3, 3), () => rand(2, 3, 3)]) {
    for (const wrong of [[1, 2], 'x', null, { a: 1 }]) {
      yield [wrong, make()];
      yield [make(), wrong];
      yield [make(), make(), wrong];
      yield [make(), 0, wrong];
      yield [make(), [1], wrong];
      yield [make(), make(), make(), wrong];
    }
  }
}

const homes = { torsor, linalg: torsor.linalg, special: torsor.special, functional: torsor.nn.functional };
/** Deprecated forms are warned of. */
const quiet = (run: () => unknown): unknown => {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return run();
  } finally {
    console.warn = warn;
  }
};

for (const [home, functions] of Object.entries(homes)) {
  test(`${home}: a list, a string, null or an object in place of a tensor gets an error that says so`, () => {
    const faults: string[] = [];
    let asked = 0;
    for (const [name, fn] of Object.entries(functions)) {
      if (!isAsked(name, fn)) continue;
      for (const wrong of [[1, 2], 'x', null, { a: 1 }]) {
        asked++;
        try {
          quiet(() => fn(wrong));
        } catch (error) {
          if (!(error instanceof TorsorError)) faults.push(`${name}(${JSON.stringify(wrong)}): ${error}`);
        }
      }
    }
    assert.is(faults.join('\n'), '');
    assert.ok(asked > 100, `${asked} calls`);
  });
}

for (const [home, functions] of Object.entries(homes)) {
  test(`${home}: neither does what stands beside arguments that are right`, () => {
    const faults = new Set<string>();
    let refused = 0;
    for (const [name, fn] of Object.entries(functions)) {
      if (!isAsked(name, fn)) continue;
      for (const args of misplaced()) {
        try {
          quiet(() => (fn as (...args: unknown[]) => unknown)(...args));
        } catch (error) {
          refused++;
          if (!(error instanceof TorsorError)) faults.add(`${name}(${args.map(String).join(', ')}): ${error}`);
        }
      }
    }
    assert.is([...faults].join('\n'), '');
    assert.ok(refused > 100, `${refused} refusals`);
  });
}

test.run();
