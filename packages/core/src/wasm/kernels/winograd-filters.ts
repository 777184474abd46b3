/**
 * The filters of five taps that winograd-tiles.ts cuts weights [channels, kh, kw] of an output channel into, and back:
 * a launch of its own before the filters are transformed, or after their gradients are.
 *
 *     for c, part, ky, i < 5:
 *       tap = part · partStep + i · strideX, if it is below kw and, with a stride of 1, i < partStep
 *       cut:   filters[c][part][ky][i] = weights[c][ky][tap], or 0
 *       join:  weights[c][ky][tap] = filters[c][part][ky][i]
 */

import type { Assembler } from '../assembler.ts';
import type { Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { taskArgs } from './gemm-plan.ts';
import { LINE_TAPS } from './winograd-line.ts';
import type { Tiling } from './winograd-tiles.ts';

/** Nanoseconds that a weight takes, about. */
const NS = 1;

/** A task is an output channel. */
export function filtersLaunch(
  entry: 'cut' | 'join',
  c: ConvShape,
  { parts, partStep, strideX }: Tiling,
  weights: number,
  filters: number,
): Launch {
  const args = { weights, filters, channels: c.cin / c.groups, parts, partStep, strideX, kh: c.kh, kw: c.kw };
  return {
    name: 'f32_winograd_filters',
    emit,
    entry,
    args: taskArgs(FILTERS, args),
    tasks: c.cout,
    ns: ((c.cout * c.cin) / c.groups) * c.kh * c.kw * NS,
    scratchBytes: 0,
  };
}

function emit(code: Assembler): void {
  emitFilters(code, 'cut');
  emitFilters(code, 'join');
}

const FILTERS = {
  task: 'i32',
  scratch: 'i32',
  weights: 'i32',
  filters: 'i32',
  channels: 'i32',
  parts: 'i32',
  partStep: 'i32',
  strideX: 'i32',
  kh: 'i32',
  kw: 'i32',
} as const;

function emitFilters(code: Assembler, entry: 'cut' | 'join'): void {
  const { i32, f32 } = code;
  exportTasks(code, entry, FILTERS, (params) => {
    const { task, weights, filters, channels, parts, partStep, strideX, kh, kw } = params;
    const [channel, part, ky, i, tap, end, line] = code.locals('i32', 7);
    const size = code.local('i32', i32.mul(i32.mul(channels, kh), kw));
    code.increase(weights, code.scale(i32.mul(task, size), 4));
    code.increase(filters, code.scale(i32.mul(i32.mul(i32.mul(task, channels), i32.mul(parts, kh)), LINE_TAPS), 4));
    code.forRange(channel, 0, channels, 1, () => {
      code.forRange(part, 0, parts, 1, () => {
        end.set(i32.mul(i32.add(part, 1), partStep));
        end.set(code.select(end, kw, i32.and(i32.eq(strideX, 1), i32.lt_u(end, kw))));
        line.set(weights);
        code.forRange(ky, 0, kh, 1, () => {
          tap.set(i32.mul(part, partStep));
          code.forRange(i, 0, LINE_TAPS, 1, () => {
            if (entry === 'cut') f32.store(filters, 0);
            code.if(i32.lt_u(tap, end), () => {
              if (entry === 'cut') f32.store(filters, f32.load(code.index(line, tap, 4)));
              else f32.store(code.index(line, tap, 4), f32.load(filters));
            });
            code.increase(filters, 4);
            code.increase(tap, strideX);
          });
          code.increase(line, code.scale(kw, 4));
        });
      });
      code.increase(weights, code.scale(i32.mul(kh, kw), 4));
    });
  });
}
