/** Whether everyone can use a page, as far as axe-core can tell, in the looks that a page has. */

import { readFileSync } from 'node:fs';
import type { Page } from './devtools.ts';
import { root } from './runtimes.mjs';

/** Colours, and pixels of width: what differs in kind, and not each pair of them. */
export const LOOKS = [
  ['light', 1400],
  ['dark', 1400],
  ['light', 390],
] as const;

/** Shows the page in a look. */
export async function wear(page: Page, [scheme, width]: (typeof LOOKS)[number]): Promise<void> {
  await page.colours(scheme);
  await page.resize(width, 900);
}

/** What axe-core finds wrong with the page as it is: rules, elements, and what to do. */
export async function violations(page: Page): Promise<string[]> {
  const axe = readFileSync(`${root}tools/node_modules/axe-core/axe.min.js`, 'utf8');
  await page.evaluate(`window.axe === undefined ? void (0, eval)(${JSON.stringify(axe)}) : undefined`);
  return page.evaluate<string[]>(`axe.run(document).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + failureSummary.slice(0, 300))))`);
}
