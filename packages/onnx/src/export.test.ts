import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { arange, linalg, NotImplementedError, ones, randn, tensor, ValueError, zeros } from '@torsor/core';
import * as nn from '@torsor/nn';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exportOnnx } from './index.ts';
import { type DecodedModel, type DecodedTensor, decode, linesOf } from './testing/decode.ts';
import { lenet, Tagger } from './testing/networks.ts';

const { functional: F } = nn;

const floats = ({ raw }: DecodedTensor): number[] => [...new Float32Array(raw.slice().buffer)];
const ints = ({ raw }: DecodedTensor): number[] => Array.from(new BigInt64Array(raw.slice().buffer), Number);
const find = (model: DecodedModel, name: string): DecodedTensor =>
  model.initializers.find((one) => one.name === name) as DecodedTensor;
const opsOf = (model: DecodedModel): string => model.nodes.map(({ op }) => op).join(' ');

const image = { inputNames: ['image'], outputNames: ['scores'], dynamicAxes: { image: { 0: 'batch' } } };

// ---------------------------------------------------------------------------------------------------------------- graphs

test('LeNet becomes twelve nodes; weights keep their names in the state dict, as they are stored', () => {
  const net = lenet();
  const model = decode(exportOnnx(net, [randn(1, 1, 28, 28)], image));
  assert.equal([model.irVersion, model.opset, model.name], [8, 17, 'Sequential']);
  assert.equal(model.inputs, [{ name: 'image', type: 1, shape: ['batch', 1, 28, 28] }]);
  assert.equal(model.outputs, [{ name: 'scores', type: 1, shape: ['batch', 10] }]);
  assert.is(opsOf(model), 'Conv Tanh AveragePool Conv Tanh AveragePool Reshape Gemm Tanh Gemm Tanh Gemm');
  const state = net.stateDict();
  for (const [name, value] of Object.entries(state)) {
    const written = find(model, name);
    assert.equal([written.type, written.shape], [1, value.shape]);
    assert.equal(floats(written), [...value.toTypedArray()], name);
  }
  assert.equal(
    model.initializers.filter(({ name }) => !(name in state)).map((one) => [one.shape, ints(one)]),
    [[[2], [0, 400]]],
  );
});

test('nodes say what PyTorch parameters mean', () => {
  const net = new nn.Sequential(
    new nn.Conv2d(2, 4, 3, { stride: 2, padding: [1, 0], groups: 2 }),
    new nn.ReLU(),
    new nn.Flatten(),
  );
  assert.equal(linesOf(decode(exportOnnx(net, [randn(2, 2, 7, 7)], image))), [
    'Conv(image, 0.weight, 0.bias) → conv_0 {kernel_shape: [3,3], strides: [2,2], pads: [1,0,1,0], dilations: [1,1], group: 2}',
    'Relu(conv_0) → relu_1',
    'Reshape(relu_1, constant_0) → scores',
  ]);
});

test('batch norm is one node, dropout none, and buffers that nothing reads are left out', () => {
  const net = new nn.Sequential(new nn.BatchNorm2d(3), new nn.Dropout());
  const model = decode(exportOnnx(net, [randn(2, 3, 4, 4)]));
  assert.equal(linesOf(model), [
    `BatchNormalization(input, 0.weight, 0.bias, 0.running_mean, 0.running_var) → output {epsilon: ${Math.fround(1e-5)}}`,
  ]);
  assert.equal(model.initializers.map(({ name }) => name).sort(), [
    '0.bias',
    '0.running_mean',
    '0.running_var',
    '0.weight',
  ]);
});

test('an LSTM of two directions is two nodes, its zero states none, and its gates in the order of ONNX', () => {
  const lstm = new nn.LSTM(2, 1, { bidirectional: true });
  const model = decode(
    exportOnnx(lstm as never, [randn(5, 3, 2)], { dynamicAxes: { input: { 0: 'length', 1: 'batch' } } }),
  );
  const nodes = model.nodes.filter(({ op }) => op === 'LSTM');
  assert.equal(
    nodes.map(({ attributes, inputs }) => [attributes, inputs.length]),
    [
      [{ hidden_size: 1, direction: 'forward' }, 4],
      [{ hidden_size: 1, direction: 'reverse' }, 4],
    ],
  );
  const [i, f, g, o] = lstm.stateDict()['bias_ih_l0'].toTypedArray();
  assert.equal(floats(find(model, 'bias_ih_l0/gates')), [i, o, f, g]);
  assert.equal(
    model.outputs.map(({ shape }) => shape),
    [
      ['length', 'batch', 2],
      [2, 'batch', 1],
      [2, 'batch', 1],
    ],
  );
});

test('a computed size is one of the input: a model whose batch and length are dynamic has no other', () => {
  const options = { dynamicAxes: { input: { 0: 'batch', 1: 'length' } } };
  const model = decode(exportOnnx(new Tagger(), [zeros([1, 6], { dtype: 'int32' })], options));
  assert.equal(model.outputs, [{ name: 'output', type: 1, shape: ['batch', 'length', 3] }]);
  const constants = model.initializers.filter(({ type }) => type === 7).flatMap(ints);
  assert.not.ok(constants.includes(6), 'the length of the example is nowhere');
});

test('a constant is folded with what is computed of it alone', () => {
  const table = arange(6).view(2, 3);
  const model = decode(exportOnnx((x: Tensor) => x.add(table.t().mul(2).select(0, 1)), [randn(4, 2)]));
  assert.is(opsOf(model), 'Add');
  assert.equal(model.initializers.map(floats), [[2, 8]]);
});

test('two runs that differ in nothing give the same bytes; the model is left in the mode that it was in', () => {
  const net = new nn.Sequential(new nn.Linear(3, 3), new nn.Dropout(), new nn.Sequential(new nn.BatchNorm1d(3)));
  net.at(2).eval();
  const before = net.stateDict();
  const kept = Object.fromEntries(Object.entries(before).map(([name, value]) => [name, [...value.toTypedArray()]]));
  const [x] = [randn(2, 3)];
  assert.equal(exportOnnx(net, [x]), exportOnnx(net, x));
  assert.equal(
    [...net.modules()].map(({ training }) => training),
    [true, true, true, false, false],
  );
  for (const [name, value] of Object.entries(net.stateDict())) assert.equal([...value.toTypedArray()], kept[name]);
  assert.ok([...net.parameters()].every((p) => p.requiresGrad && p.grad === null));
});

test('inputs and outputs may lie in lists and objects; one that is handed through is copied', () => {
  const model = decode(
    exportOnnx(
      (x: Tensor, [h, c]: [Tensor, Tensor], by: number) => ({ sum: x.add(h).mul(by), rest: [c, x] }),
      [ones(2), [ones(2), ones(2)], 3],
    ),
  );
  assert.equal(linesOf(model).slice(-2), ['Identity(input_2) → output_1', 'Identity(input_0) → output_2']);
  assert.equal(
    model.inputs.map(({ name }) => name),
    ['input_0', 'input_1', 'input_2'],
  );
});

test('all dtypes are written, little-endian', () => {
  const types = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float64: 11 } as const;
  for (const [dtype, type] of Object.entries(types) as [keyof typeof types, number][]) {
    const other = tensor([1, 0, 1], { dtype });
    const { inputs, outputs, initializers } = decode(exportOnnx((x: Tensor) => x.eq(other), [zeros([3], { dtype })]));
    assert.equal([inputs[0].type, outputs[0].type], [type, 9]);
    const bytes = new DataView(initializers[0].raw.slice().buffer);
    assert.is(initializers[0].raw.length, 3 * other.elementSize(), dtype);
    if (dtype === 'int32') assert.equal([bytes.getInt32(0, true), bytes.getInt32(4, true)], [1, 0]);
    if (dtype === 'float64') assert.is(bytes.getFloat64(16, true), 1);
  }
});

test('each opset has the nodes that it knows', () => {
  const net = (x: Tensor): Tensor[] => [F.gelu(x), x.mean(0), F.layerNorm(x, [4])];
  const ops = (opsetVersion: number): string => opsOf(decode(exportOnnx(net, [randn(3, 4)], { opsetVersion })));
  assert.not.match(ops(13), /Gelu|LayerNorm/);
  assert.match(ops(17), /^Mul Erf Mul Add Mul ReduceMean LayerNormalization$/);
  assert.match(ops(20), /^Gelu ReduceMean LayerNormalization$/);
  const axes = (opsetVersion: number) =>
    decode(exportOnnx((x: Tensor) => x.mean(0), [randn(3, 4)], { opsetVersion })).nodes[0];
  assert.equal(axes(17).attributes, { axes: [0], keepdims: 0 });
  assert.equal(axes(18).attributes, { keepdims: 0 });
  assert.is(axes(18).inputs.length, 2);
  const versions = [13, 15, 19, 21].map(
    (opsetVersion) => decode(exportOnnx(net, [randn(3, 4)], { opsetVersion })).irVersion,
  );
  assert.equal(versions, [7, 8, 9, 10]);
});

test('files are as long as weights and a little more', () => {
  const length = (model: Parameters<typeof exportOnnx>[0], x: Tensor): number => exportOnnx(model, [x]).length;
  assert.is(length(new nn.ReLU(), randn(2, 3)), 109);
  assert.is(length(lenet(), randn(1, 1, 28, 28)), 4 * 61706 + 1378);
});

// ---------------------------------------------------------------------------------------------------------- dynamic axes

test('dynamic axes may be given as lists, and outputs may have names of their own', () => {
  const dynamicAxes = { input: [0, -1], output: { 1: 'width' } };
  const { inputs, outputs } = decode(exportOnnx(new nn.ReLU(), [randn(2, 3)], { dynamicAxes }));
  assert.equal(inputs[0].shape, ['input_dynamic_axes_1', 'input_dynamic_axes_2']);
  assert.equal(outputs[0].shape, ['input_dynamic_axes_1', 'width']);
});

test('a size that is half of a dynamic axis is no multiple of it: it is reshaped by what is left', () => {
  const net = (x: Tensor): Tensor => F.maxPool1d(x, 2).flatten(1);
  const model = decode(exportOnnx(net, [randn(2, 3, 8)], { dynamicAxes: { input: { 2: 'length' } } }));
  assert.equal(model.outputs[0].shape, [2, 'output_dim_1']);
  assert.equal(model.initializers.map(ints), [[2, -1]]);
});

test('an example of one row is enough, though one row broadcasts', () => {
  const table = randn(4);
  const net = (x: Tensor): Tensor => x.add(table.expand(x.shape[0], 4));
  const model = decode(exportOnnx(net, [randn(1, 4)], { dynamicAxes: { input: { 0: 'batch' } } }));
  assert.is(opsOf(model), 'Shape Gather Concat Expand Add');
});

// --------------------------------------------------------------------------------------------------------------- in place

test('what is written to in place is renamed, and views of it are taken again', () => {
  const net = (x: Tensor): Tensor[] => {
    const out = x.mul(2);
    const row = out.select(0, 1);
    out.add_(1);
    row.neg_();
    return [out, row];
  };
  assert.equal(
    linesOf(decode(exportOnnx(net, [randn(3, 2)]))).map((line) => line.replace(/constant_\d/g, 'c')),
    [
      'Mul(input, c) → mul_0',
      'Add(mul_0, c) → add_1',
      'Gather(add_1, c) → gather_2 {axis: 0}',
      'Neg(gather_2) → output_1',
      'Unsqueeze(output_1, c) → unsqueeze_4',
      'Slice(add_1, c, c, c, c) → slice_5',
      'Slice(add_1, c, c, c, c) → slice_6',
      'Concat(slice_5, unsqueeze_4, slice_6) → output_0 {axis: 0}',
    ],
  );
});

test('an input that a model writes to stays as the caller has it', () => {
  const x = ones(3);
  const model = decode(exportOnnx((y: Tensor) => y.add_(1), [x]));
  assert.is(opsOf(model), 'Add');
  assert.equal([...x.toTypedArray()], [1, 1, 1]);
});

// ------------------------------------------------------------------------------------------------------------------ refusals

class Counter extends nn.Module {
  count = new nn.Buffer(zeros(4));

  forward(x: Tensor): Tensor {
    noGrad(() => this.count.add_(1));
    return x.add(this.count);
  }
}

test('all that cannot be exported is named at once', () => {
  const net = (x: Tensor): Tensor[] => [x.cumprod(1), x.exp(), x.erfinv()];
  assert.throws(
    () => exportOnnx(net, [randn(2, 4)]),
    (error: Error) =>
      error instanceof NotImplementedError &&
      /cannot be exported:\n {2}- cumprod is not in ONNX; .*\n {2}- erfinv is not/.test(error.message),
  );
  const old = { opsetVersion: 13 };
  assert.throws(
    () => exportOnnx((x: Tensor) => x.triu(), [randn(2, 2)], old),
    /triu needs opsetVersion 14 at least, and this is 13/,
  );
});

test('nothing that holds for the example alone is written down', () => {
  const refuses = (net: (x: Tensor) => unknown, message: RegExp, options = {}): void =>
    assert.throws(
      () => exportOnnx(net as never, [randn(3, 4)], options),
      (error: Error) => error instanceof NotImplementedError && message.test(error.message),
    );
  const dynamicAxes = { input: { 0: 'batch' } };
  refuses((x) => x.mul(x.mean().item()), /item\(\) reads a tensor that depends on the input/);
  refuses((x) => x.mul(tensor(x.toArray() as number[][])), /toTypedArray\(\) reads a tensor/);
  refuses((x) => x.add(randn(4)), /differs between two runs, so it was drawn at random/);
  refuses((x) => F.dropout(x, 0.5), /draws random numbers/);
  refuses((x) => linalg.inv(x.matmul(x.t())), /luSolve is not in ONNX/);
  refuses((x) => x.at(x.gt(0)), /maskedSelect has a (size that|result whose size) depends on data/);
  refuses((x) => (x.shape[0] > 3 ? x.exp() : x), /another path depending on the size of the dynamic axis 'batch'/, {
    dynamicAxes,
  });
  refuses((x) => x.mul(1 / x.shape[0]), /from 0\.\d+ to 0\.3\d+ with 'batch' cannot be computed from the sizes/, {
    dynamicAxes,
  });
  refuses((x) => F.adaptiveAvgPool1d(x.t(), 2), /cannot have a dynamic axis in dimension 1/, { dynamicAxes });
  refuses((x) => x.at(Math.floor(x.shape[0] / 2)), /places of dimension 0 that depend on a dynamic axis/, {
    dynamicAxes,
  });
});

test('a model that keeps state is refused', () => {
  assert.throws(() => exportOnnx(new Counter(), [randn(2, 4)]), /add_ writes to count; a graph keeps no state/);
});

test('arguments that do not fit are refused', () => {
  const net = new nn.Linear(4, 2);
  const refuses = (options: object, message: RegExp, args: unknown = [randn(3, 4)]): void =>
    assert.throws(
      () => exportOnnx(net, args as never, options),
      (error: Error) => error instanceof ValueError && message.test(error.message),
    );
  refuses({ opsetVersion: 12 }, /opsetVersion must be an integer from 13 to 21, but got 12/);
  refuses(
    { opset: 17 },
    /unknown option 'opset'; known options are inputNames, outputNames, dynamicAxes, opsetVersion/,
  );
  refuses({ inputNames: ['a', 'b'] }, /inputNames must be 1 different names/);
  refuses({ outputNames: 'y' }, /outputNames must be 1 different names/);
  refuses(
    { dynamicAxes: { y: { 0: 'n' } } },
    /names 'y', which is neither an input \(input\) nor an output \(output\)/,
  );
  refuses({ dynamicAxes: { input: { 2: 'n' } } }, /each below 2, but got 2: n/);
  refuses(
    { dynamicAxes: { input: { 1: 'n' } } },
    /runs with no other size of the dynamic axis 'n' \(tried 9, 8, 5, 3\)/,
  );
  refuses({}, /args must be a list of arguments, but got 3/, 3);
  assert.throws(() => exportOnnx((() => 3) as never, [randn(2)]), /must return tensors, but returned 3/);
  assert.throws(() => exportOnnx({} as never, [randn(2)]), /takes a module or a function/);
  const twice = { inputNames: ['a', 'b'], dynamicAxes: { a: { 0: 'n' }, b: { 0: 'n' } } };
  assert.throws(
    () => exportOnnx((a: Tensor, b: Tensor) => a.sum().add(b.sum()), [randn(2), randn(3)], twice),
    /must have one size/,
  );
});

test('16-bit floats are refused, as parameters and as inputs', () => {
  for (const run of [
    () => exportOnnx(new nn.Linear(2, 2).half(), [ones([1, 2], { dtype: 'float16' })]),
    () => exportOnnx(new nn.ReLU(), [ones([1, 2], { dtype: 'bfloat16' })]),
  ]) {
    assert.throws(
      run,
      (error: Error) => error instanceof NotImplementedError && /cannot export b?float16/.test(error.message),
    );
  }
});

test.run();
