/** ONNX Runtime for Node: native code, on one thread. */

import type { Peer } from '../row.ts';
import { loadLibrary, versionOf } from './load.ts';
import { onnxPeer, type Runtime } from './onnx.ts';

export async function load(): Promise<Peer> {
  const { default: runtime } = await loadLibrary<{ default: Runtime }>('onnxruntime-node');
  return onnxPeer('onnxruntime-node', versionOf('onnxruntime-node'), runtime, 'cpu');
}
