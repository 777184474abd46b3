/** Specs of elementwise ops of two and three operands, and of copies. */

import type { ElementwiseOps, Operand, Tensor } from '@torsor/core';
import {
  addcdiv,
  addcmul,
  atan2,
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  clone,
  div,
  floorDivide,
  fmod,
  igamma,
  igammac,
  indexFill,
  lerp,
  maskedFill,
  maximum,
  minimum,
  mul,
  pow,
  prelu,
  remainder,
  rsub,
  sub,
  add as sumOf,
  tensor,
  thresholdBackward,
  where,
  xlogy,
  zeta,
} from '@torsor/core';
import type { elementwise } from './elementwise.ts';
import type { Domain, Flat, Sample, Specs } from './spec.ts';
import { binary, differentiable, flat, indices, input, mask, POSITIVE, pairs, SIGNED, sample } from './spec.ts';

/** Dividends and divisors whose quotient stays between 2 and 3, so that its integer part is 2 and does not jump. */
const DIVIDEND: Domain = { from: 5.1, to: 5.9 };
const DIVISOR: Domain = { from: 2.05, to: 2.5 };
const NEGATIVE_DIVIDEND: Domain = { from: -5.9, to: -5.1 };
const QUOTIENT = 'dividend in ±[5.1, 5.9], divisor in [2.05, 2.5]: the quotient is no integer';

type Run = (a: Operand, b: Operand) => Tensor;

/** Pairs for an op that jumps where the quotient is an integer. */
function quotients(run: Run): readonly Sample[] {
  return [
    ...pairs(run, [DIVIDEND, DIVISOR], [5.5, 2.2]),
    sample('opposite signs', [[4], [4]], run as Sample['run'], [NEGATIVE_DIVIDEND, DIVISOR]),
  ];
}

function comparison(run: Run): Flat {
  return flat(
    sample('two vectors', [[3], [3]], run as Sample['run']),
    sample('a number second', [[3]], (x) => run(x, 0.5)),
  );
}

function bits(run: Run): Flat {
  return flat(sample('integers', [], () => run(indices([1, 2, 3]), 2)));
}

const inPlace = (title: string, shapes: readonly (readonly number[])[], run: Sample['run'], domain = SIGNED): Sample =>
  sample(`in place: ${title}`, shapes, (self, ...rest) => run(self.clone(), ...rest), domain);

export const binaries: Specs<Exclude<keyof ElementwiseOps, keyof typeof elementwise>> = {
  add: differentiable('all numbers', () => [
    ...pairs((a, b) => sumOf(a, b)),
    sample('alpha', [[2, 3], [3]], (a, b) => a.add(b, { alpha: -2.5 })),
    sample('to itself', [[3]], (a) => a.add(a)),
    inPlace('broadcast', [[2, 3], [3]], (a, b) => a.add_(b, { alpha: 2 })),
  ]),
  sub: differentiable('all numbers', () => [
    ...pairs((a, b) => sub(a, b)),
    sample('alpha', [[2, 3], [3]], (a, b) => a.sub(b, { alpha: -2.5 })),
    sample('from itself', [[3]], (a) => a.sub(a)),
    sample('rsub', [[2, 3], [3]], (a, b) => rsub(a, b, { alpha: 3 })),
    sample('rsub of a number', [[3]], (a) => a.rsub(2)),
    inPlace('broadcast', [[2, 3], [3]], (a, b) => a.sub_(b)),
  ]),
  mul: differentiable('all numbers', () => [
    ...pairs(mul),
    sample('by itself', [[3]], (a) => a.mul(a)),
    sample('by a wider constant', [[3]], (a) => a.mul(input([3]))),
    inPlace('broadcast', [[2, 3], [3]], (a, b) => a.mul_(b)),
    inPlace('by a number', [[3]], (a) => a.mul_(3)),
  ]),
  div: differentiable('divisors in [0.3, 2.5]', () => [
    ...pairs((a, b) => div(a, b), [SIGNED, POSITIVE]),
    sample('by itself', [[3]], (a) => a.div(a), POSITIVE),
    inPlace('broadcast', [[2, 3], [3]], (a, b) => a.div_(b), POSITIVE),
  ]),
  divRounded: differentiable(QUOTIENT, () => [
    ...quotients((a, b) => div(a, b, { roundingMode: 'floor' })),
    ...quotients((a, b) => div(a, b, { roundingMode: 'trunc' })),
    sample('floorDivide', [[3], [3]], (a, b) => floorDivide(a, b), [DIVIDEND, DIVISOR]),
  ]),
  pow: differentiable('bases in [0.3, 2.5], and of both signs under integer exponents', () => [
    ...pairs(pow, [POSITIVE, SIGNED], [1.5, 2.5]),
    ...[0, 1, 2, 3, -1, -2].map((n) => sample(`exponent ${n}`, [[4]], (x) => x.pow(n), { ...SIGNED, clear: 0.3 })),
    sample('exponent 0.5', [[4]], (x) => x.pow(0.5), POSITIVE),
    sample('tensor of integer exponents', [[4]], (x) => x.pow(tensor([0, 1, 2, 3]).to(x.dtype)), SIGNED),
    sample('a base of 1', [[3]], (n) => pow(1, n)),
    inPlace('a tensor exponent', [[3], [3]], (x, n) => x.pow_(n), POSITIVE),
  ]),
  maximum: differentiable('no ties', () => [
    ...pairs(maximum),
    sample('max of two', [[3], [3]], (a, b) => a.max(b)),
    inPlace('broadcast', [[2, 3], [3]], (a, b) => a.maximum_(b)),
  ]),
  minimum: differentiable('no ties', () => [...pairs(minimum), sample('min of two', [[3], [3]], (a, b) => a.min(b))]),
  atan2: binary(atan2, [SIGNED, SIGNED]),
  remainder: differentiable(QUOTIENT, () => quotients(remainder)),
  fmod: differentiable(QUOTIENT, () => quotients(fmod)),
  zeta: differentiable('the second operand in [0.3, 2.5]', () => [
    sample('a number first', [[2, 3]], (q) => zeta(2.5, q), POSITIVE),
    sample('a constant tensor first', [[3]], (q) => zeta(input([3], { from: 1.5, to: 4 }).to(q.dtype), q), POSITIVE),
  ]),
  igamma: differentiable('the second operand in [0.3, 2.5]', () => [
    sample('a number first', [[2, 3]], (x) => igamma(1.5, x), POSITIVE),
    sample('a constant tensor first', [[3]], (x) => igamma(input([3], POSITIVE, 7).to(x.dtype), x), POSITIVE),
  ]),
  igammac: differentiable('the second operand in [0.3, 2.5]', () => [
    sample('a number first', [[2, 3]], (x) => igammac(1.5, x), POSITIVE),
    sample('a constant tensor first', [[3]], (x) => igammac(input([3], POSITIVE, 7).to(x.dtype), x), POSITIVE),
  ]),
  xlogy: binary(xlogy, [SIGNED, POSITIVE]),
  prelu: differentiable('away from 0', () => [
    sample('one slope', [[2, 3], [1]], (x, w) => prelu(x, w)),
    sample('a slope for each channel', [[2, 3, 4], [3]], (x, w) => prelu(x, w)),
    sample('0-d', [[], [1]], (x, w) => prelu(x, w)),
  ]),
  eq: comparison((a, b) => (a as Tensor).eq(b)),
  ne: comparison((a, b) => (a as Tensor).ne(b)),
  lt: comparison((a, b) => (a as Tensor).lt(b)),
  le: comparison((a, b) => (a as Tensor).le(b)),
  gt: comparison((a, b) => (a as Tensor).gt(b)),
  ge: comparison((a, b) => (a as Tensor).ge(b)),
  logicalAnd: comparison((a, b) => (a as Tensor).logicalAnd(b)),
  logicalOr: comparison((a, b) => (a as Tensor).logicalOr(b)),
  logicalXor: comparison((a, b) => (a as Tensor).logicalXor(b)),
  bitwiseAnd: bits(bitwiseAnd),
  bitwiseOr: bits(bitwiseOr),
  bitwiseXor: bits(bitwiseXor),
  thresholdBackward: differentiable('away from the threshold', () => [
    sample(
      'at 0',
      [
        [2, 3],
        [2, 3],
      ],
      (g, x) => thresholdBackward(g, x, 0),
    ),
    sample('at 0.5', [[3], [3]], (g, x) => thresholdBackward(g, x, 0.5), [SIGNED, { ...SIGNED, avoid: [0.5] }]),
  ]),

  where: differentiable('all numbers', () => [
    sample(
      'two matrices',
      [
        [2, 3],
        [2, 3],
      ],
      (a, b) => where(mask([2, 3]), a, b),
    ),
    sample('all broadcast', [[3], [2, 1]], (a, b) => where(mask([4, 1, 1]), a, b)),
    sample('a number second', [[3]], (a) => where(mask([3]), a, 2)),
    sample('a number first', [[3]], (b) => where(mask([2, 3]), 2, b)),
    sample('a 0-d operand', [[3], []], (a, b) => where(mask([3]), a, b)),
    sample('empty', [[0, 2], [2]], (a, b) => where(mask([2]), a, b)),
    sample('as a method', [[3], [3]], (a, b) => a.where(mask([3]), b)),
  ]),
  lerp: differentiable('all numbers', () => [
    sample('a small weight', [[2, 3], [3]], (a, b) => lerp(a, b, 0.3)),
    sample('a large weight', [[3], [3]], (a, b) => lerp(a, b, 0.8)),
    sample('a weight beyond', [[3], [3]], (a, b) => lerp(a, b, -1.5)),
    sample('a tensor of weights', [[2, 1], [3], [4, 1, 1]], (a, b, w) => lerp(a, b, w), {
      ...SIGNED,
      avoid: [-0.5, 0.5],
    }),
    sample('0-d', [[], [], []], (a, b, w) => lerp(a, b, w)),
    inPlace('a number', [[3], [3]], (a, b) => a.lerp_(b, 0.25)),
    inPlace('a tensor', [[3], [3], [3]], (a, b, w) => a.lerp_(b, w)),
  ]),
  addcmul: differentiable('all numbers', () => [
    sample(
      'default',
      [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
      (a, b, c) => addcmul(a, b, c),
    ),
    sample('value, all broadcast', [[3], [2, 1], []], (a, b, c) => addcmul(a, b, c, { value: -2.5 })),
    inPlace('value', [[2, 3], [3], [2, 1]], (a, b, c) => a.addcmul_(b, c, { value: 0.5 })),
  ]),
  addcdiv: differentiable('divisors in [0.3, 2.5]', () => [
    sample(
      'default',
      [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
      (a, b, c) => addcdiv(a, b, c),
      POSITIVE,
    ),
    sample('value, all broadcast', [[3], [2, 1], []], (a, b, c) => addcdiv(a, b, c, { value: -2.5 }), POSITIVE),
    inPlace('value', [[2, 3], [3], [2, 1]], (a, b, c) => a.addcdiv_(b, c, { value: 0.5 }), POSITIVE),
  ]),
  maskedFill: differentiable('all numbers', () => [
    sample('a number', [[2, 3]], (x) => maskedFill(x, mask([2, 3]), 5)),
    sample('a 0-d tensor', [[2, 3], []], (x, v) => maskedFill(x, mask([3]), v)),
    sample('a mask larger than self', [[3], []], (x, v) => maskedFill(x, mask([2, 3]), v)),
    sample('empty', [[0, 3], []], (x, v) => maskedFill(x, mask([3]), v)),
    sample('indexFill', [[3, 2], []], (x, v) => indexFill(x, 0, indices([2, 0]), v)),
    sample('indexFill, an index twice', [[3, 2], []], (x, v) => indexFill(x, 1, indices([0, 0, -2]), v)),
    inPlace('a number', [[2, 3]], (x) => x.maskedFill_(mask([3]), 5)),
    inPlace('a 0-d tensor', [[2, 3], []], (x, v) => x.maskedFill_(mask([3]), v)),
  ]),

  clone: differentiable('all numbers', () => [
    sample('a matrix', [[2, 3]], (x) => clone(x)),
    sample('0-d', [[]], (x) => x.clone()),
    sample('to() with copy', [[3]], (x) => x.to({ copy: true })),
    sample('contiguous() of a transpose', [[2, 3]], (x) => x.t().contiguous()),
  ]),
  to: differentiable(
    'all numbers',
    () => [
      sample('to float32 and back', [[2, 3]], (x) => x.to('float32').to('float64').to(x.dtype)),
      sample('float() and double()', [[]], (x) => x.float().double().to(x.dtype)),
    ],
    {
      tolerance: {
        relative: 0,
        absolute: 0.3,
        because: 'float32 moves in steps of up to 2.4e-7 under a step of 2e-6; the entries are 0 or 1',
      },
    },
  ),
  copy: differentiable('all numbers', () => [
    inPlace(
      'all of it',
      [
        [2, 3],
        [2, 3],
      ],
      (x, src) => x.copy_(src),
    ),
    inPlace('broadcast', [[2, 3], [3]], (x, src) => x.copy_(src)),
    inPlace('a row', [[2, 3], [3]], (x, src) => {
      x.select(0, 1).copy_(src);
      return x;
    }),
  ]),
  fill: differentiable('all numbers', () => [
    inPlace('a number', [[2, 3]], (x) => x.fill_(3)),
    inPlace('a 0-d tensor', [[2, 3], []], (x, v) => x.fill_(v)),
    inPlace('zero', [[2, 3]], (x) => x.zero_()),
    inPlace('a column', [[2, 3], []], (x, v) => {
      x.select(1, -1).fill_(v);
      return x;
    }),
  ]),
};
