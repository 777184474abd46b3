/** float16 and bfloat16: casts against exact oracles and PyTorch (`tools/fixtures/half.py`), moves, prints, and what refuses. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType, HalfDType } from './dtype.ts';
import { itemBytes } from './dtype.ts';
import data from './fixtures/half.json' with { type: 'json' };
import type { Tensor } from './index.ts';
import {
  allclose,
  arange,
  bernoulli,
  bernoulli_,
  binaryCrossEntropy,
  cat,
  collectGarbage,
  copy_,
  cumulativeTrapezoid,
  empty,
  equal,
  eye,
  fromMessage,
  fromTypedArray,
  full,
  hypot,
  isclose,
  linalg,
  linspace,
  logaddexp,
  logaddexp2,
  logcumsumexp,
  logit,
  manualSeed,
  maximum,
  memory,
  multinomial,
  mvlgamma,
  NotImplementedError,
  nanmean,
  normal,
  ones,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
  sgdStep,
  sinc,
  special,
  stack,
  sum,
  tensor,
  toMessage,
  trapezoid,
  unique,
  where,
  withBits,
  zeros,
} from './index.ts';
import { halfBits, halfValue, roundToHalf } from './reference/half.ts';

const HALVES: readonly HalfDType[] = ['float16', 'bfloat16'];

/** Exponent bits, fraction bits: the definition. */
const FORMATS = { float16: [5, 10], bfloat16: [8, 7] } as const;

/** The value of the bits, from the definition. */
function valueOf(dtype: HalfDType, bits: number): number {
  const [exponentBits, fractionBits] = FORMATS[dtype];
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The bits of the nearest value, ties to the even one, computed in float64, in which all steps are exact. */
function nearest(dtype: HalfDType, x: number): number {
  const [exponentBits, fractionBits] = FORMATS[dtype];
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(x);
  const infinity = (2 ** exponentBits - 1) << fractionBits;
  if (magnitude === Infinity) return sign | infinity;
  let exponent = Math.max(Math.floor(Math.log2(magnitude || 1e-300)), 1 - bias);
  if (2 ** exponent > magnitude && exponent > 1 - bias) exponent--;
  const units = magnitude / 2 ** (exponent - fractionBits);
  const below = Math.floor(units);
  const rest = units - below;
  const rounded = below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0);
  // Subnormal, units have no bit of an exponent; a carry moves on into it.
  return sign | Math.min(rounded + ((exponent + bias - 1) << fractionBits), infinity);
}

const floats = (bits: ArrayLike<number>): Float32Array => new Float32Array(Uint32Array.from(bits).buffer);
const bitsOf = (x: Tensor): Uint16Array => x.toBits();
const valuesOf = (x: Tensor): number[] => Array.from(x.toTypedArray() as Float32Array);

function sameValues(got: ArrayLike<number>, want: ArrayLike<number>, label: string): void {
  assert.is(got.length, want.length, label);
  for (let i = 0; i < want.length; i++) {
    if (!Object.is(got[i], want[i])) assert.unreachable(`${label}: element ${i} is ${got[i]}, expected ${want[i]}`);
  }
}

function refuses(run: () => unknown, op: string): void {
  try {
    run();
  } catch (error) {
    assert.instance(error, NotImplementedError, String(error));
    assert.is((error as NotImplementedError).op, op);
    assert.match((error as Error).message, /\.to\('float32'\)/);
    return;
  }
  assert.unreachable(`${op} does not refuse`);
}

for (const dtype of HALVES) {
  test(`all bit patterns of ${dtype} are their values in float32, by kernel and by loop, and come back`, () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const want = Float32Array.from(all, (bits) => valueOf(dtype, bits));
    sameValues(
      Float32Array.from(all, (bits) => halfValue(dtype, bits)),
      want,
      'the loop',
    );
    const x = fromTypedArray(all, [256, 256], { dtype });
    for (const source of [x, x.clone()]) {
      const wide = source.float();
      sameValues(wide.toTypedArray() as Float32Array, want, 'the kernel');
      sameValues(source.t().float().t().contiguous().toTypedArray() as Float32Array, want, 'a transposed operand');
      const back = bitsOf(wide.to(dtype));
      const backAgain = bitsOf(wide.double().to(dtype));
      const nan = dtype === 'float16' ? 0x7e00 : 0x7fc0;
      for (let i = 0; i < all.length; i++) {
        const expected = Number.isNaN(want[i]) ? nan : i;
        if (back[i] !== expected || backAgain[i] !== expected) assert.unreachable(`${i} comes back as ${back[i]}`);
      }
    }
  });

  test(`a sweep of float32 becomes the nearest ${dtype}, ties to even`, () => {
    // A prime step goes through all exponents and all residues of what is cut off.
    const words: number[] = [];
    for (let bits = 0; bits < 0x7f800000; bits += 5003) words.push(bits, bits + 0x80000000);
    for (let bits = 0; bits < 0x7c00; bits++) {
      const middle = (valueOf('float16', bits) + valueOf('float16', bits + 1)) / 2;
      const at = new Uint32Array(Float32Array.of(middle === Infinity ? 65520 : middle).buffer)[0];
      words.push(at - 1, at, at + 1);
    }
    const values = floats(words);
    const want = Uint16Array.from(values, (x) => nearest(dtype, x));
    sameValues(
      Uint16Array.from(values, (x) => halfBits(dtype, x)),
      want,
      'the loop',
    );
    sameValues(bitsOf(tensor(values).to(dtype)), want, 'the kernel');
    for (const n of [1, 7, 8, 9, 255, 256, 257, 263, 264, 265]) {
      sameValues(bitsOf(tensor(values.subarray(0, n)).to(dtype)), want.subarray(0, n), `${n} elements`);
    }
  });

  test(`${dtype} of float32, float64 and integers has PyTorch's bits`, () => {
    sameValues(bitsOf(tensor(floats(data.float32)).to(dtype)), data[dtype], 'float32');
    sameValues(bitsOf(tensor(data.float64.values, { dtype: 'float64' }).to(dtype)), data.float64[dtype], 'float64');
    sameValues(bitsOf(tensor(data.float64.values, { dtype })), data.float64[dtype], 'a list');
    sameValues(bitsOf(tensor(data.integers.values, { dtype: 'int32' }).to(dtype)), data.integers[dtype], 'int32');
    sameValues(bitsOf(tensor(data.integers.values, { dtype: 'int64' }).to(dtype)), data.integers[dtype], 'int64');
  });

  test(`${dtype} becomes every dtype by way of float32, and every dtype ${dtype}`, () => {
    const x = tensor([0, -0, 1, -1.5, 200.5, Number.NaN], { dtype });
    for (const to of ['bool', 'uint8', 'int32', 'int64', 'float64', 'float16', 'bfloat16'] as const) {
      assert.equal(x.to(to).toArray(), x.float().to(to).toArray(), to);
    }
    for (const from of ['bool', 'uint8', 'int32', 'int64', 'float64'] as const) {
      const wide = arange(300).to(from);
      assert.equal(bitsOf(wide.to(dtype)), bitsOf(wide.float().to(dtype)), from);
    }
  });

  test(`${dtype} prints as PyTorch prints it`, () => {
    for (const { dtype: of, bits, text } of data.printed) {
      if (of === dtype) assert.is(String(fromTypedArray(Uint16Array.from(bits), [bits.length], { dtype })), text);
    }
  });

  test(`results in ${dtype} are those of PyTorch`, () => {
    for (const { dtype: of, op, self, other, result } of data.results) {
      if (of !== dtype) continue;
      const name = op.replace(/_(.)/g, (_, c: string) => c.toUpperCase()) as 'add';
      const operand = Array.isArray(other) ? tensor(other, { dtype }) : (other as never);
      const got = tensor(self, { dtype })[name](operand);
      assert.is(got.dtype, result.dtype as DType, op);
      sameValues(valuesOf(got), result.data, `${op} with ${other}`);
    }
  });

  test(`creation, views, writes and moves of ${dtype}`, () => {
    for (const n of [4, 2000]) {
      assert.equal(valuesOf(zeros(n, { dtype })), new Array(n).fill(0));
      assert.equal(valuesOf(ones([n], { dtype })), new Array(n).fill(1));
      assert.equal(valuesOf(full([n], -2.5, { dtype })), new Array(n).fill(-2.5));
      assert.is(empty(n, { dtype }).dtype, dtype);
      const x = arange(n, { dtype }).view(2, n / 2);
      const wide = x.float();
      assert.equal(
        valuesOf(x),
        Array.from({ length: n }, (_, i) => roundToHalf(dtype, i)),
      );
      assert.equal(valuesOf(x.t().contiguous()), valuesOf(wide.t().contiguous()));
      assert.equal(valuesOf(x.at(1)), valuesOf(wide.at(1)));
      assert.equal(valuesOf(x.at(0, tensor([1, 0], { dtype: 'int32' }))), [1, 0]);
      for (const joined of [cat([x, x]), stack([x, x]).view(4, n / 2)]) {
        assert.is(joined.dtype, dtype);
        assert.ok(equal(joined, cat([wide, wide]).to(dtype)));
      }
      assert.is(cat([x, wide]).dtype, 'float32');
      assert.equal(valuesOf(cat([x, tensor([[7]], { dtype: 'int32' }).expand(2, 1)], 1).at(0, -1)), [7]);
      const y = x.clone();
      y.setAt([0], 3);
      y.setAt([1, 0], 5);
      assert.equal(valuesOf(y.at(0)), new Array(n / 2).fill(3));
      assert.is(y.at(1, 0).item(), 5);
      copy_(y.t(), wide.t());
      assert.ok(equal(y, x) && allclose(y, x) && isclose(y, x).all().item() === 1);
      y.add_(1).t().mul_(2);
      assert.ok(equal(y, wide.to(dtype).add(1).mul(2)));
    }
    const many = arange(3000, { dtype }).view(50, 60);
    const index = arange(3000, { dtype: 'int32' }).mul(7).remainder(50).view(50, 60);
    const order = index.at(0);
    const moves: Readonly<Record<string, (x: Tensor) => Tensor>> = {
      flip: (x) => x.flip([1]),
      flipBoth: (x) => x.flip([0, 1]),
      roll: (x) => x.roll(17),
      repeat: (x) => x.repeat(2, 3),
      expand: (x) => x.at(0).unsqueeze(1).expand(60, 40).contiguous(),
      tril: (x) => x.tril(3),
      triu: (x) => x.t().triu(-2),
      gather: (x) => x.gather(1, index),
      indexSelect: (x) => x.indexSelect(0, order),
      index: (x) => x.at(order, order),
      maskedSelect: (x) => x.maskedSelect(x.gt(100)),
      steps: (x) => x.slice(1, 1, null, 3).contiguous(),
      catAcross: (x) => cat([x, x.flip([0])], 1),
      scatter: (x) => x.scatter(0, index, x),
      indexAdd: (x) => x.indexAdd(0, order, x.indexSelect(0, order)),
      clone: (x) => x.t().clone(),
    };
    for (const [name, move] of Object.entries(moves)) {
      const moved = move(many);
      assert.is(moved.dtype, dtype, name);
      assert.equal(bitsOf(moved), bitsOf(move(many.float()).to(dtype)), name);
    }
    assert.equal(eye(2, { dtype }).toArray(), [
      [1, 0],
      [0, 1],
    ]);
    assert.equal(linspace(0, 1, 3, { dtype }).toArray(), [0, 0.5, 1]);
    assert.is(tensor(0.1, { dtype }).item(), roundToHalf(dtype, 0.1));
    assert.equal(tensor([1, 2.5], { dtype }).toArray(), [1, 2.5]);
    assert.equal(valuesOf(fromMessage(toMessage(tensor([1, 2.5], { dtype })).message) as Tensor), [1, 2.5]);
    assert.is(arange(3)[dtype === 'float16' ? 'half' : 'bfloat16']().dtype, dtype);
  });

  test(`${dtype} takes 2 bytes an element, small and in the heap`, () => {
    assert.is(itemBytes(dtype), 2);
    assert.is(zeros(3, { dtype }).elementSize(), 2);
    withBits(() => assert.is(zeros(512, { dtype }).array.byteLength, 1024));
    collectGarbage();
    const before = memory().usedBytes;
    const x = zeros(2 ** 20, { dtype });
    const grown = memory().usedBytes - before;
    assert.ok(grown >= 2 ** 21 && grown < 2 ** 21 + 2 ** 17, `${grown} bytes`);
    x.storage.release('the test');
  });

  test(`what knows numbers alone refuses ${dtype}, and writes nothing`, () => {
    const x = tensor([0.25, 0.5], { dtype });
    refuses(() => sgdStep(x, x, null, { lr: 1 }), 'sgdStep');
    refuses(() => linalg.qr(x.view(1, 2)), 'qr');
    assert.throws(() => x.float().toBits(), /toBits: takes float16/);
    assert.throws(() => x.array, /float16/);
    assert.throws(() => x.storage.pointer, /float16/);
    assert.equal(x.toArray(), [0.25, 0.5]);
  });

  test(`operands of ${dtype} and others meet in the dtype that PyTorch promotes to`, () => {
    const x = tensor([1, 2], { dtype });
    const other = tensor([1, 2], { dtype: dtype === 'float16' ? 'bfloat16' : 'float16' });
    for (const [y, want] of [
      [other, 'float32'],
      [tensor([1, 2], { dtype: 'int64' }), dtype],
      [tensor([1, 2]), 'float32'],
      [tensor([1, 2], { dtype: 'float64' }), 'float64'],
      [tensor(1, { dtype: 'float64' }), dtype],
    ] as const) {
      assert.is(x.add(y).dtype, want);
      assert.is(maximum(y, x).dtype, want);
      assert.is(where(x.gt(1), x, y).dtype, want);
    }
    assert.is(x.mul(1.5).dtype, dtype);
    // An integer that 16 bits do not hold is compared as what it is rounded to, as a number and a wider float are.
    const most = dtype === 'float16' ? 2048 : 256;
    for (const other of ['int32', 'int64', 'float32', 'float64'] as const) {
      assert.equal(
        tensor([most], { dtype })
          .lt(tensor([most + 1], { dtype: other }))
          .to('int32')
          .toArray(),
        [Number(other.startsWith('float'))],
        other,
      );
    }
    assert.ok(
      tensor([most], { dtype })
        .eq(most + 1)
        .all()
        .item(),
    );
    assert.is(x.sum({ dtype: 'float64' }).dtype, 'float64');
    assert.is(sum(tensor([1, 2]), { dtype }).dtype, dtype);
    assert.throws(() => x.view(1, 2).matmul(tensor([[1], [2]])), /same dtype/);
    const wide = tensor([1, 2]);
    assert.equal(wide.add_(x).toArray(), [2, 4]);
    assert.is(wide.dtype, 'float32');
  });

  test(`what is composed of ops is rounded to ${dtype} once, steps that 16 bits do not hold included`, () => {
    const x = linspace(-3, 3, 300).to(dtype);
    const y = x.flip(0).add(0.5);
    const p = linspace(0.01, 0.99, 300).to(dtype);
    const near = (run: (...operands: Tensor[]) => Tensor, ...operands: Tensor[]): void => {
      const got = run(...operands);
      assert.is(got.dtype, dtype, String(run));
      sameValues(valuesOf(got), valuesOf(run(...operands.map((one) => one.float())).to(dtype)), String(run));
    };
    for (const run of [logaddexp, logaddexp2, hypot]) near(run, x, y);
    for (const run of [sinc, special.ndtr, special.logNdtr]) near(run, x);
    near((one) => logit(one), p);
    near(special.xlog1py, x, p);
    near((one) => mvlgamma(one, 2), p.add(2));
    near((one) => logcumsumexp(one, 0), x);
    near((one) => trapezoid(one), x.mul(3000));
    near((one) => cumulativeTrapezoid(one), x);
    near((one) => nanmean(one), x.add(2).mul(2000));
    near((one, t) => binaryCrossEntropy(one, t), p, p.flip(0));
    assert.is(nanmean(x, { dtype: 'float32' }).dtype, 'float32');
    assert.throws(() => binaryCrossEntropy(x, p), /between 0 and 1/);
  });

  test(`comparisons in place of ${dtype} write what those beside them give`, () => {
    const most = dtype === 'float16' ? 2048 : 256;
    const others = [
      most + 1,
      0.1,
      tensor([most + 1, 0]),
      tensor([1, 0.5], { dtype }),
      tensor(most + 1, { dtype: 'int32' }),
    ];
    for (const op of ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const) {
      for (const other of others) {
        const whole = tensor(
          [
            [most, 5],
            [0.1, 5],
          ],
          { dtype },
        );
        const column = whole.select(1, 0);
        const want = column[op](other).to(dtype).toArray() as number[];
        assert.is(column[`${op}_`](other), column);
        assert.equal(
          whole.toArray(),
          [
            [want[0], 5],
            [want[1], 5],
          ],
          op,
        );
        const wide = tensor([most, 0.1]);
        const truths = wide[op](other).float().toArray();
        assert.equal(wide[`${op}_`](other).toArray(), truths, op);
      }
    }
  });

  test(`random numbers in ${dtype} are those of PyTorch, to the bit`, () => {
    for (const { dtype: of, op, args, size, bits } of data.drawn) {
      if (of !== dtype) continue;
      const spread = linspace(0.1, 1, size).to(dtype);
      const made: Readonly<Record<string, () => Tensor>> = {
        rand: () => rand(size, { dtype }),
        randn: () => randn(size, { dtype }),
        randint: () => randint(0, 300, [size], { dtype }),
        randperm: () => randperm(size, { dtype }),
        bernoulli: () => bernoulli(spread),
        multinomial: () => multinomial(spread, 3).to(dtype),
        normal: () => normal(spread, spread),
      };
      const name = op === 'log_normal_' ? 'logNormal_' : (op as 'uniform_');
      manualSeed(3);
      const x = made[op]?.() ?? empty(size, { dtype })[name](...args);
      assert.is(x.dtype, dtype, op);
      sameValues(bitsOf(x), bits, `${op}(${args}) of ${size}`);
    }
    manualSeed(3);
    const turned = zeros(3, 20, { dtype }).t().normal_();
    manualSeed(3);
    assert.ok(turned.equal(zeros(3, 20).t().normal_().to(dtype)), 'in another order of memory, one after the other');
    for (const draw of [randLike, randnLike]) assert.is(draw(turned).dtype, dtype);
    assert.throws(() => turned.uniform_(2, 1), /from <= to/);
    assert.ok(rand(5000, { dtype }).max().item() < 1);
  });

  test(`distinct values of ${dtype} are values, and probabilities in it are refused by name`, () => {
    const { output, inverseIndices } = unique(tensor([3, -1, 2, 3], { dtype }), { returnInverse: true });
    assert.is(output.dtype, dtype);
    assert.equal(output.toArray(), [-1, 2, 3]);
    assert.equal(inverseIndices.toArray(), [2, 0, 1, 2]);
    const half = tensor([0.5], { dtype });
    for (const self of [zeros(1), half]) refuses(() => bernoulli_(self, half), 'bernoulli_');
    for (const p of [0.4, tensor([0.1, 0.5, 0.9])]) {
      const [drawn, wide] = [zeros(3, 4, { dtype }), zeros(3, 4)].map((x) => {
        manualSeed(7);
        bernoulli_(x.t(), p instanceof Object ? p.view(1, 3) : p);
        return x;
      });
      assert.ok(drawn.float().equal(wide), 'in another order of memory');
    }
    assert.throws(() => bernoulli_(half.expand(3)), /more than one element/);
  });

  test(`a NaN of any bits, infinities, -0 and what overflows keep their meaning in ${dtype}`, () => {
    const x = floats([0x7f800001, 0xffc00000, 0x7fffffff, 0x7f800000, 0xff800000, 0x80000000, 0x7f7fffff]);
    sameValues(valuesOf(tensor(x).to(dtype)), [NaN, NaN, NaN, Infinity, -Infinity, -0, Infinity], 'by loop');
    const many = new Float32Array(280).map((_, i) => x[i % 7]);
    sameValues(
      valuesOf(tensor(many).to(dtype)).slice(0, 7),
      [NaN, NaN, NaN, Infinity, -Infinity, -0, Infinity],
      'by kernel',
    );
    assert.is(tensor(1e6, { dtype: 'float16' }).item(), Infinity);
  });
}

test('a Uint16Array is bits only where it is said of what, and a Float16Array is float16', () => {
  const bits = Uint16Array.of(0x3c00, 0x4100);
  const x = fromTypedArray(bits, [2], { dtype: 'float16' });
  bits[0] = 0x4200;
  assert.equal(x.toArray(), [3, 2.5]);
  assert.equal(bitsOf(x), bits);
  assert.throws(() => tensor(bits), /fromTypedArray\(bits/);
  assert.throws(() => fromTypedArray(bits), /Uint16Array of bits/);
  assert.throws(() => fromTypedArray(new Float32Array(2), [2], { dtype: 'float16' }), /Uint16Array of bits/);
  const Float16Array = Reflect.get(globalThis, 'Float16Array') as unknown as
    | { of(...values: number[]): Uint16Array }
    | undefined;
  if (Float16Array === undefined) return;
  const half = Float16Array.of(1, 2.5);
  for (const y of [tensor(half), fromTypedArray(half)]) {
    assert.is(y.dtype, 'float16');
    assert.equal(y.toArray(), [1, 2.5]);
  }
});

test.run();
