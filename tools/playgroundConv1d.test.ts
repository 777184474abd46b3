/** The page on 1-D convolution in a real browser: each control does what it says, and what it shows is what Torsor computes here. */

import { nn, stack, tensor } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findBrowser } from './browsers.ts';
import { openPlayground, type Playground } from './playgroundDriver.ts';
import { boxOf, choose, drop, number, permit, says, settle, slide } from './playgroundHands.ts';
import { fitsPhones, pleasesAxe, refuses, staysQuiet } from './playgroundRules.ts';

const F = nn.functional;
const browser = findBrowser('chromium');
let playground: Playground;

const shown = 'document.querySelector("[data-testid=value]")';
const value = '[data-testid=value]';
const figure = '[role=application][aria-label^="Signal, matrix"]';

/** The signal that the page begins with. */
const STEPS = [
  ...Array(5).fill(0.2),
  ...Array(5).fill(0.9),
  0.62,
  0.34,
  0.06,
  -0.22,
  -0.5,
  ...Array(5).fill(-0.7),
  ...Array(4).fill(0.3),
];

/** A signal that is not alike anywhere. */
const samples = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => Math.round(100 * Math.sin(0.9 * i * seed + seed)) / 100);
const weights = (count: number): number[] => Array.from({ length: count }, (_, i) => ((i * 7) % 5) - 2 + i / 8);

interface Case {
  readonly channels: number;
  readonly kernels: number;
  readonly size: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly mode?: 'reflect' | 'replicate' | 'circular';
}

/** The link that shows a case, and the outputs that Torsor computes for it, `[kernels][outputs]`. */
function known({ channels, kernels, size, mode, padding = 0, stride = 1, dilation = 1, groups = 1 }: Case) {
  const x = Array.from({ length: channels }, (_, channel) => samples(24, channel + 1));
  const each = (channels / groups) * size;
  const w = Array.from({ length: kernels }, (_, kernel) => weights(each).map((weight) => weight + kernel));
  const link = new URLSearchParams({
    signal: 'hand',
    channels: String(channels),
    samples: x.flat().join('*'),
    bank: w.map((kernel) => ['hand', ...kernel].join('*')).join('_'),
    size: String(size),
    stride: String(stride),
    padding: String(padding),
    dilation: String(dilation),
    groups: String(groups),
    ...(mode ? { mode } : {}),
  });
  const input = tensor(x).unsqueeze(0);
  const kernel = tensor(w).reshape(kernels, channels / groups, size);
  const y = mode
    ? F.conv1d(F.pad(input, [padding, padding], mode), kernel, { stride, dilation, groups })
    : F.conv1d(input, kernel, { stride, padding, dilation, groups });
  return { link: `conv1d?${link}`, outputs: y.at(0).toArray() as number[][] };
}

/** A WAV of 16-bit samples. */
function wav(channels: readonly (readonly number[])[], rate: number): Uint8Array {
  const length = channels[0].length;
  const bytes = Buffer.alloc(44 + 2 * length * channels.length);
  const header = ['RIFF', 36 + 2 * length * channels.length, 'WAVE', 'fmt ', 16] as const;
  bytes.write(header[0], 0);
  bytes.writeUInt32LE(header[1], 4);
  bytes.write(header[2] + header[3], 8);
  bytes.writeUInt32LE(header[4], 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels.length, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(2 * rate * channels.length, 28);
  bytes.writeUInt16LE(2 * channels.length, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(2 * length * channels.length, 40);
  for (let i = 0; i < length; i++)
    for (const [c, channel] of channels.entries())
      bytes.writeInt16LE(Math.round(channel[i] * 32767), 44 + 2 * (i * channels.length + c));
  return bytes;
}

/** An MP3 of silence: frames of layer III at 128 kbit/s and 44.1 kHz, with nothing in them. */
function silentMp3(frames: number): Uint8Array {
  const frame = Buffer.alloc(417);
  frame.writeUInt32BE(0xfffb9064);
  return Buffer.concat(Array.from({ length: frames }, () => frame));
}

interface Played {
  readonly channels: number[][];
  /** Samples a second that come out. */
  readonly rate: number;
}

/** Presses play, and gives what the loudspeakers were given. */
async function play(name: string): Promise<Played> {
  const { page } = playground;
  await page.evaluate(`(() => {
    if (window.plays) return;
    window.plays = [];
    const { start } = AudioBufferSourceNode.prototype;
    AudioBufferSourceNode.prototype.start = function (...args) {
      const channels = Array.from({ length: this.buffer.numberOfChannels }, (_, c) => Array.from(this.buffer.getChannelData(c)));
      window.plays.push({ channels, rate: this.buffer.sampleRate * this.playbackRate.value });
      return start.apply(this, args);
    };
  })()`);
  await page.waitFor(`document.querySelector('button[aria-label="Play ${name}"]') !== null`);
  await page.evaluate(`document.querySelector('button[aria-label="Play ${name}"]').click()`);
  await page.waitFor(`document.querySelector('button[aria-label="Stop ${name}"]') !== null`);
  await page.evaluate(`document.querySelector('button[aria-label="Stop ${name}"]').click()`);
  return page.evaluate<Played>('window.plays.at(-1)');
}

/** Waits until the worker has answered what was asked last. */
const answered = 'document.querySelector("[aria-label=Listen]")?.ariaBusy === "false"';

function near(actual: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  assert.is(actual.length, expected.length, what);
  const worst = actual.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i])), 0);
  assert.ok(worst <= tolerance, `${what}: off by ${worst}`);
}

if (browser === undefined) {
  console.log('note: no Chromium here, so the page on 1-D convolution was not opened');
  test.skip('the page on 1-D convolution in Chromium', () => {});
} else {
  test.before(async () => {
    playground = await openPlayground(browser.path, ['--use-fake-device-for-media-stream']);
  });
  test.after(() => playground.close());

  for (const each of [
    { channels: 1, kernels: 2, size: 3 },
    { channels: 1, kernels: 1, size: 5, stride: 3, padding: 2, dilation: 2 },
    { channels: 2, kernels: 3, size: 4, stride: 2, padding: 3 },
    { channels: 2, kernels: 4, size: 3, groups: 2, padding: 1 },
    { channels: 1, kernels: 1, size: 9, dilation: 3, padding: 4, mode: 'reflect' },
    { channels: 2, kernels: 2, size: 3, padding: 4, mode: 'replicate', groups: 2 },
    { channels: 1, kernels: 2, size: 7, stride: 2, padding: 3, mode: 'circular' },
  ] satisfies Case[]) {
    test(`every output is Torsor's, reached by keyboard: ${JSON.stringify(each)}`, async () => {
      const { link, outputs } = known(each);
      const { page } = playground;
      await playground.open(link, `document.querySelector('${figure}')`);
      await page.evaluate(`document.querySelector('${figure}').focus()`);
      for (const [kernel, output] of outputs.entries()) {
        await page.key('Home');
        for (const [row, expected] of output.entries()) {
          await page.waitFor(says(`Output ${row} of kernel ${kernel}, taken apart`));
          // four digits are printed
          assert.ok(Math.abs((await number(page, value)) - expected) <= 5.1e-5, `output ${row} of kernel ${kernel}`);
          await page.key('ArrowDown');
        }
        await page.key('PageDown');
      }
    });
  }

  test('pointing at a row looks at it, and pointing at a sample lights the outputs that it goes into', async () => {
    const { page } = playground;
    await playground.open('conv1d?signal=pulse&bank=hand*1*2*-3&stride=2&padding=1', shown);
    const { x, y } = await boxOf(page, figure);
    const { cell, row, top, left } = await page.evaluate<{
      cell: number;
      row: number;
      top: number;
      left: number;
    }>(`(() => {
      const [frame] = document.querySelectorAll('${figure} > rect.frame');
      const [bar] = document.querySelectorAll('${figure} .bar:not(.ghost)');
      const at = (name) => Number(frame.getAttribute(name));
      const { x, width } = bar.getBoundingClientRect();
      return { row: at('height'), top: at('y') - 4 * at('height'), cell: width / 0.7, left: x + width / 2 - document.querySelector('${figure}').getBoundingClientRect().x };
    })()`);
    // the pulse, sample 11, lies under the last weight of output 5, and under the first of output 6
    for (const [output, weight] of [
      [5, -3],
      [6, 1],
    ]) {
      await page.mouse('mouseMoved', x + left + 3 * cell, y + top + (output + 0.5) * row);
      await page.waitFor(says(`Output ${output} of kernel 0, taken apart`));
      assert.is(await number(page, value), weight);
    }
    await page.mouse('mouseMoved', x + left + 11 * cell, y + 40);
    await page.waitFor(says('Sample 11 goes into 2 outputs'));
    assert.is(await page.evaluate(`document.querySelectorAll('${figure} g .bar.on').length`), 2);
    await page.mouse('mouseMoved', x + left + 12 * cell, y + 40);
    await page.waitFor(says('Sample 12 goes into 1 output'));
  });

  test('a stroke over the signal draws it', async () => {
    const { page } = playground;
    await playground.open('conv1d?bank=identity', shown);
    const { x, y } = await boxOf(page, figure);
    await page.mouse('mousePressed', x + 100, y + 20, true);
    await page.mouse('mouseMoved', x + 300, y + 90, true);
    await page.mouse('mouseReleased', x + 300, y + 90);
    await page.waitFor('location.hash.includes("signal=hand")');
    const { channels } = await play('x');
    // one quick stroke, from high to low: a straight line through all samples that it passed
    const changed = channels[0].flatMap((sample, i) => (Math.abs(sample - STEPS[i]) > 0.005 ? [i] : []));
    assert.ok(changed.length > 5, changed.join());
    const drawn = channels[0].slice(changed[0], (changed.at(-1) as number) + 1);
    assert.ok(drawn[0] > 0.8 && (drawn.at(-1) as number) < -0.8, drawn.join());
    const slope = ((drawn.at(-1) as number) - drawn[0]) / (drawn.length - 1);
    near(
      drawn,
      drawn.map((_, i) => drawn[0] + slope * i),
      0.02,
      'a straight line',
    );
    const link = await page.evaluate<string>('location.hash.slice(2)');
    await playground.open(link, shown);
    near((await play('x')).channels[0], channels[0], 1e-6, 'the drawn signal comes back with the link');
  });

  test('sliders and choices change the formula and the numbers', async () => {
    const { page } = playground;
    await playground.open('conv1d', shown);
    const length = async () => (await page.text('[data-testid=length] .katex-html')).split('=').at(-1);
    assert.is(await length(), '22');
    for (const [name, setting, expected] of [
      ['Kernel size', 5, '20'],
      ['Padding', 3, '26'],
      ['Dilation', 2, '22'],
      ['Stride', 2, '11'],
    ] as const) {
      await slide(page, name, setting);
      await settle();
      assert.is(await length(), expected, name);
    }
    await choose(page, 'Circular');
    await choose(page, 'Stereo');
    await choose(page, '64');
    await settle();
    assert.is(await length(), '31');
    await page.waitFor('location.hash.includes("mode=circular") && location.hash.includes("channels=2")');
  });

  test('kernels are added, changed, edited and taken away', async () => {
    const { page } = playground;
    await playground.open('conv1d?bank=identity&signal=waves&row=3', shown);
    const before = await number(page, value);
    await page.evaluate(`document.querySelector('button[aria-label="Add a kernel"]').click()`);
    await page.waitFor(says('Output 3 of kernel 1, taken apart'));
    await choose(page, 'Identity');
    await page.waitFor('location.hash.includes("bank=identity_identity")');
    assert.is(await number(page, value), before);
    await page.evaluate(`(() => {
      const input = document.querySelector('[aria-label="Weights of the kernel"] input:nth-child(2)');
      input.value = '−2,5';
      input.dispatchEvent(new Event('change', { bubbles: true }));
    })()`);
    await page.waitFor('location.hash.includes("bank=identity_hand*0*-2.5*0")');
    assert.ok(Math.abs((await number(page, value)) + 2.5 * before) < 1e-4);
    await page.evaluate(`document.querySelector('button[aria-label="Remove kernel 1"]').click()`);
    await page.waitFor(says('Output 3 of kernel 0, taken apart'));
    await page.waitFor('location.hash.includes("bank=identity&")');
  });

  for (const [settings, sentence] of [
    ['groups=2', /1 channel cannot be dealt out to 2 groups/],
    ['groups=3&channels=2', /2 channels cannot be dealt out to 3 groups/],
    ['groups=2&channels=2&bank=blur_edge_vertical', /3 kernels cannot be dealt out to 2 groups/],
    ['size=9&dilation=4', /spans 33 samples, but the padded signal has only 24/],
  ] as const) {
    test(`settings that cannot be are explained in place: ${settings}`, async () => {
      await playground.open(`conv1d?${settings}`, 'document.querySelector("[data-testid=problem]")');
      assert.match(await playground.page.text('[data-testid=problem]'), sentence);
    });
  }

  test('the kernel slides from output to output and then the next kernel does, until it is paused', async () => {
    const { page } = playground;
    await playground.open('conv1d?row=19&bank=blur_edge', shown);
    await playground.press('Slide');
    await page.waitFor(`${says('Output 21 of kernel 0')}`);
    await page.waitFor(`${says('Output 2 of kernel 1')}`);
    await playground.press('Pause');
    await settle();
    const title = () => page.text('[aria-label="One output"] h2');
    const still = await title();
    await settle(600);
    assert.is(await title(), still);
  });

  test('sliding computes for less than a frame has, over sixteen kernels of a stereo signal', async () => {
    const { page } = playground;
    const bank = Array.from({ length: 16 }, (_, i) => `random*${i + 1}`).join('_');
    await playground.open(`conv1d?channels=2&length=64&bank=${bank}&row=10`, shown);
    await playground.press('Slide');
    const turns: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const before = await page.mainThreadMs();
      await page.evaluate(`new Promise((resolve) => {
        let frames = 0;
        const look = () => (++frames < 30 ? requestAnimationFrame(look) : resolve());
        look();
      })`);
      turns.push(((await page.mainThreadMs()) - before) / 30);
    }
    // The least: other tests may run beside this one, and slow even what is computed.
    const ms = Math.min(...turns);
    console.log(`sliding: ${ms.toFixed(1)} ms to compute a frame`);
    assert.ok(ms > 0 && ms < 1000 / 60, `${turns} ms a frame`);
  });

  test('with little motion wanted, the kernel jumps from stop to stop', async () => {
    const { page } = playground;
    const motion = (wanted: string) =>
      page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-reduced-motion', value: wanted }] });
    /** At how many places the kernel was drawn, and over how many outputs it went: four or, where all is slow, more. */
    const slide = async (until: string) => {
      await playground.open('conv1d?row=0&bank=blur', shown);
      await page.evaluate(`(() => {
        window.places = new Set();
        window.outputs = new Set();
        const look = () => {
          window.places.add(document.querySelector('${figure} g[transform]').getAttribute('transform'));
          window.outputs.add(/Output \\d+/.exec(document.querySelector('[aria-label="One output"] h2').textContent)[0]);
          requestAnimationFrame(look);
        };
        look();
      })()`);
      await playground.press('Slide');
      await page.waitFor(until);
      await playground.press('Pause');
      await settle();
      return page.evaluate<{ places: number; outputs: number }>(
        '({ places: window.places.size, outputs: window.outputs.size })',
      );
    };
    await motion('reduce');
    const calm = await slide(says('Output 3 of kernel 0'));
    assert.ok(calm.outputs >= 4, `${calm.outputs} outputs`);
    assert.is(calm.places, calm.outputs);
    await motion('no-preference');
    // Between the stops, too; how soon depends on who else computes: a frame may come as seldom as a stop.
    const smooth = await slide('window.places.size > window.outputs.size');
    assert.ok(smooth.places > smooth.outputs, `${smooth.places} places for ${smooth.outputs} outputs`);
  });

  test('the whole matrix counts its entries, and groups empty half of it', async () => {
    const { page } = playground;
    const counts = async () =>
      Promise.all(['entries', 'filled', 'weights'].map((name) => number(page, `[data-testid=${name}]`)));
    await playground.open('conv1d?channels=2&bank=random*1_random*2', shown);
    assert.equal(await counts(), [44 * 48, 2 * 2 * 22 * 3, 12]);
    await slide(page, 'Groups', 2);
    await settle();
    assert.equal(await counts(), [44 * 48, 2 * 22 * 3, 6]);
  });

  test('the second layer lights its receptive field in the signal', async () => {
    const { page } = playground;
    await playground.open('conv1d?size2=3&dilation2=4&stride=1', shown);
    const lit = (level: number) =>
      page.evaluate<number>(
        `document.querySelectorAll('[aria-label="Second layer"] .on[data-level="${level}"]').length`,
      );
    // three windows of three samples, four apart
    assert.equal([await lit(2), await lit(1), await lit(0)], [1, 3, 9]);
    await page.evaluate(`document.querySelector('[aria-label^="Two layers"]').focus()`);
    await page.key('ArrowDown');
    await settle();
    assert.is(await lit(0), 3);
    await page.key('ArrowDown');
    await settle();
    assert.equal([await lit(1), await lit(0)], [3, 1]);
    await slide(page, 'Dilation 2', 1);
    await settle();
    assert.match(await page.text('[aria-label="Second layer"] .katex-html'), /=5$/);
  });

  test('the melody and what kernels make of it are heard as Torsor computes them', async () => {
    const { page } = playground;
    await playground.open('conv1d?signal=melody&channels=2&bank=hand*1*-1*0.5*0.25*0*1_blur&stride=2', answered);
    await page.waitFor('document.querySelector("[data-testid=sound-y1]") !== null');
    const input = await play('x');
    const channels = input.channels.map((channel) => Float32Array.from(channel));
    assert.is(input.rate, 16000);
    // ten seconds; the second voice is the first one, four seconds later
    assert.ok(channels[0].length > 160000);
    const lag = channels[1].findIndex((sample) => sample !== 0) - channels[0].findIndex((sample) => sample !== 0);
    near(input.channels[1].slice(lag, lag + 16000), input.channels[0].slice(0, 16000), 1e-6, 'the second voice');
    const output = await play('y0');
    assert.is(output.rate, 8000);
    const y = F.conv1d(
      stack(channels.map((channel) => tensor(channel))).unsqueeze(0),
      tensor([1, -1, 0.5, 0.25, 0, 1]).reshape(1, 2, 3),
      { stride: 2 },
    );
    const expected = Array.from(y.flatten().toTypedArray(), Number);
    const gain = 1 / Math.max(1, ...expected.map(Math.abs));
    near(
      output.channels[0],
      expected.map((sample) => sample * gain),
      1e-5,
      'output 0',
    );
  });

  test('a WAV dropped in is the signal, sample by sample', async () => {
    const { page } = playground;
    const sound = [samples(4000, 0.013), samples(4000, 0.031)];
    await playground.open('conv1d?bank=hand*1*0*0*0*0*-1&channels=2', shown);
    await drop(page, 'main > div', 'two tones.wav', wav(sound, 16000));
    await page.waitFor(says('two tones.wav: 0.3 s, resampled to 16 kHz'));
    await page.waitFor(answered);
    const heard = await play('x');
    // 16 bits a sample
    for (const c of [0, 1]) near(heard.channels[c], sound[c], 1 / 16384, `channel ${c}`);
    // left, less right two samples later
    const difference = Array.from({ length: 3998 }, (_, i) => sound[0][i] - sound[1][i + 2]);
    const gain = 1 / Math.max(1, ...difference.map(Math.abs));
    near(
      (await play('y0')).channels[0],
      difference.map((x) => x * gain),
      1 / 8192,
      'output',
    );
    // another page and back: the sound is still there
    await page.evaluate(`location.hash = '#/conv1d?signal=file&channels=1'`);
    await page.waitFor(says('two tones.wav'));
    const mono = (await play('x')).channels;
    near(
      mono[0],
      sound[0].map((x, i) => (x + sound[1][i]) / 2),
      1 / 16384,
      'mono is the mean',
    );
  });

  test('an MP3 dropped in is decoded', async () => {
    const { page } = playground;
    await playground.open('conv1d', shown);
    await drop(page, 'main > div', 'silence.mp3', silentMp3(40));
    await page.waitFor(says('silence.mp3: 1.0 s'));
    await page.waitFor(answered);
    assert.ok((await play('y0')).channels[0].every((sample) => sample === 0));
  });

  for (const [name, content] of [
    ['broken.wav', wav([samples(50, 1)], 16000).subarray(0, 30)],
    ['not sound.mp3', new TextEncoder().encode('this is a text')],
    ['nothing.wav', new Uint8Array(0)],
  ] as const) {
    test(`a file that is no sound is told of, and nothing is lost: ${name}`, () =>
      refuses(
        playground,
        ['conv1d?signal=waves&size=5', shown],
        () => drop(playground.page, 'main > div', name, content),
        /not sound that this browser can read.*still the one from before/,
      ));
  }

  test('a microphone refused is told of, and nothing is lost', async () => {
    await permit(playground.page, 'microphone', 'denied');
    const record = () => playground.press('Record 5 s');
    await refuses(playground, ['conv1d?signal=noise', shown], record, /did not let this page use the microphone/);
  });

  test('what the microphone hears becomes the signal', async () => {
    const { page } = playground;
    await permit(page, 'microphone', 'granted');
    await playground.open('conv1d', shown);
    await playground.press('Record 5 s');
    await settle(1500);
    await playground.press('Stop');
    await page.waitFor(says('Recording: '));
    await page.waitFor(answered);
    const { channels, rate } = await play('x');
    assert.is(rate, 16000);
    // Chromium's stand-in for a microphone beeps
    assert.ok(channels[0].some((sample) => Math.abs(sample) > 0.01));
  });

  test('a minute of stereo is convolved while the page goes on', async () => {
    const { page } = playground;
    const minute = Array.from({ length: 60 * 16000 }, (_, i) => Math.sin(i / 20));
    await playground.open('conv1d?channels=2&size=9&bank=blur_edge_vertical_random*1', shown);
    await drop(page, 'main > div', 'minute.wav', wav([minute, minute], 16000));
    await page.waitFor(says('minute.wav'));
    await page.waitFor(answered);
    // how many frames are drawn while the worker is at work
    await page.evaluate(`(() => {
      window.meanwhile = 0;
      const look = () => {
        if (document.querySelector('[aria-label=Listen]').ariaBusy === 'true') window.meanwhile++;
        requestAnimationFrame(look);
      };
      look();
    })()`);
    await slide(page, 'Dilation', 2);
    await page.waitFor('window.meanwhile > 0');
    await page.waitFor(answered);
    assert.ok((await page.evaluate<number>('window.meanwhile')) >= 4);
  });

  test('what is chosen is in the address, and a link restores it', async () => {
    const { page } = playground;
    await playground.open('conv1d', shown);
    await choose(page, 'Waves');
    await choose(page, 'Replicate');
    await slide(page, 'Padding', 2);
    await slide(page, 'Kernel size', 4);
    await choose(page, 'kernel 2, Against its neighbours');
    await page.waitFor('location.hash.includes("front=2") && location.hash.includes("size=4")');
    const before = await page.text(value);
    const link = await page.evaluate<string>('location.hash.slice(2)');
    await playground.open(link, shown);
    assert.is(await page.text(value), before);
    assert.is(await page.evaluate('document.querySelector("input[value=replicate]").checked'), true);
    assert.is(await page.evaluate('location.hash.slice(2)'), link);
  });

  test('a link with nonsense in it opens the page all the same', async () => {
    await playground.open(
      'conv1d?size=1e9&stride=-3&bank=*_.&mode=spiral&samples=x*y&signal=hand&front=99&length=5',
      shown,
    );
    assert.is(await number(playground.page, value), 0);
  });

  pleasesAxe(() => playground, 'conv1d?channels=2&bank=random*1_hand*1*2*3*4*5*6', shown);
  fitsPhones(
    () => playground,
    [
      ['conv1d', shown],
      ['conv1d?channels=2&length=64&size=9&padding=4', shown],
      ['conv1d?signal=melody', shown],
    ],
  );
  staysQuiet(() => playground);
}

test.run();
