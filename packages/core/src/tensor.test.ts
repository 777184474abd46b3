/**
 * The `Tensor` class: what it says of its layout, how it is read, how it behaves among JavaScript's operators, what `data` and
 * `detach` share, and that every method is the function of its name.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DTYPES } from './dtype.ts';
import { refuses, values } from './fixtures/check.ts';
import * as core from './index.ts';
import { arange, manualSeed, ones, Tensor, tensor, zeros } from './index.ts';

// --------------------------------------------------------------------------------------------------------------- layout

test('a tensor tells its shape, strides, offset and sizes', () => {
  const x = zeros(4, 6, { dtype: 'float64' }).slice(0, 1).slice(1, 2, null, 2).t();
  assert.equal([...x.shape], [2, 3]);
  assert.equal([...x.size()], [2, 3]);
  assert.is(x.size(-1), 3);
  assert.equal([...x.stride()], [2, 6]);
  assert.is(x.stride(0), 2);
  assert.is(x.storageOffset(), 8);
  assert.is(x.ndim, 2);
  assert.is(x.dim(), 2);
  assert.is(x.numel(), 6);
  assert.is(x.nelement(), 6);
  assert.is(x.elementSize(), 8);
  assert.is(x.length, 2);
  assert.ok(x.isFloatingPoint() && !x.int().isFloatingPoint());
  assert.ok(!x.isContiguous() && x.contiguous().isContiguous());
  assert.ok(x.sharesStorageWith(x.t()) && !x.sharesStorageWith(x.contiguous()));
  assert.is(Object.prototype.toString.call(x), '[object Tensor]');
  for (const name of ['size', 'stride'] as const) {
    refuses(() => x[name](2), 'IndexError', new RegExp(`^${name}: dimension out of range`), name);
    refuses(() => tensor(1)[name](0), 'IndexError', /but tensor has no dimensions/, `${name} of 0-d`);
  }
  refuses(() => tensor(1).length, 'IndexError', /a 0-d tensor has no length/, 'length');
});

test('casts by name, by dtype and by example', () => {
  const x = tensor([0, 1.5, 2]);
  assert.equal(
    [x.float(), x.double(), x.int(), x.long(), x.byte(), x.bool()].map((y) => y.dtype),
    ['float32', 'float64', 'int32', 'int64', 'uint8', 'bool'],
  );
  assert.equal(x.bool().toArray(), [false, true, true]);
  assert.is(x.type('int32').dtype, 'int32');
  assert.is(x.typeAs(zeros(1, { dtype: 'int64' })).dtype, 'int64');
  assert.is(x.to('float32'), x, 'nothing to do');
});

test('new tensors of the same dtype', () => {
  const x = zeros(1, { dtype: 'int32' });
  for (const y of [
    x.newEmpty(2, 3),
    x.newZeros([2, 3]),
    x.newOnes(2, 3),
    x.newFull([2, 3], 7),
    x.newTensor([
      [1, 2, 3],
      [4, 5, 6],
    ]),
  ]) {
    assert.is(y.dtype, 'int32');
    assert.equal([...y.shape], [2, 3]);
  }
  assert.equal(values(x.newFull([2], 7)), [7, 7]);
  assert.is(x.newFull([2], 7, { dtype: 'bool' }).dtype, 'bool');
  assert.is(x.newZeros(2, { dtype: 'float64' }).dtype, 'float64');
  assert.is(x.newOnes(2, { dtype: null }).dtype, 'int32');
  assert.equal([...x.newOnes().shape], []);
  refuses(() => x.newOnes(2, { device: 'cpu' } as never), 'ValueError', /unknown option 'device'/, 'newOnes');
  refuses(() => x.newEmpty(-1), 'ShapeError', /sizes must be integers of at least 0/, 'newEmpty');
});

// -------------------------------------------------------------------------------------------------------------- reading

test('item is a number for every dtype, and takes one element in any number of dimensions', () => {
  assert.is(tensor(2.5).item(), 2.5);
  assert.is(tensor([[[3]]]).item(), 3);
  assert.is(tensor(true).item(), 1);
  assert.is(tensor(2n ** 53n).item(), 2 ** 53);
  assert.is(arange(6).view(2, 3).select(0, 1).select(0, 2).item(), 5);
  assert.ok(Number.isNaN(tensor(Number.NaN).item()));
  refuses(() => zeros(2).item(), 'ShapeError', /^item: a tensor with 2 elements .*\[2\]/, 'two');
  refuses(() => zeros(0).item(), 'ShapeError', /a tensor with 0 elements/, 'none');
});

test('toArray nests the values, booleans and BigInts by dtype', () => {
  assert.equal(
    tensor([
      [1, 2],
      [3, 4],
    ])
      .t()
      .toArray(),
    [
      [1, 3],
      [2, 4],
    ],
  );
  assert.is(tensor(5).toArray(), 5);
  assert.equal(tensor([true, false]).toArray(), [true, false]);
  assert.equal(tensor([2n ** 60n]).toArray(), [2n ** 60n]);
  assert.equal(zeros(2, 0).toArray(), [[], []]);
  assert.equal(zeros(0, 2).toArray(), []);
  assert.equal(zeros(1, 1, 2, { dtype: 'uint8' }).tolist(), [[[0, 0]]]);
});

test('JSON has the values of a tensor, as nested lists', () => {
  assert.is(
    JSON.stringify({ w: tensor([[1, 2.5]]), at: tensor(3), is: tensor([true]) }),
    '{"w":[[1,2.5]],"at":3,"is":[true]}',
  );
  assert.is(JSON.stringify(tensor([Number.NaN, -Infinity])), '[null,null]');
});

test('toTypedArray is a flat copy in row-major order, of the kind of the dtype', () => {
  for (const dtype of DTYPES) {
    const x = tensor(
      [
        [0, 1, 0],
        [1, 1, 0],
      ],
      { dtype },
    );
    const array = x.t().slice(0, 1).toTypedArray();
    assert.is(array.constructor, core.newArray(core.isHalf(dtype) ? 'float32' : dtype, 0).constructor, dtype);
    assert.equal(Array.from(array as Float32Array, Number), [1, 1, 0, 0], dtype);
    array.fill((dtype === 'int64' ? 1n : 1) as never);
    assert.equal(values(x), [0, 1, 0, 1, 1, 0], `${dtype}: a copy`);
  }
  const large = arange(6000).view(60, 100);
  assert.is(large.t().toTypedArray()[1], 100);
  assert.is(large.expand(2, 60, 100).toTypedArray().length, 12_000);
});

test('iteration goes over the first dimension, as views', () => {
  const x = arange(6).view(3, 2);
  const rows = [...x];
  assert.equal(rows.map(values), [
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  const [first, , last] = x;
  first.fill_(9);
  last.fill_(8);
  assert.equal(values(x), [9, 9, 2, 3, 8, 8]);
  assert.equal([...zeros(0, 3)], []);
  assert.equal(
    [...tensor([1, 2])].map((y) => y.item()),
    [1, 2],
  );
  refuses(() => [...tensor(1)], 'IndexError', /iteration over a 0-d tensor/, '0-d');
  refuses(() => [...tensor(1)], 'IndexError', /^Tensor: /, '0-d');
});

// ------------------------------------------------------------------------------------------------- JavaScript's operators

test('a tensor of one element is a number to the operators', () => {
  const x = tensor([3, 4]);
  assert.ok((x.norm() as unknown as number) < 1000 && (x.norm() as unknown as number) >= 5);
  assert.is(+tensor(2.5), 2.5);
  assert.is((tensor([2]) as unknown as number) * 3, 6);
  assert.is((tensor(2) as unknown as number) + 1, 3);
  assert.is(Math.max(tensor(2) as never, 7), 7);
  // biome-ignore lint/suspicious/noDoubleEquals: that is the case
  assert.ok((tensor(2) as unknown) == 2);
  assert.is(Number(tensor(7n)), 7);
  refuses(() => +x, 'ShapeError', /^item: a tensor with 2 elements cannot be converted to a scalar/, 'unary plus');
  refuses(() => (x as unknown as number) < 3, 'ShapeError', /2 elements/, 'comparison');
  refuses(() => (x as unknown as number) + 1, 'ShapeError', /2 elements/, 'sum');
});

test('as a string, and in inspectors, it is printed as PyTorch prints it', () => {
  const x = tensor([
    [1, 2.5],
    [3, 4],
  ]);
  const printed = 'tensor([[1.0000, 2.5000],\n        [3.0000, 4.0000]])';
  assert.is(String(x), printed);
  assert.is(`${x}`, printed);
  assert.is(x.toString(), printed);
  for (const symbol of ['nodejs.util.inspect.custom', 'Deno.customInspect']) {
    const inspect = (x as unknown as Record<symbol, () => string>)[Symbol.for(symbol)];
    assert.is(inspect.call(x), printed, symbol);
  }
  assert.is(String(tensor(1)), 'tensor(1.)');
});

// ---------------------------------------------------------------------------------------------- data, detach and version

test('every in-place write counts, for all views and detached tensors, but not for data', () => {
  const x = zeros(3);
  const view = x.slice(0, 1);
  const detached = x.detach();
  const { data } = x;
  assert.is(x.version, 0);
  x.add_(1);
  view.mul_(2);
  detached.fill_(5);
  assert.equal(
    [x, view, detached].map((y) => y.version),
    [3, 3, 3],
  );
  assert.is(data.version, 0);
  data.copy_(tensor([1, 2, 3]));
  assert.is(x.version, 3, 'writes to data do not count');
  assert.equal(values(x), [1, 2, 3], 'and show');
  assert.is(data.version, 1);
  assert.is(x.add(1).version, 0);
  assert.ok(x.sharesStorageWith(data) && data.sharesStorageWith(detached) && data.data.sharesStorageWith(x));
  assert.is(detached.base, null);
  refuses(() => x.add_(zeros(4)), 'ShapeError', /./, 'refused');
  assert.is(x.version, 3, 'what is refused does not count');
});

test('data can be set to another tensor of the dtype, whose elements it then shares', () => {
  const x = zeros(2);
  const old = x.view(2);
  const y = arange(6).view(2, 3).t();
  x.data = y;
  assert.equal([...x.shape], [3, 2]);
  assert.equal([...x.strides], [1, 3]);
  x.mul_(2);
  assert.equal(values(y), [0, 6, 2, 8, 4, 10]);
  assert.is(y.version, 0);
  assert.equal(values(old), [0, 0], 'views made before keep the old elements');
  refuses(
    () => (x.data = zeros(2, { dtype: 'int32' })),
    'ValueError',
    /int32 tensor where float32 is expected/,
    'dtype',
  );
  assert.equal([...x.shape], [3, 2]);
});

test("without '@torsor/autograd' a tensor is a leaf without a gradient, and what needs one says so", () => {
  const x = zeros(2);
  assert.equal([x.requiresGrad, x.isLeaf, x.retainsGrad], [false, true, false]);
  assert.equal([x.grad, x.gradFn, x.outputNr], [null, null, 0]);
  assert.is(x.detach_(), x);
  for (const [name, use] of [
    ['backward', () => x.sum().backward()],
    ['requiresGrad_', () => x.requiresGrad_()],
    ['requiresGrad', () => (x.requiresGrad = true)],
    ['retainGrad', () => x.retainGrad()],
    ['registerHook', () => x.registerHook(() => null)],
    ['grad', () => (x.grad = zeros(2))],
  ] as const) {
    refuses(use, 'AutogradError', new RegExp(`^${name}: .*import '@torsor/autograd'`), name);
  }
});

// ---------------------------------------------------------------------------------------------------- methods are functions

type Result = Tensor | readonly Result[] | number | boolean;
type AnyFunction = (...args: readonly unknown[]) => Result;

const x23 = (): Tensor =>
  tensor([
    [0.5, 2, 0.25],
    [1, 0.75, 3],
  ]);
const y23 = (): Tensor =>
  tensor([
    [2, 0.5, 1],
    [0.25, 4, 1],
  ]);
const int = (): Tensor =>
  tensor(
    [
      [1, 2, 3],
      [6, 5, 4],
    ],
    { dtype: 'int32' },
  );
const mask = (): Tensor =>
  tensor([
    [true, false, true],
    [false, false, true],
  ]);
const index = (): Tensor => tensor([1, 0], { dtype: 'int32' });
const square = (): Tensor => arange(9).view(3, 3);

/** The tensor and the further arguments that a method is tried with; those that take none are not listed. */
const samples: Readonly<Record<string, () => readonly unknown[]>> = {
  ...Object.fromEntries(
    [
      'add add_ sub sub_ div div_ mul pow pow_ rsub maximum minimum atan2 xlogy eq ne lt le gt ge logicalAnd logicalOr logicalXor',
      'remainder fmod floorDivide copy_ allclose isclose equal expandAs reshapeAs viewAs',
    ].flatMap((names) => names.split(' ').map((name) => [name, () => [x23(), y23()]])),
  ),
  ...Object.fromEntries(['bitwiseAnd', 'bitwiseOr', 'bitwiseXor'].map((name) => [name, () => [int(), int().flip(1)]])),
  ...Object.fromEntries(
    ['cumsum', 'cumprod', 'softmax', 'logSoftmax', 'unbind', 'squeeze', 'logsumexp'].map((name) => [
      name,
      () => [x23(), 1],
    ]),
  ),
  bitwiseNot: () => [int()],
  acosh: () => [x23().add(1)],
  addcdiv: () => [x23(), y23(), y23(), { value: 2 }],
  addcdiv_: () => [x23(), y23(), y23()],
  addcmul: () => [x23(), y23(), y23(), { value: 2 }],
  addcmul_: () => [x23(), y23(), y23()],
  addmm: () => [zeros(2, 2), x23(), y23().t(), { alpha: 2 }],
  asStrided: () => [x23(), [2, 2], [1, 2], 1],
  at: () => [x23(), 1, core.slice(0, 2)],
  baddbmm: () => [zeros(1), x23().unsqueeze(0), y23().t().unsqueeze(0)],
  bernoulli: () => [tensor([0.2, 0.8])],
  bincount: () => [int().view(-1)],
  bmm: () => [x23().unsqueeze(0), y23().t().unsqueeze(0)],
  broadcastTo: () => [x23(), [4, 2, 3]],
  chunk: () => [x23(), 2, 1],
  clamp: () => [x23(), 0.4, 1],
  clamp_: () => [x23(), { max: 1 }],
  diagonal: () => [square(), 1],
  dot: () => [tensor([1, 2]), tensor([3, 4])],
  expand: () => [x23(), [4, 2, 3]],
  fill_: () => [x23(), 7],
  flip: () => [x23(), [0, 1]],
  gather: () => [x23(), 1, tensor([[2], [0]], { dtype: 'int32' })],
  geometric_: () => [x23(), 0.5],
  indexAdd: () => [x23(), 0, index(), y23()],
  indexAdd_: () => [x23(), 0, index(), y23()],
  indexCopy: () => [x23(), 0, index(), y23()],
  indexCopy_: () => [x23(), 0, index(), y23()],
  indexFill: () => [x23(), 0, tensor([1], { dtype: 'int32' }), 5],
  indexFill_: () => [x23(), 0, tensor([1], { dtype: 'int32' }), 5],
  indexPut: () => [x23(), [index(), index()], tensor([7, 8])],
  indexPut_: () => [x23(), [index(), index()], tensor([7, 8])],
  indexSelect: () => [x23(), 0, index()],
  prelu: () => [x23(), core.full([3], 0.2)],
  lerp: () => [x23(), y23(), 0.25],
  lerp_: () => [x23(), y23(), 0.25],
  maskedFill: () => [x23(), mask(), 9],
  maskedFill_: () => [x23(), mask(), 9],
  maskedSelect: () => [x23(), mask()],
  matmul: () => [x23(), y23().t()],
  mm: () => [x23(), y23().t()],
  movedim: () => [x23(), 0, 1],
  multinomial: () => [tensor([0.2, 0.8]), 2],
  mv: () => [x23(), tensor([1, 2, 3])],
  narrow: () => [x23(), 1, 1, 2],
  outer: () => [tensor([1, 2]), tensor([3, 4])],
  permute: () => [x23(), [1, 0]],
  random_: () => [x23(), 100],
  repeat: () => [x23(), [2, 1]],
  repeatInterleave: () => [x23(), 2],
  reshape: () => [x23(), [3, 2]],
  roll: () => [x23(), 1, 0],
  scatter: () => [x23(), 1, tensor([[2], [0]], { dtype: 'int32' }), 7],
  scatter_: () => [x23(), 1, tensor([[2], [0]], { dtype: 'int32' }), 7],
  scatterAdd: () => [x23(), 1, tensor([[2], [0]], { dtype: 'int32' }), y23()],
  scatterAdd_: () => [x23(), 1, tensor([[2], [0]], { dtype: 'int32' }), y23()],
  select: () => [x23(), 0, 1],
  setAt: () => [x23(), [1, 2], 7],
  split: () => [x23(), 2, 1],
  take: () => [x23(), index()],
  takeAlongDim: () => [x23(), tensor([[2], [0]], { dtype: 'int32' }), 1],
  tile: () => [x23(), [2, 1]],
  to: () => [x23(), 'float64'],
  topk: () => [x23(), 2],
  transpose: () => [x23(), 0, 1],
  unflatten: () => [x23(), 1, [3, 1]],
  unfold: () => [x23(), 1, 2, 1],
  unsqueeze: () => [x23(), 1],
  view: () => [x23(), [3, 2]],
};

/** Names that mean one thing as a function and another as a method. */
const DIFFERENT = new Set(['slice', 'isContiguous', 'constructor', 'where']);

function plain(result: Result): unknown {
  if (result instanceof Tensor) return { dtype: result.dtype, shape: [...result.shape], values: values(result) };
  if (Array.isArray(result)) return result.map(plain);
  return result;
}

test('every method with the name of a function does what the function does', () => {
  const functions = core as unknown as Readonly<Record<string, unknown>>;
  const methods = Tensor.prototype as unknown as Readonly<Record<string, AnyFunction>>;
  let compared = 0;
  for (const name of Object.getOwnPropertyNames(Tensor.prototype)) {
    const fn = functions[name];
    if (typeof fn !== 'function' || DIFFERENT.has(name)) continue;
    const sample = samples[name] ?? (() => [x23()]);
    try {
      const args = sample();
      manualSeed(3);
      const one = (fn as AnyFunction)(...args);
      const [self, ...rest] = sample();
      manualSeed(3);
      const two = methods[name].call(self, ...rest);
      assert.equal(plain(two), plain(one), name);
      if (name.endsWith('_')) {
        assert.is(one, args[0], `${name}: the function returns its first argument`);
        assert.is(two, self, `${name}: the method returns the tensor itself`);
        assert.is((self as Tensor).version, 1, `${name}: one write`);
      }
    } catch (error) {
      if (error instanceof assert.Assertion) throw error;
      assert.unreachable(`${name}: ${String(error)}; a method with arguments needs a sample in this test`);
    }
    compared++;
  }
  assert.ok(compared > 150, `${compared} compared`);
  assert.equal(values(x23().where(mask(), y23())), values(core.where(mask(), x23(), y23())));
  for (const name of Object.keys(samples))
    assert.type(functions[name], 'function', `${name} has a sample and is no function`);
});

test('every method in _ with a plain form writes what the plain form returns', () => {
  const methods = Tensor.prototype as unknown as Readonly<Record<string, AnyFunction>>;
  let compared = 0;
  for (const name of Object.getOwnPropertyNames(Tensor.prototype)) {
    const plainName = name.slice(0, -1);
    if (['detach', 'bernoulli', 'requiresGrad'].includes(plainName)) continue;
    if (!name.endsWith('_') || typeof methods[plainName] !== 'function') continue;
    const sample = samples[plainName] ?? samples[name] ?? (() => [x23()]);
    const [self, ...rest] = sample() as [Tensor, ...unknown[]];
    const expected = methods[plainName].call(self, ...rest) as Tensor;
    const target = sample()[0] as Tensor;
    const result = methods[name].call(target, ...rest);
    assert.is(result, target, name);
    assert.is(target.dtype, self.dtype, name);
    assert.equal(values(target), values(expected.to(self.dtype)), name);
    assert.is(target.version, 1, name);
    compared++;
  }
  assert.ok(compared > 50, `${compared} compared`);
});

test('a tensor made in code is an instance of Tensor; the constructor is not for users', () => {
  assert.ok(ones(2) instanceof Tensor && core.isTensor(ones(2)));
  for (const other of [null, undefined, {}, [], { shape: [2] }, new Float32Array(2)])
    assert.not.ok(core.isTensor(other));
});

test.run();
