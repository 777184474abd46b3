/**
 * PyTorch, where this machine has a Python with it: a process beside ours that takes its turns when asked, on one thread.
 * `TORSOR_PYTHON` names another Python.
 */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Peer } from '../row.ts';
import { processPeer } from './conversation.ts';

const SCRIPT = fileURLToPath(new URL('./pytorch.py', import.meta.url));

export function load(): Promise<Peer> {
  const python = process.env.TORSOR_PYTHON ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3');
  const env = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  return processPeer('pytorch', [python, '-u', SCRIPT], { env });
}
