/**
 * Convolutions, run. What a shape needs and launches is planned once and remembered: a call then only fills in addresses, which
 * for a small convolution takes less time than the kernel does.
 *
 * Plans are made with stand-ins for the addresses: k · 2⁴⁰ for the k-th of them, to which a plan adds offsets below 2⁴⁰. So what
 * an argument is above 2⁴⁰ says which address goes there. All other arguments are below.
 */

import { executor } from '../executor.ts';
import type { Features } from '../features.ts';
import { features } from '../features.ts';
import type { Launch } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convForwardLaunches, convForwardMemory } from './conv.ts';
import { convBackwardInputLaunches, convBackwardInputMemory } from './conv-input.ts';
import type { ConvDirection } from './conv-path.ts';
import { shapeKey } from './conv-path.ts';
import { convBackwardWeightLaunches, convBackwardWeightMemory } from './conv-weight.ts';

/** Memory that the launches of a convolution share, and that of each thread. */
export interface ConvMemory {
  readonly sharedBytes: number;
  readonly scratchBytes: number;
}

/**
 * The addresses of a convolution: its operands in the order of the ops (`input, weight, bias`; `gradOutput, weight, bias`;
 * `gradOutput, input, 0`), 0 for no bias, and its result.
 */
export type ConvPointers = readonly [first: number, second: number, bias: number, out: number];

interface Way {
  memory(c: ConvShape): ConvMemory;
  launches(c: ConvShape, pointers: ConvPointers, sharedPtr: number): Launch[];
}

const WAYS: Readonly<Record<ConvDirection, Way>> = {
  forward: {
    memory: convForwardMemory,
    launches: (c, [xPtr, wPtr, biasPtr, outPtr], shared) =>
      convForwardLaunches({ ...c, xPtr, wPtr, biasPtr, outPtr }, shared),
  },
  input: {
    memory: convBackwardInputMemory,
    launches: (c, [gradPtr, wPtr, biasPtr, outPtr], shared) =>
      convBackwardInputLaunches({ ...c, gradPtr, wPtr, biasPtr, outPtr }, shared),
  },
  weight: {
    memory: convBackwardWeightMemory,
    launches: (c, [gradPtr, xPtr, , outPtr], shared) =>
      convBackwardWeightLaunches({ ...c, gradPtr, xPtr, outPtr }, shared),
  },
};

/** A launch whose addresses are still to be filled in: which argument, which address, how far behind it. */
interface Template extends Launch {
  readonly args: number[];
  readonly places: readonly (readonly [arg: number, pointer: number, offset: number])[];
}

/** How one shape is computed in one direction. */
export interface ConvProgram extends ConvMemory {
  readonly templates: readonly Template[];
}

const STAND_IN = 2 ** 40;
/** Shapes repeat: programs are remembered, for so many of them. */
const MOST_PROGRAMS = 512;
const programs = new Map<string, ConvProgram>();

/** What a program was last asked for with. */
interface Asked {
  readonly direction: ConvDirection;
  readonly c: ConvShape;
  readonly hasBias: boolean;
  readonly threads: number;
  readonly features: Features;
  readonly program: ConvProgram;
}

/** The last in each slot: to make a key for the map takes as long as all else that a call does before it launches. */
const SLOTS = 256;
const asked: (Asked | undefined)[] = new Array(SLOTS).fill(undefined);

/** Any function of the shape would do; by the names of the directions, of 7, 5 and 6 letters, those of one layer lie in slots of their own. */
function slotOf(direction: ConvDirection, c: ConvShape): number {
  const channels = Math.imul(31, c.cin) ^ Math.imul(131, c.cout) ^ Math.imul(541, c.groups);
  const sizes = Math.imul(7, c.h) ^ Math.imul(61, c.w) ^ Math.imul(257, c.n) ^ Math.imul(1031, c.kh * 16 + c.kw);
  const hash = channels ^ sizes ^ Math.imul(2053, c.strideW) ^ direction.length;
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (SLOTS - 1);
}

function sameConv(a: ConvShape, b: ConvShape): boolean {
  return (
    a.n === b.n &&
    a.cin === b.cin &&
    a.h === b.h &&
    a.w === b.w &&
    a.cout === b.cout &&
    a.kh === b.kh &&
    a.kw === b.kw &&
    a.oh === b.oh &&
    a.ow === b.ow &&
    a.groups === b.groups &&
    a.strideH === b.strideH &&
    a.strideW === b.strideW &&
    a.padTop === b.padTop &&
    a.padLeft === b.padLeft &&
    a.dilationH === b.dilationH &&
    a.dilationW === b.dilationW &&
    a.dtype === b.dtype &&
    a.keepsWeights === b.keepsWeights
  );
}

/** The program of a shape, which is that of the forward convolution. */
export function convProgram(direction: ConvDirection, c: ConvShape, hasBias: boolean): ConvProgram {
  const { threads } = executor();
  const target = features();
  const slot = slotOf(direction, c);
  const last = asked[slot];
  const isSame = last?.direction === direction && last.hasBias === hasBias && sameConv(last.c, c);
  if (isSame && last.threads === threads && last.features === target) return last.program;
  const program = plannedProgram(direction, c, hasBias);
  asked[slot] = { direction, c, hasBias, threads, features: target, program };
  return program;
}

function plannedProgram(direction: ConvDirection, c: ConvShape, hasBias: boolean): ConvProgram {
  const key = `${shapeKey(direction, c)} ${hasBias} ${executor().threads} ${c.keepsWeights}`;
  let program = programs.get(key);
  if (program === undefined) {
    const { memory, launches } = WAYS[direction];
    const { sharedBytes, scratchBytes } = memory(c);
    const pointers: ConvPointers = [STAND_IN, 2 * STAND_IN, hasBias ? 3 * STAND_IN : 0, 4 * STAND_IN];
    program = { sharedBytes, scratchBytes, templates: launches(c, pointers, 5 * STAND_IN).map(templateOf) };
    if (programs.size === MOST_PROGRAMS) programs.clear();
    programs.set(key, program);
  }
  return program;
}

function templateOf(launch: Launch): Template {
  const places = launch.args.flatMap((value, arg): Template['places'] =>
    value < STAND_IN ? [] : [[arg, Math.floor(value / STAND_IN) - 1, value % STAND_IN]],
  );
  // Without the stand-ins, which are no small integers: a list that has ever held one boxes every number that it passes to a kernel.
  const args: number[] = [];
  for (const value of launch.args) args.push(value < STAND_IN ? value : 0);
  return { ...launch, args, places };
}

/**
 * The launches of a program, one after the other; `sharedPtr` has its `sharedBytes` bytes. They are the program's own, with addresses
 * filled in: the next call fills in others.
 */
export function convLaunches({ templates }: ConvProgram, pointers: ConvPointers, sharedPtr: number): readonly Launch[] {
  for (const { args, places } of templates) {
    for (const [arg, pointer, offset] of places) args[arg] = (pointer === 4 ? sharedPtr : pointers[pointer]) + offset;
  }
  return templates;
}

/**
 * Runs a program; there are `program.sharedBytes` at `sharedPtr` and `program.scratchBytes` at `scratchPtr`, both aligned to 64. All launches
 * of a forward program but the last need only the weights, and what they leave at `sharedPtr` is good for further calls, `isPrepared`.
 */
export function runConv(
  program: ConvProgram,
  memory: WebAssembly.Memory,
  pointers: ConvPointers,
  sharedPtr: number,
  scratchPtr: number,
  isPrepared = false,
): void {
  const launches = convLaunches(program, pointers, sharedPtr);
  for (const launch of isPrepared ? launches.slice(-1) : launches) executor().run(launch, memory, scratchPtr);
}
