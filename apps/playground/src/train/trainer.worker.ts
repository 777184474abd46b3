/**
 * Trains in a worker, with threads of its own, so that the page stays free: `spawn` on the page's side, `expose` on this one. The
 * page pauses and cancels it through its trainer; all else that it wants comes as a message, between two steps.
 */

import { features, workers } from 'torsor';
import { loadDigits } from './digits.ts';
import { experiment } from './experiment.ts';
import { load, save } from './files.ts';
import type { ExperimentReport, Report, Request, Task } from './messages.ts';
import { kernelsOf } from './nets.ts';
import { race } from './race.ts';
import { Session } from './session.ts';
import type { TrainSettings } from './settings.ts';
import { delays, EPOCHS } from './settings.ts';

type Context<M> = workers.TrainingContext<Task, M>;

const REPORT_MS = 33;
/** What steps come to in a second is told after so much time spent in them. */
const PACE_MS = 250;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Training {
  readonly #context: Context<Report>;
  readonly #digits: Awaited<ReturnType<typeof loadDigits>>;
  #session: Session | undefined;
  #pool: workers.Pool | undefined;
  #delayMs = delays.slow;
  #losses: number[] = [];
  #reportedMs = 0;
  #spentMs = 0;
  #spentSteps = 0;
  #looked: readonly number[] | undefined;
  /** Work that no step may come between. */
  #pending: Promise<unknown> = Promise.resolve();
  /** What changes the threads, one after the other. The training goes on meanwhile, with those that it has. */
  #switching: Promise<unknown> = Promise.resolve();
  #resting = true;
  #wake: () => void = () => {};

  constructor(context: Context<Report>, digits: Awaited<ReturnType<typeof loadDigits>>) {
    this.#context = context;
    this.#digits = digits;
    context.onMessage((request) => this.#hear(request as Request));
  }

  get #threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** Steps until the page ends it. */
  async run(): Promise<never> {
    for (;;) {
      await this.#context.checkpoint();
      await this.#pending;
      if (this.#resting || this.#session === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      this.#resting = !this.#advance(this.#session);
      if (this.#resting || performance.now() - this.#reportedMs > REPORT_MS) this.#report();
      if (this.#resting) this.#context.report({ kind: 'rest' });
      else if (this.#delayMs > 0) await sleep(this.#delayMs);
    }
  }

  #go(): void {
    this.#resting = false;
    this.#wake();
  }

  #hear(request: Request): void {
    switch (request.kind) {
      case 'start':
        this.#start(request.settings);
        break;
      case 'resume':
        this.#go();
        break;
      case 'step':
        if (this.#session) this.#advance(this.#session);
        this.#report();
        break;
      case 'tell':
        this.#report();
        break;
      case 'delay':
        this.#delayMs = request.delayMs;
        break;
      case 'threads':
        this.#switching = this.#switching
          .then(() => this.#setThreads(request.on))
          .then(
            () => this.#context.report({ kind: 'threads', threads: this.#threads }),
            ({ message }: Error) => this.#context.report({ kind: 'threads', threads: this.#threads, trouble: message }),
          );
        break;
      case 'race':
        this.#pending = this.#switching.then(() => this.#race());
        this.#switching = this.#pending;
        break;
      case 'look':
        this.#looked = request.pixels;
        this.#look();
        break;
      case 'save':
        if (this.#session) this.#context.report({ kind: 'saved', bytes: save(this.#session) });
        break;
      case 'load':
        this.#load(request.name, request.bytes);
        break;
    }
  }

  #start(settings: TrainSettings): void {
    const { train, heldOut } = this.#digits;
    const session = new Session(settings, train, heldOut);
    this.#session = session;
    this.#losses = [];
    this.#spentMs = 0;
    this.#spentSteps = 0;
    this.#context.report({
      kind: 'ready',
      weights: session.weights,
      training: train.labels.shape[0],
      heldOut: heldOut.labels.shape[0],
      samples: session.samples(),
    });
    this.#report();
    this.#context.report({ kind: 'evaluated', evaluation: session.evaluate() });
    this.#go();
  }

  /** One step; at the end of an epoch, an evaluation. Gives whether training goes on. */
  #advance(session: Session): boolean {
    const startMs = performance.now();
    const { loss, epochEnded } = session.advance();
    this.#spentMs += performance.now() - startMs;
    this.#spentSteps++;
    this.#losses.push(loss);
    if (this.#spentMs > PACE_MS) this.#tellPace();
    if (!epochEnded) return true;
    this.#report();
    this.#context.report({ kind: 'evaluated', evaluation: session.evaluate() });
    return session.epoch % EPOCHS !== 0;
  }

  #tellPace(): void {
    const perSecond = (1000 * this.#spentSteps) / this.#spentMs;
    this.#context.report({ kind: 'pace', perSecond, threads: this.#threads });
    this.#spentMs = 0;
    this.#spentSteps = 0;
  }

  #report(): void {
    if (!this.#session) return;
    const { step, net } = this.#session;
    this.#context.report({ kind: 'progress', step, losses: this.#losses, kernels: kernelsOf(net) });
    this.#losses = [];
    this.#reportedMs = performance.now();
    this.#look();
  }

  #look(): void {
    if (!this.#session || !this.#looked) return;
    this.#context.report({ kind: 'seen', seen: this.#session.look(this.#looked) });
  }

  async #setThreads(on: boolean): Promise<void> {
    // a page that is not isolated has no memory that threads could share
    if (on && features().sharedMemory) this.#pool = await workers.start();
    else {
      const pool = this.#pool;
      this.#pool = undefined;
      await pool?.stop();
    }
    this.#spentMs = 0;
    this.#spentSteps = 0;
  }

  async #race(): Promise<void> {
    if (!this.#session) return;
    const had = this.#pool !== undefined;
    const { train, heldOut } = this.#digits;
    const speeds = await race(
      new Session(this.#session.settings, train, heldOut),
      (on) => this.#setThreads(on),
      () => this.#threads,
    );
    await this.#setThreads(had);
    this.#context.report({ kind: 'raced', speeds });
  }

  #load(name: string, bytes: Uint8Array): void {
    if (!this.#session) return;
    try {
      const note = load(this.#session, name, bytes);
      this.#report();
      this.#context.report({ kind: 'evaluated', evaluation: this.#session.evaluate() });
      this.#context.report({ kind: 'loaded', note });
    } catch (error) {
      this.#context.report({ kind: 'refused', why: (error as Error).message });
    }
  }
}

async function train(context: Context<Report | ExperimentReport>): Promise<unknown> {
  const task = context.data;
  const digits = await loadDigits(task.digits);
  if (task.kind === 'experiment') return experiment(context as Context<ExperimentReport>, digits, task.seed);
  return new Training(context as Context<Report>, digits).run();
}

export default workers.expose(train);
