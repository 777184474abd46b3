/** Reads back what `model.ts` writes, by the same numbers of fields. */

import type { Attribute } from '../model.ts';

/** Fields of a message: numbers as they are, all else as bytes. */
type Fields = Map<number, (number | Uint8Array)[]>;

/** A message of protocol buffers; throws where it is none. */
function fieldsOf(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length) throw new Error('a number is cut off');
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const list = fields.get(key >> 3) ?? [];
    fields.set(key >> 3, list);
    const type = key & 7;
    if (type === 0) list.push(varint());
    else {
      const length = type === 5 ? 4 : varint();
      if (at + length > bytes.length) throw new Error('a field is cut off');
      list.push(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return fields;
}

const blocks = (fields: Fields, field: number): Uint8Array[] => (fields.get(field) ?? []) as Uint8Array[];
const numbers = (fields: Fields, field: number): number[] => (fields.get(field) ?? []) as number[];
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const texts = (fields: Fields, field: number): string[] => blocks(fields, field).map(text);

export interface DecodedNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface DecodedTensor {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly raw: Uint8Array;
}

/** `float32[batch,3]`, with ONNX's number for the type. */
interface DecodedInfo {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly (number | string)[];
}

export interface DecodedModel {
  readonly irVersion: number;
  readonly opset: number;
  readonly name: string;
  readonly nodes: readonly DecodedNode[];
  readonly initializers: readonly DecodedTensor[];
  readonly inputs: readonly DecodedInfo[];
  readonly outputs: readonly DecodedInfo[];
}

function attributeOf(fields: Fields): [string, Attribute] {
  const [name] = texts(fields, 1);
  const [type] = numbers(fields, 20);
  const [single] = blocks(fields, 2);
  if (type === 1) return [name, new DataView(single.buffer, single.byteOffset).getFloat32(0, true)];
  if (type === 2) return [name, numbers(fields, 3)[0]];
  if (type === 3) return [name, texts(fields, 4)[0]];
  return [name, type === 8 ? texts(fields, 9) : numbers(fields, 8)];
}

function nodeOf(bytes: Uint8Array): DecodedNode {
  const fields = fieldsOf(bytes);
  const attributes = blocks(fields, 5).map((block) => attributeOf(fieldsOf(block)));
  return {
    op: texts(fields, 4)[0],
    inputs: texts(fields, 1),
    outputs: texts(fields, 2),
    attributes: Object.fromEntries(attributes),
  };
}

function tensorOf(bytes: Uint8Array): DecodedTensor {
  const fields = fieldsOf(bytes);
  return {
    name: texts(fields, 8)[0],
    type: numbers(fields, 2)[0],
    shape: numbers(fields, 1),
    raw: blocks(fields, 9)[0],
  };
}

function infoOf(bytes: Uint8Array): DecodedInfo {
  const fields = fieldsOf(bytes);
  const tensor = fieldsOf(blocks(fieldsOf(blocks(fields, 2)[0]), 1)[0]);
  const shape = blocks(fieldsOf(blocks(tensor, 2)[0]), 1).map((block): number | string => {
    const dim = fieldsOf(block);
    return numbers(dim, 1)[0] ?? texts(dim, 2)[0];
  });
  return { name: texts(fields, 1)[0], type: numbers(tensor, 1)[0], shape };
}

/** A file of ours. */
export function decode(bytes: Uint8Array): DecodedModel {
  const model = fieldsOf(bytes);
  const graph = fieldsOf(blocks(model, 7)[0]);
  return {
    irVersion: numbers(model, 1)[0],
    opset: numbers(fieldsOf(blocks(model, 8)[0]), 2)[0],
    name: texts(graph, 2)[0],
    nodes: blocks(graph, 1).map(nodeOf),
    initializers: blocks(graph, 5).map(tensorOf),
    inputs: blocks(graph, 11).map(infoOf),
    outputs: blocks(graph, 12).map(infoOf),
  };
}

/** A graph as lines to read: `Gemm(image, fc.weight, fc.bias) → scores {transB: 1}`. */
export function linesOf({ nodes }: DecodedModel): string[] {
  return nodes.map(({ op, inputs, outputs, attributes }) => {
    const list = Object.entries(attributes).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    return `${op}(${inputs.join(', ')}) → ${outputs.join(', ')}${list.length > 0 ? ` {${list.join(', ')}}` : ''}`;
  });
}
