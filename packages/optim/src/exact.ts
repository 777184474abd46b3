/** Functions of one number by core's own formulas: engines differ in the last digits of `Math.cos` and `**`. */

import { tensor } from '@torsor/core';

export const cos = (x: number): number => tensor(x, { dtype: 'float64' }).cos().item();

export const pow = (x: number, y: number): number => tensor(x, { dtype: 'float64' }).pow(y).item();
