/** The process of `onnxruntime-web-threads.ts`: answers a question a line. The argument is the number of threads. */

import { createInterface } from 'node:readline';
import type { Prepared, Work } from '../row.ts';
import { peerSubject, type Subject } from '../sample.ts';
import { loadLibrary, versionOf } from './load.ts';
import { onnxPeer, type Runtime } from './onnx.ts';

const say = (answer: object): void => console.log(JSON.stringify(answer));

const runtime = await loadLibrary<Runtime>('onnxruntime-web');
runtime.env.wasm.numThreads = Number(process.argv[2]);
const peer = onnxPeer('onnxruntime-web', versionOf('onnxruntime-web'), runtime, 'wasm');
let subject: Subject | null = null;

async function answer(question: { readonly prepare?: Work; readonly sample?: number }): Promise<object> {
  if (question.prepare === undefined) return { samples: (await subject?.sample(question.sample ?? 0)) ?? [] };
  subject?.release?.();
  const prepared: Prepared | null = await peer.prepare(question.prepare);
  subject = prepared === null ? null : await peerSubject(peer.name, prepared);
  return { ok: subject !== null };
}

say({ version: peer.version });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await answer(JSON.parse(line)));
  } catch (error) {
    say({ error: (error as Error).message });
  }
}
// its threads keep the process alive
process.exit();
