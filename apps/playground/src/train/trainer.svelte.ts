/** The page's side of the training: starts the worker, and holds what it reported last. */

import type { Evaluation, Report, Request, Seen, Tiles } from './messages.ts';
import type { TrainSettings } from './settings.ts';

const digits = new URL('../../../../examples/data/digits.csv.gz', import.meta.url).href;

export class Trainer {
  state = $state<'loading' | 'running' | 'paused' | 'failed'>('loading');
  failure = $state('');
  weights = $state(0);
  counts = $state.raw({ training: 0, heldOut: 0 });
  step = $state(0);
  losses = $state.raw<readonly number[]>([]);
  evaluations = $state.raw<readonly Evaluation[]>([]);
  kernels = $state.raw<Tiles>();
  seen = $state.raw<Seen>();
  #worker: Worker | undefined;
  #pixels: readonly number[] | undefined;

  /** The last evaluation. */
  get latest(): Evaluation | undefined {
    return this.evaluations.at(-1);
  }

  /** Begins anew, with a worker of its own. */
  start(settings: TrainSettings, delayMs: number): void {
    this.stop();
    this.state = 'loading';
    this.failure = '';
    this.step = 0;
    this.losses = [];
    this.evaluations = [];
    const worker = new Worker(new URL('./trainer.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Report>) => this.#hear(data);
    worker.onerror = ({ message }) => this.#fail(message || 'the worker did not start');
    this.#worker = worker;
    if (this.#pixels) this.look(this.#pixels);
    this.#say({ kind: 'start', settings, digits, delayMs });
  }

  pause(): void {
    this.state = 'paused';
    this.#say({ kind: 'pause' });
  }

  resume(): void {
    this.state = 'running';
    this.#say({ kind: 'resume' });
  }

  stepOnce(): void {
    this.state = 'paused';
    this.#say({ kind: 'step' });
  }

  setDelay(delayMs: number): void {
    this.#say({ kind: 'delay', delayMs });
  }

  /** Shows the network a picture, now and after every few steps. */
  look(pixels: readonly number[]): void {
    this.#pixels = pixels;
    this.#say({ kind: 'look', pixels });
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #say(request: Request): void {
    this.#worker?.postMessage(request);
  }

  #fail(message: string): void {
    this.state = 'failed';
    this.failure = message;
  }

  #hear(report: Report): void {
    switch (report.kind) {
      case 'ready':
        this.weights = report.weights;
        this.counts = report;
        this.state = 'running';
        break;
      case 'progress':
        this.step = report.step;
        this.losses = [...this.losses, ...report.losses];
        this.kernels = report.kernels;
        break;
      case 'evaluated':
        this.evaluations = [...this.evaluations, report.evaluation];
        break;
      case 'seen':
        this.seen = report.seen;
        break;
      case 'rest':
        this.state = 'paused';
        break;
      case 'failed':
        this.#fail(report.message);
        break;
    }
  }
}
