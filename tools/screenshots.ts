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
    hash: 'conv1d?signal=waves&bank=blur_vertical_random*3_edge&padding=2&stride=2&size=5',
    ready: 'document.querySelector("[data-testid=value]")',
    whole: true,
  },
  'conv1d-stereo': {
    hash: 'conv1d?channels=2&groups=2&bank=vertical_blur&padding=2&mode=circular&size=5&row=1',
    ready: 'document.querySelector("[data-testid=value]")',
    whole: true,
  },
  'conv1d-melody': {
    hash: 'conv1d?signal=melody&channels=2&size=9&bank=blur_vertical_difference&from=48000',
    ready: 'document.querySelector("[data-testid=sound-y2]")',
    whole: true,
  },
  'conv1d-sixteen': {
    hash: `conv1d?channels=2&length=64&bank=${Array.from({ length: 16 }, (_, i) => `random*${i + 1}`).join('_')}`,
    ready: 'document.querySelector("[data-testid=value]")',
  },
  'conv1d-sliding': {
    hash: 'conv1d?row=6&bank=sharpen_vertical_blur&size=5&padding=2&mode=reflect',
    before: `[...document.querySelectorAll('button')].find((b) => b.textContent.trim() === 'Slide').click()`,
    ready: 'document.querySelector("[data-testid=caption]")?.textContent.includes("output 11")',
  },
  'conv1d-problem': { hash: 'conv1d?groups=2', ready: 'document.querySelector("[data-testid=problem]")' },
  conv2d: {
    hash: 'conv2d',
    ready: 'document.querySelector("[aria-busy=false]") && document.querySelector("[data-testid=value]")',
  },
  'conv2d-whole': {
    hash: 'conv2d?bank=gabor*45_gabor*90_blur&kernelHeight=7&kernelWidth=7&paddingHeight=2&paddingWidth=1&dilationHeight=2&dilationWidth=2',
    ready: 'document.querySelector("[aria-busy=false]") && document.querySelector("[data-testid=value]")',
    whole: true,
  },
  'conv2d-bands': {
    hash: `conv2d?colours=bands&width=96&kernelHeight=3&kernelWidth=5&front=3&channel=12&bank=${Array.from({ length: 16 }, (_, i) => `random*${i + 1}`).join('_')}`,
    ready: 'document.querySelector("[aria-busy=false]") && document.querySelector("[data-testid=value]")',
    whole: true,
  },
  'conv2d-colour': {
    hash: 'conv2d?colours=rgb&bank=identity.0_identity.1_identity.2_edge&front=3&width=96',
    ready: 'document.querySelector("[aria-busy=false]") && document.querySelector("[data-testid=value]")',
  },
  'conv2d-problem': {
    hash: 'conv2d?dilationHeight=4&kernelHeight=9&width=24',
    ready: 'document.querySelector("[data-testid=problem]")',
  },
  'conv2d-pool': {
    hash: 'conv2d?operation=max&kernelHeight=2&kernelWidth=2&strideHeight=2&strideWidth=2&source=drawing',
    ready: 'document.querySelector("[aria-busy=false]") && document.querySelector("[data-testid=value]")',
  },
  'conv2d-transposed': {
    hash: 'conv2d?operation=transposed&bank=blur_vertical&strideHeight=2&strideWidth=2&width=24&colours=rgb',
    ready: 'document.querySelector("[aria-busy=false]") && document.querySelector("[data-testid=value]")',
    whole: true,
  },
  'code-run': {
    hash: 'conv1d?signal=pulse&bank=hand*1*2*-3',
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
