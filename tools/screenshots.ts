/**
 * Pictures of every page of the playground, wide and narrow, light and dark, into `apps/playground/dist/screenshots`. Look at
 * them after a change. The playground must have been built.
 *
 *     node tools/screenshots.ts [part of a picture's name…]
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { findBrowser } from './browsers.ts';
import { Page } from './devtools.ts';
import { folder } from './playground.ts';
import { serveFolder } from './staticServer.ts';

/** The views, and what to wait for before the picture is taken. */
interface View {
  readonly hash: string;
  readonly ready: string;
  /** What to do first. */
  readonly before?: string;
  readonly whole?: boolean;
}
const edited = 'document.querySelector(".cm-content") !== null';
const drawn = `${edited} && document.querySelector("[data-testid=node]") !== null`;
const judged = `${edited} && document.querySelector("[data-testid=table]") !== null`;
const views: Record<string, View> = {
  conv1d: { hash: 'conv1d', ready: 'document.querySelector("[data-testid=value]")' },
  'conv1d-whole': {
    hash: 'conv1d?signal=waves&kernel=blur&padding=2&stride=2&size=5',
    ready: 'document.querySelector("[data-testid=value]")',
    whole: true,
  },
  conv2d: { hash: 'conv2d', ready: 'document.querySelector("[data-testid=value]")' },
  'conv2d-whole': {
    hash: 'conv2d?kernel=gabor&kernelHeight=7&kernelWidth=7&padding=2&dilation=2',
    ready: 'document.querySelector("[data-testid=value]")',
    whole: true,
  },
  'conv2d-problem': {
    hash: 'conv2d?dilation=4&kernelHeight=9&kernelWidth=9&width=24',
    ready: 'document.querySelector("[data-testid=problem]")',
  },
  'conv2d-pool': {
    hash: 'conv2d?operation=max&kernelHeight=2&kernelWidth=2&stride=2&source=drawing',
    ready: 'document.querySelector("[data-testid=value]")',
  },
  'conv2d-transposed': {
    hash: 'conv2d?operation=transposed&kernel=blur&stride=2&width=24',
    ready: 'document.querySelector("[data-testid=value]")',
  },
  'code-run': {
    hash: 'conv1d?signal=pulse&kernel=hand&weights=1,2,-3',
    before: `document.querySelector('details').open = true;
      (function run() {
        const button = [...document.querySelectorAll('button')].find((b) => b.textContent.trim() === 'Run');
        if (!button || !document.querySelector('.cm-content')) return setTimeout(run, 50);
        button.click();
        document.querySelector('details').scrollIntoView();
      })()`,
    ready: 'document.querySelector("[data-state=done]") !== null',
  },
  autograd: { hash: 'autograd?step=4', ready: drawn },
  ...Object.fromEntries(
    ['mean&step=6', 'doubling&step=6', 'nograd', 'retain&pass=3&step=1', 'second&pass=2&step=4', 'neuron&step=6'].map(
      (program) => {
        const [id] = program.split('&');
        return [`autograd-${id}-whole`, { hash: `autograd?program=${program}`, ready: drawn, whole: true }];
      },
    ),
  ),
  ...Object.fromEntries(
    ['add', 'max', 'linear', 'mistake'].map((id) => [
      `functions-${id}-whole`,
      { hash: `functions?program=${id}`, ready: judged, whole: true },
    ]),
  ),
  functions: { hash: 'functions?program=mistake', ready: judged },
  train: { hash: 'train', ready: '+document.querySelector("[data-testid=epoch]")?.textContent >= 3' },
  'train-whole': {
    hash: 'train',
    ready: '+document.querySelector("[data-testid=epoch]")?.textContent >= 3',
    whole: true,
  },
  'train-connected': {
    hash: 'train?architecture=connected&width=2&permuted=true&pace=full&dropout=0.2&optimizer=adamw&decay=0.01',
    ready: '+document.querySelector("[data-testid=epoch]")?.textContent >= 9',
    whole: true,
  },
  'train-experiment': {
    hash: 'train?pace=full',
    ready: 'document.querySelector("[data-testid=experiment-done]")',
    before: `[...document.querySelectorAll('button')].find((b) => b.textContent === 'Train all four').click()`,
    whole: true,
  },
  speed: { hash: 'speed', ready: 'document.querySelector("h1")' },
  'speed-whole': {
    hash: 'speed',
    before: `[...document.querySelectorAll('button')].find((b) => b.textContent === 'Measure').click()`,
    ready: 'document.querySelector("[data-testid=measured]")',
    whole: true,
  },
};

const browser = findBrowser('chromium');
if (browser === undefined) throw new Error('there is no Chromium here; install it, or name it in TORSOR_CHROMIUM');
const server = await serveFolder(folder);
const page = await Page.open(browser.path);
mkdirSync(`${folder}/screenshots`, { recursive: true });
const filters = process.argv.slice(2);
for (const [name, { hash, ready, before, whole }] of Object.entries(views)) {
  for (const scheme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [1400, 900],
      [390, 844],
    ]) {
      const file = `${name}-${width}-${scheme}`;
      if (filters.length > 0 && !filters.some((part) => file.includes(part))) continue;
      await page.resize(width, height);
      await page.colours(scheme);
      await page.goto(`${server.address}#/${hash}`);
      if (before !== undefined) {
        await page.waitFor('document.querySelector("h1")');
        await page.evaluate(before);
      }
      await page.waitFor(ready);
      // fonts and the photograph settle
      await new Promise((resolve) => setTimeout(resolve, 400));
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      if (overflow > 0) console.log(`${file}: ${overflow} px too wide`);
      writeFileSync(`${folder}/screenshots/${file}.png`, await page.screenshot(whole));
    }
  }
}
for (const problem of page.problems) console.log(problem);
await page.close();
await server.close();
