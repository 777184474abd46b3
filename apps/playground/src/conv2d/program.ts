/** The program that computes what the page shows. */

import type { Slot } from '../bank.ts';
import { slotWeights } from '../bank.ts';
import type { Volume } from './compute.ts';
import type { Conv2dSettings } from './settings.ts';
import { extentOf, slotsOf } from './settings.ts';

/** Banks of more weights than this are written as what they are made of. */
const MOST_NUMBERS = 400;

type Pair = readonly [number, number];

/** `, { stride: 2, padding: [1, 2] }`, without what is the default. */
function options(entries: readonly (readonly [string, Pair, number | undefined])[]): string {
  const parts = entries
    .filter(([, [height, width], fallback]) => height !== fallback || width !== fallback)
    .map(([name, [height, width]]) => `${name}: ${height === width ? height : `[${height}, ${width}]`}`);
  return parts.length > 0 ? `, { ${parts.join(', ')} }` : '';
}

function rowsOf(weights: readonly number[], width: number): string[] {
  const rows: string[] = [];
  for (let i = 0; i < weights.length; i += width) rows.push(`[${weights.slice(i, i + width).join(', ')}]`);
  return rows;
}

/** One kernel as an expression, `[in channels, height, width]`. */
function expression(slot: Slot, settings: Conv2dSettings): string {
  const { inChannels, height, width } = extentOf(settings);
  const { name, channel, numbers } = slot;
  if (name === 'random' && channel === undefined)
    return `randn(${inChannels}, ${height}, ${width}, { generator: new Generator(${numbers[0] ?? 1}) }).div(${Math.sqrt(inChannels)})`;
  const plane = slotWeights({ ...slot, channel: undefined }, { inChannels: 1, height, width });
  const matrix = `tensor([${rowsOf(plane, width).join(', ')}])`;
  if (name === 'hand' || name === 'random') {
    const all = slotWeights(slot, extentOf(settings));
    return `tensor([${all.join(', ')}]).reshape(${inChannels}, ${height}, ${width})`;
  }
  if (channel === undefined) return `${matrix}.div(${inChannels}).expand(${inChannels}, ${height}, ${width})`;
  return `${matrix}.mul(eye(${inChannels}).at(${Math.min(channel, inChannels - 1)}).reshape(${inChannels}, 1, 1))`;
}

function kernelsText(settings: Conv2dSettings): string {
  const { inChannels, height, width } = extentOf(settings);
  const slots = slotsOf(settings);
  const shape = `${slots.length}, ${inChannels}, ${height}, ${width}`;
  const note = '// [out channels, in channels, height, width]';
  if (slots.length * inChannels * height * width <= MOST_NUMBERS) {
    const rows = slots.flatMap((slot) => rowsOf(slotWeights(slot, extentOf(settings)), width));
    return `const kernels = tensor([\n${rows.map((row) => `  ${row},`).join('\n')}\n]).reshape(${shape}); ${note}`;
  }
  const kernels = slots.map((slot) => `  ${expression(slot, settings)},`);
  return `const kernels = stack([\n${kernels.join('\n')}\n]); ${note}`;
}

export function program(settings: Conv2dSettings, { channels, rows, columns }: Volume): string {
  const { operation } = settings;
  const stride: Pair = [settings.strideHeight, settings.strideWidth];
  const padding: Pair = [settings.paddingHeight, settings.paddingWidth];
  const dilation: Pair = [settings.dilationHeight, settings.dilationWidth];
  const window = `[${settings.kernelHeight}, ${settings.kernelWidth}]`;
  const given = options([
    ['stride', stride, 1],
    ['padding', padding, 0],
    ['dilation', dilation, 1],
  ]);
  // a pooling's stride is the window's own unless it is named
  const pooling = options([
    ['stride', stride, undefined],
    ['padding', padding, 0],
    ['dilation', operation === 'max' ? dilation : [1, 1], 1],
  ]);
  const call = {
    conv: `conv2d(input, kernels${given})`,
    transposed: `convTranspose2d(input, kernels.transpose(0, 1)${given})`,
    max: `maxPool2d(input, ${window}${pooling})`,
    average: `avgPool2d(input, ${window}${pooling})`,
  }[operation];
  const kernels = operation === 'conv' || operation === 'transposed' ? kernelsText(settings) : '';
  const names = ['eye', 'Generator', 'nn', 'rand', 'randn', 'stack', 'tensor'];
  const used = names.filter((name) => name === 'nn' || name === 'rand' || new RegExp(`\\b${name}\\(`).test(kernels));
  const what = channels === 1 ? 'one channel' : `${channels} channels`;
  return [
    `import { ${used.join(', ')} } from 'torsor';`,
    '',
    `const input = rand(1, ${channels}, ${rows}, ${columns}); // one picture of ${what}: put your own here`,
    ...(kernels ? [kernels] : []),
    ...(operation === 'transposed' ? ['// a transposed convolution has its weights by input channel first'] : []),
    `const output = nn.functional.${call};`,
    '',
    'console.log(output.shape, output);',
    '',
  ].join('\n');
}
