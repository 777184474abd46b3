import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType, TypedArray } from './dtype.ts';
import { newArray } from './dtype.ts';
import { ValueError } from './errors.ts';
import fixtures from './fixtures/print.json' with { type: 'json' };
import type { Strided } from './layout.ts';
import { contiguousStrides, sizeOf } from './layout.ts';
import type { PrintOptions, PrintOptionsUpdate } from './print.ts';
import { formatExponent, formatFixed, formatTensor, getPrintOptions, setPrintOptions } from './print.ts';

/** A case of `tools/fixtures/print.py`, which says what the fields mean. */
interface Case {
  readonly group: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values?: string;
  readonly rule?: { readonly count: number; readonly start: number; readonly step: number; readonly modulo: number };
  readonly strides?: readonly number[];
  readonly offset?: number;
  readonly options?: PrintOptionsUpdate;
  readonly requires_grad?: boolean;
  readonly grad_fn?: string;
  readonly name?: string;
  readonly text: string;
}

const cases = fixtures as unknown as readonly Case[];

const WORDS: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };

function baseOf({ dtype, values, rule }: Case): TypedArray {
  if (rule !== undefined) {
    const array = newArray(dtype, rule.count);
    for (let i = 0; i < rule.count; i++) {
      const value = rule.start + rule.step * (i % rule.modulo);
      array[i] = array instanceof BigInt64Array ? BigInt(value) : value;
    }
    return array;
  }
  const words = values?.split(' ').filter((word) => word !== '') ?? [];
  const array = newArray(dtype, words.length);
  words.forEach((word, i) => {
    array[i] = array instanceof BigInt64Array ? BigInt(word) : (WORDS[word] ?? Number(word));
  });
  return array;
}

function tensorOf(c: Case): Strided {
  const { dtype, shape, strides = contiguousStrides(shape), offset = 0 } = c;
  return { array: baseOf(c), shape, strides, offset, dtype };
}

/** A tensor over plain numbers, row-major. */
function dense(values: readonly number[], shape: readonly number[] = [values.length]): Strided {
  return { array: Float32Array.from(values), shape, strides: contiguousStrides(shape), offset: 0, dtype: 'float32' };
}

function withOptions<R>(options: PrintOptionsUpdate, body: () => R): R {
  const before = getPrintOptions();
  setPrintOptions(options);
  try {
    return body();
  } finally {
    setPrintOptions(before);
  }
}

cases.forEach((c, i) => {
  const { text, values, rule, ...title } = c;
  test(`prints as PyTorch does, case ${i}: ${JSON.stringify(title)}`, () => {
    const extras = {
      ...(c.requires_grad === undefined ? {} : { requiresGrad: c.requires_grad }),
      ...(c.grad_fn === undefined ? {} : { gradFn: c.grad_fn }),
      ...(c.name === undefined ? {} : { name: c.name }),
    };
    const printed = withOptions(c.options ?? {}, () => formatTensor(tensorOf(c), extras));
    assert.is(printed, text);
  });
});

test('the fixtures have at least 250 cases, of every dtype and of ranks 0 to 4', () => {
  assert.ok(cases.length >= 250);
  for (const dtype of ['float32', 'float64', 'int32', 'int64', 'uint8', 'bool']) {
    assert.ok(
      cases.some((c) => c.dtype === dtype),
      dtype,
    );
  }
  for (let ndim = 0; ndim <= 4; ndim++) {
    assert.ok(
      cases.some((c) => c.shape.length === ndim),
      `rank ${ndim}`,
    );
  }
});

test('formatFixed rounds half to even on the exact value, as Python does', () => {
  assert.is(formatFixed(0.5, 0), '0');
  assert.is(formatFixed(1.5, 0), '2');
  assert.is(formatFixed(2.5, 0), '2');
  assert.is(formatFixed(0.125, 2), '0.12');
  assert.is(formatFixed(0.375, 2), '0.38');
  assert.is(formatFixed(-0.03125, 4), '-0.0312');
  assert.is(formatFixed(2 ** 47 + 1 / 32, 4), '140737488355328.0312');
  assert.is(formatFixed(1.005, 2), '1.00', 'below the tie: 1.00499…');
  assert.is(formatFixed(0.1, 20), '0.10000000000000000555');
});

test('formatFixed keeps the sign of zero and writes large numbers in full', () => {
  assert.is(formatFixed(-0, 4), '-0.0000');
  assert.is(formatFixed(-1e-9, 4), '-0.0000');
  assert.is(formatFixed(1e21, 0), '1000000000000000000000');
  assert.is(formatFixed(-1e23, 2), '-99999999999999991611392.00');
  assert.is(formatFixed(NaN, 4), 'nan');
  assert.is(formatFixed(-Infinity, 4), '-inf');
});

test('formatExponent rounds half to even on the exact value, as Python does', () => {
  assert.is(formatExponent(100005, 4), '1.0000e+05');
  assert.is(formatExponent(100015, 4), '1.0002e+05');
  assert.is(formatExponent(99999.5, 4), '1.0000e+05', 'a tie that carries');
  assert.is(formatExponent(9.5, 0), '1e+01', 'a tie that carries to a single digit');
  assert.is(formatExponent(8.5, 0), '8e+00');
  assert.is(formatExponent(1.5, 0), '2e+00');
  assert.is(formatExponent(0.5, 0), '5e-01');
  assert.is(formatExponent(2.5, 0), '2e+00');
  assert.is(formatExponent(0.03125, 2), '3.12e-02');
  assert.is(formatExponent(0.00012345, 3), '1.234e-04', 'below the tie: 1.23449…');
  assert.is(formatExponent(1.00015e-5, 4), '1.0002e-05', 'above the tie: 1.000150…02');
  assert.is(formatExponent(25e21, 0), '2e+22');
});

test('formatExponent writes signs, zeros, and exponents of two or three digits', () => {
  assert.is(formatExponent(0, 4), '0.0000e+00');
  assert.is(formatExponent(-0, 4), '-0.0000e+00');
  assert.is(formatExponent(-1e-300, 4), '-1.0000e-300');
  assert.is(formatExponent(5e-324, 4), '4.9407e-324');
  assert.is(formatExponent(5e-324, 99).slice(0, 20), '4.940656458412465441');
  assert.is(formatExponent(Infinity, 4), 'inf');
});

/** A tensor whose elements are counted as they are read. */
function counted(shape: readonly number[]): { readonly tensor: Strided; reads: () => number } {
  let reads = 0;
  const array = new Proxy(new Float32Array(1), {
    get(target, key) {
      reads++;
      return Reflect.get(target, key, target) as unknown;
    },
  });
  return { tensor: { array, shape, strides: shape.map(() => 0), offset: 0, dtype: 'float32' }, reads: () => reads };
}

test('a summarised tensor is only touched where it is shown', () => {
  const { tensor, reads } = counted([1e6, 1e6]);
  assert.ok(formatTensor(tensor).includes('[0., 0., 0.,  ..., 0., 0., 0.]'));
  assert.ok(reads() <= 2 * 36, `${reads()} reads`);
});

test('setPrintOptions merges into what is in force, but sciMode is automatic unless set', () => {
  withOptions({ precision: 2, sciMode: true }, () => {
    assert.equal(getPrintOptions(), { precision: 2, threshold: 1000, edgeitems: 3, linewidth: 80, sciMode: true });
    setPrintOptions({ linewidth: 100 });
    assert.equal(getPrintOptions(), { precision: 2, threshold: 1000, edgeitems: 3, linewidth: 100, sciMode: null });
    setPrintOptions({ precision: null, threshold: undefined });
    assert.is(getPrintOptions().precision, 2);
  });
});

test('a profile sets all options, and others given with it win', () => {
  withOptions({ linewidth: 33, profile: 'short' }, () => {
    assert.equal(getPrintOptions(), { precision: 2, threshold: 1000, edgeitems: 2, linewidth: 33, sciMode: null });
    setPrintOptions({ profile: 'full' });
    assert.equal(getPrintOptions(), { precision: 4, threshold: Infinity, edgeitems: 3, linewidth: 80, sciMode: null });
    setPrintOptions({ profile: 'default' });
    assert.equal(getPrintOptions(), { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80, sciMode: null });
  });
});

test('what getPrintOptions returned restores what was', () => {
  withOptions({ precision: 7, sciMode: false }, () => {
    const saved: PrintOptions = getPrintOptions();
    setPrintOptions({ profile: 'full' });
    setPrintOptions(saved);
    assert.equal(getPrintOptions(), saved);
  });
});

test('an infinite line width never wraps', () => {
  withOptions({ linewidth: Infinity }, () => {
    assert.not(formatTensor(dense(Array.from({ length: 500 }, (_, i) => i / 2))).includes('\n'));
  });
});

const REFUSED: readonly (readonly [option: string, value: unknown])[] = [
  ['precision', -1],
  ['precision', 1.5],
  ['precision', 100],
  ['precision', '4'],
  ['threshold', -1],
  ['threshold', NaN],
  ['edgeitems', -1],
  ['edgeitems', 0.5],
  ['edgeitems', Infinity],
  ['linewidth', 0],
  ['linewidth', 80.5],
  ['linewidth', NaN],
  ['profile', 'long'],
  ['profile', 'toString'],
  ['sciMode', 1],
  ['width', 3],
];

for (const [option, value] of REFUSED) {
  test(`setPrintOptions refuses ${option}: ${String(value)}, and nothing changes`, () => {
    const before = getPrintOptions();
    assert.throws(
      () => setPrintOptions({ precision: 9, [option]: value } as PrintOptionsUpdate),
      (error: unknown) =>
        error instanceof ValueError && error.message.includes(option) && error.op === 'setPrintOptions',
    );
    assert.equal(getPrintOptions(), before);
  });
}

test('a tensor of one element has a print whatever its strides', () => {
  const t: Strided = { array: Float32Array.of(1, 2), shape: [1, 1], strides: [100, -7], offset: 1, dtype: 'float32' };
  assert.is(sizeOf(t.shape), 1);
  assert.is(formatTensor(t), 'tensor([[2.]])');
});

test.run();
