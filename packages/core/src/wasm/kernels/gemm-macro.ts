/**
 * The macro-kernel: a packed block of A times one packed panel of B, tile by tile. Shared by matrix multiplication and
 * by convolution, which differ in how they pack.
 *
 * A block of rows is cut into panels of the main height and, where the remainder is better served, of the smaller one,
 * which come last: 64 rows are ten panels of 6 and one of 4, 8 rows are two of 4. Columns are cut into panels of the
 * main width; the last one is as narrow as the remainder allows.
 */

import type { Assembler, Func, Local } from '../assembler.ts';
import type { Tiles } from './gemm-micro.ts';
import { emitMicro, loadSplat, repeat, scalarOf } from './gemm-micro.ts';
import type { PackFuncs } from './gemm-pack.ts';
import { emitPack } from './gemm-pack.ts';

/** The functions of a module that multiplies packed panels. */
export interface MacroFuncs {
  /** (height or width) → packing functions */
  readonly packs: ReadonlyMap<number, PackFuncs>;
  /** tall(rows): how many panels of the main height `rows` rows are cut into */
  readonly tall: Func<['i32']>;
  /** copyTile(rows, columns, from, fromStride, to, toStride) */
  readonly copyTile: Func;
  /** packA(rows, k, a, aRow, aCol, out, room, done): packs a block of rows, panel after panel; see `emitPackA` */
  readonly packA: Func;
  /** sweep(columns, rows, k, a, b, bRow, c, cRow, init, initRow, initIsMatrix, tile): all tiles of one panel of B */
  readonly sweep: Func;
}

/** How a remainder of rows is covered: see `tall`. */
export function tallPanels(tiles: Tiles, rows: number): number {
  const [main, small] = tiles.heights;
  if (small === undefined) return Math.ceil(rows / main);
  const panels = Math.floor(rows / main);
  const rest = rows % main;
  if (rest === 0) return panels;
  if (rest > small) return panels + 1;
  // A rest of 2 makes 6 + 2 = 4 + 4.
  return rest <= 2 * small - main && panels > 0 ? panels - 1 : panels;
}

/** Rows that the panels of a block take up in scratch memory, the repeated ones included. */
export function paddedRows(tiles: Tiles, rows: number): number {
  const [main, small] = tiles.heights;
  const panels = tallPanels(tiles, rows);
  const rest = Math.max(0, rows - panels * main);
  return panels * main + (small === undefined ? 0 : Math.ceil(rest / small) * small);
}

export function emitMacro(code: Assembler, tiles: Tiles): MacroFuncs {
  const { element, heights, widths } = tiles;
  const packs = new Map<number, PackFuncs>();
  for (const width of new Set([...heights, ...widths])) packs.set(width, emitPack(code, element, width));
  const tall = emitTall(code, tiles);
  const copyTile = emitCopyTile(code, tiles);
  const sweeps = widths.map((width) => {
    const micros = heights.map((height) => emitMicro(code, tiles, height, width));
    return emitSweepWidth(code, tiles, width, micros, copyTile, tall);
  });
  return { packs, tall, copyTile, packA: emitPackA(code, tiles, packs, tall), sweep: emitSweep(code, tiles, sweeps) };
}

/** tall(rows), as `tallPanels` */
function emitTall(code: Assembler, tiles: Tiles): Func<['i32']> {
  const { i32 } = code;
  const [main, small] = tiles.heights;
  return code.func('tall', { rows: 'i32' }, ['i32'], ({ rows }) => {
    if (small === undefined) {
      i32.div_u(i32.add(rows, main - 1), main);
      return;
    }
    const panels = code.local('i32', i32.div_u(rows, main));
    const rest = code.local('i32', i32.rem_u(rows, main));
    code.if(i32.gt_u(rest, small), () => code.increase(panels, 1));
    const spare = i32.and(i32.le_u(i32.sub(rest, 1), 2 * small - main - 1), i32.ne(panels, 0));
    code.if(spare, () => code.decrease(panels, 1));
    panels.get();
  });
}

/** Runs `body` for every panel of `rows` rows: with the height, first of the tall ones, then of the others. */
export function forPanels(
  code: Assembler,
  tiles: Tiles,
  tall: Func<['i32']>,
  rows: Local<'i32'>,
  body: (height: number) => void,
): void {
  const { i32 } = code;
  const [main, small] = tiles.heights;
  const panels = code.local('i32');
  code.if(panels.tee(code.call(tall, rows)), () => {
    repeat(code, panels, () => {
      body(main);
      code.decrease(rows, main);
    });
  });
  if (small === undefined) return;
  // The last panel may have taken more rows than there were.
  code.while(
    () => i32.gt_s(rows, 0),
    () => {
      body(small);
      code.decrease(rows, small);
    },
  );
}

/** Packs `k` steps of each panel, after `done` others, of the `room` steps that a panel has. */
function emitPackA(code: Assembler, tiles: Tiles, packs: ReadonlyMap<number, PackFuncs>, tall: Func<['i32']>): Func {
  const { i32 } = code;
  const params = {
    rows: 'i32',
    k: 'i32',
    a: 'i32',
    aRow: 'i32',
    aCol: 'i32',
    out: 'i32',
    room: 'i32',
    done: 'i32',
  } as const;
  return code.func('packA', params, [], ({ rows, k, a, aRow, aCol, out, room, done }) => {
    forPanels(code, tiles, tall, rows, (height) => {
      const part = code.least(rows, height);
      const to = i32.add(out, i32.mul(done, height * tiles.element.bytes));
      code.call(packs.get(height)!.pack, k, part, a, aRow, aCol, to);
      code.increase(a, i32.mul(aRow, height));
      code.increase(out, i32.mul(room, height * tiles.element.bytes));
    });
  });
}

/** copyTile(rows, columns, from, fromStride, to, toStride) */
function emitCopyTile(code: Assembler, tiles: Tiles): Func {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const scalar = scalarOf(code, tiles.element);
  const params = { rows: 'i32', columns: 'i32', from: 'i32', fromStride: 'i32', to: 'i32', toStride: 'i32' } as const;
  return code.func('copyTile', params, [], ({ rows, columns, from, fromStride, to, toStride }) => {
    const at = code.local('i32');
    const end = code.local('i32', code.scale(columns, bytes));
    repeat(code, rows, () => {
      code.forRange(at, 0, end, bytes, () => scalar.store(i32.add(to, at), scalar.load(i32.add(from, at))));
      code.increase(from, fromStride);
      code.increase(to, toStride);
    });
  });
}

const SWEEP = {
  columns: 'i32',
  rows: 'i32',
  k: 'i32',
  a: 'i32',
  b: 'i32',
  bRow: 'i32',
  c: 'i32',
  cRow: 'i32',
  init: 'i32',
  initRow: 'i32',
  initIsMatrix: 'i32',
  tile: 'i32',
} as const;

/**
 *     for each panel of rows (h rows of C from row i on):
 *       if it is whole: micro(k, a, b, bRow, c, cRow, init, initRow)
 *       else: the same into a tile of scratch memory, of which the part that exists is copied to C
 */
function emitSweepWidth(
  code: Assembler,
  tiles: Tiles,
  width: number,
  micros: readonly Func[],
  copy: Func,
  tall: Func<['i32']>,
): Func {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const tileRow = width * bytes;
  return code.func(`sweep_${width}`, SWEEP, [], (params) => {
    const { columns, rows, k, a, b, bRow, c, cRow, init, initRow, initIsMatrix, tile } = params;
    const part = code.local('i32');
    forPanels(code, tiles, tall, rows, (height) => {
      const micro = micros[tiles.heights.indexOf(height)];
      code.if(
        i32.and(i32.eq(columns, width), i32.ge_u(rows, height)),
        () => code.call(micro, k, a, b, bRow, c, cRow, init, initRow),
        () => {
          part.set(code.least(rows, height));
          code.if(
            initIsMatrix,
            () => {
              code.call(copy, part, columns, init, initRow, tile, tileRow);
              code.call(micro, k, a, b, bRow, tile, tileRow, tile, tileRow);
            },
            () => code.call(micro, k, a, b, bRow, tile, tileRow, init, initRow),
          );
          code.call(copy, part, columns, tile, tileRow, c, cRow);
        },
      );
      code.increase(a, i32.mul(k, height * bytes));
      code.increase(c, i32.mul(cRow, height));
      code.increase(init, i32.mul(initRow, height));
    });
  });
}

/** Chooses the sweep by the number of columns. */
function emitSweep(code: Assembler, tiles: Tiles, sweeps: readonly Func[]): Func {
  return code.func('sweep', SWEEP, [], (params) => {
    const all = Object.values(params);
    for (const [i, sweep] of sweeps.entries()) {
      if (i === sweeps.length - 1) code.call(sweep, ...all);
      else {
        code.if(code.i32.gt_u(params.columns, tiles.widths[i + 1]), () => {
          code.call(sweep, ...all);
          code.return();
        });
      }
    }
  });
}

const PANELS = {
  columns: 'i32',
  rows: 'i32',
  k: 'i32',
  a: 'i32',
  b: 'i32',
  bRow: 'i32',
  bStep: 'i32',
  c: 'i32',
  cRow: 'i32',
  init: 'i32',
  initRow: 'i32',
  initStep: 'i32',
  tile: 'i32',
} as const;

/**
 * A packed block of A times the panels of B, `bStep` bytes from one to the next. A `bRow` of 0 stands for packed panels.
 * An `initStep` of 0 means that all panels start from the same rows of values at `init`; otherwise it is the width of a
 * panel, and `init` a matrix.
 *
 *     for each panel of columns: sweep(…)
 */
export function emitPanels(code: Assembler, tiles: Tiles, { sweep }: MacroFuncs): Func {
  const { i32 } = code;
  const { bytes, lanes } = tiles.element;
  const [width] = tiles.widths;
  return code.func('panels', PANELS, [], (params) => {
    const { columns, rows, k, a, b, bRow, bStep, c, cRow, init, initRow, initStep, tile } = params;
    const part = code.local('i32');
    const bRowNow = code.local('i32');
    code.while(
      () => i32.gt_s(columns, 0),
      () => {
        part.set(code.least(columns, width));
        bRowNow.set(code.scale(i32.and(i32.add(part, lanes - 1), -lanes), bytes));
        bRowNow.set(code.select(bRow, bRowNow, bRow));
        code.call(sweep, part, rows, k, a, b, bRowNow, c, cRow, init, initRow, initStep, tile);
        code.increase(b, bStep);
        code.increase(c, width * bytes);
        code.increase(init, initStep);
        code.decrease(columns, width);
      },
    );
  });
}

/** What C starts from. */
export const FROM_ZERO = 0;
export const FROM_C = 1;
export const FROM_ROW_BIAS = 2;

const COLUMNS = {
  columns: 'i32',
  rows: 'i32',
  k: 'i32',
  a: 'i32',
  b: 'i32',
  bRow: 'i32',
  bStep: 'i32',
  c: 'i32',
  cRow: 'i32',
  from: 'i32',
  init: 'i32',
  tile: 'i32',
} as const;

/** The same, starting from zeros or biases at `init`, or from C. */
export function emitColumns(code: Assembler, tiles: Tiles, macro: MacroFuncs): Func {
  const { i32 } = code;
  const panels = emitPanels(code, tiles, macro);
  return code.func('columns', COLUMNS, [], (params) => {
    const { columns, rows, k, a, b, bRow, bStep, c, cRow, from, init, tile } = params;
    const zero = code.local('i32', 0);
    const wide = code.local('i32', tiles.widths[0] * tiles.element.bytes);
    const product = [columns, rows, k, a, b, bRow, bStep, c, cRow];
    code.if(
      i32.eq(from, FROM_C),
      () => code.call(panels, ...product, c, cRow, wide, tile),
      () => code.call(panels, ...product, init, code.select(wide, zero, i32.eq(from, FROM_ROW_BIAS)), 0, tile),
    );
  });
}

/** Panels of neighbouring columns that are packed at once. */
const TOGETHER = 4;

/**
 * packTogether(k, from, kStep, out): some panels, row by row, so that whole lines are read, each once. Panel by panel, a line would be read
 * again after as many others as there are rows, which it has not outlived where rows are a power of two apart.
 */
function emitPackTogether(code: Assembler, tiles: Tiles): Func {
  const { i32, v128 } = code;
  const panelRow = tiles.widths[0] * tiles.element.bytes;
  const params = { k: 'i32', from: 'i32', kStep: 'i32', out: 'i32' } as const;
  return code.func('packTogether', params, [], ({ k, from, kStep, out }) => {
    const panel = code.local('i32', i32.mul(k, panelRow));
    const outs = [out];
    for (let i = 1; i < TOGETHER; i++) outs.push(code.local('i32', i32.add(outs[i - 1], panel)));
    code.if(k, () => {
      repeat(code, k, () => {
        for (const [i, to] of outs.entries()) {
          for (let at = 0; at < panelRow; at += 16) v128.store(to, v128.load(from, i * panelRow + at), at);
          code.increase(to, panelRow);
        }
        code.increase(from, kStep);
      });
    });
  });
}

/** packB(columns, k, b, bRow, bColumn, out): the panels of a block of B */
export function emitPackB(code: Assembler, tiles: Tiles, { packs }: MacroFuncs): Func {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const params = { columns: 'i32', k: 'i32', b: 'i32', bRow: 'i32', bColumn: 'i32', out: 'i32' } as const;
  const packTogether = emitPackTogether(code, tiles);
  return code.func('packB', params, [], ({ columns, k, b, bRow, bColumn, out }) => {
    code.if(i32.eq(bColumn, bytes), () => {
      const together = TOGETHER * width;
      code.while(
        () => i32.ge_u(columns, together),
        () => {
          code.call(packTogether, k, b, bRow, out);
          code.increase(b, together * bytes);
          code.increase(out, i32.mul(k, together * bytes));
          code.decrease(columns, together);
        },
      );
    });
    code.while(
      () => i32.ge_u(columns, width),
      () => {
        code.call(packs.get(width)!.pack, k, width, b, bColumn, bRow, out);
        code.increase(b, i32.mul(bColumn, width));
        code.increase(out, i32.mul(k, width * bytes));
        code.decrease(columns, width);
      },
    );
    // The last panel: the narrowest that holds it.
    for (const [i, narrow] of tiles.widths.entries()) {
      code.if(i32.gt_u(columns, tiles.widths[i + 1] ?? 0), () => {
        code.call(packs.get(narrow)!.pack, k, columns, b, bColumn, bRow, out);
        code.return();
      });
    }
  });
}

/** expand(count, from, step, out): each of `count` values, `width` times over */
export function emitExpand(code: Assembler, tiles: Tiles): Func {
  const { v128 } = code;
  const vectors = tiles.widths[0] / tiles.element.lanes;
  const params = { count: 'i32', from: 'i32', step: 'i32', out: 'i32' } as const;
  return code.func('expand', params, [], ({ count, from, step, out }) => {
    const value = code.local('v128');
    repeat(code, count, () => {
      value.set(loadSplat(code, tiles.element, from));
      for (let j = 0; j < vectors; j++) v128.store(out, value, 16 * j);
      code.increase(from, step);
      code.increase(out, 16 * vectors);
    });
  });
}
