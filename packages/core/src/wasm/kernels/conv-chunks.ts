/**
 * Partial results of chunks of positions, added in order: what makes more tasks of a sum over positions, with the same
 * bits however many threads there are.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Local } from '../assembler.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import type { Element } from './gemm-micro.ts';
import { elementOf, repeat, scalarOf } from './gemm-micro.ts';
import { evenBlock, taskArgs } from './gemm-plan.ts';

/** Elements that a task adds up, at most. */
const TASK_ELEMENTS = 1 << 14;
/** Nanoseconds that an element of a list takes, about. */
const NS = 0.15;

/** `count` elements at `out`, the sum of `chunks` lists of as many at `parts`. */
export function sumChunksLaunch(dtype: FloatDType, parts: number, out: number, chunks: number, count: number): Launch {
  // An even number of tasks, since there are but a few.
  const taskCount = evenBlock(Math.ceil(count / 2), TASK_ELEMENTS, 4);
  return {
    name: `${elementOf(dtype).type}_conv_chunks`,
    emit: EMITTERS[dtype],
    entry: 'sumChunks',
    args: taskArgs(SUM_CHUNKS, { parts, out, chunks, count, taskCount }),
    tasks: Math.ceil(count / taskCount),
    ns: chunks * count * NS,
    scratchBytes: 0,
  };
}

const EMITTERS: Record<FloatDType, Emitter> = {
  float32: (code) => emitSumChunks(code, elementOf('float32')),
  float64: (code) => emitSumChunks(code, elementOf('float64')),
};

const SUM_CHUNKS = {
  task: 'i32',
  scratch: 'i32',
  parts: 'i32',
  out: 'i32',
  chunks: 'i32',
  count: 'i32',
  taskCount: 'i32',
} as const;

/** sumChunks: out[i] = parts[0][i] + parts[1][i] + …, in order; zero where there are no chunks */
function emitSumChunks(code: Assembler, element: Element): void {
  const { i32, v128 } = code;
  const { bytes, lanes } = element;
  const scalar = scalarOf(code, element);
  const vector = bytes === 4 ? code.f32x4 : code.f64x2;
  exportTasks(code, 'sumChunks', SUM_CHUNKS, ({ task, parts, out, chunks, count, taskCount }) => {
    const i = code.local('i32', i32.mul(task, taskCount));
    const end = code.local('i32', i32.add(i, taskCount));
    end.set(code.least(end, count));
    const vectorEnd = code.local('i32', i32.sub(end, i32.and(i32.sub(end, i), lanes - 1)));
    const [at, left] = code.locals('i32', 2);
    const sums = code.local('v128');
    const sum = code.local(element.type) as Local<'f32'>;
    const step = code.local('i32', code.scale(count, bytes));
    const forLists = (body: () => void) => {
      at.set(code.index(parts, i, bytes));
      code.if(left.tee(chunks), () => {
        repeat(code, left, () => {
          body();
          code.increase(at, step);
        });
      });
    };
    code.whileLess(i, vectorEnd, () => {
      sums.set(vector.const(0));
      forLists(() => sums.set(vector.add(sums, v128.load(at))));
      v128.store(code.index(out, i, bytes), sums);
      code.increase(i, lanes);
    });
    code.whileLess(i, end, () => {
      sum.set(0);
      forLists(() => sum.set(scalar.add(sum, scalar.load(at))));
      scalar.store(code.index(out, i, bytes), sum);
      code.increase(i, 1);
    });
  });
}
