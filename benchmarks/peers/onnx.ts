/**
 * ONNX models, written by hand: just enough of the format to hold a node or two, so that ONNX Runtime can run our workloads.
 *
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the numbers of fields are named below.
 */

import { count, type Peer, type Prepared, type Work } from '../row.ts';

type Bytes = number[] | Uint8Array;

const encoder = new TextEncoder();

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value < 0 ? BigInt.asUintN(64, BigInt(value)) : BigInt(value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

function join(parts: readonly Bytes[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A field that holds an integer. */
const int = (field: number, value: number): Bytes => [...varint(field << 3), ...varint(value)];

/** A field that holds bytes: text, or another message. */
function block(field: number, content: string | Uint8Array | readonly Bytes[]): Uint8Array {
  const whole =
    typeof content === 'string' ? encoder.encode(content) : content instanceof Uint8Array ? content : join(content);
  return join([varint((field << 3) | 2), varint(whole.length), whole]);
}

const dataTypes = { float32: 1, int64: 7, bool: 9 } as const;

type DataType = keyof typeof dataTypes;

/** An operand: given at each run, or part of the model. */
interface Operand {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array | Uint8Array;
  readonly constant: boolean;
}

type Attributes = Readonly<Record<string, number | readonly number[]>>;

interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Attributes;
}

/** AttributeProto: name 1, i 3, ints 8, type 20 (2: integer, 7: integers) */
function attribute([name, value]: [string, number | readonly number[]]): Uint8Array {
  if (typeof value === 'number') return block(5, [block(1, name), int(3, value), int(20, 2)]);
  return block(5, [block(1, name), ...value.map((v) => int(8, v)), int(20, 7)]);
}

/** NodeProto: input 1, output 2, op_type 4, attribute 5 */
function node({ op, inputs, output, attributes = {} }: Node): Uint8Array {
  const outputs = op === 'TopK' ? ['values', output] : [output];
  const fields = [...inputs.map((name) => block(1, name)), ...outputs.map((name) => block(2, name)), block(4, op)];
  return block(1, [...fields, ...Object.entries(attributes).map(attribute)]);
}

/** ValueInfoProto: name 1, type 2; TypeProto: tensor_type 1; its elem_type 1, shape 2; dim 1; dim_value 1 */
function valueInfo(field: number, name: string, type: DataType, shape?: readonly number[]): Uint8Array {
  const dims =
    shape === undefined
      ? []
      : [
          block(
            2,
            shape.map((size) => block(1, [int(1, size)])),
          ),
        ];
  return block(field, [block(1, name), block(2, [block(1, [int(1, dataTypes[type]), ...dims])])]);
}

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9 */
function initializer({ name, type, shape, data }: Operand): Uint8Array {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return block(5, [...shape.map((size) => int(1, size)), int(2, dataTypes[type]), block(8, name), block(9, raw)]);
}

/** ModelProto: ir_version 1, graph 7, opset_import 8; GraphProto: node 1, name 2, initializer 5, input 11, output 12 */
function model(nodes: readonly Node[], operands: readonly Operand[], outputType: DataType): Uint8Array {
  const graph = [
    ...nodes.map(node),
    block(2, 'benchmark'),
    ...operands.filter(({ constant }) => constant).map(initializer),
    ...operands.filter(({ constant }) => !constant).map(({ name, type, shape }) => valueInfo(11, name, type, shape)),
    valueInfo(12, 'y', outputType),
  ];
  return join([int(1, 9), block(7, graph), block(8, [int(2, 20)])]);
}

function random(name: string, shape: readonly number[], constant = false): Operand {
  const data = Float32Array.from({ length: count(shape) }, Math.random);
  return { name, type: 'float32', shape, data, constant };
}

function integers(name: string, shape: readonly number[], value: (i: number) => number, constant = false): Operand {
  const data = BigInt64Array.from({ length: count(shape) }, (_, i) => BigInt(value(i)));
  return { name, type: 'int64', shape, data, constant };
}

interface Graph {
  readonly nodes: readonly Node[];
  readonly operands: readonly Operand[];
  readonly output?: DataType;
}

/** Names in ONNX of functions of one operand. */
const unaryNames: Record<string, string> = Object.fromEntries(
  [
    ...[
      'Relu',
      'Exp',
      'Log',
      'Tanh',
      'Sigmoid',
      'Erf',
      'Gelu',
      'Sqrt',
      'Sin',
      'Cos',
      'Neg',
      'Abs',
      'Sign',
      'Reciprocal',
    ],
    ...['Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh', 'Floor', 'Ceil', 'Round', 'Mish'],
  ].map((name) => [name.toLowerCase(), name]),
);

const binaryNames: Record<string, string> = { add: 'Add', sub: 'Sub', mul: 'Mul', div: 'Div', pow: 'Pow' };
const reductionNames: Record<string, string> = { sum: 'ReduceSum', mean: 'ReduceMean', max: 'ReduceMax' };

/** The workload as a graph, or null when ONNX has no op for it. What a network would hold as weights is part of the model. */
function graphOf({ op, shapes, dim, conv, pass = 'forward', transposed = [] }: Work): Graph | null {
  const [first] = shapes;
  const one = (onnx: string, attributes: Attributes = {}, extra: readonly Operand[] = []): Graph => ({
    nodes: [{ op: onnx, inputs: ['x', ...extra.map(({ name }) => name)], output: 'y', attributes }],
    operands: [random('x', first), ...extra],
  });
  if (pass !== 'forward') return null;
  if (op in unaryNames) return one(unaryNames[op]);
  if (op in binaryNames) return one(binaryNames[op], {}, [random('b', shapes[1])]);
  if (op in reductionNames) {
    const axes = dim === null || dim === undefined ? [] : [integers('axes', [1], () => dim, true)];
    return one(reductionNames[op], { keepdims: 0 }, axes);
  }
  switch (op) {
    case 'matmul': {
      const stored = transposed.map((flip, i) => (flip ? [...shapes[i]].reverse() : shapes[i]));
      const operands = [random('x', stored[0] ?? first), random('b', stored[1] ?? shapes[1], true)];
      const inputs = ['x', 'b'];
      const flips: Attributes = { transA: transposed[0] ? 1 : 0, transB: transposed[1] ? 1 : 0 };
      if (!transposed.includes(true)) return { nodes: [{ op: 'MatMul', inputs, output: 'y' }], operands };
      return { nodes: [{ op: 'Gemm', inputs, output: 'y', attributes: flips }], operands };
    }
    case 'conv': {
      if (conv === undefined) return null;
      const attributes = {
        strides: conv.stride,
        pads: [...conv.padding, ...conv.padding],
        dilations: conv.dilation,
        group: conv.groups,
      };
      return one('Conv', attributes, [random('w', shapes[1], true)]);
    }
    case 'silu': {
      const sigmoid = { op: 'Sigmoid', inputs: ['x'], output: 's' };
      return { nodes: [sigmoid, { op: 'Mul', inputs: ['x', 's'], output: 'y' }], operands: [random('x', first)] };
    }
    case 'where': {
      const data = Uint8Array.from({ length: count(first) }, () => (Math.random() > 0.5 ? 1 : 0));
      const condition: Operand = { name: 'c', type: 'bool', shape: first, data, constant: false };
      const operands = [condition, random('x', shapes[1]), random('b', shapes[2])];
      return { nodes: [{ op: 'Where', inputs: ['c', 'x', 'b'], output: 'y' }], operands };
    }
    case 'argmax':
      return dim === null || dim === undefined
        ? null
        : { ...one('ArgMax', { axis: dim, keepdims: 0 }), output: 'int64' };
    case 'softmax':
      return one('Softmax', { axis: dim ?? 1 });
    case 'logSoftmax':
      return one('LogSoftmax', { axis: dim ?? 1 });
    case 'layerNorm': {
      const width = [first.at(-1) as number];
      return one('LayerNormalization', {}, [random('w', width, true), random('b', width, true)]);
    }
    case 'transpose':
      return one('Transpose', { perm: [1, 0] });
    case 'permute':
      return one('Transpose', { perm: [0, 3, 1, 2] });
    case 'cat': {
      const operands = ['a', 'b', 'c', 'd'].map((name) => random(name, first));
      const inputs = operands.map(({ name }) => name);
      return { nodes: [{ op: 'Concat', inputs, output: 'y', attributes: { axis: 1 } }], operands };
    }
    case 'gather':
      return one('GatherElements', { axis: 1 }, [integers('i', first, () => Math.floor(Math.random() * first[1]))]);
    case 'indexSelect':
      return one('Gather', {}, [integers('i', [first[0]], () => Math.floor(Math.random() * first[0]))]);
    case 'topk':
      return { ...one('TopK', {}, [integers('k', [1], () => 10, true)]), output: 'int64' };
    case 'cumsum':
      return one('CumSum', {}, [integers('axis', [], () => 1, true)]);
    default:
      return null;
  }
}

interface Session {
  run(feeds: Readonly<Record<string, unknown>>): Promise<unknown>;
  release(): Promise<void>;
}

/** What we use of either ONNX Runtime. */
export interface Runtime {
  readonly env: {
    wasm: { numThreads?: number };
    logLevel?: string;
    readonly versions: Readonly<Record<string, string>>;
  };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (type: string, data: Operand['data'], shape: readonly number[]) => unknown;
}

export function onnxPeer(name: string, version: string, runtime: Runtime, provider: string): Peer {
  return {
    name,
    version,
    async prepare(work): Promise<Prepared | null> {
      const graph = graphOf(work);
      if (graph === null) return null;
      const { nodes, operands, output = 'float32' } = graph;
      const session = await runtime.InferenceSession.create(model(nodes, operands, output), {
        executionProviders: [provider],
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
      });
      const feeds: Record<string, unknown> = {};
      for (const { name: input, type, data, shape, constant } of operands) {
        if (!constant) feeds[input] = new runtime.Tensor(type, data, shape);
      }
      return { run: () => session.run(feeds), release: () => void session.release() };
    },
  };
}
