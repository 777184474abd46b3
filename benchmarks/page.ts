/** Measures in a page of a browser, and tells the server, which `browser.ts` starts. */

import { features } from 'torsor';
import { featureNames } from './featureNames.ts';
import { measureLines, type Voice } from './lines.ts';
import type { Task, Word } from './pageWords.ts';

/** Words reach the server in order: each waits for the one before. */
let told: Promise<unknown> = Promise.resolve();

function tell(word: Word): void {
  told = told.then(() => fetch('/say', { method: 'POST', body: JSON.stringify(word) }));
}

const voice: Voice = {
  print: (text) => tell({ print: text }),
  show: (text) => tell({ show: text }),
  warn: (text) => tell({ warn: text }),
};

const { filters, effort, machine: from } = (await (await fetch('/task.json')).json()) as Task;
const machine = { ...from, features: featureNames(features()) };
const measured = await measureLines(filters, machine, () => Promise.resolve([]), effort, voice);
tell({ measured: { ...measured, machine } });
await told;
