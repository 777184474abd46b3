/**
 * NumPy's `.npz`: arrays by name, a zip file of `.npy` files. What is saved here `numpy.load` reads, and the other way round.
 *
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.savez.html
 */

import type { Tensor } from '@torsor/core';
import { FormatError } from '@torsor/core';
import { bytesOf } from './bytes.ts';
import { crc32 } from './crc32.ts';
import { deflate, inflate } from './gzip.ts';
import * as npy from './npy.ts';
import type { TensorMap } from './safetensors.ts';
import type { Member } from './zip.ts';
import { DEFLATED, readZip, STORED, writeZip } from './zip.ts';

/**
 * Tensors by name as the bytes of a `.npz` file, as `numpy.savez` writes it: not compressed. Each is saved as `npy.save` does.
 *
 * @throws ValueError for 4 GiB or more, or 65,535 tensors or more
 *
 * @example
 * await writeFile('net.npz', npz.save(net.stateDict())); // numpy.load('net.npz')['weight']
 */
export function save(tensors: TensorMap | ReadonlyMap<string, Tensor>): Uint8Array<ArrayBuffer> {
  return writeZip('npz.save', entriesOf(tensors).map(toMember));
}

/**
 * As `save`, but compressed, as `numpy.savez_compressed` does; what does not become smaller is left as it is.
 *
 * @throws ValueError for 4 GiB or more, or 65,535 tensors or more
 *
 * @example
 * await writeFile('masks.npz', await npz.saveCompressed({ masks }));
 */
export async function saveCompressed(
  tensors: TensorMap | ReadonlyMap<string, Tensor>,
): Promise<Uint8Array<ArrayBuffer>> {
  const members: Member[] = [];
  // All are read before the first wait, during which they might change.
  for (const member of entriesOf(tensors).map(toMember)) {
    const data = await deflate(member.data);
    members.push(data.length < member.data.length ? { ...member, method: DEFLATED, data } : member);
  }
  return writeZip('npz.saveCompressed', members);
}

/**
 * The tensors of a `.npz` file, compressed or not, by the names of its arrays (those given to `numpy.savez`, or `arr_0`, `arr_1`…).
 * Each loads as `npy.load` loads it. Checksums are checked. A promise, since the streams that decompress are asynchronous.
 *
 * @throws FormatError when the file is cut short or damaged, a member is no `.npy` file that loads here, two have one name, or one
 *   is encrypted or compressed otherwise than by deflate
 *
 * @example
 * const { images, labels } = await npz.load(await readFile('digits.npz'));
 */
export async function load(bytes: Uint8Array | ArrayBuffer): Promise<TensorMap> {
  const tensors = new Map<string, Tensor>();
  for (const member of readZip(op, bytesOf(op, bytes))) {
    if (member.name.endsWith('/')) continue; // a folder
    const name = member.name.replace(/\.npy$/, '');
    if (tensors.has(name)) throw new FormatError(`two arrays are called '${name}'`, { op });
    const content = await contentOf(member);
    try {
      tensors.set(name, npy.load(content));
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw new FormatError(`the member '${member.name}' is none that loads: ${cause.message}`, { op, cause });
    }
  }
  return Object.fromEntries(tensors);
}

const op = 'npz.load';

function entriesOf(tensors: TensorMap | ReadonlyMap<string, Tensor>): [string, Tensor][] {
  return tensors instanceof Map ? [...(tensors as ReadonlyMap<string, Tensor>)] : Object.entries(tensors as TensorMap);
}

function toMember([name, x]: [string, Tensor]): Member {
  const data = npy.save(x);
  return { name: `${name}.npy`, method: STORED, crc: crc32(data), size: data.length, data };
}

async function contentOf({ name, method, crc, size, data }: Member): Promise<Uint8Array<ArrayBuffer>> {
  const what = `the member '${name}'`;
  if (method !== STORED && method !== DEFLATED) {
    throw new FormatError(`${what} is compressed by method ${method}; known are 0 (none) and 8 (deflate)`, { op });
  }
  const content = method === STORED ? data : await inflate(op, what, data, size, crc);
  // Decompression has checked the checksum already, but the length only modulo 2³².
  if (content.length === size && (method === DEFLATED || crc32(content) === crc)) return content;
  throw new FormatError(`${what} is damaged: its length or checksum is not what the directory says`, { op });
}
