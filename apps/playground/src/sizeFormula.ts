/** The formula of the output's size, with the numbers put in, as TeX. */

import type { Axis } from './geometry.ts';
import { outputSize, span } from './geometry.ts';

export const general = {
  conv: String.raw`H_\text{out}=\left\lfloor\frac{H+2p-d\,(k-1)-1}{s}\right\rfloor+1`,
  transposed: String.raw`H_\text{out}=(H-1)\,s-2p+d\,(k-1)+1`,
};

/** `H_out = ⌊(32 + 2·1 − 1·(3 − 1) − 1) / 1⌋ + 1 = 32` */
export function filledIn(name: 'H' | 'W' | 'N', axis: Axis): string {
  const { input, kernel, stride: s, padding: p, dilation: d, transposed } = axis;
  const left = String.raw`${name}_\text{out}`;
  const right = String.raw`\mathbf{${outputSize(axis)}}`;
  if (transposed) return String.raw`${left}=(${input}-1)\cdot ${s}-2\cdot ${p}+${d}\cdot(${kernel}-1)+1=${right}`;
  const numerator = String.raw`${input}+2\cdot ${p}-${d}\cdot(${kernel}-1)-1`;
  const shown = input + 2 * p - span(axis);
  return String.raw`${left}=\left\lfloor\frac{${numerator}}{${s}}\right\rfloor+1=\left\lfloor\frac{${shown}}{${s}}\right\rfloor+1=${right}`;
}
