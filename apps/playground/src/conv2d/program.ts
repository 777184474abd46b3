/** The program that computes what the page shows. */

import type { Conv2dSettings } from './settings.ts';

function options(entries: readonly (readonly [string, number, number])[]): string {
  const parts = entries.filter(([, value, fallback]) => value !== fallback).map(([name, value]) => `${name}: ${value}`);
  return parts.length > 0 ? `, { ${parts.join(', ')} }` : '';
}

function rowsOf(weights: readonly number[], width: number): string {
  const rows: string[] = [];
  for (let i = 0; i < weights.length; i += width) rows.push(`  [${weights.slice(i, i + width).join(', ')}],`);
  return rows.join('\n');
}

export function program(settings: Conv2dSettings, rows: number, columns: number, weights: readonly number[]): string {
  const { operation, kernelHeight, kernelWidth, stride, padding, dilation } = settings;
  const given = options([
    ['stride', stride, 1],
    ['padding', padding, 0],
    ['dilation', dilation, 1],
  ]);
  const window = `[${kernelHeight}, ${kernelWidth}]`;
  // a pooling's stride is the window's own unless it is named
  const pooling = `, { ${[`stride: ${stride}`, ...(padding ? [`padding: ${padding}`] : []), ...(operation === 'max' && dilation > 1 ? [`dilation: ${dilation}`] : [])].join(', ')} }`;
  const kernel = `const kernel = tensor([\n${rowsOf(weights, kernelWidth)}\n]).reshape(1, 1, ${kernelHeight}, ${kernelWidth}); // [out channels, in channels, height, width]`;
  const [imports, define, call] = {
    conv: ['nn, rand, tensor', kernel, `nn.functional.conv2d(input, kernel${given})`],
    transposed: ['nn, rand, tensor', kernel, `nn.functional.convTranspose2d(input, kernel${given})`],
    max: ['nn, rand', '', `nn.functional.maxPool2d(input, ${window}${pooling})`],
    average: ['nn, rand', '', `nn.functional.avgPool2d(input, ${window}${pooling.replace(/, dilation: \d/, '')})`],
  }[operation];
  return [
    `import { ${imports} } from 'torsor';`,
    '',
    `const input = rand(1, 1, ${rows}, ${columns}); // one picture of one channel: put your own here`,
    ...(define ? [define] : []),
    `const output = ${call};`,
    '',
    'console.log(output.shape, output);',
  ].join('\n');
}
