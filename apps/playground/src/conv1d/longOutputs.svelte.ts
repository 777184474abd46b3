/** The page's side of the worker: asks for one answer at a time, and of all that is asked meanwhile only for the last. */

import type { Answer, Reply, Request } from './messages.ts';

export class LongOutputs {
  answer = $state.raw<Answer>();
  problem = $state<string>();
  #worker: Worker | undefined;
  /** Whether the answer is not yet that to what was asked last. */
  isBusy = $state(false);
  #waiting: Request | undefined;
  #sent: Request['channels'];

  ask(request: Request): void {
    this.#waiting = request;
    if (!this.isBusy) this.#send();
  }

  #send(): void {
    const request = this.#waiting;
    this.#waiting = undefined;
    this.isBusy = request !== undefined;
    if (request === undefined) return;
    this.#worker ??= this.#start();
    const isNew = request.channels !== this.#sent;
    this.#sent = request.channels;
    this.#worker.postMessage(isNew ? request : { ...request, channels: undefined });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./convolve.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      this.answer = 'problem' in data ? undefined : data;
      this.problem = 'problem' in data ? data.problem : undefined;
      this.#send();
    };
    worker.onerror = ({ message }) => {
      this.problem = message || 'the worker did not start';
      this.close();
    };
    return worker;
  }

  /** Ends the worker; another begins when something is asked. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#sent = undefined;
    this.isBusy = false;
    this.#waiting = undefined;
  }
}
