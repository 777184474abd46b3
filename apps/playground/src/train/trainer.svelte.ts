/** The page's side of the training: starts the worker, and holds what it reported last. */

import type { Trainer as Spawned } from '@torsor/workers';
import { spawn } from '@torsor/workers';
import { thinned } from './curves.ts';
import type { Digit, Evaluation, Report, Request, Seen, Speed, Task, Tiles } from './messages.ts';
import type { TrainSettings } from './settings.ts';

export const digitsAddress = new URL('../../../../examples/data/digits.csv.gz', import.meta.url).href;

/** Starts the worker that trains. */
export function spawnTraining<M>(task: Task): Spawned<M, void> {
  return spawn<M, void>(() => new Worker(new URL('./trainer.worker.ts', import.meta.url), { type: 'module' }), {
    data: task,
  });
}

export class Trainer {
  state = $state<'loading' | 'running' | 'paused' | 'failed'>('loading');
  failure = $state('');
  weights = $state(0);
  counts = $state.raw({ training: 0, heldOut: 0 });
  samples = $state.raw<readonly Digit[]>([]);
  step = $state(0);
  loss = $state<number>();
  /** The mean of the last few losses. */
  meanLoss = $state<number>();
  evaluations = $state.raw<readonly Evaluation[]>([]);
  kernels = $state.raw<readonly Tiles[]>([]);
  seen = $state.raw<Seen>();
  threads = $state(1);
  /** Why there are no more, if they were wanted. */
  trouble = $state<string>();
  /** Steps a second as they were last with so many threads, without the pauses between them. */
  pace = $state.raw<ReadonlyMap<number, number>>(new Map());
  race = $state.raw<readonly Speed[]>();
  isRacing = $state(false);
  /** What became of the last file. */
  note = $state.raw<{ text: string; isBad: boolean }>();
  /** Points of the loss curve: as it was, and smoothed. */
  curve = $state.raw<{ raw: [number, number][]; smooth: [number, number][] }>({ raw: [], smooth: [] });
  #wasRunning = false;
  #losses: number[] = [];
  #smooth: number[] = [];
  #worker: Spawned<Report, void> | undefined;
  #pixels: readonly number[] | undefined;
  #onsave: ((bytes: Uint8Array) => void) | undefined;

  /** The last evaluation. */
  get latest(): Evaluation | undefined {
    return this.evaluations.at(-1);
  }

  /** Begins anew; with a worker of its own the first time, and after a failure. */
  start(settings: TrainSettings, { delayMs, threads }: { delayMs: number; threads: boolean }): void {
    if (this.state === 'failed') this.stop();
    this.state = 'loading';
    this.failure = '';
    this.#forget();
    if (!this.#worker) {
      this.#worker = spawnTraining<Report>({ kind: 'train', digits: digitsAddress });
      void this.#listen(this.#worker);
      if (this.#pixels) this.look(this.#pixels);
      this.setThreads(threads);
    }
    this.#worker.resume();
    this.setDelay(delayMs);
    this.#say({ kind: 'start', settings });
  }

  /** What the last training left. */
  #forget(): void {
    this.step = 0;
    this.loss = undefined;
    this.meanLoss = undefined;
    this.note = undefined;
    this.race = undefined;
    this.pace = new Map();
    this.evaluations = [];
    this.curve = { raw: [], smooth: [] };
    this.#losses = [];
    this.#smooth = [];
  }

  pause(): void {
    this.state = 'paused';
    this.#worker?.pause();
    this.#say({ kind: 'tell' });
  }

  resume(): void {
    this.state = 'running';
    this.#worker?.resume();
    this.#say({ kind: 'resume' });
  }

  stepOnce(): void {
    this.pause();
    this.#say({ kind: 'step' });
  }

  setDelay(delayMs: number): void {
    this.#say({ kind: 'delay', delayMs });
  }

  setThreads(on: boolean): void {
    this.#say({ kind: 'threads', on });
  }

  /** Measures with one thread and with all; the training waits meanwhile. */
  compare(): void {
    this.isRacing = true;
    this.#say({ kind: 'race' });
  }

  /** Shows the network a picture, now and after every few steps. */
  look(pixels: readonly number[]): void {
    this.#pixels = pixels;
    this.#say({ kind: 'look', pixels });
  }

  /** The weights as the bytes of a file. */
  save(done: (bytes: Uint8Array) => void): void {
    this.#onsave = done;
    this.#say({ kind: 'save' });
  }

  /** Gives the network the weights of a file, and pauses, so that they stay what they are; if the file will do. */
  load(name: string, bytes: Uint8Array): void {
    this.#wasRunning = this.state === 'running';
    this.pause();
    this.#say({ kind: 'load', name, bytes });
  }

  /** Tells the reader something about a file. */
  tell(text: string, isBad: boolean): void {
    this.note = { text, isBad };
  }

  stop(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #say(request: Request): void {
    this.#worker?.send(request);
  }

  async #listen(worker: Spawned<Report, void>): Promise<void> {
    try {
      for await (const report of worker) if (worker === this.#worker) this.#hear(report);
    } catch (error) {
      if (worker !== this.#worker) return;
      const { cause, message } = error as Error;
      this.state = 'failed';
      this.failure = cause instanceof Error ? cause.message : message;
    }
  }

  #hear(report: Report): void {
    switch (report.kind) {
      case 'ready':
        this.weights = report.weights;
        this.counts = report;
        this.samples = report.samples;
        // unless the reader has paused it already
        if (this.state === 'loading') this.state = 'running';
        break;
      case 'progress':
        this.step = report.step;
        this.kernels = report.kernels;
        this.#add(report.losses);
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
      case 'threads':
        this.threads = report.threads;
        this.trouble = report.trouble;
        break;
      case 'pace':
        this.pace = new Map(this.pace).set(report.threads, report.perSecond);
        break;
      case 'raced':
        this.race = report.speeds;
        this.isRacing = false;
        break;
      case 'saved':
        this.#onsave?.(report.bytes);
        break;
      case 'loaded':
        this.tell(report.note, false);
        break;
      case 'refused':
        this.tell(report.why, true);
        if (this.#wasRunning) this.resume();
        break;
    }
  }

  /** Losses at the end of the curve, with the mean of the last few beside each. */
  #add(losses: readonly number[]): void {
    if (losses.length === 0) return;
    for (const loss of losses) {
      this.#losses.push(loss);
      const last = this.#losses.slice(-15);
      this.#smooth.push(last.reduce((sum, value) => sum + value, 0) / last.length);
    }
    this.loss = this.#losses.at(-1);
    this.meanLoss = this.#smooth.at(-1);
    this.curve = { raw: thinned(this.#losses), smooth: thinned(this.#smooth) };
  }
}
