import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FloatDType } from '../../dtype.ts';
import type { Parts } from '../../fixtures/convShape.ts';
import { forEachProduct, shapeOf } from '../../fixtures/convShape.ts';
import { GUARD, GUARDS, randoms, testMemory } from '../../fixtures/kernelMemory.ts';
import { inBothModes, runBackwards } from '../../fixtures/kernelRuns.ts';
import type { ConvShape } from './conv.ts';
import type { ConvDirection } from './conv-path.ts';
import { convPath } from './conv-path.ts';
import type { ConvPointers } from './conv-run.ts';
import { convLaunches, convProgram, runConv } from './conv-run.ts';

const memory = testMemory(1024);
const dtypes: readonly FloatDType[] = ['float32', 'float64'];

/** The tensors of a convolution in memory: input, weight, gradient of the output, biases; then room for a result. */
function lay(c: ConvShape, seed = 1) {
  const bytes = c.dtype === 'float32' ? 4 : 8;
  const view = c.dtype === 'float32' ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
  const sizes = {
    x: c.n * c.cin * c.h * c.w,
    weight: (c.cout * c.cin * c.kh * c.kw) / c.groups,
    grad: c.n * c.cout * c.oh * c.ow,
    biasOut: c.cout,
    biasIn: c.cin,
  };
  const next = randoms(seed);
  let end = GUARDS;
  const place = (size: number) => {
    const at = end;
    for (let i = at; i < at + size; i++) view[i] = next();
    end += size + GUARDS;
    return at;
  };
  const at = {
    x: place(sizes.x),
    weight: place(sizes.weight),
    grad: place(sizes.grad),
    biasOut: place(sizes.biasOut),
    biasIn: place(sizes.biasIn),
  };
  const out = end;
  const scratchPtr = Math.ceil(((out + Math.max(sizes.x, sizes.weight, sizes.grad) + GUARDS) * bytes) / 64) * 64;
  return { view, bytes, sizes, at, out, scratchPtr };
}

type Laid = ReturnType<typeof lay>;

/** Runs a kernel and compares its result and all guards. */
function compare(
  name: string,
  { view, out, bytes, scratchPtr }: Laid,
  expected: Float64Array,
  terms: number,
  scratchBytes: number,
  run: () => void,
): void {
  view.fill(GUARD, out - GUARDS, out + expected.length + GUARDS);
  const behind = new Uint8Array(memory.buffer, scratchPtr + scratchBytes, 256).fill(GUARD);
  run();
  // Terms are below 1/4; a sum of so many errs by at most a rounding of its size each.
  const tolerance = (terms + 2) * Math.max(terms, 4) * 0.25 * (bytes === 4 ? 2 ** -24 : 2 ** -53);
  for (let i = -GUARDS; i < expected.length + GUARDS; i++) {
    const isInside = i >= 0 && i < expected.length;
    const error = Math.abs(view[out + i] - (isInside ? expected[i] : GUARD));
    if (!(error <= (isInside ? tolerance : 0))) {
      assert.unreachable(
        `${name} at ${i} of ${expected.length}: ${view[out + i]}, expected ${isInside ? expected[i] : GUARD}`,
      );
    }
  }
  assert.ok(
    behind.every((byte) => byte === GUARD),
    `${name}: wrote behind its scratch memory`,
  );
}

function verify(p: Parts, hasBias = false): void {
  const c = shapeOf(p);
  if (c.oh <= 0 || c.ow <= 0) return;
  const laid = lay(c);
  const { view, bytes, sizes, at, out, scratchPtr } = laid;
  const name = JSON.stringify(p);
  const forward = new Float64Array(sizes.grad);
  const input = new Float64Array(sizes.x);
  const weight = new Float64Array(sizes.weight);
  if (hasBias) {
    for (let i = 0; i < sizes.grad; i++) forward[i] = view[at.biasOut + (Math.floor(i / (c.oh * c.ow)) % c.cout)];
    for (let i = 0; i < sizes.x; i++) input[i] = view[at.biasIn + (Math.floor(i / (c.h * c.w)) % c.cin)];
  }
  forEachProduct(c, (o, x, w) => {
    forward[o] += view[at.x + x] * view[at.weight + w];
    input[x] += view[at.grad + o] * view[at.weight + w];
    weight[w] += view[at.grad + o] * view[at.x + x];
  });
  const ptr = (index: number) => index * bytes;
  const check = (direction: ConvDirection, operands: ConvPointers, expected: Float64Array, terms: number) => {
    const program = convProgram(direction, c, operands[2] > 0);
    const scratchBytes = program.sharedBytes + program.scratchBytes;
    compare(`${direction} ${name}`, laid, expected, terms, scratchBytes, () =>
      runConv(program, memory, operands, scratchPtr, scratchPtr + program.sharedBytes),
    );
  };
  const taps = c.kh * c.kw;
  const [x, w, grad] = [ptr(at.x), ptr(at.weight), ptr(at.grad)];
  check('forward', [x, w, hasBias ? ptr(at.biasOut) : 0, ptr(out)], forward, (c.cin / c.groups) * taps);
  check('input', [grad, w, hasBias ? ptr(at.biasIn) : 0, ptr(out)], input, (c.cout / c.groups) * taps);
  check('weight', [grad, x, 0, ptr(out)], weight, c.n * c.oh * c.ow);
}

test('stride × padding × dilation × groups, all three directions', () => {
  inBothModes(() => {
    let hasBias = false;
    for (const dtype of dtypes) {
      for (const stride of [
        [1, 1],
        [2, 2],
        [1, 3],
        [3, 4],
      ] as const) {
        for (const padding of [
          [0, 0],
          [1, 1],
          [2, 1],
          [3, 3],
        ] as const) {
          for (const dilation of [
            [1, 1],
            [2, 1],
            [4, 2],
          ] as const) {
            for (const groups of [1, 2, 6]) {
              for (const kernel of [
                [1, 1],
                [3, 3],
                [2, 5],
              ] as const) {
                hasBias = !hasBias;
                const size = [9, 11] as const;
                verify({ dtype, n: 2, channels: [6, 12, groups], size, kernel, stride, padding, dilation }, hasBias);
              }
            }
          }
        }
      }
    }
  });
});

test('one dimension, lines longer than a block', () => {
  for (const dtype of dtypes) {
    verify({ dtype, n: 2, channels: [2, 5], size: [1, 1700], kernel: [1, 9], stride: [1, 2], padding: [0, 4] }, true);
    verify({ dtype, n: 1, channels: [12, 20], size: [1, 900], kernel: [1, 5], padding: [0, 2], dilation: [1, 2] });
  }
});

test('phases that are one convolution, wherever their taps begin', () => {
  inBothModes(() => {
    for (const width of [200, 201, 202, 203]) {
      for (const stride of [2, 3]) {
        for (const padding of [0, 1, 3, 4, 5]) {
          const size = [2, width] as const;
          const rest = { kernel: [1, 9], stride: [1, stride], padding: [0, padding] } as const;
          verify({ dtype: 'float32', n: 2, channels: [16, 32], size, ...rest }, padding % 2 === 1);
        }
      }
    }
  });
  const c = shapeOf({
    dtype: 'float32',
    n: 2,
    channels: [16, 32],
    size: [2, 201],
    kernel: [1, 9],
    stride: [1, 2],
    padding: [0, 4],
  });
  assert.is(convPath(c, 'input').kernel, 'joint');
});

test('many channels: blocks of channels and of rows meet without a seam', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      verify({ dtype, n: 1, channels: [70, 130], size: [7, 7], kernel: [3, 3], padding: [1, 1] }, true);
      verify({ dtype, n: 3, channels: [130, 20], size: [2, 2], kernel: [3, 3], padding: [1, 1] });
      verify({ dtype, n: 1, channels: [20, 122], size: [6, 5], kernel: [1, 1] }, true);
    }
  });
});

test('small images, and images of one position', () => {
  for (const dtype of dtypes) {
    verify({ dtype, n: 5, channels: [4, 9], size: [1, 1], kernel: [1, 1] }, true);
    verify({ dtype, n: 4, channels: [3, 7], size: [5, 5], kernel: [5, 5] });
    verify({ dtype, n: 9, channels: [2, 130], size: [5, 5], kernel: [3, 3], padding: [1, 1] });
  }
});

test('depthwise, and groups of few channels, around the widths of vectors', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      verify({ dtype, n: 1, channels: [32, 32], size: [7, 7], kernel: [3, 3], padding: [1, 1] }, true);
      for (const width of [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33]) {
        const size = [4, width] as const;
        verify({ dtype, n: 2, channels: [5, 5, 5], size, kernel: [3, 3], padding: [1, 1] }, true);
        verify({ dtype, n: 1, channels: [6, 9, 3], size, kernel: [2, 2], padding: [1, 2], stride: [1, 2] });
        // Seven output channels are four, two and one; lines of three, five and nine taps are written out.
        for (const taps of [3, 5, 9]) {
          for (const stride of [1, 2]) {
            const rest = { kernel: [2, taps], padding: [1, 4], stride: [1, stride] } as const;
            verify({ dtype, n: 1, channels: [2, 14, 2], size, ...rest }, true);
          }
        }
        verify({ dtype, n: 1, channels: [2, 2, 2], size, kernel: [1, 3], padding: [0, 3], stride: [1, 3] }, true);
      }
    }
  });
});

test('few output channels take lines together, however many lines and columns there are', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      let seed = 0;
      // One, two and three channels take six, three and two lines (four, two and one in strict mode); five are four and one.
      for (const rows of [1, 2, 3, 5]) {
        for (const width of [1, 3, 4, 5, 8, 9, 12, 13, 20]) {
          for (const height of [1, 5, 6, 7, 13]) {
            seed++;
            const kernel = (
              [
                [3, 3],
                [5, 5],
                [2, 4],
                [7, 7],
              ] as const
            )[seed % 4];
            const padding = [seed % 3, (seed + 1) % 5] as const;
            const dilation = [1, kernel[1] === 4 ? 2 : 1] as const;
            const size = [height + 2, width + 2] as const;
            verify({ dtype, n: 1, channels: [3, rows], size, kernel, padding, dilation }, seed % 2 === 0);
          }
        }
      }
      // Depthwise, and more lines than a task takes.
      verify({ dtype, n: 2, channels: [3, 3, 3], size: [14, 12], kernel: [3, 3], padding: [1, 1] }, true);
      verify({ dtype, n: 1, channels: [40, 1], size: [40, 20], kernel: [5, 5], padding: [2, 2] }, true);
      verify({ dtype, n: 1, channels: [1, 40], size: [44, 20], kernel: [5, 5] }, true);
    }
  });
});

test('lines that are taken together meet no more than they should: NaN stays where it is', () => {
  const c = shapeOf({ dtype: 'float32', n: 1, channels: [2, 1], size: [15, 13], kernel: [3, 3], padding: [1, 1] });
  const { view, bytes, at, out, scratchPtr, sizes } = lay(c);
  view[at.x + 7 * c.w + 12] = NaN;
  // What lies in scratch memory means nothing.
  const program = convProgram('forward', c, false);
  assert.is(program.templates.at(-1)?.entry, 'convDirect');
  view.fill(NaN, scratchPtr / bytes, (scratchPtr + program.sharedBytes + program.scratchBytes) / bytes);
  runConv(
    program,
    memory,
    [at.x * bytes, at.weight * bytes, 0, out * bytes],
    scratchPtr,
    scratchPtr + program.sharedBytes,
  );
  for (let i = 0; i < sizes.grad; i++) {
    const [y, x] = [Math.floor(i / c.ow), i % c.ow];
    assert.is(Number.isNaN(view[out + i]), Math.abs(y - 7) <= 1 && Math.abs(x - 12) <= 1, `at ${y}, ${x}`);
  }
});

test('weights may be the first of all memory', () => {
  const c = shapeOf({ dtype: 'float32', n: 1, channels: [3, 1], size: [9, 9], kernel: [7, 7], padding: [3, 3] });
  const { view, bytes, sizes, at, out, scratchPtr } = lay(c);
  const program = convProgram('forward', c, false);
  assert.match(program.templates[0].name, /f7x7/);
  // The image far behind, where the weights do not fall on it.
  const x = scratchPtr / bytes + 4096;
  view.copyWithin(x, at.x, at.x + sizes.x);
  const results = [at.weight, 16].map((weight) => {
    view.copyWithin(weight, at.weight, at.weight + sizes.weight);
    runConv(
      program,
      memory,
      [x * bytes, weight * bytes, 0, out * bytes],
      (x + 4096) * bytes,
      (x + 4096) * bytes + program.sharedBytes,
    );
    return view.slice(out, out + sizes.grad);
  });
  assert.ok(results[0].every((value) => !Number.isNaN(value)));
  assert.equal(results[0], results[1]);
});

test('phases of a stride of two are dealt out together, in lines of any length', () => {
  inBothModes(() => {
    for (const dtype of dtypes) {
      for (let w = 1; w <= 13; w++) {
        for (const padding of [0, 1]) {
          const rest = { kernel: [3, 1 + 2 * padding], stride: [2, 2], padding: [1, padding] } as const;
          verify({ dtype, n: 2, channels: [40, 8], size: [6, w], ...rest }, w % 2 === 0);
        }
      }
    }
  });
});

test('each way of computing is taken by some of the shapes above', () => {
  const depthwise = shapeOf({ dtype: 'float32', n: 1, channels: [8, 8, 8], size: [9, 9], kernel: [3, 3] });
  const product = shapeOf({
    dtype: 'float32',
    n: 1,
    channels: [64, 64],
    size: [10, 13],
    kernel: [3, 3],
    padding: [2, 2],
    dilation: [2, 2],
  });
  const entries = (direction: ConvDirection, c: ConvShape) =>
    convProgram(direction, c, false)
      .templates.map(({ entry }) => entry)
      .join(' ');
  assert.is(entries('forward', depthwise), 'convDirect');
  assert.is(entries('forward', product), 'packWeights conv');
  assert.is(entries('input', product), 'takeWeights packWeights conv');
  const valid = shapeOf({ dtype: 'float32', n: 1, channels: [20, 50], size: [12, 12], kernel: [5, 5] });
  assert.is(entries('input', valid), 'cut winogradWeights adjoint');
  const few = shapeOf({ dtype: 'float32', n: 1, channels: [1, 20], size: [28, 28], kernel: [5, 5] });
  assert.is(entries('input', few), 'takeWeights convDirect');
  const strided = shapeOf({ dtype: 'float32', n: 1, channels: [64, 64], size: [8, 8], kernel: [1, 1], stride: [2, 1] });
  assert.match(entries('input', strided), /spread|packTapRows/);
});

test('gradients are added to every second column of lines of any length', () => {
  inBothModes(() => {
    for (const dtype of ['float32', 'float64'] as const) {
      for (let w = 11; w <= 24; w++) {
        const parts = {
          dtype,
          n: 2,
          channels: [4, 32],
          size: [9, w],
          kernel: [3, 3],
          padding: [1, 1],
          stride: [2, 2],
        } as const;
        const { templates } = convProgram('input', shapeOf(parts), false);
        assert.is(templates.at(-1)?.entry, 'convScatter');
        verify(parts);
      }
    }
  });
});

test('an input larger than any tap reaches has zero gradient there', () => {
  // Rows and columns that the stride leaves over; and, without taps at all, whole phases.
  verify({ dtype: 'float32', n: 2, channels: [3, 4], size: [10, 11], kernel: [2, 2], stride: [4, 4] }, true);
  verify({ dtype: 'float64', n: 1, channels: [30, 40], size: [9, 9], kernel: [1, 1], stride: [3, 3] }, true);
});

test('tasks in any order give the same bits', () => {
  inBothModes(() => {
    for (const parts of [
      { n: 3, channels: [20, 30], size: [14, 14], kernel: [3, 3], padding: [1, 1] },
      { n: 2, channels: [8, 8, 8], size: [20, 20], kernel: [3, 3], padding: [1, 1] },
      { n: 2, channels: [1, 40], size: [44, 20], kernel: [5, 5] },
      { n: 4, channels: [16, 16], size: [16, 16], kernel: [3, 3], stride: [2, 2], padding: [1, 1] },
    ] as const) {
      const c = shapeOf({ dtype: 'float32', ...parts });
      const { bytes, sizes, at, out, scratchPtr } = lay(c);
      const [x, weight, grad] = [at.x * bytes, at.weight * bytes, at.grad * bytes];
      const inBothOrders = (direction: ConvDirection, first: number, second: number, size: number) => {
        const program = convProgram(direction, c, false);
        const pointers = [first, second, 0, out * bytes] as const;
        const result = () => new Uint8Array(memory.buffer, out * bytes, size * bytes).slice();
        runConv(program, memory, pointers, scratchPtr, scratchPtr + program.sharedBytes);
        const expected = result();
        const launches = convLaunches(program, pointers, scratchPtr);
        runBackwards(launches, memory, scratchPtr + program.sharedBytes);
        assert.equal(result(), expected);
      };
      inBothOrders('forward', x, weight, sizes.grad);
      inBothOrders('input', grad, weight, sizes.x);
      inBothOrders('weight', grad, x, sizes.weight);
    }
  });
});

test('a program that is remembered takes the addresses of each call, strict or not', () => {
  const c = shapeOf({ dtype: 'float32', n: 2, channels: [4, 8], size: [9, 9], kernel: [3, 3], stride: [2, 2] });
  assert.is(convProgram('input', c, false), convProgram('input', { ...c }, false));
  assert.is.not(convProgram('input', c, false), convProgram('input', c, true));
  assert.is.not(convProgram('input', c, false), convProgram('weight', c, false));
  assert.is.not(convProgram('input', c, false), convProgram('input', { ...c, dilationW: 2 }, false));
  const argsAt = (by: number) =>
    convLaunches(convProgram('input', c, true), [by, 2 * by, 3 * by, 4 * by], 5 * by).map(({ args }) => args.slice());
  const [low, high] = [argsAt(1 << 20), argsAt(2 << 20)];
  const moved = low.flatMap((args, i) => args.map((value, k) => high[i][k] - value)).filter((by) => by !== 0);
  assert.equal([...new Set(moved)].sort(), [1, 2, 3, 4, 5].map((k) => k << 20).sort());
});

test('infinity and NaN stay where their patches are', () => {
  const c = shapeOf({ dtype: 'float32', n: 1, channels: [4, 8], size: [8, 8], kernel: [3, 3], padding: [1, 1] });
  const { view, bytes, at, out, scratchPtr } = lay(c);
  view[at.x] = Number.NaN;
  view[at.x + 7 * 8 + 7] = Number.POSITIVE_INFINITY;
  const pointers = [at.x * bytes, at.weight * bytes, 0, out * bytes] as const;
  const program = convProgram('forward', c, false);
  runConv(program, memory, pointers, scratchPtr, scratchPtr + program.sharedBytes);
  for (let i = 0; i < 8 * 64; i++) {
    const y = (i >> 3) & 7;
    const x = i & 7;
    const isNearNaN = y <= 1 && x <= 1;
    const isNearInfinity = y >= 6 && x >= 6;
    const value = view[out + i];
    assert.is(Number.isNaN(value), isNearNaN, `${y} ${x}`);
    if (!isNearNaN) assert.is(Number.isFinite(value), !isNearInfinity, `${y} ${x}`);
  }
});

test.run();
