import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as exact from './exactMath.ts';

/** Domain of the sweep, and the most units in the last place by which a result may differ from the engine's. */
const functions: Record<string, readonly [from: number, to: number, ulps: number]> = {
  exp: [-745, 709.7, 1],
  exp2: [-1074, 1023, 1],
  expm1: [-5, 5, 2],
  log: [0, 10, 1],
  log2: [0, 10, 1],
  log10: [0, 10, 2],
  log1p: [-1, 3, 2],
  sin: [-100, 100, 1],
  cos: [-100, 100, 1],
  tan: [-100, 100, 3],
  asin: [-1, 1, 3],
  acos: [-1, 1, 3],
  atan: [-5, 5, 3],
  sinh: [-30, 30, 3],
  cosh: [-30, 30, 3],
  tanh: [-5, 5, 4],
  asinh: [-10, 10, 3],
  acosh: [1, 10, 3],
  atanh: [-1, 1, 4],
};

type Function1 = (x: number) => number;
const ours = exact as unknown as Record<string, Function1>;
const engines: Record<string, Function1> = { ...(Math as unknown as Record<string, Function1>), exp2: (x) => 2 ** x };
for (const name of Object.keys(functions)) engines[name] ??= (Math as unknown as Record<string, Function1>)[name];

const double = new Float64Array(1);
const bits = new BigInt64Array(double.buffer);

function bitsOf(x: number): bigint {
  double[0] = x;
  return bits[0];
}

/** How many doubles lie between two of the same sign. */
function distance(x: number, y: number): number {
  if (Object.is(x, y)) return 0;
  if (Number.isNaN(x) || Number.isNaN(y) || x < 0 !== y < 0) return Infinity;
  return Math.abs(Number(bitsOf(x) - bitsOf(y)));
}

/** Numbers from 0 to 1, the same at every call. */
function* uniforms(count: number): Generator<number> {
  let state = 12345;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Written out, since `10 ** -n` is the engine's own affair. */
const tenths = [1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8];

/** Places of the sweep: all over the domain, and ever closer to 0, or to the end that the domain has in place of it. */
function* places(from: number, to: number, count: number): Generator<number> {
  let i = 0;
  for (const u of uniforms(count)) {
    const x = from + (to - from) * u;
    yield i++ % 2 === 0 ? x : Math.max(from, x * tenths[i % 9]);
  }
}

const edges = [0, 5e-324, 1e-310, 1e-17, 1e-8, 0.5, 1, 2, 8, 700, 1000, 1e22, 1e300, Number.MAX_VALUE, Infinity];

for (const [name, [from, to, ulps]] of Object.entries(functions)) {
  test(`${name} is within ${ulps} ulp of the engine's`, () => {
    for (const x of places(from, to, 20_000)) {
      const [y, expected] = [ours[name](x), engines[name](x)];
      // engines are allowed to be off themselves: by an ulp is common
      assert.ok(distance(y, expected) <= ulps + 1, `${name}(${x}) is ${y}, but ${expected}`);
    }
  });

  test(`${name} at zeros, infinities, NaN and the ends of the range`, () => {
    for (const x of [...edges, ...edges.map((edge) => -edge), Number.NaN]) {
      const [y, expected] = [ours[name](x), engines[name](x)];
      assert.ok(distance(y, expected) <= ulps + 1, `${name}(${x}) is ${y}, but ${expected}`);
    }
  });
}

test('pow is within 1 ulp of the engine’s, and exact where the result is a whole number', () => {
  const u = [...uniforms(60_000)];
  for (let i = 0; i < 30_000; i++) {
    const [x, y] = [u[2 * i] * 10 ** ((i % 21) - 10), (u[2 * i + 1] - 0.5) * 60];
    assert.ok(distance(exact.pow(x, y), x ** y) <= 2, `${x} ** ${y}`);
  }
  for (let x = -20; x <= 20; x++) {
    let product = 1;
    for (let y = 0; y <= 12; y++, product *= x) if (Math.abs(product) <= 2 ** 53) assert.is(exact.pow(x, y), product);
  }
});

test('pow and atan2 of zeros, infinities and NaN are those of the specification', () => {
  const values = [...edges, -1, -2, -0.5, -0, -Infinity, Number.NaN, -3];
  for (const x of values) {
    for (const y of values) {
      assert.ok(distance(exact.pow(x, y), x ** y) <= 2, `${x} ** ${y}`);
      assert.ok(distance(exact.atan2(y, x), Math.atan2(y, x)) <= 3, `atan2(${y}, ${x})`);
    }
  }
});

test('angles of any size, and next to multiples of π/2, keep all digits', () => {
  for (const u of uniforms(2000)) {
    const x = u * 10 ** (u * 300);
    assert.ok(distance(exact.sin(x), Math.sin(x)) <= 2, `sin(${x})`);
    assert.ok(distance(exact.cos(x), Math.cos(x)) <= 2, `cos(${x})`);
  }
  // the double next to π/2 · 2^849 · odd that is nearest of all to a multiple of π/2 (Muller, "Elementary Functions", 2016)
  assert.ok(distance(exact.cos(6381956970095103 * 2 ** 797), -4.687165924254628e-19) <= 1);
});

test('every runtime gives the same bits', () => {
  let hash = 0x811c9dc5;
  const words = new Uint32Array(double.buffer);
  const add = (x: number): void => {
    double[0] = x;
    for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  };
  for (const [name, [from, to]] of Object.entries(functions)) {
    for (const x of places(from, to, 2000)) add(ours[name](x));
  }
  const u = [...uniforms(4000)];
  for (let i = 0; i < 4000; i += 2) add(exact.pow(100 * u[i], 20 * (u[i + 1] - 0.5)));
  for (let i = 0; i < 4000; i += 2) add(exact.atan2(u[i] - 0.5, u[i + 1] - 0.5));
  // changes with the functions and with the sweep, and with nothing else
  assert.is(hash >>> 0, 829270665);
});

test.run();
