/**
 * The instructions that the assembler knows: signature → runs of instructions, each with the opcode of its first mnemonic; the
 * others follow by ones. Mnemonics keep the specification's spelling, `i32.add` being the `add` of the table `i32`.
 *
 * Opcodes from 0xfc00 on have the prefix 0xfc; those on vectors all have the prefix 0xfd, which is not written. What else an
 * instruction needs to be told follows from its mnemonic: `load16x4_s` reads 4 × 16 bits, `extract_lane` names a lane.
 *
 * Source: https://webassembly.github.io/spec/core/appendix/index-instructions.html
 * Left out: atomics, tables, references, exceptions; control and locals are in assembler.ts.
 */

import type { Shape } from './assembler-encoding.ts';
import { LANES, unsigned } from './assembler-encoding.ts';

/** The types of values on the stack and in locals. */
export type ValType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export const OPCODES = {
  i32: {
    'i32 -> i32': [
      '0x28 load',
      '0x2c load8_s load8_u load16_s load16_u',
      '0x45 eqz',
      '0x67 clz ctz popcnt',
      '0xc0 extend8_s extend16_s',
    ],
    'i32 i32 ->': ['0x36 store', '0x3a store8 store16'],
    'i32 i32 -> i32': [
      '0x46 eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u',
      '0x6a add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr',
    ],
    'i64 -> i32': ['0xa7 wrap_i64'],
    'f32 -> i32': ['0xa8 trunc_f32_s trunc_f32_u', '0xbc reinterpret_f32', '0xfc00 trunc_sat_f32_s trunc_sat_f32_u'],
    'f64 -> i32': ['0xaa trunc_f64_s trunc_f64_u', '0xfc02 trunc_sat_f64_s trunc_sat_f64_u'],
  },
  i64: {
    'i32 -> i64': [
      '0x29 load',
      '0x30 load8_s load8_u load16_s load16_u load32_s load32_u',
      '0xac extend_i32_s extend_i32_u',
    ],
    'i32 i64 ->': ['0x37 store', '0x3c store8 store16 store32'],
    'i64 -> i32': ['0x50 eqz'],
    'i64 i64 -> i32': ['0x51 eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'],
    'i64 -> i64': ['0x79 clz ctz popcnt', '0xc2 extend8_s extend16_s extend32_s'],
    'i64 i64 -> i64': ['0x7c add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr'],
    'f32 -> i64': ['0xae trunc_f32_s trunc_f32_u', '0xfc04 trunc_sat_f32_s trunc_sat_f32_u'],
    'f64 -> i64': ['0xb0 trunc_f64_s trunc_f64_u', '0xbd reinterpret_f64', '0xfc06 trunc_sat_f64_s trunc_sat_f64_u'],
  },
  f32: {
    'i32 -> f32': ['0x2a load', '0xb2 convert_i32_s convert_i32_u', '0xbe reinterpret_i32'],
    'i32 f32 ->': ['0x38 store'],
    'f32 f32 -> i32': ['0x5b eq ne lt gt le ge'],
    'f32 -> f32': ['0x8b abs neg ceil floor trunc nearest sqrt'],
    'f32 f32 -> f32': ['0x92 add sub mul div min max copysign'],
    'i64 -> f32': ['0xb4 convert_i64_s convert_i64_u'],
    'f64 -> f32': ['0xb6 demote_f64'],
  },
  f64: {
    'i32 -> f64': ['0x2b load', '0xb7 convert_i32_s convert_i32_u'],
    'i32 f64 ->': ['0x39 store'],
    'f64 f64 -> i32': ['0x61 eq ne lt gt le ge'],
    'f64 -> f64': ['0x99 abs neg ceil floor trunc nearest sqrt'],
    'f64 f64 -> f64': ['0xa0 add sub mul div min max copysign'],
    'i64 -> f64': ['0xb9 convert_i64_s convert_i64_u', '0xbf reinterpret_i64'],
    'f32 -> f64': ['0xbb promote_f32'],
  },
  v128: {
    'i32 -> v128': [
      '0x00 load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u load8_splat load16_splat load32_splat load64_splat',
      '0x5c load32_zero load64_zero',
    ],
    'i32 v128 ->': ['0x0b store', '0x58 store8_lane store16_lane store32_lane store64_lane'],
    'i32 v128 -> v128': ['0x54 load8_lane load16_lane load32_lane load64_lane'],
    'v128 -> v128': ['0x4d not'],
    'v128 v128 -> v128': ['0x4e and andnot or xor'],
    'v128 v128 v128 -> v128': ['0x52 bitselect'],
    'v128 -> i32': ['0x53 any_true'],
  },
  i8x16: {
    'v128 v128 -> v128': [
      '0x0e swizzle',
      '0x23 eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u',
      '0x65 narrow_i16x8_s narrow_i16x8_u',
      '0x6e add add_sat_s add_sat_u sub sub_sat_s sub_sat_u',
      '0x76 min_s min_u max_s max_u',
      '0x7b avgr_u',
      '0x100 relaxed_swizzle',
    ],
    'i32 -> v128': ['0x0f splat'],
    'v128 -> i32': ['0x15 extract_lane_s extract_lane_u', '0x63 all_true bitmask'],
    'v128 i32 -> v128': ['0x17 replace_lane', '0x6b shl shr_s shr_u'],
    'v128 -> v128': ['0x60 abs neg popcnt'],
    'v128 v128 v128 -> v128': ['0x109 relaxed_laneselect'],
  },
  i16x8: {
    'i32 -> v128': ['0x10 splat'],
    'v128 -> i32': ['0x18 extract_lane_s extract_lane_u', '0x83 all_true bitmask'],
    'v128 i32 -> v128': ['0x1a replace_lane', '0x8b shl shr_s shr_u'],
    'v128 v128 -> v128': [
      '0x2d eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u',
      '0x82 q15mulr_sat_s',
      '0x85 narrow_i32x4_s narrow_i32x4_u',
      '0x8e add add_sat_s add_sat_u sub sub_sat_s sub_sat_u',
      '0x95 mul min_s min_u max_s max_u',
      '0x9b avgr_u extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u',
    ],
    'v128 -> v128': [
      '0x7c extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u',
      '0x80 abs neg',
      '0x87 extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u',
    ],
    'v128 v128 v128 -> v128': ['0x10a relaxed_laneselect'],
  },
  i32x4: {
    'i32 -> v128': ['0x11 splat'],
    'v128 -> i32': ['0x1b extract_lane', '0xa3 all_true bitmask'],
    'v128 i32 -> v128': ['0x1c replace_lane', '0xab shl shr_s shr_u'],
    'v128 v128 -> v128': [
      '0x37 eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u',
      '0xae add',
      '0xb1 sub',
      '0xb5 mul min_s min_u max_s max_u dot_i16x8_s',
      '0xbc extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u',
    ],
    'v128 -> v128': [
      '0x7e extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u',
      '0xa0 abs neg',
      '0xa7 extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u',
      '0xf8 trunc_sat_f32x4_s trunc_sat_f32x4_u',
      '0xfc trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero',
      '0x101 relaxed_trunc_f32x4_s relaxed_trunc_f32x4_u relaxed_trunc_f64x2_s_zero relaxed_trunc_f64x2_u_zero',
    ],
    'v128 v128 v128 -> v128': ['0x10b relaxed_laneselect'],
  },
  i64x2: {
    'i64 -> v128': ['0x12 splat'],
    'v128 -> i64': ['0x1d extract_lane'],
    'v128 i64 -> v128': ['0x1e replace_lane'],
    'v128 v128 -> v128': [
      '0xce add',
      '0xd1 sub',
      '0xd5 mul eq ne lt_s gt_s le_s ge_s extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u',
    ],
    'v128 -> v128': [
      '0xc0 abs neg',
      '0xc7 extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u',
    ],
    'v128 -> i32': ['0xc3 all_true bitmask'],
    'v128 i32 -> v128': ['0xcb shl shr_s shr_u'],
    'v128 v128 v128 -> v128': ['0x10c relaxed_laneselect'],
  },
  f32x4: {
    'f32 -> v128': ['0x13 splat'],
    'v128 -> f32': ['0x1f extract_lane'],
    'v128 f32 -> v128': ['0x20 replace_lane'],
    'v128 v128 -> v128': [
      '0x41 eq ne lt gt le ge',
      '0xe4 add sub mul div min max pmin pmax',
      '0x10d relaxed_min relaxed_max',
    ],
    'v128 -> v128': [
      '0x5e demote_f64x2_zero',
      '0x67 ceil floor trunc nearest',
      '0xe0 abs neg',
      '0xe3 sqrt',
      '0xfa convert_i32x4_s convert_i32x4_u',
    ],
    'v128 v128 v128 -> v128': ['0x105 relaxed_madd relaxed_nmadd'],
  },
  f64x2: {
    'f64 -> v128': ['0x14 splat'],
    'v128 -> f64': ['0x21 extract_lane'],
    'v128 f64 -> v128': ['0x22 replace_lane'],
    'v128 v128 -> v128': [
      '0x47 eq ne lt gt le ge',
      '0xf0 add sub mul div min max pmin pmax',
      '0x10f relaxed_min relaxed_max',
    ],
    'v128 -> v128': [
      '0x5f promote_low_f32x4',
      '0x74 ceil floor',
      '0x7a trunc',
      '0x94 nearest',
      '0xec abs neg',
      '0xef sqrt',
      '0xfe convert_low_i32x4_s convert_low_i32x4_u',
    ],
    'v128 v128 v128 -> v128': ['0x107 relaxed_madd relaxed_nmadd'],
  },
  memory: {
    '-> i32': ['0x3f size'],
    'i32 -> i32': ['0x40 grow'],
    'i32 i32 i32 ->': ['0xfc0a copy fill'],
  },
} as const;

export type Namespace = keyof typeof OPCODES;

/** What an instruction is told besides its operands: nothing, where in memory, which lane, or both. */
export type Kind = 'plain' | 'access' | 'lane' | 'laneAccess';

/** An instruction, as the table says. */
export interface Instruction {
  readonly mnemonic: string;
  readonly kind: Kind;
  readonly bytes: readonly number[];
  readonly takes: readonly ValType[];
  readonly gives: ValType | null;
  /** How many bytes it reads or writes, if it does. */
  readonly width: number;
  /** How many lanes it can be told. */
  readonly lanes: number;
}

const NATURAL_WIDTH: Partial<Record<Namespace, number>> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };

/** What the table says of each mnemonic of a namespace; `instruction` works the rest out, which for most is never asked. */
export function mnemonicsOf(namespace: Namespace): { mnemonic: string; instruction: () => Instruction }[] {
  return Object.entries<readonly string[]>(OPCODES[namespace]).flatMap(([signature, runs]) =>
    runs.flatMap((run) => {
      const [first, ...mnemonics] = run.split(' ');
      return mnemonics.map((mnemonic, i) => ({
        mnemonic,
        instruction: () => instructionOf(namespace, mnemonic, signature, Number(first) + i),
      }));
    }),
  );
}

function instructionOf(namespace: Namespace, mnemonic: string, signature: string, opcode: number): Instruction {
  const [takes, [gives = null]] = signature.split('->').map((side) => side.match(/\w+/g) ?? []) as ValType[][];
  const kind = kindOf(mnemonic);
  const width = widthOf(namespace, mnemonic);
  const lanes = kind === 'laneAccess' ? 16 / width : (LANES[namespace as Shape] ?? 0);
  return { mnemonic, kind, bytes: encode(namespace, mnemonic, opcode), takes, gives, width, lanes };
}

function kindOf(mnemonic: string): Kind {
  const ofLane = /_lane(_|$)/.test(mnemonic);
  return /^(load|store)/.test(mnemonic) ? (ofLane ? 'laneAccess' : 'access') : ofLane ? 'lane' : 'plain';
}

/** `load16x4_s` reads 4 × 16 bits, `store8` writes 8, `load` reads the whole. */
function widthOf(namespace: Namespace, mnemonic: string): number {
  const [, bits, count = 1] = /^[a-z]+(\d+)(?:x(\d+))?/.exec(mnemonic) ?? [];
  return bits === undefined ? (NATURAL_WIDTH[namespace] ?? 0) : (Number(bits) * Number(count)) / 8;
}

function encode(namespace: Namespace, mnemonic: string, opcode: number): number[] {
  const vector = namespace === 'v128' || namespace in LANES;
  const bytes = vector ? [0xfd, ...unsigned(opcode)] : opcode < 0xfc00 ? [opcode] : [0xfc, opcode & 0xff];
  // The index of the memory, which is always 0; a copy is from one to another.
  if (namespace === 'memory') bytes.push(0);
  if (mnemonic === 'copy') bytes.push(0);
  return bytes;
}

// ------------------------------------------------------------------------------------------ the same, as types

/** What a signature takes: the types up to the arrow. */
export type Takes<S> = S extends `${infer T extends ValType} ${infer Rest}` ? [T, ...Takes<Rest>] : [];

/** What a signature gives: the type after the arrow. */
export type Gives<S> = S extends `${string}-> ${infer T extends ValType}` ? T : null;

type Words<Text, Found = never> = Text extends `${infer Word} ${infer Rest}` ? Words<Rest, Found | Word> : Found | Text;
type Mnemonics<Run> = Run extends `${string} ${infer Rest}` ? Words<Rest> : never;

/** The pairs of mnemonic and signature of a namespace. */
export type Entries<N extends Namespace> = {
  [S in keyof (typeof OPCODES)[N]]: (typeof OPCODES)[N][S] extends readonly (infer Run)[]
    ? Mnemonics<Run> extends infer M extends string
      ? M extends string
        ? [mnemonic: M, signature: S]
        : never
      : never
    : never;
}[keyof (typeof OPCODES)[N]];
