/** ONNX Runtime Web, on WebAssembly and one thread. Its runs copy operands in and results out: it offers no other way. */

import type { Peer } from '../row.ts';
import { loadLibrary, versionOf } from './load.ts';
import { onnxPeer, type Runtime } from './onnx.ts';

export async function load(): Promise<Peer> {
  const runtime = await loadLibrary<Runtime>('onnxruntime-web');
  runtime.env.wasm.numThreads = 1;
  return onnxPeer('onnxruntime-web', versionOf('onnxruntime-web'), runtime, 'wasm');
}
