/**
 * One step of an LSTM over all its cells, after the product with the weights, and one step of the way back before it: a pass each, where
 * tensor ops need five and eight. What no kernel takes, ops compute.
 *
 *     forward:   i, f, o = sigmoid;  g = tanh;   c' = f c + i g;   h' = o tanh c'
 *     backward:  d = dc' + dh' o (1 - tanh² c');   dc = d f
 *                factors:  d g i (1 - i),   d c f (1 - f),   d i (1 - g²),   dh' o (1 - o) tanh c'
 *
 * A row has the gates i, f, g and o of `size` cells, one after the other.
 */

import type { Assembler, Emitter, Lanes, Local, Tensor, Vector } from '@torsor/core';
import {
  addcmul,
  cat,
  emitSigmoid,
  emitTanh,
  empty,
  executor,
  features,
  heap,
  itemBytes,
  kernel,
  lanes,
  mul,
  tanh,
} from '@torsor/core';

type Float = 'float32' | 'float64';

const SIZES = { rows: 'i32', sizeBytes: 'i32' } as const;
/** Gates in a row. */
const GATES = 4;

/** What a body does with so many cells at once: reads at a place in a row, and writes there. */
interface Access {
  readonly m: Lanes;
  load(row: Local<'i32'>, gate?: number): Vector;
  store(row: Local<'i32'>, value: Vector, gate?: number): void;
}

/** for each row, for each vector of cells and each cell that is left: `body`; then the rows of operands move on. */
function overCells(
  code: Assembler,
  m: Lanes,
  bytes: number,
  { rows, sizeBytes }: Record<keyof typeof SIZES, Local<'i32'>>,
  gated: readonly Local<'i32'>[],
  plain: readonly Local<'i32'>[],
  body: (access: Access) => void,
): void {
  const { i32, v128 } = code;
  const [row, at] = code.locals('i32', 2);
  const whole = code.local('i32', i32.and(sizeBytes, -16));
  const starts = Array.from({ length: GATES - 1 }, (_, k) => code.local('i32', i32.mul(sizeBytes, k + 1)));
  const [one, put] =
    bytes === 4 ? (['load32_zero', 'store32_lane'] as const) : (['load64_zero', 'store64_lane'] as const);
  const access = (isOne: boolean): Access => {
    const place = (base: Local<'i32'>, gate = 0) => {
      const start = i32.add(base, at);
      return gate === 0 ? start : i32.add(start, starts[gate - 1]);
    };
    return {
      m,
      load: (base, gate) => m.keep(v128[isOne ? one : 'load'](place(base, gate))),
      store(base, value, gate) {
        if (isOne) v128[put](0, place(base, gate), value);
        else v128.store(place(base, gate), value);
      },
    };
  };
  code.forRange(row, 0, rows, 1, () => {
    code.forRange(at, 0, whole, 16, () => body(access(false)));
    code.forRange(at, whole, sizeBytes, bytes, () => body(access(true)));
    for (const base of gated) code.increase(base, i32.mul(sizeBytes, GATES));
    for (const base of plain) code.increase(base, sizeBytes);
  });
}

const FORWARD = { ...SIZES, products: 'i32', gates: 'i32', before: 'i32', cell: 'i32', hidden: 'i32' } as const;

/** `run(rows, sizeBytes, products, gates, before, cell, hidden)`; gates may be where products are */
function emitForward(dtype: Float): Emitter {
  return (code, found) => {
    code.export('run', FORWARD, [], ({ products, gates, before, cell, hidden, ...sizes }) => {
      const m = lanes(code, found, dtype === 'float32' ? 'f32x4' : 'f64x2');
      overCells(code, m, itemBytes(dtype), sizes, [products, gates], [before, cell, hidden], ({ load, store }) => {
        const [i, f, g, o] = [emitSigmoid, emitSigmoid, emitTanh, emitSigmoid].map((activate, gate) => {
          const value = activate(m, load(products, gate));
          store(gates, value, gate);
          return value;
        });
        const c = m.madd(i, g, m.mul(f, load(before)));
        store(cell, c);
        store(hidden, m.mul(emitTanh(m, c), o));
      });
    });
  };
}

const BACKWARD = {
  ...SIZES,
  gates: 'i32',
  factors: 'i32',
  before: 'i32',
  cell: 'i32',
  ofHidden: 'i32',
  ofCell: 'i32',
} as const;

/** `run(rows, sizeBytes, gates, factors, before, cell, ofHidden, ofCell)`: the gradient of the cell is replaced by that of the one before */
function emitBackward(dtype: Float): Emitter {
  return (code, found) => {
    code.export('run', BACKWARD, [], ({ gates, factors, before, cell, ofHidden, ofCell, ...sizes }) => {
      const m = lanes(code, found, dtype === 'float32' ? 'f32x4' : 'f64x2');
      const plain = [before, cell, ofHidden, ofCell];
      overCells(code, m, itemBytes(dtype), sizes, [gates, factors], plain, ({ load, store }) => {
        const [i, f, g, o] = [0, 1, 2, 3].map((gate) => load(gates, gate));
        const squashed = emitTanh(m, load(cell));
        const given = load(ofHidden);
        const d = m.madd(given, m.mul(m.nmadd(squashed, squashed, 1), o), load(ofCell));
        const slope = (x: Vector): Vector => m.nmadd(x, x, x);
        store(factors, m.mul(m.mul(slope(i), g), d), 0);
        store(factors, m.mul(m.mul(slope(f), load(before)), d), 1);
        store(factors, m.mul(m.mul(m.nmadd(g, g, 1), i), d), 2);
        store(factors, m.mul(m.mul(slope(o), squashed), given), 3);
        store(ofCell, m.mul(d, f));
      });
    });
  };
}

/** Nanoseconds that a cell takes, about. */
const NS = { forward: 5, backward: 2 } as const;
const EMITTERS = { forward: emitForward, backward: emitBackward } as const;
/** Rows are shared among threads in so many parts at most. */
const PARTS = 16;

/** Runs a kernel, if all operands can be in the heap; `[N, 4 · H]` come first. */
function launch(pass: 'forward' | 'backward', gated: readonly Tensor[], plain: readonly Tensor[]): boolean {
  const operands = [...gated, ...plain];
  const { dtype } = operands[0];
  const [rows, size] = plain[0].shape;
  if ((dtype !== 'float32' && dtype !== 'float64') || !features().simd) return false;
  if (!operands.every(({ storage }) => storage.enterHeap())) return false;
  const bytes = itemBytes(dtype);
  const pointers = operands.map(({ storage, offset }) => storage.pointer + offset * bytes);
  const name = `f${8 * bytes}_lstm_${pass}`;
  const emit = EMITTERS[pass](dtype);
  const ns = rows * size * NS[pass];
  if (!executor().isWorthSharing(ns)) {
    kernel(name, emit, heap().memory).run(rows, size * bytes, ...pointers);
    return true;
  }
  const step = Math.ceil(rows / PARTS);
  const parts = Array.from({ length: Math.ceil(rows / step) }, (_, part) => part * step).map((from) => [
    Math.min(step, rows - from),
    size * bytes,
    ...pointers.map((pointer, k) => pointer + from * size * bytes * (k < gated.length ? GATES : 1)),
  ]);
  executor().runRows({ name, emit, entry: 'run', rows: parts });
  return true;
}

/** The least that is in the heap, of any dtype. */
const LEAST = 512;

/** An uninitialised tensor that is in the heap, however small it is. */
export function inHeap(shape: readonly number[], like: Tensor): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  return empty([Math.max(size, LEAST)], { dtype: like.dtype })
    .narrow(0, 0, size)
    .view([...shape]);
}

/** `gates`, `cell` and `hidden` of a step, from its products and the cell before; products may be written over. All are dense. */
export function lstmForward(products: Tensor, gates: Tensor, before: Tensor, cell: Tensor, hidden: Tensor): void {
  if (launch('forward', [products, gates], [before, cell, hidden])) return;
  const [i, f, g, o] = products.chunk(GATES, 1);
  const activated = [i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()];
  gates.copy_(cat(activated, 1));
  cell.copy_(addcmul(mul(activated[1], before), activated[0], activated[2]));
  hidden.copy_(tanh(cell).mul_(activated[3]));
}

/**
 * The gradient of a step's products, `factors`, from those of its hidden state and its cell. That of the cell is replaced by that of the
 * cell before. All are dense.
 */
export function lstmBackward(
  gates: Tensor,
  factors: Tensor,
  before: Tensor,
  cell: Tensor,
  ofHidden: Tensor,
  ofCell: Tensor,
): void {
  if (launch('backward', [gates, factors], [before, cell, ofHidden, ofCell])) return;
  const [i, f, g, o] = gates.chunk(GATES, 1);
  const squashed = cell.tanh();
  const slope = (x: Tensor): Tensor => addcmul(x, x, x, { value: -1 });
  const flat = (x: Tensor): Tensor => x.square().neg_().add_(1);
  const d = addcmul(ofCell, ofHidden, flat(squashed).mul_(o));
  factors.copy_(
    cat(
      [
        slope(i).mul_(g).mul_(d),
        slope(f).mul_(before).mul_(d),
        flat(g).mul_(i).mul_(d),
        slope(o).mul_(squashed).mul_(ofHidden),
      ],
      1,
    ),
  );
  ofCell.copy_(d.mul_(f));
}
