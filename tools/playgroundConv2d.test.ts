/** The page on 2-D convolution in a real browser: each control does what it says, and what it shows is what Torsor computes here. */

import { nn, type Tensor, tensor } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findBrowser } from './browsers.ts';
import { openPlayground, type Playground } from './playgroundDriver.ts';
import { boxOf, choose, drop, number, permit, says, settle, slide } from './playgroundHands.ts';
import { fitsPhones, pleasesAxe, refuses, staysQuiet } from './playgroundRules.ts';

const F = nn.functional;
const browser = findBrowser('chromium');
let playground: Playground;

const shown = 'document.querySelector("[aria-busy=false]") && document.querySelector("[data-testid=value]")';
const value = '[data-testid=value]';

const weights = (count: number): number[] => Array.from({ length: count }, (_, i) => ((i * 7) % 5) - 2 + i / 16);

/** The drawing that the page begins with, of 16 × 24 pixels: white on black, and so the same in each channel. */
async function drawing(channels: number): Promise<Tensor> {
  await playground.open('conv2d?source=drawing&width=24', shown);
  const levels = await playground.page.evaluate<number[]>(`(() => {
    const canvas = document.querySelector('[aria-label^="Input;"] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return Array.from(data).filter((_, i) => i % 4 === 0).map((level) => level / 255);
  })()`);
  assert.equal([...new Set(levels)].sort(), [0, 1]);
  return tensor(levels).reshape(1, 1, 16, 24).expand(1, channels, 16, 24).contiguous();
}

type Pair = [number, number];
interface Case {
  readonly operation: 'conv' | 'transposed' | 'max' | 'average';
  readonly colours?: 'grey' | 'rgb' | 'bands';
  readonly bands?: number;
  readonly kernels?: number;
  readonly size: Pair;
  readonly stride?: Pair;
  readonly padding?: Pair;
  readonly dilation?: Pair;
}

/** The link that shows a case, and the output that Torsor computes for it. */
async function known(given: Case): Promise<{ link: string; output: number[][][] }> {
  const { operation, colours = 'grey', bands = 20, kernels = 2, size } = given;
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1] } = given;
  const inChannels = { grey: 1, rgb: 3, bands }[colours];
  const input = await drawing(inChannels);
  const each = inChannels * size[0] * size[1];
  const bank = Array.from({ length: kernels }, (_, kernel) => weights(each).map((weight) => weight + kernel));
  const kernel = tensor(bank).reshape(kernels, inChannels, ...size);
  const run = () => {
    switch (operation) {
      case 'conv':
        return F.conv2d(input, kernel, { stride, padding, dilation });
      case 'transposed':
        return F.convTranspose2d(input, kernel.transpose(0, 1), { stride, padding, dilation });
      case 'max':
        return F.maxPool2d(input, size, { stride, padding, dilation });
      case 'average':
        return F.avgPool2d(input, size, { stride, padding });
    }
  };
  const link = new URLSearchParams({ source: 'drawing', width: '24', operation, colours, bands: String(bands) });
  link.set('bank', bank.map((numbers) => ['hand', ...numbers].join('*')).join('_'));
  for (const [name, pair] of Object.entries({ kernel: size, stride, padding, dilation })) {
    link.set(`${name}Height`, String(pair[0]));
    link.set(`${name}Width`, String(pair[1]));
  }
  return { link: `conv2d?${link}`, output: run().at(0).toArray() as number[][][] };
}

const matrix = (label: string): Promise<number[]> =>
  playground.page.evaluate(`[...document.querySelectorAll('[aria-label="${label}"] > *')]
    .map((cell) => Number((cell.value ?? cell.textContent).replace('−', '-')))`);

/** The middle of a cell of a picture, in the window. */
async function middleOf(label: string, row: number, column: number, rows: number, columns: number): Promise<Pair> {
  const box = await boxOf(playground.page, `[role=application][aria-label^="${label};"]`);
  return [box.x + ((column + 0.5) / columns) * box.width, box.y + ((row + 0.5) / rows) * box.height];
}

if (browser === undefined) {
  console.log('note: no Chromium here, so the page on 2-D convolution was not opened');
  test.skip('the page on 2-D convolution in Chromium', () => {});
} else {
  test.before(async () => {
    playground = await openPlayground(browser.path, ['--use-fake-device-for-media-stream']);
  });
  test.after(() => playground.close());

  for (const each of [
    { operation: 'conv', size: [3, 3] },
    { operation: 'conv', size: [2, 5], stride: [2, 1], padding: [1, 3], dilation: [1, 2] },
    { operation: 'conv', size: [3, 3], colours: 'rgb', kernels: 3, padding: [1, 1] },
    { operation: 'conv', size: [3, 2], colours: 'bands', bands: 20, kernels: 1, stride: [3, 3] },
    { operation: 'transposed', size: [3, 2], colours: 'rgb', stride: [2, 3], padding: [1, 0], dilation: [2, 1] },
    { operation: 'max', size: [3, 2], stride: [2, 2], padding: [1, 1], dilation: [1, 2] },
    { operation: 'average', size: [4, 3], colours: 'rgb', stride: [1, 3], padding: [2, 0] },
  ] satisfies Case[]) {
    test(`outputs are Torsor's, reached by keyboard: ${JSON.stringify(each)}`, async () => {
      const { page } = playground;
      const { link, output } = await known(each);
      const [rows, columns] = [output[0].length, output[0][0].length];
      for (const [out, plane] of output.entries()) {
        await playground.open(`${link}&front=${out}&row=0&column=0`, shown);
        assert.is(await page.text('[data-testid=output-size]'), `${rows} × ${columns}`);
        await page.evaluate(`document.querySelector('[role=application][aria-label^="Output;"]').focus()`);
        // down the diagonal and on to the last row, by arrow keys
        let [row, column] = [0, 0];
        while (true) {
          await page.waitFor(says(`Output (${row}, ${column}), taken apart`));
          const [seen, expected] = [await number(page, value), plane[row][column]];
          // four digits are printed; 120 products of numbers up to 9 are added in float32
          assert.ok(
            Math.abs(seen - expected) <= 6e-5 + 1e-6 * Math.abs(expected),
            `(${row}, ${column}): ${seen} ${expected}`,
          );
          if (row === rows - 1 && column === columns - 1) break;
          const isDown = row < rows - 1 && (row <= column || column === columns - 1);
          await page.key(isDown ? 'ArrowDown' : 'ArrowRight');
          if (isDown) row++;
          else column++;
        }
      }
    });
  }

  test('an output of the convolution is the sum of the products that are shown', async () => {
    const { page } = playground;
    await playground.open('conv2d?bank=hand*1*0*-1*2*0*-2*1*0*-1&source=drawing&width=24', shown);
    await page.mouse('mouseMoved', ...(await middleOf('Output', 6, 14, 14, 22)));
    await page.waitFor(says('Output (6, 14), taken apart'));
    const [window, products] = [await matrix('Pixels of the window'), await matrix('Products')];
    const kernel = [1, 0, -1, 2, 0, -2, 1, 0, -1];
    assert.equal(await matrix('Weights of the kernel'), kernel);
    assert.ok(window.some((level) => level > 0));
    assert.equal(
      products,
      window.map((level, i) => level * kernel[i] + 0),
    );
    // the drawing is of ones and zeros, so that what is printed is exact
    assert.is(
      await number(page, value),
      products.reduce((sum, product) => sum + product, 0),
    );
  });

  test('pointing at an input lights all outputs that it goes into, and pointing at an output its window', async () => {
    const { page } = playground;
    const lit = (label: string) =>
      page.evaluate<number>(`document.querySelectorAll('[aria-label^="${label};"] rect.cell').length`);
    await playground.open('conv2d?width=24&strideHeight=2&strideWidth=2&paddingHeight=1&paddingWidth=1', shown);
    await page.mouse('mouseMoved', ...(await middleOf('Input', 6, 6, 18, 26)));
    // pixel (5, 5): odd, so that two windows reach it each way
    await page.waitFor(says('Pixel (5, 5) goes into 4 outputs'));
    assert.is(await lit('Output'), 4);
    await page.mouse('mouseMoved', ...(await middleOf('Output', 3, 4, 8, 12)));
    await page.waitFor(says('Output (3, 4), taken apart'));
    assert.equal([await lit('Output'), await lit('Input')], [0, 9]);
  });

  test('the sums of the channels add up to the output', async () => {
    const { page } = playground;
    await playground.open('conv2d?colours=bands&bands=8&bank=random*3&width=24&channel=0', shown);
    let sum = 0;
    for (let channel = 0; channel < 8; channel++) {
      await page.evaluate(`document.querySelectorAll('[aria-label="Sums by channel"] input')[${channel}].click()`);
      await page.waitFor(says(`below is ${Math.round(400 + (300 * channel) / 7)} nm`));
      sum += await number(page, '[data-testid=part]');
    }
    // nine numbers of four digits
    assert.ok(Math.abs(sum - (await number(page, value))) <= 5e-4);
  });

  for (const [settings, shape] of [
    ['colours=bands&bands=20&kernelHeight=3&kernelWidth=5&bank=blur_edge_random*1', '[3, 20, 3, 5]'],
    ['operation=transposed&colours=rgb&bank=blur_edge&kernelWidth=2', '[3, 2, 3, 2]'],
  ]) {
    test(`the collection of kernels has the shape that Torsor takes: ${shape}`, async () => {
      const { page } = playground;
      await playground.open(`conv2d?width=24&${settings}`, shown);
      assert.is(await page.text('[data-testid=kernel-shape]'), shape);
      await page.evaluate(`document.querySelector('[aria-label^="Kernels by"]').focus()`);
      await page.key('ArrowDown');
      await page.key('ArrowRight');
      await page.waitFor(says('Framed: kernel 1 for channel 1,'));
    });
  }

  for (const [settings, sentence] of [
    ['dilationHeight=4&kernelHeight=9&width=24', /spans 33 pixels of height, but the padded picture has only 16/],
    ['operation=max&paddingWidth=3', /The padding, 3, is more than half of the window's width, 3/],
    ['operation=transposed&width=24&paddingHeight=6&kernelHeight=1&strideHeight=1', undefined],
  ] as const) {
    test(`settings that cannot be are explained in place: ${settings}`, async () => {
      const { page } = playground;
      await playground.open(`conv2d?${settings}`, sentence ? 'document.querySelector("[data-testid=problem]")' : shown);
      if (sentence) assert.match(await page.text('[data-testid=problem]'), sentence);
      // 16 rows, without 6 at each end
      else assert.is(await page.text('[data-testid=output-size]'), '4 × 26');
    });
  }

  test('sliders and choices change the size of the output, the kernels and the channels', async () => {
    const { page } = playground;
    await playground.open('conv2d?source=drawing&width=24', shown);
    for (const [name, setting, size] of [
      ['Kernel height', 5, '12 × 22'],
      ['Padding width', 2, '12 × 26'],
      ['Stride height', 2, '6 × 26'],
      ['Dilation width', 3, '6 × 22'],
    ] as const) {
      await slide(page, name, setting);
      await settle();
      assert.is(await page.text('[data-testid=output-size]'), size, name);
    }
    await choose(page, 'Colour');
    await choose(page, '48');
    await settle();
    assert.is(
      (await page.text('[data-testid=input-size]')).replace(/\s+/g, ' ').trim(),
      '3 × 32 × 48 + 0 above and below, 2 at the sides',
    );
    await choose(page, 'Gabor');
    await page.waitFor('location.hash.includes("bank=gabor*45_") && location.hash.includes("kernelHeight=7")');
    await slide(page, 'Angle', 90);
    await page.waitFor('location.hash.includes("bank=gabor*90_")');
    await choose(page, 'Max pooling');
    await page.waitFor(says('Pooling has no weights'));
    assert.is(await page.evaluate(`document.querySelector('[data-testid=kernel-shape]')`), null);
  });

  test('a stroke draws, and what is drawn is convolved', async () => {
    const { page } = playground;
    await playground.open(
      'conv2d?source=drawing&width=24&bank=identity&kernelHeight=1&kernelWidth=1&row=2&column=20',
      shown,
    );
    assert.is(await number(page, value), 0);
    const at = await middleOf('Input', 2, 20, 16, 24);
    await page.mouse('mousePressed', ...at, true);
    await page.mouse('mouseReleased', ...at);
    await page.waitFor(says('Pixel (2, 20) goes into 1 output'));
    assert.is(await number(page, value), 1);
  });

  test('the window slides until it is paused', async () => {
    const { page } = playground;
    await playground.open('conv2d?row=3&column=40', shown);
    await playground.press('Slide');
    await page.waitFor(says('Output (3, 44), taken apart'));
    await page.waitFor(says('Output (4, 0), taken apart'));
    await playground.press('Pause');
    const title = () => page.text('[aria-label="One output"] h2');
    const still = await title();
    await settle(500);
    assert.is(await title(), still);
  });

  test('a picture dropped in is shown, and is still there after another page', async () => {
    const { page } = playground;
    await playground.open('conv2d?bank=identity.0_identity.1_identity.2&colours=rgb&width=24&front=1', shown);
    const png = await page.evaluate<string>(`(() => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [60, 40];
      const context = canvas.getContext('2d');
      context.fillStyle = 'rgb(255, 51, 0)';
      context.fillRect(0, 0, 60, 40);
      return canvas.toDataURL('image/png').split(',')[1];
    })()`);
    await drop(page, '.bench', 'red.png', Buffer.from(png, 'base64'));
    await page.waitFor(says('Your picture'));
    await page.waitFor('location.hash.includes("source=file")');
    assert.is(await number(page, value), 0.2);
    await page.evaluate(`location.hash = '#/conv1d'`);
    await page.waitFor(says('A matrix with a pattern'));
    // the page writes its own state into the address once it stands
    await settle(500);
    await page.evaluate(`location.hash = '#/conv2d?source=file&bank=identity.0&colours=rgb&width=24'`);
    await page.waitFor(
      `${says('A scalar product, over and over')} && document.querySelector('${value}')?.textContent === '1.0000'`,
    );
  });

  for (const [name, content] of [
    ['broken.png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['not a picture.jpg', new TextEncoder().encode('this is a text')],
    ['nothing.png', new Uint8Array(0)],
  ] as const) {
    test(`a file that is no picture is told of, and nothing is lost: ${name}`, () =>
      refuses(
        playground,
        ['conv2d?source=drawing&bank=blur', shown],
        () => drop(playground.page, '.bench', name, content),
        /not a picture that this browser can read.*still the one from before/,
      ));
  }

  test('a camera refused is told of, and nothing is lost', async () => {
    const { page } = playground;
    await permit(page, 'camera', 'denied');
    const look = () => choose(page, 'Camera');
    await refuses(playground, ['conv2d?source=drawing', shown], look, /did not let this page use the camera/);
    assert.is(await page.evaluate(`document.querySelector('input[value=drawing]').checked`), true);
  });

  test('what the camera sees is convolved frame by frame, and can be held still', async () => {
    const { page } = playground;
    const pixels = () => page.evaluate<string>(`document.querySelector('[aria-label^="Input;"] canvas').toDataURL()`);
    await permit(page, 'camera', 'granted');
    await playground.open('conv2d?colours=rgb', shown);
    const photo = await pixels();
    await choose(page, 'Camera');
    await page.waitFor(says('Hold still'));
    await settle(500);
    const first = await pixels();
    assert.is.not(first, photo);
    await settle(1500);
    assert.is.not(await pixels(), first);
    await playground.press('Hold still');
    await settle(200);
    const held = await pixels();
    await settle(1500);
    assert.is(await pixels(), held);
    await choose(page, 'Photograph');
    await settle(200);
    assert.is(await pixels(), photo);
  });

  test('what is chosen is in the address, and a link restores it', async () => {
    const { page } = playground;
    await playground.open('conv2d', shown);
    await choose(page, 'Emboss');
    await choose(page, 'Spectrum');
    await slide(page, 'Bands', 7);
    await choose(page, '550 nm');
    await page.mouse('mouseMoved', ...(await middleOf('Output', 9, 8, 30, 46)));
    await page.waitFor('location.hash.includes("row=9") && location.hash.includes("channel=3")');
    const before = await page.text(value);
    const link = await page.evaluate<string>('location.hash.slice(2)');
    await playground.open(link, shown);
    await page.waitFor(`document.querySelector('${value}')?.textContent === ${JSON.stringify(before)}`);
    assert.is(await page.evaluate(`document.querySelector('input[value=emboss]').checked`), true);
    assert.is(await page.evaluate('location.hash.slice(2)'), link);
  });

  pleasesAxe(() => playground, 'conv2d?colours=rgb&bank=random*1_gabor*30&front=1&operation=conv', shown);
  fitsPhones(
    () => playground,
    [
      ['conv2d?bank=gabor&kernelHeight=9&kernelWidth=9', shown],
      ['conv2d?colours=bands&bank=random*1_blur&kernelWidth=9', shown],
    ],
  );
  staysQuiet(() => playground);
}

test.run();
