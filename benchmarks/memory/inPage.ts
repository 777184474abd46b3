/** A scenario in a page of a browser, or in a worker of that page: `browser.ts` says which, and hears of the samples. */

import { setMemoryLimits } from 'torsor';
import type { Sample } from './scenarios.ts';
import { type ScenarioName, samplePoints, scenarios } from './scenarios.ts';

/** What to run, and where. */
export interface PageTask {
  readonly name: ScenarioName;
  readonly steps: number;
  readonly limitMiB: number | null;
  readonly inWorker: boolean;
}

const isWorker = typeof document === 'undefined';

async function run({ name, steps, limitMiB }: PageTask, report: (sample: Sample) => void): Promise<void> {
  if (limitMiB !== null) setMemoryLimits({ softLimitBytes: limitMiB * 2 ** 20 });
  // Browsers do not tell a page what its process holds.
  await scenarios[name]({ steps, samples: samplePoints(steps), resident: () => 0, report });
}

if (isWorker) {
  globalThis.onmessage = async ({ data }: MessageEvent<PageTask>) => {
    await run(data, (sample) => postMessage(sample));
    postMessage(null);
  };
} else {
  const task = (await (await fetch('/task.json')).json()) as PageTask;
  let told: Promise<unknown> = Promise.resolve();
  const report = (sample: Sample) => {
    told = told.then(() => fetch('/say', { method: 'POST', body: JSON.stringify(sample) }));
  };
  if (task.inWorker) {
    await new Promise<void>((resolve, reject) => {
      const worker = new Worker(import.meta.url, { type: 'module' });
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.onmessage = ({ data }: MessageEvent<Sample | null>) => {
        if (data === null) resolve();
        else report(data);
      };
      worker.postMessage(task);
    });
  } else await run(task, report);
  await told;
}
