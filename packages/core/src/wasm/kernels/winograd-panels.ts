/**
 * Transformed filters as panels of the products of winograd.ts and winograd-adjoint.ts: for each of the points a matrix
 * [rows, channels], packed as `packA` packs. Modules that multiply export `winogradWeights`, a launch of its own; or call
 * `weightRows`, where a task has use for them once.
 */

import type { Assembler, Func, Local } from '../assembler.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { repeat } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { taskArgs } from './gemm-plan.ts';
import type { Form } from './winograd-tiles.ts';
import { pointStep } from './winograd-tiles.ts';

/** Rows of weights that a task packs: whole panels of every height. */
export const WEIGHT_ROWS = 12;
/** Nanoseconds that a filter which is transformed takes, about. */
const NS_WEIGHT = 9;

/**
 * The filters to transform: [groups · rows, channels, kh, kw]; or, for tiles of 4 × 4, those of which they are the transposed
 * and reversed.
 */
export interface WinogradWeights {
  readonly weights: number;
  /** Elements from a row, and from a channel, to the next. */
  readonly rowStride: number;
  readonly channelStride: number;
  readonly flip: boolean;
}

/** The matrices of a convolution: all groups', in blocks of `rowBlock` rows, each of which begins with a panel of its own. */
export interface PanelPlan {
  readonly groups: number;
  readonly rows: number;
  readonly channels: number;
  readonly rowBlock: number;
  /** Bytes from a point to the next. */
  readonly weightStep: number;
}

/** Bytes from a point to the next of panels of so many rows: the last ones may repeat rows, by less than the height of one. */
export function panelStep(tiles: Tiles, rows: number, channels: number): number {
  return pointStep((rows + 2 * tiles.heights[0]) * channels * 4);
}

/** The filters as the kernels are told: strides in bytes. */
export interface PanelSource {
  readonly weights: number;
  readonly rowStep: number;
  readonly channelStep: number;
  readonly flip: number;
}

/** The launch that makes all panels at `packed`. */
export function panelsLaunch(
  module: { readonly name: string; readonly emit: Emitter },
  { points }: Form,
  { groups, rows, channels, rowBlock, weightStep }: PanelPlan,
  source: PanelSource,
  packed: number,
): Launch {
  // The last block has panels of its own; all others consist of whole chunks.
  const lastBlock = Math.floor((rows - 1) / rowBlock) * rowBlock;
  const chunks = lastBlock / WEIGHT_ROWS + Math.max(1, Math.floor((rows - lastBlock) / WEIGHT_ROWS));
  const args: TaskArgs<typeof WEIGHTS> = { ...source, packed, chunks, rows, channels, weightStep };
  const ns = groups * rows * channels * NS_WEIGHT;
  const rest = { tasks: groups * chunks, ns, scratchBytes: 16 * points };
  return { ...module, entry: 'winogradWeights', args: taskArgs(WEIGHTS, args), ...rest };
}

const WEIGHTS = {
  task: 'i32',
  scratch: 'i32',
  weights: 'i32',
  packed: 'i32',
  chunks: 'i32',
  rows: 'i32',
  channels: 'i32',
  rowStep: 'i32',
  channelStep: 'i32',
  flip: 'i32',
  weightStep: 'i32',
} as const;

/**
 * A task transforms some rows of one group into packed panels, as `packA` would: the last task takes what is left, so
 * that all others have whole panels.
 */
export function emitWeights(code: Assembler, { points, filterBytes }: Form, weightRows: Func): void {
  const { i32 } = code;
  exportTasks(code, 'winogradWeights', WEIGHTS, (params) => {
    const { task, scratch, weights, packed, chunks, rows, channels, rowStep, channelStep, flip, weightStep } = params;
    const group = code.local('i32', i32.div_u(task, chunks));
    const row = code.local('i32', i32.mul(i32.rem_u(task, chunks), WEIGHT_ROWS));
    const left = code.local('i32', i32.sub(rows, row));
    const chunk = code.local('i32', WEIGHT_ROWS);
    left.set(code.select(left, chunk, i32.eq(i32.rem_u(task, chunks), i32.sub(chunks, 1))));
    code.increase(weights, i32.mul(i32.mul(i32.mul(group, rows), channels), filterBytes));
    code.increase(weights, i32.mul(row, rowStep));
    code.increase(packed, i32.mul(group, i32.mul(weightStep, points)));
    code.increase(packed, code.scale(i32.mul(row, channels), 4));
    code.call(weightRows, left, channels, weights, rowStep, channelStep, flip, packed, weightStep, scratch);
  });
}

/**
 * weightRows(count, channels, from, rowStep, channelStep, flip, out, step, scratch): `count` rows as panels, the tall
 * ones first. `scratch` has 16 bytes for each point.
 */
export function emitWeightRows(code: Assembler, tiles: Tiles, form: Form, { tall }: MacroFuncs): Func {
  const { i32 } = code;
  const weightTiles = form.emitWeightTiles(code, tiles.fma);
  const panels = tiles.heights.map((height) => emitWeightPanel(code, height, form.points, weightTiles));
  const [tallPanel, smallPanel = tallPanel] = panels;
  const [main, small = main] = tiles.heights;
  return code.func('weightRows', WEIGHT_PANEL, [], (params) => {
    const { count, channels, from, rowStep, channelStep, flip, out, step, scratch } = params;
    const panels = code.local('i32', code.call(tall, count));
    code.while(
      () => i32.gt_s(count, 0),
      () => {
        const panel = (func: Func, height: number) => {
          const part = code.least(count, height);
          code.call(func, part, channels, from, rowStep, channelStep, flip, out, step, scratch);
          code.increase(from, i32.mul(rowStep, height));
          code.increase(out, code.scale(channels, 4 * height));
          code.decrease(count, height);
        };
        code.if(
          i32.gt_s(panels, 0),
          () => panel(tallPanel, main),
          () => panel(smallPanel, small),
        );
        code.decrease(panels, 1);
      },
    );
  });
}

const WEIGHT_PANEL = {
  count: 'i32',
  channels: 'i32',
  from: 'i32',
  rowStep: 'i32',
  channelStep: 'i32',
  flip: 'i32',
  out: 'i32',
  step: 'i32',
  scratch: 'i32',
} as const;

/**
 * weightPanel_h(count, channels, from, rowStep, channelStep, flip, out, step, scratch): `count` rows as a panel of h;
 * rows that do not exist repeat the last one. A panel is (channel, row) in order, taken four at a time: with six rows,
 * two channels are three vectors.
 */
function emitWeightPanel(code: Assembler, height: number, points: number, weightTiles: Func): Func {
  const { i32, v128 } = code;
  return code.func(`weightPanel_${height}`, WEIGHT_PANEL, [], (all) => {
    const { count, channels, from, rowStep, channelStep, flip, out, step, scratch } = all;
    const last = code.local('i32', i32.sub(count, 1));
    const rows = Array.from({ length: height }, (_, i) =>
      code.local('i32', i32.add(from, i32.mul(code.least(last, i), rowStep))),
    );
    const four = (from: readonly Local<'i32'>[]) => {
      code.call(weightTiles, ...from, flip, out, step);
      code.increase(out, 16);
    };
    const advance = () => {
      for (const row of rows) code.increase(row, channelStep);
    };
    if (height === 4) {
      repeat(code, channels, () => {
        four(rows);
        advance();
      });
      return;
    }
    const pairs = code.local('i32');
    const firsts = rows.slice(4);
    code.if(pairs.tee(i32.shr_u(channels, 1)), () =>
      repeat(code, pairs, () => {
        four(rows.slice(0, 4));
        const kept = firsts.map((row) => code.local('i32', row));
        advance();
        four([...kept, ...rows.slice(0, 2)]);
        four(rows.slice(2));
        advance();
      }),
    );
    // The last channel of an odd number: half of the second vector does not exist.
    code.if(i32.and(channels, 1), () => {
      four(rows.slice(0, 4));
      code.call(weightTiles, ...firsts, ...firsts, flip, scratch, 16);
      for (let point = 0; point < points; point++) {
        v128.store64_lane(0, out, v128.load64_zero(scratch, 16 * point));
        code.increase(out, step);
      }
    });
  });
}
