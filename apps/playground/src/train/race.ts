/** Steps a second with one thread and with all, in turns, so that a machine that slows down slows both. */

import { median } from '@torsor/benchmarks/median.ts';
import type { Speed } from './messages.ts';
import type { Session } from './session.ts';

const TURNS = 4;
const TURN_MS = 250;

/** Steps for a while; gives how many a second that is. */
function burst(session: Session): number {
  const startMs = performance.now();
  let steps = 0;
  let nowMs = startMs;
  while (nowMs - startMs < TURN_MS) {
    session.advance();
    steps++;
    nowMs = performance.now();
  }
  return (1000 * steps) / (nowMs - startMs);
}

/** Times a training that nobody needs, once it has warmed up. */
export async function race(
  session: Session,
  setThreads: (on: boolean) => Promise<void>,
  threads: () => number,
): Promise<Speed[]> {
  const turns = new Map<number, number[]>();
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const on of [false, true]) {
      await setThreads(on);
      const perSecond = burst(session);
      if (turn > 0) turns.set(threads(), [...(turns.get(threads()) ?? []), perSecond]);
    }
  }
  return [...turns].map(([count, speeds]) => ({
    threads: count,
    median: median(speeds),
    low: Math.min(...speeds),
    high: Math.max(...speeds),
  }));
}
