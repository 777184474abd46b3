/** Arithmetic, functions, comparisons and selections, element by element. */

import type { DType, ElementwiseOps } from '@torsor/core';
import { resultType } from '@torsor/core';
import type { Graph } from '../graph.ts';
import { Float } from '../model.ts';
import type { Call, Value } from '../runs.ts';
import { type Emitter, GRADIENT, needs, type Rules } from './rule.ts';

type Unary = readonly [self: Value];
type Operand = Value | number;
type Pair = readonly [self: Operand, other: Operand];

/** The dtype of the result: operands are cast to it. */
const dtypeOf = (call: Call): DType => call.results[0].dtype;

/** A function that ONNX has. */
const unary =
  (op: string): Emitter<Unary> =>
  (g, [x], call) =>
    g.node(op, [g.operand(x, dtypeOf(call))]);

/** A function of x, in the result's dtype, for which `c` makes constants. */
const formula =
  (make: (g: Graph, x: string, c: (value: number) => string, dtype: DType) => string): Emitter<Unary> =>
  (g, [x], call) => {
    const dtype = dtypeOf(call);
    return make(g, g.operand(x, dtype), (value) => g.scalar(value, dtype), dtype);
  };

const binary =
  (op: string): Emitter<Pair> =>
  (g, [a, b], call) => {
    const dtype = dtypeOf(call);
    return g.node(op, [g.operand(a, dtype), g.operand(b, dtype)]);
  };

/** The dtype in which operands are compared. */
function common(a: Operand, b: Operand): DType {
  const [x, y] = [a, b].map((operand) =>
    typeof operand === 'number' ? operand : { dtype: operand.dtype, ndim: operand.shape.length },
  );
  return resultType(x, y);
}

const comparison =
  (op: string, negated = false): Emitter<Pair> =>
  (g, [a, b]) => {
    const dtype = common(a, b);
    // what orders knows no booleans
    const as = dtype === 'bool' && op !== 'Equal' ? 'int32' : dtype;
    const result = g.node(op, [g.operand(a, as), g.operand(b, as)]);
    return negated ? g.node('Not', [result]) : result;
  };

const logical =
  (op: string): Emitter<Pair> =>
  (g, [a, b]) =>
    g.node(op, [g.operand(a, 'bool'), g.operand(b, 'bool')]);

const bitwise =
  (op: string): Emitter<Pair> =>
  (g, [a, b], call) => {
    const dtype = dtypeOf(call);
    const operands = [g.operand(a, dtype), g.operand(b, dtype)];
    if (dtype === 'bool') return g.node(op, operands);
    needs(g, `bitwise${op}`, 18);
    return g.node(`Bitwise${op}`, operands);
  };

/** `self + alpha * other`, or less it. */
const addition =
  (op: 'Add' | 'Sub'): Emitter<readonly [Operand, Operand, number]> =>
  (g, [a, b, alpha], call) => {
    const dtype = dtypeOf(call);
    // booleans are added as numbers, and what is not 0 is true
    const as = dtype === 'bool' ? 'int32' : dtype;
    const other = g.operand(b, as);
    const scaled = alpha === 1 ? other : g.node('Mul', [other, g.scalar(alpha, as)]);
    return g.cast(g.node(op, [g.operand(a, as), scaled]), as, dtype);
  };

/** `x` cut off towards 0. */
function truncate(g: Graph, x: string, zero: string): string {
  return g.node('Where', [g.node('Less', [x, zero]), g.node('Ceil', [x]), g.node('Floor', [x])]);
}

/** An operand in an op that knows floats alone. */
const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64';

/** Functions that leave integers as they are. */
const rounding =
  (op: string): Emitter<Unary> =>
  (g, [x]) =>
    isFloat(x.dtype) ? g.node(op, [g.name(x)]) : g.name(x);

/** Bounds, each cast to the result's dtype. */
function clip(g: Graph, x: Value, min: number | null, max: number | null, call: Call): string {
  const dtype = dtypeOf(call);
  const bounds = [min, max].map((bound) => (bound === null ? '' : g.scalar(bound, dtype)));
  return g.node('Clip', [g.operand(x, dtype), ...bounds]);
}

/** Selections between operands of the result's dtype. */
const choose = (g: Graph, condition: string, a: Operand, b: Operand, call: Call): string =>
  g.node('Where', [condition, g.operand(a, dtypeOf(call)), g.operand(b, dtypeOf(call))]);

export const elementwise: Rules<keyof ElementwiseOps> = {
  neg: unary('Neg'),
  abs: unary('Abs'),
  sign: unary('Sign'),
  exp: unary('Exp'),
  exp2: formula((g, x, c) => g.node('Pow', [c(2), x])),
  // e^x - 1 = tanh(x / 2) (e^x + 1), which keeps its digits near 0
  expm1: formula((g, x, c) =>
    g.node('Mul', [g.node('Tanh', [g.node('Mul', [x, c(0.5)])]), g.node('Add', [g.node('Exp', [x]), c(1)])]),
  ),
  log: unary('Log'),
  log2: formula((g, x, c) => g.node('Mul', [g.node('Log', [x]), c(Math.LOG2E)])),
  log10: formula((g, x, c) => g.node('Mul', [g.node('Log', [x]), c(Math.LOG10E)])),
  // log(u) x / (u - 1), where u is 1 + x as it was rounded: Kahan's
  log1p: formula((g, x, c) => {
    const u = g.node('Add', [x, c(1)]);
    const corrected = g.node('Div', [g.node('Mul', [g.node('Log', [u]), x]), g.node('Sub', [u, c(1)])]);
    const isLimit = g.node('Or', [g.node('Equal', [u, c(1)]), g.node('Equal', [u, c(Number.POSITIVE_INFINITY)])]);
    return g.node('Where', [isLimit, x, corrected]);
  }),
  sqrt: unary('Sqrt'),
  rsqrt: formula((g, x) => g.node('Reciprocal', [g.node('Sqrt', [x])])),
  reciprocal: unary('Reciprocal'),
  sin: unary('Sin'),
  cos: unary('Cos'),
  tan: unary('Tan'),
  asin: unary('Asin'),
  acos: unary('Acos'),
  atan: unary('Atan'),
  sinh: unary('Sinh'),
  cosh: unary('Cosh'),
  tanh: unary('Tanh'),
  asinh: unary('Asinh'),
  acosh: unary('Acosh'),
  atanh: unary('Atanh'),
  sigmoid: unary('Sigmoid'),
  logSigmoid: formula((g, x) => g.node('Neg', [g.node('Softplus', [g.node('Neg', [x])])])),
  relu: unary('Relu'),
  silu: formula((g, x) => g.node('Mul', [x, g.node('Sigmoid', [x])])),
  mish: formula((g, x) => g.node('Mul', [x, g.node('Tanh', [g.node('Softplus', [x])])])),
  hardswish: formula((g, x) =>
    g.node('Mul', [x, g.node('HardSigmoid', [x], { alpha: new Float(1 / 6), beta: new Float(0.5) })]),
  ),
  hardsigmoid: formula((g, x) => g.node('HardSigmoid', [x], { alpha: new Float(1 / 6), beta: new Float(0.5) })),
  erf: unary('Erf'),
  erfc: formula((g, x, c) => g.node('Sub', [c(1), g.node('Erf', [x])])),
  erfinv: 'is not in ONNX',
  lgamma: 'is not in ONNX',
  digamma: 'is not in ONNX',
  erfcx: 'is not in ONNX',
  ndtri: 'is not in ONNX',
  i0: 'is not in ONNX',
  i0e: 'is not in ONNX',
  i1: 'is not in ONNX',
  i1e: 'is not in ONNX',
  zeta: 'is not in ONNX',
  igamma: 'is not in ONNX',
  igammac: 'is not in ONNX',
  floor: rounding('Floor'),
  ceil: rounding('Ceil'),
  round: rounding('Round'),
  trunc: (g, [x]) => (isFloat(x.dtype) ? truncate(g, g.name(x), g.scalar(0, x.dtype)) : g.name(x)),
  logicalNot: (g, [x]) => g.node('Not', [g.operand(x, 'bool')]),
  bitwiseNot: (g, [x]) => {
    if (x.dtype === 'bool') return g.node('Not', [g.name(x)]);
    needs(g, 'bitwiseNot', 18);
    return g.node('BitwiseNot', [g.name(x)]);
  },
  isnan: (g, [x]) => g.node('IsNaN', [g.operand(x, isFloat(x.dtype) ? x.dtype : 'float32')]),
  isinf: (g, [x]) => g.node('IsInf', [g.operand(x, isFloat(x.dtype) ? x.dtype : 'float32')]),
  isfinite: (g, [x]) => {
    const as = g.operand(x, isFloat(x.dtype) ? x.dtype : 'float32');
    return g.node('Not', [g.node('Or', [g.node('IsNaN', [as]), g.node('IsInf', [as])])]);
  },
  gelu: (g, [x, approximate], call) => {
    const [name, dtype] = [g.name(x), dtypeOf(call)];
    if (g.opset >= 20) return g.node('Gelu', [name], { approximate });
    const c = (value: number): string => g.scalar(value, dtype);
    const inner =
      approximate === 'none'
        ? g.node('Erf', [g.node('Mul', [name, c(Math.SQRT1_2)])])
        : g.node('Tanh', [
            g.node('Mul', [
              g.node('Add', [name, g.node('Mul', [g.node('Mul', [name, g.node('Mul', [name, name])]), c(0.044715)])]),
              c(Math.sqrt(2 / Math.PI)),
            ]),
          ]);
    return g.node('Mul', [g.node('Mul', [name, c(0.5)]), g.node('Add', [inner, c(1)])]);
  },
  elu: (g, [x, alpha, scale, inputScale]) => {
    if (inputScale !== 1) return g.node('Celu', [g.name(x)], { alpha: new Float(alpha) });
    if (scale === 1) return g.node('Elu', [g.name(x)], { alpha: new Float(alpha) });
    return g.node('Selu', [g.name(x)], { alpha: new Float(alpha), gamma: new Float(scale) });
  },
  leakyRelu: (g, [x, slope]) => g.node('LeakyRelu', [g.name(x)], { alpha: new Float(slope) }),
  softplus: (g, [x, beta, threshold]) => {
    const [name, c] = [g.name(x), (value: number): string => g.scalar(value, x.dtype)];
    const scaled = beta === 1 ? name : g.node('Mul', [name, c(beta)]);
    const curve = g.node('Softplus', [scaled]);
    const result = beta === 1 ? curve : g.node('Div', [curve, c(beta)]);
    // from 20 on the difference is below the last digit
    return threshold >= 20 ? result : g.node('Where', [g.node('Greater', [scaled, c(threshold)]), name, result]);
  },
  hardtanh: (g, [x, min, max], call) => clip(g, x, min, max, call),
  hardshrink: (g, [x, lambd]) => g.node('Shrink', [g.name(x)], { lambd: new Float(lambd), bias: new Float(0) }),
  softshrink: (g, [x, lambd]) => g.node('Shrink', [g.name(x)], { lambd: new Float(lambd), bias: new Float(lambd) }),
  threshold: (g, [x, threshold, value], call) =>
    choose(g, g.node('LessOrEqual', [g.name(x), g.scalar(threshold, x.dtype)]), value, x, call),
  clamp: (g, [x, min, max], call) => clip(g, x, min, max, call),
  nanToNum: (g, [x, nan, posinf, neginf]) => {
    if (!isFloat(x.dtype)) return g.name(x);
    const most = x.dtype === 'float32' ? 3.4028234663852886e38 : Number.MAX_VALUE;
    const c = (value: number): string => g.scalar(value, x.dtype);
    const isAt = (value: number): string => g.node('Equal', [g.name(x), c(value)]);
    const low = g.node('Where', [isAt(Number.NEGATIVE_INFINITY), c(neginf ?? -most), g.name(x)]);
    const both = g.node('Where', [isAt(Number.POSITIVE_INFINITY), c(posinf ?? most), low]);
    return g.node('Where', [g.node('IsNaN', [g.name(x)]), c(nan), both]);
  },

  add: addition('Add'),
  sub: addition('Sub'),
  mul: (g, [a, b], call) => {
    const dtype = dtypeOf(call);
    return g.node(dtype === 'bool' ? 'And' : 'Mul', [g.operand(a, dtype), g.operand(b, dtype)]);
  },
  div: binary('Div'),
  divRounded: (g, [a, b, mode], call) => {
    const dtype = dtypeOf(call);
    // integers divide in double precision, which holds them
    const as = isFloat(dtype) ? dtype : 'float64';
    const quotient = g.node('Div', [g.operand(a, as), g.operand(b, as)]);
    const rounded = mode === 'floor' ? g.node('Floor', [quotient]) : truncate(g, quotient, g.scalar(0, as));
    return g.cast(rounded, as, dtype);
  },
  pow: binary('Pow'),
  maximum: binary('Max'),
  minimum: binary('Min'),
  atan2: (g, [y, x], call) => {
    const dtype = dtypeOf(call);
    const [a, b, c] = [g.operand(y, dtype), g.operand(x, dtype), (value: number): string => g.scalar(value, dtype)];
    const where = (condition: string, yes: string, no: string): string => g.node('Where', [condition, yes, no]);
    const isNegative = g.node('Less', [a, c(0)]);
    const angle = g.node('Atan', [g.node('Div', [a, b])]);
    const turned = g.node('Add', [angle, where(isNegative, c(-Math.PI), c(Math.PI))]);
    const sides = where(g.node('Less', [b, c(0)]), turned, angle);
    const upright = where(isNegative, c(-Math.PI / 2), where(g.node('Greater', [a, c(0)]), c(Math.PI / 2), a));
    return where(g.node('Equal', [b, c(0)]), upright, sides);
  },
  remainder: (g, [a, b], call) => {
    const dtype = dtypeOf(call);
    const [x, y] = [g.operand(a, dtype), g.operand(b, dtype)];
    if (!isFloat(dtype)) return g.node('Mod', [x, y], { fmod: 0 });
    // the remainder takes the divisor's sign
    const zero = g.scalar(0, dtype);
    const rest = g.node('Mod', [x, y], { fmod: 1 });
    const differs = g.node('Xor', [g.node('Less', [rest, zero]), g.node('Less', [y, zero])]);
    const isOff = g.node('And', [g.node('Not', [g.node('Equal', [rest, zero])]), differs]);
    return g.node('Where', [isOff, g.node('Add', [rest, y]), rest]);
  },
  fmod: (g, [a, b], call) => {
    const dtype = dtypeOf(call);
    return g.node('Mod', [g.operand(a, dtype), g.operand(b, dtype)], { fmod: 1 });
  },
  xlogy: (g, [a, b], call) => {
    const dtype = dtypeOf(call);
    const [x, y] = [g.operand(a, dtype), g.operand(b, dtype)];
    const isZero = g.node('And', [g.node('Equal', [x, g.scalar(0, dtype)]), g.node('Not', [g.node('IsNaN', [y])])]);
    return g.node('Where', [isZero, g.scalar(0, dtype), g.node('Mul', [x, g.node('Log', [y])])]);
  },
  prelu: (g, [x, weight]) => g.node('PRelu', [g.name(x), g.name(weight)]),
  eq: comparison('Equal'),
  ne: comparison('Equal', true),
  lt: comparison('Less'),
  le: comparison('LessOrEqual'),
  gt: comparison('Greater'),
  ge: comparison('GreaterOrEqual'),
  logicalAnd: logical('And'),
  logicalOr: logical('Or'),
  logicalXor: logical('Xor'),
  bitwiseAnd: bitwise('And'),
  bitwiseOr: bitwise('Or'),
  bitwiseXor: bitwise('Xor'),
  thresholdBackward: GRADIENT,

  where: (g, [condition, a, b], call) => choose(g, g.operand(condition, 'bool'), a, b, call),
  lerp: (g, [self, end, weight], call) => {
    const dtype = dtypeOf(call);
    const way = g.node('Sub', [g.operand(end, dtype), g.operand(self, dtype)]);
    return g.node('Add', [g.operand(self, dtype), g.node('Mul', [g.operand(weight, dtype), way])]);
  },
  addcmul: (g, [self, a, b, value], call) => scaledSum(g, 'Mul', self, a, b, value, dtypeOf(call)),
  addcdiv: (g, [self, a, b, value], call) => scaledSum(g, 'Div', self, a, b, value, dtypeOf(call)),
  maskedFill: (g, [self, mask, value], call) => choose(g, g.operand(mask, 'bool'), value, self, call),

  // results have names of their own, so that nothing has to be copied
  clone: (g, [x]) => g.name(x),
  to: (g, [x, dtype]) => g.cast(g.name(x), x.dtype, dtype),
  copy: (g, [self, src]) => spread(g, self, src),
  fill: (g, [self, value]) => spread(g, self, value),
};

function scaledSum(g: Graph, op: string, self: Value, a: Value, b: Value, value: number, dtype: DType): string {
  const term = g.node(op, [g.operand(a, dtype), g.operand(b, dtype)]);
  const scaled = value === 1 ? term : g.node('Mul', [term, g.scalar(value, dtype)]);
  return g.node('Add', [g.operand(self, dtype), scaled]);
}

/** `value` in the shape and dtype of `self`. */
function spread(g: Graph, self: Value, value: Operand): string {
  const name = g.operand(value, self.dtype);
  const isWhole =
    typeof value !== 'number' && value.shapes.every((shape, run) => shape.join() === self.shapes[run].join());
  return isWhole ? name : g.node('Expand', [name, g.sizes(self.shapes, [self])]);
}
