/** The program that computes what the page shows. */

import type { Conv1dSettings } from './settings.ts';

export function program(settings: Conv1dSettings, samples: readonly number[], weights: readonly number[]): string {
  const { stride, padding, dilation } = settings;
  const options = [
    ...(stride !== 1 ? [`stride: ${stride}`] : []),
    ...(padding !== 0 ? [`padding: ${padding}`] : []),
    ...(dilation !== 1 ? [`dilation: ${dilation}`] : []),
  ].join(', ');
  const given = options ? `, { ${options} }` : '';
  return `import { eye, nn, tensor } from 'torsor';

const x = tensor([${samples.join(', ')}]);
const kernel = tensor([${weights.join(', ')}]).reshape(1, 1, ${weights.length}); // [out channels, in channels, size]

const y = nn.functional.conv1d(x.reshape(1, 1, ${samples.length}), kernel${given}).flatten();

// the matrix: each unit vector's answer is a column
const A = nn.functional.conv1d(eye(${samples.length}).reshape(${samples.length}, 1, ${samples.length}), kernel${given}).squeeze(1).t();

console.log(y, A.matmul(x)); // the same twice`;
}
