/**
 * The instructions that the assembler knows, one line each: opcode, what it takes from the stack, what it leaves there.
 * Mnemonics keep the specification's spelling, `i32.add` being the entry `add` of the table `i32`.
 *
 * Source: https://webassembly.github.io/spec/core/appendix/index-instructions.html
 * Left out: atomics, tables, references, exceptions; control and locals are in assembler.ts.
 */

/** The types of values on the stack and in locals. */
export type ValType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** An instruction without immediates. */
export interface Plain<P extends readonly ValType[], R extends ValType | null> {
  readonly kind: 'plain';
  readonly bytes: readonly number[];
  readonly takes: P;
  readonly gives: R;
}

/** A load or a store of `width` bytes; a load takes an address, a store an address and a value. */
export interface Access<P extends readonly ValType[], R extends ValType | null> {
  readonly kind: 'access';
  readonly bytes: readonly number[];
  readonly takes: P;
  readonly gives: R;
  readonly width: number;
}

/** An instruction on one of `lanes` lanes. */
export interface Lane<P extends readonly ValType[], R extends ValType | null> {
  readonly kind: 'lane';
  readonly bytes: readonly number[];
  readonly takes: P;
  readonly gives: R;
  readonly lanes: number;
}

/** A load or a store of one lane of `width` bytes. */
export interface LaneAccess<P extends readonly ValType[], R extends ValType | null> {
  readonly kind: 'laneAccess';
  readonly bytes: readonly number[];
  readonly takes: P;
  readonly gives: R;
  readonly width: number;
}

type Types = readonly ValType[];
type Result = ValType | null;

const MISC = 0xfc;
const SIMD = 0xfd;

/** The opcode after a prefix is an unsigned LEB128; none here needs three bytes. */
function prefixed(prefix: number, opcode: number): number[] {
  return opcode < 0x80 ? [prefix, opcode] : [prefix, (opcode & 0x7f) | 0x80, opcode >>> 7];
}

function op<const P extends Types, const R extends Result>(opcode: number, takes: P, gives: R): Plain<P, R> {
  return { kind: 'plain', bytes: [opcode], takes, gives };
}

function misc<const P extends Types, const R extends Result>(opcode: number, takes: P, gives: R): Plain<P, R> {
  return { kind: 'plain', bytes: prefixed(MISC, opcode), takes, gives };
}

function simd<const P extends Types, const R extends Result>(opcode: number, takes: P, gives: R): Plain<P, R> {
  return { kind: 'plain', bytes: prefixed(SIMD, opcode), takes, gives };
}

function load<const R extends ValType>(opcode: number, width: number, gives: R): Access<['i32'], R> {
  return { kind: 'access', bytes: [opcode], takes: ['i32'], gives, width };
}

function store<const T extends ValType>(opcode: number, width: number, value: T): Access<['i32', T], null> {
  return { kind: 'access', bytes: [opcode], takes: ['i32', value], gives: null, width };
}

function simdLoad(opcode: number, width: number): Access<['i32'], 'v128'> {
  return { kind: 'access', bytes: prefixed(SIMD, opcode), takes: ['i32'], gives: 'v128', width };
}

function simdStore(opcode: number, width: number): Access<['i32', 'v128'], null> {
  return { kind: 'access', bytes: prefixed(SIMD, opcode), takes: ['i32', 'v128'], gives: null, width };
}

function lane<const P extends Types, const R extends ValType>(
  opcode: number,
  lanes: number,
  takes: P,
  gives: R,
): Lane<P, R> {
  return { kind: 'lane', bytes: prefixed(SIMD, opcode), takes, gives, lanes };
}

function loadLane(opcode: number, width: number): LaneAccess<['i32', 'v128'], 'v128'> {
  return { kind: 'laneAccess', bytes: prefixed(SIMD, opcode), takes: ['i32', 'v128'], gives: 'v128', width };
}

function storeLane(opcode: number, width: number): LaneAccess<['i32', 'v128'], null> {
  return { kind: 'laneAccess', bytes: prefixed(SIMD, opcode), takes: ['i32', 'v128'], gives: null, width };
}

/** The bytes include the index of the memory, which is always 0. */
function memory<const P extends Types, const R extends Result>(bytes: number[], takes: P, gives: R): Plain<P, R> {
  return { kind: 'plain', bytes, takes, gives };
}

export const OPCODES = {
  i32: {
    load: load(0x28, 4, 'i32'),
    load8_s: load(0x2c, 1, 'i32'),
    load8_u: load(0x2d, 1, 'i32'),
    load16_s: load(0x2e, 2, 'i32'),
    load16_u: load(0x2f, 2, 'i32'),
    store: store(0x36, 4, 'i32'),
    store8: store(0x3a, 1, 'i32'),
    store16: store(0x3b, 2, 'i32'),
    eqz: op(0x45, ['i32'], 'i32'),
    eq: op(0x46, ['i32', 'i32'], 'i32'),
    ne: op(0x47, ['i32', 'i32'], 'i32'),
    lt_s: op(0x48, ['i32', 'i32'], 'i32'),
    lt_u: op(0x49, ['i32', 'i32'], 'i32'),
    gt_s: op(0x4a, ['i32', 'i32'], 'i32'),
    gt_u: op(0x4b, ['i32', 'i32'], 'i32'),
    le_s: op(0x4c, ['i32', 'i32'], 'i32'),
    le_u: op(0x4d, ['i32', 'i32'], 'i32'),
    ge_s: op(0x4e, ['i32', 'i32'], 'i32'),
    ge_u: op(0x4f, ['i32', 'i32'], 'i32'),
    clz: op(0x67, ['i32'], 'i32'),
    ctz: op(0x68, ['i32'], 'i32'),
    popcnt: op(0x69, ['i32'], 'i32'),
    add: op(0x6a, ['i32', 'i32'], 'i32'),
    sub: op(0x6b, ['i32', 'i32'], 'i32'),
    mul: op(0x6c, ['i32', 'i32'], 'i32'),
    div_s: op(0x6d, ['i32', 'i32'], 'i32'),
    div_u: op(0x6e, ['i32', 'i32'], 'i32'),
    rem_s: op(0x6f, ['i32', 'i32'], 'i32'),
    rem_u: op(0x70, ['i32', 'i32'], 'i32'),
    and: op(0x71, ['i32', 'i32'], 'i32'),
    or: op(0x72, ['i32', 'i32'], 'i32'),
    xor: op(0x73, ['i32', 'i32'], 'i32'),
    shl: op(0x74, ['i32', 'i32'], 'i32'),
    shr_s: op(0x75, ['i32', 'i32'], 'i32'),
    shr_u: op(0x76, ['i32', 'i32'], 'i32'),
    rotl: op(0x77, ['i32', 'i32'], 'i32'),
    rotr: op(0x78, ['i32', 'i32'], 'i32'),
    wrap_i64: op(0xa7, ['i64'], 'i32'),
    trunc_f32_s: op(0xa8, ['f32'], 'i32'),
    trunc_f32_u: op(0xa9, ['f32'], 'i32'),
    trunc_f64_s: op(0xaa, ['f64'], 'i32'),
    trunc_f64_u: op(0xab, ['f64'], 'i32'),
    trunc_sat_f32_s: misc(0x00, ['f32'], 'i32'),
    trunc_sat_f32_u: misc(0x01, ['f32'], 'i32'),
    trunc_sat_f64_s: misc(0x02, ['f64'], 'i32'),
    trunc_sat_f64_u: misc(0x03, ['f64'], 'i32'),
    reinterpret_f32: op(0xbc, ['f32'], 'i32'),
    extend8_s: op(0xc0, ['i32'], 'i32'),
    extend16_s: op(0xc1, ['i32'], 'i32'),
  },
  i64: {
    load: load(0x29, 8, 'i64'),
    load8_s: load(0x30, 1, 'i64'),
    load8_u: load(0x31, 1, 'i64'),
    load16_s: load(0x32, 2, 'i64'),
    load16_u: load(0x33, 2, 'i64'),
    load32_s: load(0x34, 4, 'i64'),
    load32_u: load(0x35, 4, 'i64'),
    store: store(0x37, 8, 'i64'),
    store8: store(0x3c, 1, 'i64'),
    store16: store(0x3d, 2, 'i64'),
    store32: store(0x3e, 4, 'i64'),
    eqz: op(0x50, ['i64'], 'i32'),
    eq: op(0x51, ['i64', 'i64'], 'i32'),
    ne: op(0x52, ['i64', 'i64'], 'i32'),
    lt_s: op(0x53, ['i64', 'i64'], 'i32'),
    lt_u: op(0x54, ['i64', 'i64'], 'i32'),
    gt_s: op(0x55, ['i64', 'i64'], 'i32'),
    gt_u: op(0x56, ['i64', 'i64'], 'i32'),
    le_s: op(0x57, ['i64', 'i64'], 'i32'),
    le_u: op(0x58, ['i64', 'i64'], 'i32'),
    ge_s: op(0x59, ['i64', 'i64'], 'i32'),
    ge_u: op(0x5a, ['i64', 'i64'], 'i32'),
    clz: op(0x79, ['i64'], 'i64'),
    ctz: op(0x7a, ['i64'], 'i64'),
    popcnt: op(0x7b, ['i64'], 'i64'),
    add: op(0x7c, ['i64', 'i64'], 'i64'),
    sub: op(0x7d, ['i64', 'i64'], 'i64'),
    mul: op(0x7e, ['i64', 'i64'], 'i64'),
    div_s: op(0x7f, ['i64', 'i64'], 'i64'),
    div_u: op(0x80, ['i64', 'i64'], 'i64'),
    rem_s: op(0x81, ['i64', 'i64'], 'i64'),
    rem_u: op(0x82, ['i64', 'i64'], 'i64'),
    and: op(0x83, ['i64', 'i64'], 'i64'),
    or: op(0x84, ['i64', 'i64'], 'i64'),
    xor: op(0x85, ['i64', 'i64'], 'i64'),
    shl: op(0x86, ['i64', 'i64'], 'i64'),
    shr_s: op(0x87, ['i64', 'i64'], 'i64'),
    shr_u: op(0x88, ['i64', 'i64'], 'i64'),
    rotl: op(0x89, ['i64', 'i64'], 'i64'),
    rotr: op(0x8a, ['i64', 'i64'], 'i64'),
    extend_i32_s: op(0xac, ['i32'], 'i64'),
    extend_i32_u: op(0xad, ['i32'], 'i64'),
    trunc_f32_s: op(0xae, ['f32'], 'i64'),
    trunc_f32_u: op(0xaf, ['f32'], 'i64'),
    trunc_f64_s: op(0xb0, ['f64'], 'i64'),
    trunc_f64_u: op(0xb1, ['f64'], 'i64'),
    trunc_sat_f32_s: misc(0x04, ['f32'], 'i64'),
    trunc_sat_f32_u: misc(0x05, ['f32'], 'i64'),
    trunc_sat_f64_s: misc(0x06, ['f64'], 'i64'),
    trunc_sat_f64_u: misc(0x07, ['f64'], 'i64'),
    reinterpret_f64: op(0xbd, ['f64'], 'i64'),
    extend8_s: op(0xc2, ['i64'], 'i64'),
    extend16_s: op(0xc3, ['i64'], 'i64'),
    extend32_s: op(0xc4, ['i64'], 'i64'),
  },
  f32: {
    load: load(0x2a, 4, 'f32'),
    store: store(0x38, 4, 'f32'),
    eq: op(0x5b, ['f32', 'f32'], 'i32'),
    ne: op(0x5c, ['f32', 'f32'], 'i32'),
    lt: op(0x5d, ['f32', 'f32'], 'i32'),
    gt: op(0x5e, ['f32', 'f32'], 'i32'),
    le: op(0x5f, ['f32', 'f32'], 'i32'),
    ge: op(0x60, ['f32', 'f32'], 'i32'),
    abs: op(0x8b, ['f32'], 'f32'),
    neg: op(0x8c, ['f32'], 'f32'),
    ceil: op(0x8d, ['f32'], 'f32'),
    floor: op(0x8e, ['f32'], 'f32'),
    trunc: op(0x8f, ['f32'], 'f32'),
    nearest: op(0x90, ['f32'], 'f32'),
    sqrt: op(0x91, ['f32'], 'f32'),
    add: op(0x92, ['f32', 'f32'], 'f32'),
    sub: op(0x93, ['f32', 'f32'], 'f32'),
    mul: op(0x94, ['f32', 'f32'], 'f32'),
    div: op(0x95, ['f32', 'f32'], 'f32'),
    min: op(0x96, ['f32', 'f32'], 'f32'),
    max: op(0x97, ['f32', 'f32'], 'f32'),
    copysign: op(0x98, ['f32', 'f32'], 'f32'),
    convert_i32_s: op(0xb2, ['i32'], 'f32'),
    convert_i32_u: op(0xb3, ['i32'], 'f32'),
    convert_i64_s: op(0xb4, ['i64'], 'f32'),
    convert_i64_u: op(0xb5, ['i64'], 'f32'),
    demote_f64: op(0xb6, ['f64'], 'f32'),
    reinterpret_i32: op(0xbe, ['i32'], 'f32'),
  },
  f64: {
    load: load(0x2b, 8, 'f64'),
    store: store(0x39, 8, 'f64'),
    eq: op(0x61, ['f64', 'f64'], 'i32'),
    ne: op(0x62, ['f64', 'f64'], 'i32'),
    lt: op(0x63, ['f64', 'f64'], 'i32'),
    gt: op(0x64, ['f64', 'f64'], 'i32'),
    le: op(0x65, ['f64', 'f64'], 'i32'),
    ge: op(0x66, ['f64', 'f64'], 'i32'),
    abs: op(0x99, ['f64'], 'f64'),
    neg: op(0x9a, ['f64'], 'f64'),
    ceil: op(0x9b, ['f64'], 'f64'),
    floor: op(0x9c, ['f64'], 'f64'),
    trunc: op(0x9d, ['f64'], 'f64'),
    nearest: op(0x9e, ['f64'], 'f64'),
    sqrt: op(0x9f, ['f64'], 'f64'),
    add: op(0xa0, ['f64', 'f64'], 'f64'),
    sub: op(0xa1, ['f64', 'f64'], 'f64'),
    mul: op(0xa2, ['f64', 'f64'], 'f64'),
    div: op(0xa3, ['f64', 'f64'], 'f64'),
    min: op(0xa4, ['f64', 'f64'], 'f64'),
    max: op(0xa5, ['f64', 'f64'], 'f64'),
    copysign: op(0xa6, ['f64', 'f64'], 'f64'),
    convert_i32_s: op(0xb7, ['i32'], 'f64'),
    convert_i32_u: op(0xb8, ['i32'], 'f64'),
    convert_i64_s: op(0xb9, ['i64'], 'f64'),
    convert_i64_u: op(0xba, ['i64'], 'f64'),
    promote_f32: op(0xbb, ['f32'], 'f64'),
    reinterpret_i64: op(0xbf, ['i64'], 'f64'),
  },
  v128: {
    load: simdLoad(0x00, 16),
    load8x8_s: simdLoad(0x01, 8),
    load8x8_u: simdLoad(0x02, 8),
    load16x4_s: simdLoad(0x03, 8),
    load16x4_u: simdLoad(0x04, 8),
    load32x2_s: simdLoad(0x05, 8),
    load32x2_u: simdLoad(0x06, 8),
    load8_splat: simdLoad(0x07, 1),
    load16_splat: simdLoad(0x08, 2),
    load32_splat: simdLoad(0x09, 4),
    load64_splat: simdLoad(0x0a, 8),
    load32_zero: simdLoad(0x5c, 4),
    load64_zero: simdLoad(0x5d, 8),
    store: simdStore(0x0b, 16),
    load8_lane: loadLane(0x54, 1),
    load16_lane: loadLane(0x55, 2),
    load32_lane: loadLane(0x56, 4),
    load64_lane: loadLane(0x57, 8),
    store8_lane: storeLane(0x58, 1),
    store16_lane: storeLane(0x59, 2),
    store32_lane: storeLane(0x5a, 4),
    store64_lane: storeLane(0x5b, 8),
    not: simd(0x4d, ['v128'], 'v128'),
    and: simd(0x4e, ['v128', 'v128'], 'v128'),
    andnot: simd(0x4f, ['v128', 'v128'], 'v128'),
    or: simd(0x50, ['v128', 'v128'], 'v128'),
    xor: simd(0x51, ['v128', 'v128'], 'v128'),
    bitselect: simd(0x52, ['v128', 'v128', 'v128'], 'v128'),
    any_true: simd(0x53, ['v128'], 'i32'),
  },
  i8x16: {
    swizzle: simd(0x0e, ['v128', 'v128'], 'v128'),
    splat: simd(0x0f, ['i32'], 'v128'),
    extract_lane_s: lane(0x15, 16, ['v128'], 'i32'),
    extract_lane_u: lane(0x16, 16, ['v128'], 'i32'),
    replace_lane: lane(0x17, 16, ['v128', 'i32'], 'v128'),
    eq: simd(0x23, ['v128', 'v128'], 'v128'),
    ne: simd(0x24, ['v128', 'v128'], 'v128'),
    lt_s: simd(0x25, ['v128', 'v128'], 'v128'),
    lt_u: simd(0x26, ['v128', 'v128'], 'v128'),
    gt_s: simd(0x27, ['v128', 'v128'], 'v128'),
    gt_u: simd(0x28, ['v128', 'v128'], 'v128'),
    le_s: simd(0x29, ['v128', 'v128'], 'v128'),
    le_u: simd(0x2a, ['v128', 'v128'], 'v128'),
    ge_s: simd(0x2b, ['v128', 'v128'], 'v128'),
    ge_u: simd(0x2c, ['v128', 'v128'], 'v128'),
    abs: simd(0x60, ['v128'], 'v128'),
    neg: simd(0x61, ['v128'], 'v128'),
    popcnt: simd(0x62, ['v128'], 'v128'),
    all_true: simd(0x63, ['v128'], 'i32'),
    bitmask: simd(0x64, ['v128'], 'i32'),
    narrow_i16x8_s: simd(0x65, ['v128', 'v128'], 'v128'),
    narrow_i16x8_u: simd(0x66, ['v128', 'v128'], 'v128'),
    shl: simd(0x6b, ['v128', 'i32'], 'v128'),
    shr_s: simd(0x6c, ['v128', 'i32'], 'v128'),
    shr_u: simd(0x6d, ['v128', 'i32'], 'v128'),
    add: simd(0x6e, ['v128', 'v128'], 'v128'),
    add_sat_s: simd(0x6f, ['v128', 'v128'], 'v128'),
    add_sat_u: simd(0x70, ['v128', 'v128'], 'v128'),
    sub: simd(0x71, ['v128', 'v128'], 'v128'),
    sub_sat_s: simd(0x72, ['v128', 'v128'], 'v128'),
    sub_sat_u: simd(0x73, ['v128', 'v128'], 'v128'),
    min_s: simd(0x76, ['v128', 'v128'], 'v128'),
    min_u: simd(0x77, ['v128', 'v128'], 'v128'),
    max_s: simd(0x78, ['v128', 'v128'], 'v128'),
    max_u: simd(0x79, ['v128', 'v128'], 'v128'),
    avgr_u: simd(0x7b, ['v128', 'v128'], 'v128'),
    relaxed_swizzle: simd(0x100, ['v128', 'v128'], 'v128'),
    relaxed_laneselect: simd(0x109, ['v128', 'v128', 'v128'], 'v128'),
  },
  i16x8: {
    splat: simd(0x10, ['i32'], 'v128'),
    extract_lane_s: lane(0x18, 8, ['v128'], 'i32'),
    extract_lane_u: lane(0x19, 8, ['v128'], 'i32'),
    replace_lane: lane(0x1a, 8, ['v128', 'i32'], 'v128'),
    eq: simd(0x2d, ['v128', 'v128'], 'v128'),
    ne: simd(0x2e, ['v128', 'v128'], 'v128'),
    lt_s: simd(0x2f, ['v128', 'v128'], 'v128'),
    lt_u: simd(0x30, ['v128', 'v128'], 'v128'),
    gt_s: simd(0x31, ['v128', 'v128'], 'v128'),
    gt_u: simd(0x32, ['v128', 'v128'], 'v128'),
    le_s: simd(0x33, ['v128', 'v128'], 'v128'),
    le_u: simd(0x34, ['v128', 'v128'], 'v128'),
    ge_s: simd(0x35, ['v128', 'v128'], 'v128'),
    ge_u: simd(0x36, ['v128', 'v128'], 'v128'),
    extadd_pairwise_i8x16_s: simd(0x7c, ['v128'], 'v128'),
    extadd_pairwise_i8x16_u: simd(0x7d, ['v128'], 'v128'),
    abs: simd(0x80, ['v128'], 'v128'),
    neg: simd(0x81, ['v128'], 'v128'),
    q15mulr_sat_s: simd(0x82, ['v128', 'v128'], 'v128'),
    all_true: simd(0x83, ['v128'], 'i32'),
    bitmask: simd(0x84, ['v128'], 'i32'),
    narrow_i32x4_s: simd(0x85, ['v128', 'v128'], 'v128'),
    narrow_i32x4_u: simd(0x86, ['v128', 'v128'], 'v128'),
    extend_low_i8x16_s: simd(0x87, ['v128'], 'v128'),
    extend_high_i8x16_s: simd(0x88, ['v128'], 'v128'),
    extend_low_i8x16_u: simd(0x89, ['v128'], 'v128'),
    extend_high_i8x16_u: simd(0x8a, ['v128'], 'v128'),
    shl: simd(0x8b, ['v128', 'i32'], 'v128'),
    shr_s: simd(0x8c, ['v128', 'i32'], 'v128'),
    shr_u: simd(0x8d, ['v128', 'i32'], 'v128'),
    add: simd(0x8e, ['v128', 'v128'], 'v128'),
    add_sat_s: simd(0x8f, ['v128', 'v128'], 'v128'),
    add_sat_u: simd(0x90, ['v128', 'v128'], 'v128'),
    sub: simd(0x91, ['v128', 'v128'], 'v128'),
    sub_sat_s: simd(0x92, ['v128', 'v128'], 'v128'),
    sub_sat_u: simd(0x93, ['v128', 'v128'], 'v128'),
    mul: simd(0x95, ['v128', 'v128'], 'v128'),
    min_s: simd(0x96, ['v128', 'v128'], 'v128'),
    min_u: simd(0x97, ['v128', 'v128'], 'v128'),
    max_s: simd(0x98, ['v128', 'v128'], 'v128'),
    max_u: simd(0x99, ['v128', 'v128'], 'v128'),
    avgr_u: simd(0x9b, ['v128', 'v128'], 'v128'),
    extmul_low_i8x16_s: simd(0x9c, ['v128', 'v128'], 'v128'),
    extmul_high_i8x16_s: simd(0x9d, ['v128', 'v128'], 'v128'),
    extmul_low_i8x16_u: simd(0x9e, ['v128', 'v128'], 'v128'),
    extmul_high_i8x16_u: simd(0x9f, ['v128', 'v128'], 'v128'),
    relaxed_laneselect: simd(0x10a, ['v128', 'v128', 'v128'], 'v128'),
  },
  i32x4: {
    splat: simd(0x11, ['i32'], 'v128'),
    extract_lane: lane(0x1b, 4, ['v128'], 'i32'),
    replace_lane: lane(0x1c, 4, ['v128', 'i32'], 'v128'),
    eq: simd(0x37, ['v128', 'v128'], 'v128'),
    ne: simd(0x38, ['v128', 'v128'], 'v128'),
    lt_s: simd(0x39, ['v128', 'v128'], 'v128'),
    lt_u: simd(0x3a, ['v128', 'v128'], 'v128'),
    gt_s: simd(0x3b, ['v128', 'v128'], 'v128'),
    gt_u: simd(0x3c, ['v128', 'v128'], 'v128'),
    le_s: simd(0x3d, ['v128', 'v128'], 'v128'),
    le_u: simd(0x3e, ['v128', 'v128'], 'v128'),
    ge_s: simd(0x3f, ['v128', 'v128'], 'v128'),
    ge_u: simd(0x40, ['v128', 'v128'], 'v128'),
    extadd_pairwise_i16x8_s: simd(0x7e, ['v128'], 'v128'),
    extadd_pairwise_i16x8_u: simd(0x7f, ['v128'], 'v128'),
    abs: simd(0xa0, ['v128'], 'v128'),
    neg: simd(0xa1, ['v128'], 'v128'),
    all_true: simd(0xa3, ['v128'], 'i32'),
    bitmask: simd(0xa4, ['v128'], 'i32'),
    extend_low_i16x8_s: simd(0xa7, ['v128'], 'v128'),
    extend_high_i16x8_s: simd(0xa8, ['v128'], 'v128'),
    extend_low_i16x8_u: simd(0xa9, ['v128'], 'v128'),
    extend_high_i16x8_u: simd(0xaa, ['v128'], 'v128'),
    shl: simd(0xab, ['v128', 'i32'], 'v128'),
    shr_s: simd(0xac, ['v128', 'i32'], 'v128'),
    shr_u: simd(0xad, ['v128', 'i32'], 'v128'),
    add: simd(0xae, ['v128', 'v128'], 'v128'),
    sub: simd(0xb1, ['v128', 'v128'], 'v128'),
    mul: simd(0xb5, ['v128', 'v128'], 'v128'),
    min_s: simd(0xb6, ['v128', 'v128'], 'v128'),
    min_u: simd(0xb7, ['v128', 'v128'], 'v128'),
    max_s: simd(0xb8, ['v128', 'v128'], 'v128'),
    max_u: simd(0xb9, ['v128', 'v128'], 'v128'),
    dot_i16x8_s: simd(0xba, ['v128', 'v128'], 'v128'),
    extmul_low_i16x8_s: simd(0xbc, ['v128', 'v128'], 'v128'),
    extmul_high_i16x8_s: simd(0xbd, ['v128', 'v128'], 'v128'),
    extmul_low_i16x8_u: simd(0xbe, ['v128', 'v128'], 'v128'),
    extmul_high_i16x8_u: simd(0xbf, ['v128', 'v128'], 'v128'),
    trunc_sat_f32x4_s: simd(0xf8, ['v128'], 'v128'),
    trunc_sat_f32x4_u: simd(0xf9, ['v128'], 'v128'),
    trunc_sat_f64x2_s_zero: simd(0xfc, ['v128'], 'v128'),
    trunc_sat_f64x2_u_zero: simd(0xfd, ['v128'], 'v128'),
    relaxed_trunc_f32x4_s: simd(0x101, ['v128'], 'v128'),
    relaxed_trunc_f32x4_u: simd(0x102, ['v128'], 'v128'),
    relaxed_trunc_f64x2_s_zero: simd(0x103, ['v128'], 'v128'),
    relaxed_trunc_f64x2_u_zero: simd(0x104, ['v128'], 'v128'),
    relaxed_laneselect: simd(0x10b, ['v128', 'v128', 'v128'], 'v128'),
  },
  i64x2: {
    splat: simd(0x12, ['i64'], 'v128'),
    extract_lane: lane(0x1d, 2, ['v128'], 'i64'),
    replace_lane: lane(0x1e, 2, ['v128', 'i64'], 'v128'),
    eq: simd(0xd6, ['v128', 'v128'], 'v128'),
    ne: simd(0xd7, ['v128', 'v128'], 'v128'),
    lt_s: simd(0xd8, ['v128', 'v128'], 'v128'),
    gt_s: simd(0xd9, ['v128', 'v128'], 'v128'),
    le_s: simd(0xda, ['v128', 'v128'], 'v128'),
    ge_s: simd(0xdb, ['v128', 'v128'], 'v128'),
    abs: simd(0xc0, ['v128'], 'v128'),
    neg: simd(0xc1, ['v128'], 'v128'),
    all_true: simd(0xc3, ['v128'], 'i32'),
    bitmask: simd(0xc4, ['v128'], 'i32'),
    extend_low_i32x4_s: simd(0xc7, ['v128'], 'v128'),
    extend_high_i32x4_s: simd(0xc8, ['v128'], 'v128'),
    extend_low_i32x4_u: simd(0xc9, ['v128'], 'v128'),
    extend_high_i32x4_u: simd(0xca, ['v128'], 'v128'),
    shl: simd(0xcb, ['v128', 'i32'], 'v128'),
    shr_s: simd(0xcc, ['v128', 'i32'], 'v128'),
    shr_u: simd(0xcd, ['v128', 'i32'], 'v128'),
    add: simd(0xce, ['v128', 'v128'], 'v128'),
    sub: simd(0xd1, ['v128', 'v128'], 'v128'),
    mul: simd(0xd5, ['v128', 'v128'], 'v128'),
    extmul_low_i32x4_s: simd(0xdc, ['v128', 'v128'], 'v128'),
    extmul_high_i32x4_s: simd(0xdd, ['v128', 'v128'], 'v128'),
    extmul_low_i32x4_u: simd(0xde, ['v128', 'v128'], 'v128'),
    extmul_high_i32x4_u: simd(0xdf, ['v128', 'v128'], 'v128'),
    relaxed_laneselect: simd(0x10c, ['v128', 'v128', 'v128'], 'v128'),
  },
  f32x4: {
    splat: simd(0x13, ['f32'], 'v128'),
    extract_lane: lane(0x1f, 4, ['v128'], 'f32'),
    replace_lane: lane(0x20, 4, ['v128', 'f32'], 'v128'),
    eq: simd(0x41, ['v128', 'v128'], 'v128'),
    ne: simd(0x42, ['v128', 'v128'], 'v128'),
    lt: simd(0x43, ['v128', 'v128'], 'v128'),
    gt: simd(0x44, ['v128', 'v128'], 'v128'),
    le: simd(0x45, ['v128', 'v128'], 'v128'),
    ge: simd(0x46, ['v128', 'v128'], 'v128'),
    abs: simd(0xe0, ['v128'], 'v128'),
    neg: simd(0xe1, ['v128'], 'v128'),
    sqrt: simd(0xe3, ['v128'], 'v128'),
    ceil: simd(0x67, ['v128'], 'v128'),
    floor: simd(0x68, ['v128'], 'v128'),
    trunc: simd(0x69, ['v128'], 'v128'),
    nearest: simd(0x6a, ['v128'], 'v128'),
    add: simd(0xe4, ['v128', 'v128'], 'v128'),
    sub: simd(0xe5, ['v128', 'v128'], 'v128'),
    mul: simd(0xe6, ['v128', 'v128'], 'v128'),
    div: simd(0xe7, ['v128', 'v128'], 'v128'),
    min: simd(0xe8, ['v128', 'v128'], 'v128'),
    max: simd(0xe9, ['v128', 'v128'], 'v128'),
    pmin: simd(0xea, ['v128', 'v128'], 'v128'),
    pmax: simd(0xeb, ['v128', 'v128'], 'v128'),
    convert_i32x4_s: simd(0xfa, ['v128'], 'v128'),
    convert_i32x4_u: simd(0xfb, ['v128'], 'v128'),
    demote_f64x2_zero: simd(0x5e, ['v128'], 'v128'),
    relaxed_madd: simd(0x105, ['v128', 'v128', 'v128'], 'v128'),
    relaxed_nmadd: simd(0x106, ['v128', 'v128', 'v128'], 'v128'),
    relaxed_min: simd(0x10d, ['v128', 'v128'], 'v128'),
    relaxed_max: simd(0x10e, ['v128', 'v128'], 'v128'),
  },
  f64x2: {
    splat: simd(0x14, ['f64'], 'v128'),
    extract_lane: lane(0x21, 2, ['v128'], 'f64'),
    replace_lane: lane(0x22, 2, ['v128', 'f64'], 'v128'),
    eq: simd(0x47, ['v128', 'v128'], 'v128'),
    ne: simd(0x48, ['v128', 'v128'], 'v128'),
    lt: simd(0x49, ['v128', 'v128'], 'v128'),
    gt: simd(0x4a, ['v128', 'v128'], 'v128'),
    le: simd(0x4b, ['v128', 'v128'], 'v128'),
    ge: simd(0x4c, ['v128', 'v128'], 'v128'),
    abs: simd(0xec, ['v128'], 'v128'),
    neg: simd(0xed, ['v128'], 'v128'),
    sqrt: simd(0xef, ['v128'], 'v128'),
    ceil: simd(0x74, ['v128'], 'v128'),
    floor: simd(0x75, ['v128'], 'v128'),
    trunc: simd(0x7a, ['v128'], 'v128'),
    nearest: simd(0x94, ['v128'], 'v128'),
    add: simd(0xf0, ['v128', 'v128'], 'v128'),
    sub: simd(0xf1, ['v128', 'v128'], 'v128'),
    mul: simd(0xf2, ['v128', 'v128'], 'v128'),
    div: simd(0xf3, ['v128', 'v128'], 'v128'),
    min: simd(0xf4, ['v128', 'v128'], 'v128'),
    max: simd(0xf5, ['v128', 'v128'], 'v128'),
    pmin: simd(0xf6, ['v128', 'v128'], 'v128'),
    pmax: simd(0xf7, ['v128', 'v128'], 'v128'),
    convert_low_i32x4_s: simd(0xfe, ['v128'], 'v128'),
    convert_low_i32x4_u: simd(0xff, ['v128'], 'v128'),
    promote_low_f32x4: simd(0x5f, ['v128'], 'v128'),
    relaxed_madd: simd(0x107, ['v128', 'v128', 'v128'], 'v128'),
    relaxed_nmadd: simd(0x108, ['v128', 'v128', 'v128'], 'v128'),
    relaxed_min: simd(0x10f, ['v128', 'v128'], 'v128'),
    relaxed_max: simd(0x110, ['v128', 'v128'], 'v128'),
  },
  memory: {
    size: memory([0x3f, 0], [], 'i32'),
    grow: memory([0x40, 0], ['i32'], 'i32'),
    copy: memory([MISC, 0x0a, 0, 0], ['i32', 'i32', 'i32'], null),
    fill: memory([MISC, 0x0b, 0], ['i32', 'i32', 'i32'], null),
  },
} as const;

export type Opcodes = typeof OPCODES;
