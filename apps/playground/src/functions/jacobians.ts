/**
 * The two Jacobians that `gradcheck` compares: from forward alone, by moving each entry of the input a little; and from backward, by
 * one pass for each entry of the output. Its verdict is its own; this shows what it is about.
 */

import type { Tensor } from 'torsor';
import { autograd, isFloating, isTensor, tensor, zerosLike } from 'torsor';
import type { Check, Table } from './check.ts';
import { MAX_ENTRIES } from './check.ts';

type Gradcheck = typeof autograd.gradcheck;
type Func = (...inputs: readonly unknown[]) => unknown;

/** The defaults of gradcheck. */
const EPS = 1e-6;
const ATOL = 1e-5;
const RTOL = 1e-3;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
const numbersOf = (x: Tensor): number[] =>
  Array.from(x.detach().contiguous().toTypedArray() as ArrayLike<number>, Number);
const floats = (values: unknown): Tensor[] =>
  listOf(values).filter((value): value is Tensor => isTensor(value) && isFloating(value.dtype));

/** The outputs with one entry of one input moved. */
function moved(func: Func, args: readonly unknown[], at: number, entry: number, by: number): number[][] {
  const x = args[at] as Tensor;
  const data = numbersOf(x);
  data[entry] += by;
  const copy = tensor(data, { dtype: x.dtype }).reshape(x.shape).requiresGrad_();
  return floats(func(...args.map((arg, i) => (i === at ? copy : arg)))).map(numbersOf);
}

/** One table for each output and each input that requires a gradient. */
export function tablesOf(func: Func, args: readonly unknown[], eps = EPS, atol = ATOL, rtol = RTOL): Table[] {
  const inputs = args.flatMap((arg, at) => (isTensor(arg) && arg.requiresGrad ? [{ x: arg, at }] : []));
  const outputs = floats(func(...args));
  if ([...outputs, ...inputs.map(({ x }) => x)].some((x) => x.numel() > MAX_ENTRIES)) return [];
  const numerical = inputs.map(({ x, at }) =>
    Array.from({ length: x.numel() }, (_, entry) => {
      const above = moved(func, args, at, entry, eps);
      const below = moved(func, args, at, entry, -eps);
      return above.map((values, o) => values.map((value, r) => (value - below[o][r]) / (2 * eps)));
    }),
  );
  return outputs.flatMap((output, o) => {
    const rows = Array.from({ length: output.numel() }, (_, r) => {
      if (!output.requiresGrad) return inputs.map(() => null);
      const seed = zerosLike(output).detach().reshape(-1);
      seed.setAt([r], 1);
      const options = { retainGraph: true, allowUnused: true } as const;
      return autograd.grad(
        output,
        inputs.map(({ x }) => x),
        seed.reshape(output.shape),
        options,
      );
    });
    return inputs.map(({ x, at }, i): Table => {
      const columns = x.numel();
      const analytical = rows.flatMap((gradients) => {
        const gradient = gradients[i];
        return gradient === null ? Array<number>(columns).fill(0) : numbersOf(gradient);
      });
      const differences = rows.flatMap((_, r) => Array.from({ length: columns }, (_, c) => numerical[i][c][o][r]));
      const wrong = analytical.map((a, entry) => {
        const n = differences[entry];
        return !(a === n || Math.abs(a - n) <= atol + rtol * Math.abs(n));
      });
      return {
        output: o,
        input: at,
        outputShape: [...output.shape],
        inputShape: [...x.shape],
        numerical: differences,
        analytical,
        wrong,
      };
    });
  });
}

/** A `gradcheck` that judges as Torsor's does, and tells what it has judged. */
export function watchGradcheck(
  gradcheck: Gradcheck,
  lineNow: () => number | undefined,
  tell: (check: Check) => void,
): Gradcheck {
  return (func, inputs, options = {}) => {
    const line = lineNow();
    let tables: Table[] = [];
    try {
      tables = tablesOf(func as Func, listOf(inputs), options.eps, options.atol, options.rtol);
    } catch {
      // gradcheck meets the same, and says it better
    }
    try {
      const passed = gradcheck(func, inputs, options);
      tell({ line, tables, failure: passed ? undefined : 'gradcheck returned false' });
      return passed;
    } catch (error) {
      tell({ line, tables, failure: (error as Error).message });
      throw error;
    }
  };
}
