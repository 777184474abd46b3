/**
 * Workers of workers, which the page makes for them. In Firefox (153) `new Worker` in a worker now and then never returns, one of some
 * hundred times on a busy machine, whatever it is to load; in a page it always does. So there a worker asks whoever started it for one, and
 * what the two say to each other goes through the page.
 */

import { buffersIn } from './message.ts';

/** The first message to a worker whose page makes workers for it. */
export const HOSTING = 'torsor: hosting';

const ABOUT = 'torsor: worker of a worker';

type Saying =
  | { readonly kind: 'make'; readonly href: string; readonly options: WorkerOptions | undefined }
  | { readonly kind: 'post' | 'said'; readonly message: unknown }
  | { readonly kind: 'terminate' | 'unreadable' }
  | { readonly kind: 'failed'; readonly why: string };

/** What a worker and its page say to each other about a worker that the page has made for it, by number. */
type Word = Saying & { readonly about: typeof ABOUT; readonly id: number };

const isWord = (message: unknown): message is Word => (message as Word | null)?.about === ABOUT;

/** Whether workers of this page's workers had better be made by the page. */
export function isHost(): boolean {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  return /\bFirefox\//.test(navigator?.userAgent ?? '');
}

/** The page's side: the workers made for one of its workers. */
export class Host {
  readonly #asker: Worker;
  readonly #made = new Map<number, Worker>();

  constructor(asker: Worker) {
    this.#asker = asker;
  }

  /** Does what the worker asks for; false for a message that is about something else. */
  hear(word: unknown): boolean {
    if (!isWord(word)) return false;
    const { id } = word;
    if (word.kind === 'make') this.#make(id, word.href, word.options);
    else if (word.kind === 'post') this.#made.get(id)?.postMessage(word.message, buffersIn(word.message));
    else if (word.kind === 'terminate') {
      this.#made.get(id)?.terminate();
      this.#made.delete(id);
    }
    return true;
  }

  #make(id: number, href: string, options: WorkerOptions | undefined): void {
    const tell = (saying: Saying, transfer: ArrayBuffer[] = []): void =>
      this.#asker.postMessage({ about: ABOUT, id, ...saying } satisfies Word, transfer);
    let worker: Worker;
    try {
      worker = makeWorker(() => new Worker(href, options));
    } catch (error) {
      tell({ kind: 'failed', why: (error as Error).message });
      return;
    }
    this.#made.set(id, worker);
    worker.onmessage = ({ data }) => tell({ kind: 'said', message: data }, buffersIn(data));
    worker.onmessageerror = () => tell({ kind: 'unreadable' });
    worker.onerror = (event) => {
      event.preventDefault();
      tell({ kind: 'failed', why: event.message });
    };
  }

  /** Ends all of them, with the worker for which they were made. */
  end(): void {
    for (const worker of this.#made.values()) worker.terminate();
    this.#made.clear();
  }
}

/** A worker's way to the page that makes workers for it, and those that it has. One for all copies of this package in the worker. */
interface Hosted {
  readonly page: Worker;
  readonly workers: Map<number, HostedWorker>;
  count: number;
}

const HOSTED = Symbol.for('torsor.hosted');
const hosted = (): Hosted | undefined => Reflect.get(globalThis, HOSTED);

/** As much of a `Worker` as this package uses, of one that the page has made. */
class HostedWorker {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onmessageerror: (() => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  readonly #hosted = hosted() as Hosted;
  readonly #id = ++this.#hosted.count;

  constructor(address: string | URL, options?: WorkerOptions) {
    this.#hosted.workers.set(this.#id, this);
    this.#tell({ kind: 'make', href: new URL(address, location.href).href, options });
  }

  #tell(saying: Saying, transfer: Transferable[] = []): void {
    this.#hosted.page.postMessage({ about: ABOUT, id: this.#id, ...saying } satisfies Word, transfer);
  }

  postMessage(message: unknown, transfer?: Transferable[]): void {
    this.#tell({ kind: 'post', message }, transfer);
  }

  terminate(): void {
    this.#hosted.workers.delete(this.#id);
    this.#tell({ kind: 'terminate' });
  }

  hear(word: Word): void {
    if (word.kind === 'said') this.onmessage?.({ data: word.message });
    else if (word.kind === 'unreadable') this.onmessageerror?.();
    else if (word.kind === 'failed') this.onerror?.({ message: word.why, preventDefault: () => undefined });
  }
}

/** The worker's side: takes what its page says of workers; false for a message that is about something else. */
export function hearHost(scope: Worker, message: unknown): boolean {
  if (message === HOSTING) {
    if (hosted() === undefined) {
      Reflect.set(globalThis, HOSTED, { page: scope, workers: new Map(), count: 0 } satisfies Hosted);
    }
    return true;
  }
  if (!isWord(message)) return false;
  hosted()?.workers.get(message.id)?.hear(message);
  return true;
}

/**
 * Makes a worker, or has the page make it.
 *
 * @param make `() => new Worker(new URL('./file.js', import.meta.url))`, which bundlers must find as it stands, and which therefore finds
 *   another `Worker` while it runs
 */
export function makeWorker(make: () => Worker): Worker {
  if (hosted() === undefined) return make();
  const scope = globalThis as { Worker: unknown };
  const { Worker } = scope;
  scope.Worker = HostedWorker;
  try {
    return make();
  } finally {
    scope.Worker = Worker;
  }
}
