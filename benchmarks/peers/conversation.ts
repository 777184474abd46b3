/** A process beside ours that prepares workloads and times them when asked: a question is a line of JSON, and so is its answer. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Peer } from '../row.ts';

interface Answer {
  readonly version?: string;
  readonly ok?: boolean;
  readonly samples?: readonly number[];
  readonly error?: string;
}

/** One question after the other. */
class Conversation {
  private readonly child: ChildProcessWithoutNullStreams;
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;
  private complaint = '';

  constructor(name: string, [command, ...args]: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(command, args, { env: { ...process.env, ...env } });
    this.child.on('error', (error) => this.fail(error));
    this.child.on('close', (code) => {
      const reason = this.complaint.trim().split('\n').at(-1);
      this.fail(new Error(`${name} ended with ${code}: ${reason}`));
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

  /** The other process stands still between its answers: threads of its own that look for work would take ours the cores. */
  async ask(question: object): Promise<Answer> {
    this.signal('SIGCONT');
    const answer = this.hear();
    this.child.stdin.write(`${JSON.stringify(question)}\n`);
    try {
      return await answer;
    } finally {
      this.signal('SIGSTOP');
    }
  }

  /** Windows has no such signals: there it goes on. */
  private signal(name: 'SIGCONT' | 'SIGSTOP'): void {
    if (process.platform !== 'win32') this.child.kill(name);
  }

  close(): void {
    this.signal('SIGCONT');
    this.child.stdin.end();
  }
}

/** A peer that a command starts; it says its version first. */
export async function processPeer(
  name: string,
  command: readonly string[],
  { env = {}, threads }: { readonly env?: Readonly<Record<string, string>>; readonly threads?: number } = {},
): Promise<Peer> {
  const other = new Conversation(name, command, env);
  const { version = '' } = await other.hear();
  return {
    name,
    version,
    ...(threads === undefined ? {} : { threads }),
    async prepare(work) {
      const { ok } = await other.ask({ prepare: work });
      if (!ok) return null;
      // a workload that fails does so now, and costs the row no more than this column
      await other.ask({ sample: 0 });
      return { sample: async (ms) => (await other.ask({ sample: ms })).samples ?? [] };
    },
    close: () => other.close(),
  };
}
