/** The program that computes what the page shows. */

import type { Conv1dSettings } from './settings.ts';
import { bankOf, secondBankOf, thickness } from './settings.ts';

const list = (numbers: Iterable<number>): string =>
  `[${Array.from(numbers, (x) => Math.round(x * 1e5) / 1e5).join(', ')}]`;

/** The options that are not the default, as an object. */
function given(options: Record<string, number>, defaults: Record<string, number>): string {
  const parts = Object.entries(options).filter(([name, value]) => value !== defaults[name]);
  return parts.length > 0 ? `, { ${parts.map(([name, value]) => `${name}: ${value}`).join(', ')} }` : '';
}

export interface Shown {
  /** The samples that are shown, one array a channel. */
  readonly samples: readonly Float32Array[];
  /** Where they begin in a long signal. */
  readonly from?: number;
}

export function program(settings: Conv1dSettings, { samples, from }: Shown): string {
  const { stride, padding, dilation, groups, mode, size, channels, size2, stride2, dilation2 } = settings;
  const { kernels } = bankOf(settings);
  const padded = mode !== 'zeros' && padding > 0;
  const options = given(
    { stride, padding: padded ? 0 : padding, dilation, groups },
    { stride: 1, padding: 0, dilation: 1, groups: 1 },
  );
  const length = samples[0].length;
  const units = channels * length;
  const note = from === undefined ? '' : ` // samples ${from} to ${from + length - 1} of the sound`;
  const input = (x: string) => (padded ? `F.pad(${x}, [${padding}, ${padding}], '${mode}')` : x);
  const second = given({ stride: stride2, dilation: dilation2 }, { stride: 1, dilation: 1 });
  return `import { eye, nn, tensor } from 'torsor';

const F = nn.functional;

const x = tensor([${note}
${samples.map((channel) => `  ${list(channel)},`).join('\n')}
]).unsqueeze(0); // [batch, channels, samples]

const kernels = tensor([
${kernels.map((kernel) => `  ${list(kernel)},`).join('\n')}
]).reshape(${kernels.length}, ${thickness(settings)}, ${size}); // [out channels, in channels${groups > 1 ? ' of a group' : ''}, size]

const y = F.conv1d(${input('x')}, kernels${options});
console.log(y.shape, y);

// the matrix: each unit vector's answer is a column
const units = eye(${units}).reshape(${units}, ${channels}, ${length});
const A = F.conv1d(${input('units')}, kernels${options}).flatten(1).t();
console.log(A.shape, A.matmul(x.flatten()).sub(y.flatten()).abs().max().item()); // the same twice

// a second layer, on what is left above zero
const kernel2 = tensor(${list(secondBankOf(settings).kernels[0])}).reshape(1, ${kernels.length}, ${size2});
if (y.shape[2] > ${(size2 - 1) * dilation2}) console.log(F.conv1d(F.relu(y), kernel2${second}));
`;
}
