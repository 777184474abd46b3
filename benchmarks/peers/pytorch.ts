/**
 * PyTorch, where this machine has a Python with it: a process beside ours that takes its turns when asked, on one thread.
 * `TORSOR_PYTHON` names another Python.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Peer } from '../row.ts';

const SCRIPT = fileURLToPath(new URL('./pytorch.py', import.meta.url));

interface Answer {
  readonly version?: string;
  readonly ok?: boolean;
  readonly samples?: readonly number[];
  readonly error?: string;
}

/** One question after the other; an answer is a line. */
class Conversation {
  private readonly child: ChildProcessWithoutNullStreams;
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;
  private complaint = '';

  constructor(python: string) {
    const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
    this.child = spawn(python, ['-u', SCRIPT], { env });
    this.child.on('error', (error) => this.fail(error));
    this.child.on('close', (code) => {
      const reason = this.complaint.trim().split('\n').at(-1);
      this.fail(new Error(`Python ended with ${code}: ${reason}`));
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaint = (this.complaint + text).slice(-2000);
    });
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const waiting = this.waiting;
      this.waiting = null;
      const answer = JSON.parse(line) as Answer;
      if (answer.error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(answer.error));
    });
  }

  private fail(error: Error): void {
    this.waiting?.reject(error);
    this.waiting = null;
  }

  hear(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  ask(question: object): Promise<Answer> {
    const answer = this.hear();
    this.child.stdin.write(`${JSON.stringify(question)}\n`);
    return answer;
  }

  close(): void {
    this.child.stdin.end();
  }
}

export async function load(): Promise<Peer> {
  const python = process.env.TORSOR_PYTHON ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3');
  const torch = new Conversation(python);
  const { version = '' } = await torch.hear();
  return {
    name: 'pytorch',
    version,
    async prepare(work) {
      const { ok } = await torch.ask({ prepare: work });
      if (!ok) return null;
      // a workload that fails does so now, and costs the row no more than this column
      await torch.ask({ sample: 0 });
      return { sample: async (ms) => (await torch.ask({ sample: ms })).samples ?? [] };
    },
    close: () => torch.close(),
  };
}
