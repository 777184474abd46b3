/**
 * An ONNX model as data, and as bytes. Numbers of fields are those of onnx.proto; what is not here we do not use.
 *
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */

import type { DType, Shape, TypedArray } from '@torsor/core';
import { Message } from './protobuf.ts';

/** `TensorProto.DataType` */
const DATA_TYPES: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** The number by which ONNX knows a dtype: what `Cast` takes. */
export const dataTypeOf = (dtype: DType): number => DATA_TYPES[dtype];

/** An attribute that is a number of single precision, whatever its value. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** An integer, a float, text, or a list of integers or texts. */
export type Attribute = number | Float | string | readonly number[] | readonly string[];

export interface Node {
  readonly op: string;
  /** Names of values; `''` for one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A tensor that is part of the model. */
export interface Initializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Row by row. */
  readonly data: TypedArray;
}

/** An input or output; a dimension is a size or a name. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

export interface Model {
  readonly opset: number;
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** The first version of the format that knows an opset, since old engines read old files alone. */
function irVersionOf(opset: number): number {
  if (opset < 15) return 7;
  if (opset < 19) return 8;
  return opset < 21 ? 9 : 10;
}

/** AttributeProto: name 1, f 2, i 3, s 4, ints 8, strings 9, type 20 (1 float, 2 integer, 3 text, 7 and 8 lists) */
function attributeProto([name, value]: [string, Attribute]): Message {
  const proto = new Message().bytes(1, name);
  if (value instanceof Float) return proto.float(2, value.value).int(20, 1);
  if (typeof value === 'number') return proto.int(3, value).int(20, 2);
  if (typeof value === 'string') return proto.bytes(4, value).int(20, 3);
  for (const entry of value) {
    if (typeof entry === 'number') proto.int(8, entry);
    else proto.bytes(9, entry);
  }
  return proto.int(20, typeof value[0] === 'string' ? 8 : 7);
}

/** NodeProto: input 1, output 2, name 3, op_type 4, attribute 5 */
function nodeProto({ op, inputs, outputs, attributes }: Node): Message {
  const proto = new Message();
  for (const name of inputs) proto.bytes(1, name);
  for (const name of outputs) proto.bytes(2, name);
  return proto.bytes(3, `${op}:${outputs[0]}`).bytes(4, op).messages(5, Object.entries(attributes), attributeProto);
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The elements in memory, the least significant byte first. */
function littleEndian(data: TypedArray): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (isLittleEndian || data.BYTES_PER_ELEMENT === 1) return bytes;
  const turned = bytes.slice();
  for (let i = 0; i < turned.length; i += data.BYTES_PER_ELEMENT)
    turned.subarray(i, i + data.BYTES_PER_ELEMENT).reverse();
  return turned;
}

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9 */
function tensorProto({ name, dtype, shape, data }: Initializer): Message {
  const proto = new Message();
  for (const size of shape) proto.int(1, size);
  return proto.int(2, DATA_TYPES[dtype]).bytes(8, name).bytes(9, littleEndian(data));
}

/** TensorShapeProto.Dimension: dim_value 1, dim_param 2 */
function dimensionProto(size: number | string): Message {
  return typeof size === 'number' ? new Message().int(1, size) : new Message().bytes(2, size);
}

/** ValueInfoProto: name 1, type 2; TypeProto: tensor_type 1; its elem_type 1, shape 2; dim 1 */
function valueInfoProto({ name, dtype, shape }: ValueInfo): Message {
  const dims = new Message().messages(1, shape, dimensionProto);
  const tensor = new Message().int(1, DATA_TYPES[dtype]).message(2, dims);
  return new Message().bytes(1, name).message(2, new Message().message(1, tensor));
}

/**
 * ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8 (its version 2); GraphProto: node 1, name 2, initializer 5,
 * input 11, output 12
 */
export function encodeModel({ opset, name, nodes, initializers, inputs, outputs }: Model): Uint8Array {
  const graph = new Message()
    .messages(1, nodes, nodeProto)
    .bytes(2, name)
    .messages(5, initializers, tensorProto)
    .messages(11, inputs, valueInfoProto)
    .messages(12, outputs, valueInfoProto);
  return new Message()
    .int(1, irVersionOf(opset))
    .bytes(2, 'torsor')
    .message(7, graph)
    .message(8, new Message().int(2, opset))
    .finish();
}
