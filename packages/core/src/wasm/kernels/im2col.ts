/**
 * Packing for convolution: the panels of B of an implicit matrix product, straight from the image. The matrix whose
 * columns are output positions and whose rows are (channel, ky, kx), PyTorch's `unfold`, is never in memory as a whole.
 */

import type { Assembler, Func, Local, Operand, Value } from '../assembler.ts';
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

const GEOMETRY_BYTES = 64;

/** Planes whose lines the first-level cache can hold beside each other, wherever they are. */
const CHANNELS_TOGETHER = 8;

/** Bytes of scratch memory for the geometry of `taps` taps and the masks of a panel. */
export function geometryBytes({ element, widths }: Tiles, taps: number): number {
  return GEOMETRY_BYTES + taps * widths[0] * element.bytes;
}

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
 *     for ky, kx: inside[ky][kx][i] = iy[i] + ky · dilationH < h and ix[i] + kx · dilationW < w
 *     for c < channels:
 *       for ky, kx:
 *         for i < w:
 *           value = x[c][iy[i] + ky · dilationH][ix[i] + kx · dilationW]
 *           out[((c · kh + ky) · kw + kx) · w + i] = inside[ky][kx][i] ? value : 0
 *
 * Quads of positions whose elements lie side by side (stride 1 in one row, or "same" padding), or with one between any two
 * (stride 2), are read as vectors, the others lane by lane. A vector may reach across the border of a plane; the mask clears
 * what lies outside. The masks are behind the geometry. A tap takes a few channels at once, since planes whose size is a
 * power of two all compete for the same few lines of the cache.
 */
function emitPackPatch(code: Assembler, element: Element, width: number): Func {
  const { i32, i32x4, v128 } = code;
  const { bytes, lanes } = element;
  const quads = Math.ceil(width / 4);
  const params = { geometry: 'i32', position: 'i32', channels: 'i32', x: 'i32', out: 'i32' } as const;
  return code.func(`packPatch_${width}`, params, [], ({ geometry, position, channels, x, out }) => {
    const field = (name: GeometryField) => code.local('i32', loadField(code, geometry, name));
    const w = field('w');
    const plane = field('planeBytes');
    const kh = field('kh');
    const kw = field('kw');
    const tapStep = code.local('i32', code.scale(loadField(code, geometry, 'dilationW'), bytes));
    const lineStep = code.local('i32', code.scale(i32.mul(loadField(code, geometry, 'dilationH'), w), bytes));
    const masks = code.local('i32', i32.add(geometry, GEOMETRY_BYTES));
    const xs = code.locals('v128', quads);
    const ys = code.locals('v128', quads);
    const offsets = code.locals('v128', quads);
    emitPositions(code, geometry, position, xs, ys);
    for (const [q, offset] of offsets.entries()) {
      offset.set(i32x4.shl(i32x4.add(i32x4.mul(ys[q], i32x4.splat(w)), xs[q]), Math.log2(bytes)));
    }
    const [ky, kx, mask, end] = code.locals('i32', 4);
    /** Runs `body` for every tap, `line` before and `endLine` after those of a line of the filter. */
    const forTaps = (line: () => void, body: () => void, endLine: () => void) => {
      mask.set(masks);
      ky.set(kh);
      repeat(code, ky, () => {
        line();
        kx.set(kw);
        repeat(code, kx, () => {
          body();
          code.increase(mask, width * bytes);
        });
        endLine();
      });
    };
    storeMasks(code, element, width, geometry, xs, ys, mask, forTaps);

    const firsts = offsets.map((offset) => code.local('i32', i32.add(x, i32x4.extract_lane(0, offset))));
    const step = code.local('i32', code.scale(i32.mul(kh, kw), width * bytes));
    const reach = code.local('i32', i32.mul(i32.sub(channels, 1), plane));
    code.increase(reach, i32.add(i32.mul(i32.sub(kh, 1), lineStep), i32.mul(i32.sub(kw, 1), tapStep)));
    const [left, to, tap, lineTap] = code.locals('i32', 4);
    const maskNow = code.locals('v128', width / lanes);
    /** Packs some channels after each other, tap by tap: `begin` before each tap, `load` vector by vector, `next` after each channel. */
    const packTaps = (
      some: Local<'i32'>,
      begin: () => void,
      load: (vector: number) => Value<'v128'>,
      next: () => void,
    ) => {
      const start = code.local('i32', out);
      lineTap.set(0);
      const pack = () => {
        begin();
        for (const [v, local] of maskNow.entries()) local.set(v128.load(mask, 16 * v));
        to.set(start);
        left.set(some);
        repeat(code, left, () => {
          for (const [v, local] of maskNow.entries()) v128.store(to, v128.and(load(v), local), 16 * v);
          next();
          code.increase(to, step);
        });
        code.increase(tap, tapStep);
        code.increase(start, width * bytes);
      };
      forTaps(
        () => tap.set(lineTap),
        pack,
        () => code.increase(lineTap, lineStep),
      );
    };

    const isRun = (apart: number) => {
      const tensor = () => loadField(code, geometry, 'tensor');
      const size = () => loadField(code, geometry, 'tensorBytes');
      end.set(i32.sub(i32.add(i32.add(firsts[quads - 1], reach), 3 * apart + bytes), tensor()));
      const isInTensor = i32.and(i32.lt_u(i32.sub(firsts[0], tensor()), size()), i32.le_u(end, size()));
      return offsets.reduce((all, offset) => i32.and(all, isProgression(code, offset, apart)), isInTensor);
    };
    const at = code.locals('i32', quads);
    const some = code.local('i32');
    const copyVectors = (load: (from: Local<'i32'>, vector: number) => Value<'v128'>) => {
      code.while(
        () => i32.gt_s(channels, 0),
        () => {
          some.set(code.least(channels, CHANNELS_TOGETHER));
          packTaps(
            some,
            () => {
              for (const [q, local] of at.entries()) local.set(i32.add(firsts[q], tap));
            },
            (v) => load(at[Math.floor((v * lanes) / 4)], v % (4 / lanes)),
            () => increaseAll(code, at, plane),
          );
          for (const first of firsts) code.increase(first, i32.mul(some, plane));
          code.increase(out, i32.mul(some, step));
          code.decrease(channels, some);
        },
      );
      code.return();
    };
    code.if(isRun(bytes), () => copyVectors((from, v) => v128.load(from, 16 * v)));
    code.if(isRun(2 * bytes), () => copyVectors((from, v) => loadEverySecond(code, element, from, 32 * v)));

    const value = code.local('v128');
    const lanesAt = code.locals('i32', width);
    packTaps(
      channels,
      () => {
        // A lane outside reads the first element of its plane.
        for (const [q, offset] of offsets.entries()) {
          value.set(i32x4.add(offset, i32x4.splat(tap)));
          value.set(v128.and(value, quadMask(code, element, mask, q)));
          for (let i = 4 * q; i < Math.min(width, 4 * q + 4); i++) {
            lanesAt[i].set(i32.add(x, i32x4.extract_lane(i % 4, value)));
          }
        }
      },
      (v) => {
        loadLanes(code, element, value, lanesAt.slice(v * lanes, (v + 1) * lanes));
        return value.get();
      },
      () => increaseAll(code, lanesAt, plane),
    );
  });
}

function increaseAll(code: Assembler, locals: readonly Local<'i32'>[], by: Local<'i32'>): void {
  for (const local of locals) code.increase(local, by);
}

/** Writes for every tap which lanes are inside the image: all ones or zeros, as wide as the elements. */
function storeMasks(
  code: Assembler,
  element: Element,
  width: number,
  geometry: Local<'i32'>,
  xs: readonly Local<'v128'>[],
  ys: readonly Local<'v128'>[],
  mask: Local<'i32'>,
  forTaps: (line: () => void, body: () => void, endLine: () => void) => void,
): void {
  const { i32x4, i64x2, v128 } = code;
  const height = code.local('v128', i32x4.splat(loadField(code, geometry, 'h')));
  const breadth = code.local('v128', i32x4.splat(loadField(code, geometry, 'w')));
  const stepY = code.local('v128', i32x4.splat(loadField(code, geometry, 'dilationH')));
  const stepX = code.local('v128', i32x4.splat(loadField(code, geometry, 'dilationW')));
  const x = xs.map((start) => code.local('v128', start));
  const y = ys.map((start) => code.local('v128', start));
  const inside = code.local('v128');
  const line = () => {
    for (const [q, local] of x.entries()) local.set(xs[q]);
  };
  const store = () => {
    for (let q = 0; q < x.length; q++) {
      inside.set(v128.and(i32x4.lt_u(y[q], height), i32x4.lt_u(x[q], breadth)));
      if (element.bytes === 4) v128.store(mask, inside, 16 * q);
      else {
        v128.store(mask, i64x2.extend_low_i32x4_s(inside), 32 * q);
        if (4 * q + 2 < width) v128.store(mask, i64x2.extend_high_i32x4_s(inside), 32 * q + 16);
      }
      x[q].set(i32x4.add(x[q], stepX));
    }
  };
  forTaps(line, store, () => {
    for (const local of y) local.set(i32x4.add(local, stepY));
  });
}

/** The mask of four positions, 32 bits each. */
function quadMask(code: Assembler, element: Element, mask: Local<'i32'>, quad: number): Value<'v128'> {
  const { v128 } = code;
  if (element.bytes === 4) return v128.load(mask, 16 * quad);
  return code.i32x4.shuffle([0, 2, 4, 6], v128.load(mask, 32 * quad), v128.load(mask, 32 * quad + 16));
}

/** Whether the lanes are x, x + step, x + 2 · step, … */
function isProgression(code: Assembler, offset: Local<'v128'>, step: number): Value<'i32'> {
  const { i32x4 } = code;
  const first = i32x4.shuffle([0, 0, 0, 0], offset, offset);
  return i32x4.all_true(i32x4.eq(offset, i32x4.add(first, i32x4.const(0, step, 2 * step, 3 * step))));
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
  const { bytes, lanes } = element;
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
    const [left, line, start, at, source, low, high, last, end] = code.locals('i32', 9);
    const zero = code.local('i32', 0);
    const none = code.local(element.type) as Local<'f32'>;
    const zeros = code.local('v128');
    // Columns before `low` and from `high` on lie outside.
    low.set(i32.sub(0, x));
    low.set(code.select(low, zero, i32.gt_s(low, 0)));
    low.set(code.least(low, columns));
    high.set(i32.sub(w, x));
    high.set(code.select(high, columns, i32.lt_s(high, columns)));
    high.set(code.select(high, low, i32.gt_s(high, low)));
    const size = code.local('i32', code.scale(columns, bytes));
    const vectors = (condition: () => Value<'i32'>, value: () => Value<'v128'>, step: number, next = () => {}) => {
      code.while(condition, () => {
        v128.store(at, value());
        code.increase(at, step);
        next();
      });
    };
    const scalars = (to: Operand<'i32'>, value: () => Value<'f32'>, next = () => {}) => {
      end.set(to);
      code.whileLess(at, end, () => {
        scalar.store(at, value());
        code.increase(at, bytes);
        next();
      });
    };
    /** What is not inside: vectors, the last of which overlap, or elements where there is no room for one. */
    const clear = () => {
      end.set(i32.sub(i32.add(start, size), 16));
      code.if(
        i32.ge_s(size, 16),
        () => {
          vectors(
            () => i32.lt_u(at, end),
            () => zeros.get(),
            16,
          );
          v128.store(end, zeros);
        },
        () => scalars(i32.add(start, size), () => none.get()),
      );
    };
    const copy = () => {
      source.set(code.index(from, i32.add(i32.mul(line, w), i32.add(x, low)), bytes));
      last.set(code.index(start, high, bytes));
      code.if(
        i32.ge_s(i32.sub(high, low), lanes),
        () => {
          // Zeros reach into the line, which then overwrites them.
          end.set(code.index(start, low, bytes));
          vectors(
            () => i32.lt_u(at, end),
            () => zeros.get(),
            16,
          );
          at.set(i32.sub(i32.add(start, size), 16));
          code.decrease(last, 16);
          vectors(
            () => i32.gt_u(at, last),
            () => zeros.get(),
            -16,
          );
          at.set(end);
          code.while(
            () => i32.lt_u(i32.add(at, 16), last),
            () => {
              v128.store(at, v128.load(source));
              v128.store(at, v128.load(source, 16), 16);
              code.increase(at, 32);
              code.increase(source, 32);
            },
          );
          code.if(i32.lt_u(at, last), () => {
            v128.store(at, v128.load(source));
          });
          v128.store(last, v128.load(i32.add(source, i32.sub(last, at))));
        },
        () => {
          scalars(code.index(start, low, bytes), () => none.get());
          scalars(
            last,
            () => scalar.load(source),
            () => code.increase(source, bytes),
          );
          scalars(i32.add(start, size), () => none.get());
        },
      );
    };
    repeat(code, channels, () => {
      start.set(to);
      line.set(y);
      left.set(lines);
      repeat(code, left, () => {
        at.set(start);
        code.if(i32.lt_u(line, h), copy, clear);
        code.increase(line, 1);
        code.increase(start, size);
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
