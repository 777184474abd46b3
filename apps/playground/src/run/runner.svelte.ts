/** Runs programs for a page, one at a time, each in a new worker. */

import { START_MS, startThread, type Thread } from '@torsor/core';
import type { Check } from '../functions/check.ts';
import type { Trace } from '../tape/trace.ts';
import type { Failure, Level, Report, Request } from './messages.ts';

export interface Line {
  readonly level: Level;
  readonly text: string;
}

export type State = 'idle' | 'starting' | 'running' | 'done' | 'failed' | 'stopped';

export class Runner {
  state = $state.raw<State>('idle');
  lines = $state.raw<readonly Line[]>([]);
  failure = $state.raw<Failure | undefined>();
  /** Whether it printed more than is shown. */
  silenced = $state.raw(false);
  ms = $state.raw<number | undefined>();
  /** What was seen of the tape, if it was watched. */
  trace = $state.raw<Trace | undefined>();
  /** What was seen of its calls of `gradcheck`, if they were watched. */
  checks = $state.raw<readonly Check[] | undefined>();
  readonly busy = $derived(this.state === 'starting' || this.state === 'running');

  readonly #files: Readonly<Record<string, string>>;
  #thread: Promise<Thread> | undefined;
  /** Lines that are not shown yet: a program may print faster than a page can draw. */
  #fresh: Line[] = [];
  #frame: ReturnType<typeof setTimeout> | undefined;

  readonly #watch: Request['watch'];

  constructor(files: Readonly<Record<string, string>> = {}, watch?: Request['watch']) {
    this.#files = files;
    this.#watch = watch;
  }

  run(code: string): void {
    this.#end();
    this.state = 'starting';
    this.lines = [];
    this.failure = undefined;
    this.silenced = false;
    this.ms = undefined;
    // as a thread, so that in Firefox the page makes the workers that a program starts
    const thread = startThread({
      url: null,
      web: () => new Worker(new URL('./runner.worker.ts', import.meta.url), { type: 'module' }),
      greetMs: START_MS,
      onMessage: (report) => {
        if (thread === this.#thread) this.#hear(report as Report);
      },
    });
    this.#thread = thread;
    this.#begin(thread, { code, base: document.baseURI, files: this.#files, watch: this.#watch });
  }

  async #begin(thread: Promise<Thread>, request: Request): Promise<void> {
    const started = await thread;
    if (thread !== this.#thread) return;
    started.onEnd((cause) => {
      if (thread === this.#thread) this.#fail({ name: 'Error', message: String((cause as Error).message ?? cause) });
    });
    started.post(request);
  }

  /** Ends the program, whatever it is doing. What it has printed stays. */
  stop(): void {
    if (!this.busy) return;
    this.#end();
    this.state = 'stopped';
  }

  /** Lets go of everything. */
  close(): void {
    this.#end();
  }

  #hear(report: Report): void {
    switch (report.kind) {
      case 'ready':
        this.state = 'running';
        break;
      case 'printed':
        this.#fresh.push({ level: report.level, text: report.text });
        this.#frame ??= setTimeout(() => this.#show(), 16);
        break;
      case 'traced':
        this.trace = report.trace;
        break;
      case 'checked':
        this.checks = report.checks;
        break;
      case 'silenced':
        this.silenced = true;
        break;
      case 'done':
        this.#show();
        this.ms = report.ms;
        // a timer of the program may have thrown before its last line was reached
        if (this.state === 'running') this.state = 'done';
        break;
      case 'failed':
        this.#fail(report.failure);
        break;
    }
  }

  #fail(failure: Failure): void {
    this.#show();
    this.failure ??= failure;
    this.state = 'failed';
  }

  #show(): void {
    clearTimeout(this.#frame);
    this.#frame = undefined;
    if (this.#fresh.length === 0) return;
    this.lines = [...this.lines, ...this.#fresh];
    this.#fresh = [];
  }

  #end(): void {
    this.#show();
    this.#thread?.then((thread) => thread.terminate());
    this.#thread = undefined;
  }
}
