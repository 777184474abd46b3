/** The editor of the playground in a real browser: programs run, print, fail where they fail, and can be stopped. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findBrowser } from './browsers.ts';
import { openPlayground, type Playground } from './playgroundDriver.ts';
import { write } from './playgroundHands.ts';
import { staysQuiet } from './playgroundRules.ts';

const browser = findBrowser('chromium');
let playground: Playground;

const output = '[data-testid=output]';
const state = (name: string): string => `document.querySelector('${output}')?.dataset.state === '${name}'`;

/** Opens a page's program in its editor. */
async function openCode(hash: string): Promise<void> {
  await playground.open(hash, 'document.querySelector("details summary") !== null');
  await playground.page.evaluate('document.querySelector("details summary").click()');
  await playground.page.waitFor('document.querySelector(".cm-content") !== null');
}

async function run(code: string, ends: string): Promise<string> {
  await write(playground.page, code);
  await playground.press('Run');
  await playground.page.waitFor(state(ends));
  return playground.page.text(output);
}

if (browser === undefined) {
  console.log('note: no Chromium here, so the editor of the playground was not tried');
  test.skip('programs run in Chromium', () => {});
} else {
  test.before(async () => {
    playground = await openPlayground(browser.path);
  });
  test.after(() => playground.close());

  for (const [hash, printed] of [
    ['conv1d?signal=pulse&bank=hand*1*2*-3', /tensor\(\[/],
    ['conv2d?bank=emboss&width=24', /\[ 1, 1, 1[46], 2[24] \]/],
    ['conv2d?operation=max&kernelHeight=2&kernelWidth=2&strideHeight=2&strideWidth=2', /tensor\(\[/],
    ['train?architecture=linear', /epoch 1 loss \d/],
  ] as const) {
    test(`the program of ${hash} runs as it is shown`, async () => {
      await openCode(hash);
      await playground.press('Run');
      await playground.page.waitFor(`/tensor|loss/.test(document.querySelector('${output}')?.textContent)`);
      assert.match(await playground.page.text(output), printed);
    });
  }

  test('TypeScript runs, and prints tensors as Torsor does', async () => {
    await openCode('conv2d');
    const text = await run(
      `import * as torch from 'torsor';
import { noGrad } from '@torsor/autograd';
const x: torch.Tensor = torch.tensor([[1, 2], [3, 4]], { requiresGrad: true });
x.mul(x).sum().backward();
console.log('x.grad', x.grad, { deep: [1, 'two'] });
console.log(noGrad(() => x.mul(2)).requiresGrad, await Promise.resolve(7));`,
      'done',
    );
    assert.match(text, /x\.grad tensor\(\[\[2\., 4\.\],\n {8}\[6\., 8\.\]\]\)\n\{ deep: \[ 1, 'two' \] \}\nfalse 7\n/);
  });

  test('what is thrown is shown under its line', async () => {
    const text = await run(
      `import { ones } from 'torsor';\n\nconst product = ones(2, 3)\n  .matmul(ones(2, 3));`,
      'failed',
    );
    assert.match(text, /Line 4: ShapeError: .*2x3 and 2x3/);
    assert.match(await playground.page.text('.cm-problem'), /2x3 and 2x3/);
    assert.match(
      await playground.page.evaluate('document.querySelector(".cm-problem").previousElementSibling.textContent'),
      /\.matmul\(ones\(2, 3\)\)/,
    );
  });

  test('mistakes of spelling are told before anything runs', async () => {
    assert.match(await run(`const a = 1;\nconst b = (a;\n`, 'failed'), /Line 2: SyntaxError: Unexpected token/);
    assert.match(
      await run(`import { tensor, ones_like } from 'torsor';\ntensor(ones_like)`, 'failed'),
      /Line 1: .*no 'ones_like'\. Did you mean 'onesLike'\?/,
    );
    assert.match(await run(`import x from 'lodash';\nx()`, 'failed'), /no package 'lodash' here/);
    // found by the browser, which does not tell where
    assert.match(await run(`let a = 1;\nlet a = 2;`, 'failed'), /SyntaxError/);
  });

  test('what a timer throws is caught', async () => {
    const text = await run(`console.log('first');\nsetTimeout(() => { throw new RangeError('late') }, 30);`, 'failed');
    assert.match(text, /first/);
    assert.match(text, /Line 2: RangeError: late/);
  });

  test('a program that never ends is stopped, and nothing is lost', async () => {
    const code = `console.log('before');\nfor (;;) {}`;
    await write(playground.page, code);
    await playground.press('Run');
    await playground.page.waitFor(`document.querySelector('${output}')?.textContent.includes('before')`);
    await playground.press('Stop');
    await playground.page.waitFor(state('stopped'));
    assert.match(await playground.page.text(output), /before/);
    assert.is(
      await playground.page.evaluate(
        '[...document.querySelectorAll(".cm-line")].map((l) => l.textContent).join("\\n")',
      ),
      code,
    );
    assert.match(await run(`console.log(1 + 1)`, 'done'), /2/);
  });

  test('a program that prints without end leaves the page free', async () => {
    await write(playground.page, `for (let i = 0; ; i++) console.log(i)`);
    await playground.press('Run');
    await playground.page.waitFor(`document.body.textContent.includes('It printed more than is shown')`);
    await playground.press('Stop');
    await playground.page.waitFor(state('stopped'));
  });

  test('the program of the page comes back', async () => {
    await playground.press("Back to the page's own");
    await playground.page.waitFor(`document.querySelector('.cm-content').textContent.includes('torsor')`);
  });

  staysQuiet(() => playground);
}

test.run();
