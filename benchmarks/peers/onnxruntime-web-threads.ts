/**
 * ONNX Runtime Web on two threads, for the rows of ours that have two: a process beside ours, since a process has one number of threads
 * for all of ONNX Runtime. In Node its threads are `worker_threads`.
 */

import { fileURLToPath } from 'node:url';
import type { Peer } from '../row.ts';
import { processPeer } from './conversation.ts';

const SCRIPT = fileURLToPath(new URL('./onnxThreads.ts', import.meta.url));
const THREADS = 2;

export function load(): Promise<Peer> {
  const command = [process.execPath, ...process.execArgv, SCRIPT, String(THREADS)];
  return processPeer('onnxruntime-web-threads', command, { threads: THREADS });
}
