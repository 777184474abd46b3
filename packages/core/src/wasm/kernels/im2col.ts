/**
 * Packing for convolution: the panels of B of an implicit matrix product, straight from the image. The matrix whose
 * columns are output positions and whose rows are (channel, ky, kx), PyTorch's `unfold`, is never in memory as a whole.
 */

import type { Assembler, Func, Local, Value } from '../assembler.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import type { Element, Tiles } from './gemm-micro.ts';
import { repeat, scalarOf } from './gemm-micro.ts';

/** What packing needs to know of a convolution, in the order in which it lies in scratch memory. */
export const GEOMETRY = [
  'h',
  'w',
  'planeBytes',
  'ow',
  'kh',
  'kw',
  'strideH',
  'strideW',
  'padTop',
  'padLeft',
  'dilationH',
  'dilationW',
  /** The tensor that holds the images: vectors are read across borders where that stays inside it. */
  'tensor',
  'tensorBytes',
] as const;

export type GeometryField = (typeof GEOMETRY)[number];

export const GEOMETRY_BYTES = 64;

/** Reads a field of the geometry at `base`. */
export function loadField(code: Assembler, base: Local<'i32'>, field: GeometryField): Value<'i32'> {
  return code.i32.load(base, 4 * GEOMETRY.indexOf(field));
}

/** Writes the geometry, so that packing functions need one pointer rather than fourteen parameters. */
export function storeGeometry(
  code: Assembler,
  base: Local<'i32'>,
  fields: Readonly<Record<GeometryField, Local<'i32'>>>,
): void {
  for (const [i, field] of GEOMETRY.entries()) code.i32.store(base, fields[field], 4 * i);
}

/**
 * packPatches(geometry, position, count, channels, x, out): panels of `count` output positions from `position` on,
 * `channels` planes of one image from `x` on. A last panel that is not full is as narrow as it may be.
 */
export function emitPackPatches(code: Assembler, tiles: Tiles): Func {
  const { i32 } = code;
  const { element, widths } = tiles;
  const [width] = widths;
  const panels = widths.map((narrow) => emitPackPatch(code, element, narrow));
  const params = { geometry: 'i32', position: 'i32', count: 'i32', channels: 'i32', x: 'i32', out: 'i32' } as const;
  return code.func('packPatches', params, [], ({ geometry, position, count, channels, x, out }) => {
    const taps = i32.mul(loadField(code, geometry, 'kh'), loadField(code, geometry, 'kw'));
    const panelBytes = code.local('i32', i32.mul(i32.mul(taps, channels), width * element.bytes));
    code.while(
      () => i32.ge_u(count, width),
      () => {
        code.call(panels[0], geometry, position, channels, x, out);
        code.increase(position, width);
        code.increase(out, panelBytes);
        code.decrease(count, width);
      },
    );
    for (const [i, panel] of panels.entries()) {
      code.if(i32.gt_u(count, widths[i + 1] ?? 0), () => {
        code.call(panel, geometry, position, channels, x, out);
        code.return();
      });
    }
  });
}

/**
 * packPatch_w(geometry, position, channels, x, out): one panel
 *
 *     for i < w: (iy, ix)[i] = where the patch of output position + i begins in the image
 *     for ky, kx:
 *       inside[i] = iy[i] + ky · dilationH < h and ix[i] + kx · dilationW < w
 *       for c < channels:
 *         for i < w:
 *           value = x[c][iy[i] + ky · dilationH][ix[i] + kx · dilationW]
 *           out[((c · kh + ky) · kw + kx) · w + i] = inside[i] ? value : 0
 *
 * Positions whose elements lie side by side (stride 1 in one row, or "same" padding), or with one between any two
 * (stride 2), are read as vectors, the others lane by lane. A vector may reach across the border of a plane; the mask
 * clears what lies outside.
 */
function emitPackPatch(code: Assembler, element: Element, width: number): Func {
  const { i32, i32x4, v128 } = code;
  const { bytes, lanes } = element;
  const quads = Math.ceil(width / 4);
  const vectors = width / lanes;
  const params = { geometry: 'i32', position: 'i32', channels: 'i32', x: 'i32', out: 'i32' } as const;
  return code.func(`packPatch_${width}`, params, [], ({ geometry, position, channels, x, out }) => {
    const field = (name: GeometryField) => code.local('i32', loadField(code, geometry, name));
    const w = field('w');
    const plane = field('planeBytes');
    const kw = field('kw');
    const dilationH = field('dilationH');
    const dilationW = field('dilationW');
    const xs = code.locals('v128', quads);
    const ys = code.locals('v128', quads);
    const offsets = code.locals('v128', quads);
    emitPositions(code, geometry, position, xs, ys);
    for (const [q, offset] of offsets.entries()) {
      offset.set(i32x4.shl(i32x4.add(i32x4.mul(ys[q], i32x4.splat(w)), xs[q]), Math.log2(bytes)));
    }
    const first = code.local('i32', i32x4.extract_lane(0, offsets[0]));
    const isRun = code.local('i32', isProgression(code, offsets, first, bytes));
    const isRun2 = code.local('i32', isProgression(code, offsets, first, 2 * bytes));

    const height = code.local('v128', i32x4.splat(loadField(code, geometry, 'h')));
    const breadth = code.local('v128', i32x4.splat(w));
    const step = code.local('i32', code.scale(i32.mul(loadField(code, geometry, 'kh'), kw), width * bytes));
    const planes = code.local('i32', i32.mul(i32.sub(channels, 1), plane));
    const tensor = field('tensor');
    const tensorBytes = field('tensorBytes');
    const [ky, kx, dy, dx, tap, from, to, left, relative] = code.locals('i32', 9);
    const insideY = code.locals('v128', quads);
    const inside = code.locals('v128', quads);
    const masks = code.locals('v128', 2 * quads);
    const value = code.local('v128');
    const lanesAt = code.locals('i32', width);
    ky.set(loadField(code, geometry, 'kh'));
    repeat(code, ky, () => {
      for (const [q, y] of ys.entries()) insideY[q].set(i32x4.lt_u(i32x4.add(y, i32x4.splat(dy)), height));
      dx.set(0);
      kx.set(kw);
      repeat(code, kx, () => {
        tap.set(code.scale(i32.add(i32.mul(dy, w), dx), bytes));
        for (const [q, ix] of xs.entries()) {
          inside[q].set(v128.and(insideY[q], i32x4.lt_u(i32x4.add(ix, i32x4.splat(dx)), breadth)));
        }
        const mask = laneMasks(code, element, inside, masks);
        from.set(i32.add(x, i32.add(first, tap)));
        relative.set(i32.sub(from, tensor));
        to.set(out);
        left.set(channels);
        const isInTensor = (span: number) =>
          i32.and(i32.lt_u(relative, tensorBytes), i32.le_u(i32.add(i32.add(relative, planes), span), tensorBytes));
        const copyVectors = (load: (v: number) => Value<'v128'>) => {
          repeat(code, left, () => {
            for (let v = 0; v < vectors; v++) v128.store(to, v128.and(load(v), mask[v]), 16 * v);
            code.increase(from, plane);
            code.increase(to, step);
          });
        };
        code.block((done) => {
          code.if(i32.and(isRun, isInTensor(width * bytes)), () => {
            copyVectors((v) => v128.load(from, 16 * v));
            code.br(done);
          });
          code.if(i32.and(isRun2, isInTensor((2 * width - 1) * bytes)), () => {
            copyVectors((v) => loadEverySecond(code, element, from, 32 * v));
            code.br(done);
          });
          // A lane outside reads the first element of its plane.
          for (const [q, offset] of offsets.entries()) {
            value.set(v128.and(inside[q], i32x4.add(offset, i32x4.splat(tap))));
            for (let i = 0; i < Math.min(4, width - 4 * q); i++) {
              lanesAt[4 * q + i].set(i32.add(x, i32x4.extract_lane(i, value)));
            }
          }
          repeat(code, left, () => {
            for (let v = 0; v < vectors; v++) {
              loadLanes(code, element, value, lanesAt.slice(v * lanes, (v + 1) * lanes));
              v128.store(to, v128.and(value, mask[v]), 16 * v);
            }
            for (const at of lanesAt) code.increase(at, plane);
            code.increase(to, step);
          });
        });
        code.increase(out, width * bytes);
        code.increase(dx, dilationW);
      });
      code.increase(dy, dilationH);
    });
  });
}

/** Whether the lanes of `offsets` are first, first + step, first + 2 · step, … */
function isProgression(
  code: Assembler,
  offsets: readonly Local<'v128'>[],
  first: Local<'i32'>,
  step: number,
): Value<'i32'> {
  const { i32, i32x4 } = code;
  const test = (offset: Local<'v128'>, q: number) => {
    const lane = [0, 1, 2, 3].map((i) => (4 * q + i) * step);
    return i32x4.all_true(i32x4.eq(offset, i32x4.add(i32x4.splat(first), i32x4.const(...lane))));
  };
  let all = test(offsets[0], 0);
  for (let q = 1; q < offsets.length; q++) all = i32.and(all, test(offsets[q], q));
  return all;
}

/** A vector of the elements 0, 2, 4, … at an address, reading none behind the last. */
export function loadEverySecond(
  code: Assembler,
  element: Element,
  address: Local<'i32'>,
  offset: number,
): Value<'v128'> {
  const { v128, i32x4, i64x2 } = code;
  const low = v128.load(address, offset);
  const high = v128.load(address, offset + 16 - element.bytes);
  return element.bytes === 4 ? i32x4.shuffle([0, 2, 5, 7], low, high) : i64x2.shuffle([0, 3], low, high);
}

/** Where the patches of consecutive positions begin, a lane each; lanes past the last position are past the image. */
function emitPositions(
  code: Assembler,
  geometry: Local<'i32'>,
  position: Local<'i32'>,
  xs: readonly Local<'v128'>[],
  ys: readonly Local<'v128'>[],
): void {
  const { i32, i32x4 } = code;
  const field = (name: GeometryField) => code.local('i32', loadField(code, geometry, name));
  const ow = field('ow');
  const strideH = field('strideH');
  const strideW = field('strideW');
  const start = code.local('i32', i32.sub(0, loadField(code, geometry, 'padLeft')));
  const column = code.local('i32', i32.rem_u(position, ow));
  const ix = code.local('i32', i32.add(i32.mul(column, strideW), start));
  const iy = code.local('i32', i32.sub(i32.mul(i32.div_u(position, ow), strideH), loadField(code, geometry, 'padTop')));
  for (let i = 0; i < 4 * xs.length; i++) {
    if (i > 0) {
      code.increase(column, 1);
      code.increase(ix, strideW);
      code.if(i32.eq(column, ow), () => {
        column.set(0);
        ix.set(start);
        code.increase(iy, strideH);
      });
    }
    const q = i >> 2;
    xs[q].set(i % 4 === 0 ? i32x4.splat(ix) : i32x4.replace_lane(i % 4, xs[q], ix));
    ys[q].set(i % 4 === 0 ? i32x4.splat(iy) : i32x4.replace_lane(i % 4, ys[q], iy));
  }
}

/** Masks of the element's width from masks of 32 bits. */
function laneMasks(
  code: Assembler,
  element: Element,
  quads: readonly Local<'v128'>[],
  masks: readonly Local<'v128'>[],
): readonly Local<'v128'>[] {
  if (element.bytes === 4) return quads;
  for (const [q, quad] of quads.entries()) {
    masks[2 * q].set(code.i64x2.extend_low_i32x4_s(quad));
    masks[2 * q + 1].set(code.i64x2.extend_high_i32x4_s(quad));
  }
  return masks;
}

/** value = one element from each address */
export function loadLanes(code: Assembler, element: Element, value: Local<'v128'>, at: readonly Local<'i32'>[]): void {
  const { v128 } = code;
  for (const [lane, address] of at.entries()) {
    if (lane === 0) value.set(element.bytes === 4 ? v128.load32_splat(address) : v128.load64_splat(address));
    else {
      value.set(element.bytes === 4 ? v128.load32_lane(lane, address, value) : v128.load64_lane(lane, address, value));
    }
  }
}

/**
 * copyPadded(channels, lines, columns, from, plane, y, x, h, w, to, toPlane): lines y … of planes, columns x …, with
 * zeros where they lie outside
 */
export function emitCopyPadded(code: Assembler, element: Element): Func {
  const { i32, v128 } = code;
  const { bytes } = element;
  const scalar = scalarOf(code, element);
  const params = {
    channels: 'i32',
    lines: 'i32',
    columns: 'i32',
    from: 'i32',
    plane: 'i32',
    y: 'i32',
    x: 'i32',
    h: 'i32',
    w: 'i32',
    to: 'i32',
    toPlane: 'i32',
  } as const;
  return code.func('copyPadded', params, [], (all) => {
    const { channels, lines, columns, from, plane, y, x, h, w, to, toPlane } = all;
    const [left, line, at, source, low, high, end] = code.locals('i32', 7);
    const zero = code.local('i32', 0);
    const none = code.local(element.type);
    // Columns before `low` and from `high` on lie outside.
    low.set(i32.sub(0, x));
    low.set(code.select(low, zero, i32.gt_s(low, 0)));
    low.set(code.least(low, columns));
    high.set(i32.sub(w, x));
    high.set(code.select(high, columns, i32.lt_s(high, columns)));
    high.set(code.select(high, low, i32.gt_s(high, low)));
    repeat(code, channels, () => {
      at.set(to);
      line.set(y);
      left.set(lines);
      repeat(code, left, () => {
        const zeroUntil = (stop: Value<'i32'>) => {
          end.set(stop);
          code.whileLess(at, end, () => {
            scalar.store(at, none as Local<'f32'>);
            code.increase(at, bytes);
          });
        };
        const start = code.local('i32', at);
        code.if(i32.lt_u(line, h), () => {
          zeroUntil(code.index(start, low, bytes));
          source.set(code.index(from, i32.add(i32.mul(line, w), i32.add(x, low)), bytes));
          end.set(code.index(at, i32.and(i32.sub(high, low), -element.lanes), bytes));
          code.whileLess(at, end, () => {
            v128.store(at, v128.load(source));
            code.increase(at, 16);
            code.increase(source, 16);
          });
          end.set(code.index(start, high, bytes));
          code.whileLess(at, end, () => {
            scalar.store(at, scalar.load(source));
            code.increase(at, bytes);
            code.increase(source, bytes);
          });
        });
        zeroUntil(code.index(start, columns, bytes));
        code.increase(line, 1);
      });
      code.increase(from, plane);
      code.increase(to, toPlane);
    });
  });
}

/**
 * packTaps(taps, lines, k, table, base, lineStep, kStep, out, room, done): for each panel of taps, `lines` rows of `k`
 * positions, after `done` others of the `room` that a panel has. The table says where each tap begins.
 */
export function emitPackTaps(code: Assembler, tiles: Tiles, { packs }: MacroFuncs): Func {
  const { i32 } = code;
  const { element, widths } = tiles;
  const [width] = widths;
  const panels = widths.map((narrow) => emitPackTapPanel(code, element, narrow, packs.get(narrow)!.packRows));
  const params = {
    taps: 'i32',
    lines: 'i32',
    k: 'i32',
    table: 'i32',
    base: 'i32',
    lineStep: 'i32',
    kStep: 'i32',
    out: 'i32',
    room: 'i32',
    done: 'i32',
  } as const;
  return code.func('packTaps', params, [], ({ taps, lines, k, table, base, lineStep, kStep, out, room, done }) => {
    const to = (narrow: number) => i32.add(out, i32.mul(done, narrow * element.bytes));
    code.while(
      () => i32.ge_u(taps, width),
      () => {
        code.call(panels[0], table, lines, k, base, lineStep, kStep, to(width));
        code.increase(table, 4 * width);
        code.increase(out, i32.mul(room, width * element.bytes));
        code.decrease(taps, width);
      },
    );
    for (const [i, panel] of panels.entries()) {
      code.if(i32.gt_u(taps, widths[i + 1] ?? 0), () => {
        code.call(panel, table, lines, k, base, lineStep, kStep, to(widths[i]));
        code.return();
      });
    }
  });
}

/** packTapPanel_w(table, lines, k, base, lineStep, kStep, out): one panel */
function emitPackTapPanel(code: Assembler, element: Element, width: number, packRows: Func): Func {
  const { i32 } = code;
  const params = {
    table: 'i32',
    lines: 'i32',
    k: 'i32',
    base: 'i32',
    lineStep: 'i32',
    kStep: 'i32',
    out: 'i32',
  } as const;
  return code.func(`packTapPanel_${width}`, params, [], ({ table, lines, k, base, lineStep, kStep, out }) => {
    const rows = Array.from({ length: width }, (_, i) => code.local('i32', i32.add(base, i32.load(table, 4 * i))));
    const lineBytes = code.local('i32', i32.mul(k, width * element.bytes));
    repeat(code, lines, () => {
      code.call(packRows, k, kStep, out, ...rows);
      for (const row of rows) code.increase(row, lineStep);
      code.increase(out, lineBytes);
    });
  });
}
