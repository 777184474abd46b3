/**
 * The pages on autograd and on custom functions in a real browser: what they show of a tape and of a Jacobian is what Torsor computes
 * here, each control does what it says, and a link restores what was seen.
 */

import { deflateRawSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FirefoxPage } from './bidi.ts';
import { findBrowser } from './browsers.ts';
import { openPlayground, type Playground } from './playgroundDriver.ts';
import { write } from './playgroundHands.ts';
import { fitsPhones, staysQuiet } from './playgroundRules.ts';

const browser = findBrowser('chromium');
let playground: Playground;

const exists = (selector: string): string => `document.querySelector(${JSON.stringify(selector)}) !== null`;
const nodes = exists('[data-testid=node]');
const edited = exists('.cm-content');

const evaluate = <T>(expression: string): Promise<T> => playground.page.evaluate<T>(expression);
const step = (): Promise<string> => playground.page.text('[data-testid=step]');
const pressLabel = (label: string): Promise<unknown> =>
  evaluate(`document.querySelector('button[aria-label=${JSON.stringify(label)}]').click()`);

/** What the boxes say: heading, value and gradient. */
const boxes = (): Promise<{ name: string; title: string; value: string; gradient: string }[]> =>
  evaluate(`[...document.querySelectorAll('[data-testid=node]')].map((box) => {
    const text = (kind) => [...box.querySelectorAll('text.' + kind)].map((t) => t.textContent.trim()).filter(Boolean).join('; ').replaceAll('−', '-');
    return { name: text('name'), title: text('title'), value: text('value'), gradient: text('gradient') };
  })`);
const box = async (name: string) => {
  const found = (await boxes()).find((entry) => entry.name === name);
  assert.ok(found, name);
  return found as { name: string; title: string; value: string; gradient: string };
};

async function key(name: string, code: number): Promise<void> {
  for (const type of ['rawKeyDown', 'keyUp']) {
    await playground.page.send('Input.dispatchKeyEvent', { type, key: name, code: name, windowsVirtualKeyCode: code });
  }
}

if (browser === undefined) {
  console.log('note: no Chromium here, so the pages on autograd were not opened');
  test.skip('tapes are shown in Chromium', () => {});
} else {
  test.before(async () => {
    playground = await openPlayground(browser.path);
  });

  test('the tape of the lesson stands there with its values, and gradients come step by step', async () => {
    await playground.open('autograd', nodes);
    assert.equal(
      (await boxes()).map(({ name, title, value }) => [name, title, value]).sort(),
      [
        ['', 'MulBackward0', '1  0; 1  4'],
        ['a', 'MeanBackward0', '4.5'],
        ['x', 'leaf', '1  2; 3  4'],
        ['y', 'SubBackward0', '-1  0; 1  2'],
        ['z', 'MulBackward0', '3   0; 3  12'],
      ].sort(),
    );
    assert.is(await step(), '0/6');
    assert.is((await box('a')).gradient, '·');
    await pressLabel('One step on');
    await playground.page.waitFor(`document.querySelector('[data-testid=step]').textContent === '1/6'`);
    assert.is((await box('a')).gradient, '1');
    await pressLabel('To the end');
    await playground.page.waitFor(`document.querySelector('[data-testid=step]').textContent === '6/6'`);
    assert.is((await box('x')).gradient, '-1.5  0; 1.5  3');
    assert.is((await box('y')).gradient, '-1.5  0; 1.5  3');
    assert.is(await evaluate(`document.querySelectorAll('[data-testid=passed]').length`), 5);
    assert.match(await playground.page.text('[data-testid=output]'), /tensor\(\[\[-1\.5000, {2}0\.0000\]/);
    await pressLabel('To the start');
    await playground.page.waitFor(`document.querySelector('[data-testid=step]').textContent === '0/6'`);
    assert.is((await box('x')).gradient, '·');
  });

  test('where two edges meet, both gradients and their sum are told', async () => {
    await playground.open('autograd?step=4', nodes);
    const text = (await playground.page.text('[data-testid=step-text]')).replaceAll('−', '-');
    assert.match(text, /MulBackward0 was given \[\[0\.75, 0\.75\], \[0\.75, 0\.75\]\]/);
    assert.match(
      text,
      /\[\[-0\.75, 0\], \[0\.75, 1\.5\]\] \+ \[\[-0\.75, 0\], \[0\.75, 1\.5\]\] = \[\[-1\.5, 0\], \[1\.5, 3\]\]/,
    );
    // the line that made the node is lit
    await playground.page.waitFor(edited);
    await playground.page.waitFor(exists('.cm-lit'));
    assert.is(await playground.page.text('.cm-lit'), 'const z = y.mul(y).mul(3);');
  });

  test('arrow keys and the slider take steps, and Play goes by itself', async () => {
    await playground.open('autograd', nodes);
    await evaluate(`document.querySelector('[data-testid=node] rect').focus()`);
    await key('ArrowRight', 39);
    await key('ArrowRight', 39);
    await playground.page.waitFor(`document.querySelector('[data-testid=step]').textContent === '2/6'`);
    await evaluate(`document.querySelector('input[aria-label=Step]').focus()`);
    await key('ArrowRight', 39);
    await playground.page.waitFor(`document.querySelector('[data-testid=step]').textContent === '3/6'`);
    await pressLabel('Play');
    await playground.page.waitFor(`document.querySelector('[data-testid=step]').textContent === '4/6'`);
    await pressLabel('Pause');
    await playground.page.waitFor('location.hash === "#/autograd?step=4"');
  });

  test('a node tells what it saved', async () => {
    await playground.open('autograd', nodes);
    await evaluate(`[...document.querySelectorAll('[data-testid=node] rect')].find((n) => n.getAttribute('aria-label').startsWith('unnamed'))
      .dispatchEvent(new MouseEvent('click', { bubbles: true }))`);
    const details = (await playground.page.text('[data-testid=details]')).replaceAll('−', '-').replace(/\s+/g, ' ');
    assert.match(details, /mul\(y, y\), line 5/);
    assert.match(details, /Saved for backward ?y = \[\[-1, 0\], \[1, 2\]\], y = \[\[-1, 0\], \[1, 2\]\]/);
    assert.match(details, /nextFunctions ?SubBackward0 \(y\), SubBackward0 \(y\)/);
  });

  test('the doubling loop has a node for each doubling', async () => {
    await playground.open('autograd?program=doubling', nodes);
    await playground.page.waitFor(`document.querySelector('[data-testid=output]').dataset.state === 'done'`);
    const [, more] = /(\d+) more doublings/.exec(await playground.page.text('[data-testid=output]')) ?? [];
    assert.is((await boxes()).length, Number(more) + 2);
    await pressLabel('To the end');
    await playground.page.waitFor(exists('[data-testid=leaf-sum]'));
    assert.is((await box('x')).gradient.split(/\s+/)[1], String(2 ** (Number(more) + 1)));
  });

  test('under noGrad the failure is told at its line, and beside what was not recorded', async () => {
    await playground.open('autograd?program=nograd', nodes);
    assert.match(await playground.page.text('[data-testid=pass-failure]'), /cannot start: .*does not require grad/);
    assert.equal((await boxes()).map(({ name }) => name).sort(), ['w', 'x', 'z']);
    await playground.page.waitFor(edited);
    assert.match(await playground.page.text('.cm-problem'), /does not require grad/);
  });

  test('a second pass adds to what the first has left, and the third fails', async () => {
    await playground.open('autograd?program=retain&pass=2&step=4', nodes);
    const text = await playground.page.text('[data-testid=step-text]');
    assert.match(text, /\[2, 4, 6\] \+ \[2, 4, 6\] = \[4, 8, 12\]/);
    await evaluate(`[...document.querySelectorAll('.passes button')].at(-1).click()`);
    await playground.page.waitFor('location.hash.includes("pass=3")');
    await pressLabel('To the end');
    await playground.page.waitFor(exists('[data-testid=pass-failure]'));
    assert.match(await playground.page.text('[data-testid=pass-failure]'), /second time/);
  });

  test('a second derivative goes back over what the first pass has recorded', async () => {
    await playground.open('autograd?program=second&pass=2', nodes);
    assert.ok((await evaluate<number>(`document.querySelectorAll('.node.recorded').length`)) >= 4);
    await pressLabel('To the end');
    await playground.page.waitFor(exists('[data-testid=leaf-sum]'));
    assert.is((await box('x')).gradient, '12');
  });

  test('a link holds a program of the reader, which waits to be run', async () => {
    await playground.open('autograd', nodes);
    await write(
      playground.page,
      `import { tensor } from 'torsor';\nconst u = tensor([1, 2], { requiresGrad: true });\nu.exp().sum().backward();`,
    );
    await playground.page.waitFor('location.hash.includes("code=")');
    const hash = (await evaluate<string>('location.hash')).replace('#/', '');
    await playground.open(hash, edited);
    assert.match(await evaluate<string>('document.body.textContent'), /came with the link/);
    assert.is(await evaluate(nodes), false, 'it was not run');
    assert.match(await playground.page.text('.cm-content'), /u\.exp\(\)\.sum\(\)/);
    await playground.press('Run');
    await playground.page.waitFor(nodes);
    assert.is((await box('u')).value, '1  2');
    await playground.open('autograd?code=AAAA!', nodes);
    assert.match(await evaluate<string>('document.body.textContent'), /link is damaged/);
  });

  test('a loop without end is stopped, and neither program nor tape is lost', async () => {
    await playground.open('autograd', nodes);
    await write(playground.page, 'for (;;) {}');
    await playground.press('Run');
    await playground.press('Stop');
    await playground.page.waitFor(exists('[data-state=stopped]'));
    assert.is(await playground.page.text('.cm-line'), 'for (;;) {}');
    assert.is((await boxes()).length, 5);
  });

  test('a program that cannot be read keeps the tape of the last one', async () => {
    await write(playground.page, 'const a = (;');
    await playground.press('Run');
    await playground.page.waitFor(exists('[data-testid=failure]'));
    assert.is((await boxes()).length, 5);
    await playground.press('Back to “A mean of squares”');
    await playground.page.waitFor(exists('[data-state=done]'));
  });

  // ------------------------------------------------------------------------------------------------------ custom functions

  const table = exists('[data-testid=table]');
  const cells = (label: string): Promise<number[]> =>
    evaluate(
      `[...document.querySelectorAll('table[aria-label="${label}"] td')].map((td) => Number.parseFloat(td.textContent.replace('−', '-')))`,
    );

  for (const [program, count] of [
    ['add', 2],
    ['split', 2],
    ['max', 1],
    ['linear', 3],
  ] as const) {
    test(`gradcheck is content with '${program}', and ${count} Jacobians are shown`, async () => {
      await playground.open(`functions?program=${program}`, table);
      assert.match(await playground.page.text('[data-testid=verdict]'), /Backward is right/);
      assert.is(await evaluate(`document.querySelectorAll('[data-testid=table]').length`), count);
      assert.equal(await cells('Analytical Jacobian'), await cells('Numerical Jacobian'));
      assert.is(await evaluate(`document.querySelectorAll('td.wrong').length`), 0);
    });
  }

  test('the Jacobian of Max is a row with a single one', async () => {
    await playground.open('functions?program=max', table);
    assert.equal(await cells('Analytical Jacobian'), [0, 1, 0, 0]);
  });

  test('a row of the Jacobian is the gradient, in the shape of the input', async () => {
    await playground.open('functions?program=linear', table);
    await evaluate(`document.querySelectorAll('[data-testid=table]')[1].querySelectorAll('th button')[2].click()`);
    await playground.page.waitFor(`document.body.textContent.includes('Gradient of output entry 2')`);
    // y[1, 0] by w: the second example in the first row
    const gradient =
      await evaluate(`[...document.querySelectorAll('[data-testid=table]')[1].querySelectorAll('[aria-label=Gradient] > *')]
      .map((cell) => Number(cell.textContent.replace('−', '-')))`);
    assert.equal(gradient, [0.5, -2, 3, 0, 0, 0]);
  });

  test('wrong entries are marked, until the mistake is mended', async () => {
    await playground.open('functions?program=mistake', table);
    assert.match(
      await playground.page.text('[data-testid=verdict]'),
      /not right.*line 23.*mismatch for output 0 with respect to input 0/s,
    );
    assert.is(await evaluate(`document.querySelectorAll('td.wrong').length`), 4);
    await playground.page.waitFor(edited);
    const code = await evaluate<string>(
      `[...document.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\\n')`,
    );
    await write(playground.page, code.replace('// grad.slice', 'grad.slice'));
    await playground.press('Run');
    await playground.page.waitFor(
      `document.querySelector('[data-testid=verdict]')?.textContent.includes('Backward is right')`,
    );
    assert.equal(await cells('Analytical Jacobian'), [2, 1, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0, 5, 4]);
    assert.match(await evaluate<string>('location.hash'), /^#\/functions\?program=mistake&code=[\w-]+$/);
  });

  fitsPhones(
    () => playground,
    [
      ['autograd?program=neuron&step=3', nodes],
      ['autograd?program=nograd', nodes],
      ['functions?program=linear', table],
      ['functions?program=mistake', table],
    ].map(([hash, ready]) => [hash, `${ready} && ${edited}`]),
  );
  staysQuiet(() => playground);
}

const firefox = findBrowser('firefox');
const inFirefox = browser === undefined || firefox === undefined ? test.skip : test;
if (firefox === undefined) console.log('note: no Firefox here, so no program was run in it');

inFirefox('Firefox runs programs, shows the same tape, and tells the line of what is thrown', async () => {
  const other = await FirefoxPage.open(firefox?.path as string);
  try {
    await other.resize(1400, 900);
    await other.goto(`${playground.address}#/autograd?step=6`);
    await other.waitFor('document.querySelectorAll("[data-testid=node]").length === 5');
    assert.match((await other.text('[data-testid=step-text]')).replaceAll('−', '-'), /= \[\[-1\.5, 0\], \[1\.5, 3\]\]/);
    // a font that is on its way when the page is left counts as failed
    await other.evaluate('document.fonts.ready.then(() => true)');
    await other.goto(`${playground.address}#/autograd?program=nograd`);
    assert.match(await other.text('[data-testid=failure]'), /Line 11: AutogradError: .*does not require grad/);
    await other.evaluate('document.fonts.ready.then(() => true)');
    await other.goto(`${playground.address}#/functions?program=mistake`);
    await other.waitFor('document.querySelectorAll("td.wrong").length === 4');
    // workers of a worker, which the page makes
    const pooled = `import { ones, workers } from 'torsor';
const pool = await workers.start({ threads: 2 });
console.log(ones(512, 512).matmul(ones(512, 512)).sum(), 'on', pool.threads, 'threads');
await pool.stop();`;
    await other.goto(`${playground.address}#/autograd?code=${deflateRawSync(pooled).toString('base64url')}`);
    const run = '[...document.querySelectorAll("button")].find((button) => button.textContent.trim() === "Run")';
    await other.waitFor(`${run} !== undefined`);
    await other.evaluate(`${run}.click()`);
    await other.waitFor('document.querySelector("[data-testid=output]")?.dataset.state === "done"');
    assert.match(await other.text('[data-testid=output]'), /tensor\(1\.3422e\+08\) on 2 threads/);
    assert.equal(other.problems, []);
  } finally {
    await other.close();
  }
});

test.after(async () => {
  if (browser !== undefined) await playground.close();
});

test.run();
