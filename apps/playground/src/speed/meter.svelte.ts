/** The page's side of the benchmark: starts the worker, cancels it, and holds what it reported. */

import { spawn, type Trainer } from '@torsor/workers';
import type { Measured, Report, Task } from './messages.ts';

export class Meter {
  state = $state<'idle' | 'running' | 'done' | 'stopped' | 'failed'>('idle');
  failure = $state('');
  doing = $state.raw({ what: '', done: 0, total: 1 });
  machine = $state.raw<Extract<Report, { kind: 'machine' }>>();
  rows = $state.raw<ReadonlyMap<string, Measured>>(new Map());
  #worker: Trainer<Report, void> | undefined;

  async start(task: Task): Promise<void> {
    this.state = 'running';
    this.failure = '';
    this.machine = undefined;
    this.rows = new Map();
    const make = () => new Worker(new URL('./speed.worker.ts', import.meta.url), { type: 'module' });
    const worker = spawn<Report, void>(make, { data: task });
    this.#worker = worker;
    try {
      for await (const report of worker) this.#hear(report);
      this.state = 'done';
    } catch (error) {
      if (this.state !== 'running') return;
      this.state = 'failed';
      const { cause, message } = error as Error;
      this.failure = cause instanceof Error ? cause.message : message;
    }
  }

  /** What was measured stays. */
  stop(): void {
    if (this.state === 'running') this.state = 'stopped';
    void this.#worker?.terminate();
  }

  #hear(report: Report): void {
    if (report.kind === 'doing') this.doing = report;
    else if (report.kind === 'machine') this.machine = report;
    else this.rows = new Map(this.rows).set(report.row.name, report.row);
  }
}
