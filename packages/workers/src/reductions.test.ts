/** Reductions, softmax, norms, losses and pooling: the same bits with any number of threads, at sizes around the cuts. */

import type { Tensor } from '@torsor/core';
import * as torsor from '@torsor/core';
import { executor, heap, manualSeed, randn } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { start } from './index.ts';

/** Whether this runtime shares memory; where it does not, a pool has one thread, and there is little to test. */
const isShared = typeof SharedArrayBuffer !== 'undefined' && heap().memory.buffer instanceof SharedArrayBuffer;
const threaded = isShared ? test : test.skip;

const bits = (x: Tensor): Uint8Array => {
  const { buffer, byteOffset, byteLength } = x.contiguous().toTypedArray();
  return new Uint8Array(buffer, byteOffset, byteLength);
};

/** Where the first byte is that differs; -1 if none does. */
function difference(got: Uint8Array, want: Uint8Array): number {
  if (got.length !== want.length) return Math.min(got.length, want.length);
  for (let i = 0; i < got.length; i++) if (got[i] !== want[i]) return i;
  return -1;
}

/** Results of ops, computed again and again. */
type Case = readonly [name: string, compute: () => readonly Tensor[]];

/** A claim about `cases`: the bits are those of one thread, and at least one launch of each case was shared. */
function claim(title: string, casesOf: () => readonly Case[]): void {
  threaded(`${title}: the same bits on 1, 2, 3 and 7 threads`, async () => {
    manualSeed(7);
    const cases = casesOf();
    const want = cases.map(([, compute]) => compute().map(bits));
    for (const threads of [1, 2, 3, 7]) {
      const pool = await start({ threads });
      pool.sharesAll = true;
      try {
        cases.forEach(([name, compute], i) => {
          const before = pool.stats().launches;
          compute().forEach((x, k) => {
            const at = difference(bits(x), want[i][k]);
            assert.is(at, -1, `${name}: result ${k} on ${threads} threads differs at byte ${at}`);
          });
          if (threads > 1) assert.ok(pool.stats().launches > before, `${name} was not shared`);
        });
      } finally {
        await pool.stop();
      }
    }
    assert.is(executor().threads, 1);
  });
}

const dtypes = ['float32', 'float64'] as const;

claim('folds', () =>
  dtypes.flatMap((dtype): Case[] => {
    // Around chunks of 2^16 and of 2^12 elements, and around blocks of columns.
    const runs = [2 ** 18 - 1, 2 ** 18, 2 ** 18 + 1].map((n) => randn(n, { dtype }));
    const [wide, tall, deep] = [randn(130, 2561, { dtype }), randn(8193, 63, { dtype }), randn(3, 70, 1537, { dtype })];
    const folds = (x: Tensor, dim: number | number[] | undefined): Tensor[] => [
      torsor.sum(x, dim as number),
      torsor.amax(x, dim as number),
      torsor.mean(x, dim as number),
    ];
    return [
      ...runs.map((x): Case => [`${dtype} run of ${x.shape[0]}`, () => folds(x, undefined)]),
      ...[0, 1].map((dim): Case => [`${dtype} wide ${dim}`, () => folds(wide, dim)]),
      ...[0, 1].map((dim): Case => [`${dtype} tall ${dim}`, () => folds(tall, dim)]),
      ...[0, 1, 2].map((dim): Case => [`${dtype} deep ${dim}`, () => folds(deep, dim)]),
      [`${dtype} deep, outer and inner`, () => folds(deep, [0, 2])],
      [`${dtype} transposed`, () => folds(wide.t(), 0)],
    ];
  }),
);

claim('variances, places of extremes and products', () =>
  dtypes.flatMap((dtype): Case[] => {
    const [wide, tall] = [randn(130, 2561, { dtype }), randn(8193, 63, { dtype })];
    return [wide, tall].flatMap((x) =>
      [0, 1].map((dim): Case => {
        const compute = () => [torsor.variance(x, dim), torsor.argmax(x, dim), torsor.prod(x, dim)];
        return [`${dtype} ${x.shape} along ${dim}`, compute];
      }),
    );
  }),
);

claim('integer sums', () => {
  const x = torsor.randint(-1000, 1000, [700, 601], { dtype: 'int32' });
  const mask = torsor.gt(x, 0);
  return [
    ['all', () => [x.sum()]],
    ['columns', () => [x.sum(0)]],
    ['rows', () => [x.sum(1)]],
    ['bool', () => [mask.sum()]],
  ];
});

claim('softmax and its gradient', () => {
  const shapes = [
    [511, 257],
    [65, 1100],
    [3, 90, 300],
  ];
  return shapes.flatMap((shape) => {
    const [x, g] = [randn(shape), randn(shape)];
    return shape.map((_, dim): Case => {
      const compute = () => {
        const [y, log] = [torsor.softmax(x, dim), torsor.logSoftmax(x, dim)];
        const gradients = [torsor.softmaxBackward(g, y, dim), torsor.logSoftmaxBackward(g, log, dim)];
        return [y, log, ...gradients, torsor.logsumexp(x, dim)];
      };
      return [`${shape} along ${dim}`, compute];
    });
  });
});

claim('layer and batch normalisation and their gradients', () =>
  dtypes.flatMap((dtype): Case[] => {
    const layer = [
      [1023, 129],
      [33, 4099],
    ].map(([rows, n]): Case => {
      const [x, g] = [randn(rows, n, { dtype }), randn(rows, n, { dtype })];
      const [w, b] = [randn(n, { dtype }), randn(n, { dtype })];
      const mean = torsor.mean(x, 1);
      const invstd = torsor.rsqrt(torsor.variance(x, 1));
      const compute = () => [torsor.layerNorm(x, [n], w, b), ...torsor.layerNormBackward(g, x, w, mean, invstd)];
      return [`${dtype} layer norm ${rows} × ${n}`, compute];
    });
    const batch = [
      [9, 7, 53, 31],
      [2, 3, 201, 199],
      [1, 2, 399, 401],
      [2049, 130],
      [130, 1027],
    ].map((shape): Case => {
      const [x, g] = [randn(shape, { dtype }), randn(shape, { dtype })];
      const [w, b] = [randn(shape[1], { dtype }), randn(shape[1], { dtype })];
      const dims = shape.map((_, d) => d).filter((d) => d !== 1);
      const mean = torsor.mean(x, dims);
      const invstd = torsor.rsqrt(torsor.variance(x, dims));
      const compute = () => [
        torsor.batchNorm(x, null, null, w, b, true),
        ...torsor.batchNormBackward(g, x, w, mean, invstd, true),
      ];
      return [`${dtype} batch norm ${shape}`, compute];
    });
    return [...layer, ...batch];
  }),
);

claim('losses', () => {
  const [x, y] = [randn(517, 513), randn(517, 513)];
  const target = torsor.randint(0, 513, [517], { dtype: 'int32' });
  const grad = torsor.tensor(1);
  const total = torsor.tensor(517);
  return [
    ['mse', () => [torsor.mseLoss(x, y)]],
    [
      'cross entropy and the gradient of its last part',
      () => {
        const gradient = torsor.nllLossBackward(grad, [517, 513], target, null, 'mean', -100, total);
        return [torsor.crossEntropy(x, target), gradient];
      },
    ],
  ];
});

claim('pooling and its gradients', () =>
  dtypes.flatMap((dtype): Case[] =>
    // Many planes, and one that is cut along its rows.
    [
      [3, 13, 55, 61],
      [1, 1, 403, 399],
    ].flatMap((shape) =>
      (
        [
          [2, 2, 0],
          [3, 2, 1],
          [3, 1, 1],
          [5, 3, 2],
        ] as const
      ).map(([size, stride, padding]): Case => {
        const x = randn(shape, { dtype });
        const compute = () => {
          const [values, indices] = torsor.maxPool2d(x, size, { stride, padding, returnIndices: true });
          const average = torsor.avgPool2d(x, size, { stride, padding });
          const params = {
            kernelSize: [size, size],
            stride: [stride, stride],
            padding: [padding, padding],
            dilation: [1, 1],
          };
          return [
            ...[values, indices, average],
            torsor.maxPoolBackward(values, indices, shape, 2),
            torsor.avgPoolBackward(average, shape, {
              ...params,
              ceilMode: false,
              countIncludePad: true,
              divisorOverride: null,
            }),
          ];
        };
        return [`${dtype} ${shape}, ${size} by ${stride}`, compute];
      }),
    ),
  ),
);

test.run();
