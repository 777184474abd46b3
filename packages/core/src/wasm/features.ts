/**
 * What the WebAssembly of this runtime can do, found out once by validating and running tiny modules. Nothing else in
 * the project asks which runtime it is in.
 *
 * Strict mode forbids what the specification lets runtimes do differently (relaxed SIMD), so that every runtime and
 * machine gives the same bits.
 */

import { Assembler } from './assembler.ts';

export interface Features {
  /** 128-bit vectors. */
  readonly simd: boolean;
  /** Relaxed vector instructions; false in strict mode. */
  readonly relaxedSimd: boolean;
  /** `relaxed_madd` rounds once, and so is one instruction here; false in strict mode. */
  readonly fma: boolean;
  /** Memory that threads share. */
  readonly sharedMemory: boolean;
  /** Whether strict mode is on. */
  readonly strict: boolean;
  /** Names this set of features; kernels are cached by it. */
  readonly key: string;
}

let relaxed: Features | null = null;
let strict: Features | null = null;
let strictMode = false;
let vectorless: Features | null = null;

/** The features to emit kernels for, probed at the first call. The same object until `setStrict` changes them. */
export function features(): Features {
  if (relaxed === null || strict === null) {
    const simd = validates((code) => code.drop(code.i32x4.add(code.i32x4.const(1), code.i32x4.const(2))));
    const relaxedSimd =
      simd && validates((code) => code.drop(code.f32x4.relaxed_madd(zero(code), zero(code), zero(code))));
    const sharedMemory = probeSharedMemory();
    relaxed = describe(simd, relaxedSimd, relaxedSimd && probeFma(), sharedMemory, false);
    strict = describe(simd, false, false, sharedMemory, true);
  }
  return vectorless ?? (strictMode ? strict : relaxed);
}

/** Runs as where there are no vectors: by the reference loops alone. For tests, which compare the two. */
export function withoutKernels<T>(run: () => T): T {
  const was = vectorless;
  vectorless = describe(false, false, false, features().sharedMemory, strictMode);
  try {
    return run();
  } finally {
    vectorless = was;
  }
}

/** Turns strict mode on or off; returns what it was. Kernels launched from now on follow it. */
export function setStrict(on: boolean): boolean {
  const was = strictMode;
  strictMode = on;
  return was;
}

/** Whether strict mode is on. */
export function isStrict(): boolean {
  return strictMode;
}

function describe(
  simd: boolean,
  relaxedSimd: boolean,
  fma: boolean,
  sharedMemory: boolean,
  isStrictSet: boolean,
): Features {
  const best = fma ? 'fma' : relaxedSimd ? 'relaxed' : simd ? 'simd' : 'scalar';
  const key = isStrictSet ? `${best} strict` : best;
  return Object.freeze({ simd, relaxedSimd, fma, sharedMemory, strict: isStrictSet, key });
}

function zero(code: Assembler) {
  return code.f32x4.const(0);
}

/** Whether a function with this body validates. */
function validates(body: (code: Assembler) => void): boolean {
  const code = new Assembler({ shared: false });
  code.func('probe', {}, [], () => body(code));
  return WebAssembly.validate(code.finish());
}

/**
 * With a = 1 + 2⁻¹², a·a is 1 + 2⁻¹¹ + 2⁻²⁴: a product that is rounded to float32 loses the last term, a fused one
 * keeps it. For float64 the same with 2⁻²⁷ and 2⁻⁵⁴.
 */
function probeFma(): boolean {
  const code = new Assembler({ shared: false });
  code.export('f32', { a: 'f32', c: 'f32' }, ['f32'], ({ a, c }) => {
    const x = code.local('v128', code.f32x4.splat(a));
    code.f32x4.extract_lane(0, code.f32x4.relaxed_madd(x, x, code.f32x4.splat(c)));
  });
  code.export('f64', { a: 'f64', c: 'f64' }, ['f64'], ({ a, c }) => {
    const x = code.local('v128', code.f64x2.splat(a));
    code.f64x2.extract_lane(0, code.f64x2.relaxed_madd(x, x, code.f64x2.splat(c)));
  });
  const memory = new WebAssembly.Memory({ initial: 0 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code.finish()), { env: { memory } });
  const { f32, f64 } = exports as Record<'f32' | 'f64', (a: number, c: number) => number>;
  return f32(1 + 2 ** -12, -(1 + 2 ** -11)) === 2 ** -24 && f64(1 + 2 ** -27, -(1 + 2 ** -26)) === 2 ** -54;
}

function probeSharedMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer;
  } catch {
    // A runtime without shared memory refuses the descriptor: that is the answer.
    return false;
  }
}
