/** Trains in a worker, so that the page stays free: obeys requests between two steps, and reports some thirty times a second. */

import { loadDigits } from './digits.ts';
import type { Report, Request } from './messages.ts';
import { kernelsOf } from './nets.ts';
import { Session } from './session.ts';
import { EPOCHS } from './settings.ts';

const REPORT_MS = 33;

let session: Session | undefined;
let running = false;
let delayMs = 0;
let losses: number[] = [];
let reportedMs = 0;
let looked: readonly number[] | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

const say = (report: Report): void => postMessage(report);

function look(): void {
  if (session && looked) say({ kind: 'seen', seen: session.look(looked) });
}

function report(): void {
  if (!session) return;
  say({ kind: 'progress', step: session.step, losses, kernels: kernelsOf(session.net) });
  losses = [];
  reportedMs = performance.now();
  look();
}

/** One step; at the end of an epoch, an evaluation. Gives whether training goes on. */
function advance(): boolean {
  if (!session) return false;
  const { loss, epochEnded } = session.advance();
  losses.push(loss);
  if (!epochEnded) return true;
  report();
  say({ kind: 'evaluated', evaluation: session.evaluate() });
  return session.epoch % EPOCHS !== 0;
}

function guard(work: () => void): void {
  try {
    work();
  } catch (error) {
    running = false;
    say({ kind: 'failed', message: (error as Error).message });
  }
}

/** Steps until it is told to stop; requests come in between. */
function loop(): void {
  guard(() => {
    if (!running) return;
    running = advance();
    if (performance.now() - reportedMs > REPORT_MS || !running) report();
    if (running) timer = setTimeout(loop, delayMs);
    else say({ kind: 'rest' });
  });
}

function run(): void {
  clearTimeout(timer);
  running = true;
  loop();
}

async function start({ settings, digits }: Extract<Request, { kind: 'start' }>): Promise<void> {
  const { train, heldOut } = await loadDigits(digits);
  session = new Session(settings, train, heldOut);
  losses = [];
  const counts = { training: train.labels.shape[0], heldOut: heldOut.labels.shape[0] };
  say({ kind: 'ready', weights: session.weights, ...counts });
  report();
  say({ kind: 'evaluated', evaluation: session.evaluate() });
  run();
}

self.onmessage = ({ data: request }: MessageEvent<Request>): void => {
  switch (request.kind) {
    case 'start':
      delayMs = request.delayMs;
      start(request).catch((error: Error) => say({ kind: 'failed', message: error.message }));
      break;
    case 'pause':
      running = false;
      guard(report);
      break;
    case 'resume':
      run();
      break;
    case 'step':
      running = false;
      guard(() => {
        advance();
        report();
      });
      break;
    case 'delay':
      delayMs = request.delayMs;
      break;
    case 'look':
      looked = request.pixels;
      guard(look);
      break;
  }
};
