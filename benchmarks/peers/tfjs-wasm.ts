/** TensorFlow.js on its WebAssembly backend, on one thread. Its runs are synchronous, and leave the result in its memory. */

import { fileURLToPath } from 'node:url';
import { count, type Peer, type Run, type Work } from '../row.ts';
import { loadLibrary, versionOf } from './load.ts';

interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype?: string): Disposable;
  cast(x: Disposable, dtype: string): Disposable;
  [op: string]: unknown;
}

interface Disposable {
  dispose(): void;
}

interface Wasm {
  setWasmPaths(folder: string): void;
  setThreadsCount(count: number): void;
}

type Op = (...args: unknown[]) => Disposable | Readonly<Record<string, Disposable>>;

const unaryNames: Record<string, string> = Object.fromEntries(
  [
    ...['relu', 'exp', 'log', 'tanh', 'sigmoid', 'erf', 'sqrt', 'rsqrt', 'sin', 'cos', 'tan', 'neg', 'abs', 'sign'],
    ...['reciprocal', 'floor', 'ceil', 'round', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'expm1', 'log1p'],
  ].map((name) => [name, name]),
);
const binaryNames: Record<string, string> = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div: 'div',
  pow: 'pow',
  maximum: 'maximum',
};
const reductionNames: Record<string, string> = { sum: 'sum', mean: 'mean', max: 'max', argmax: 'argMax' };

/** The work without what disposes of its result. */
function plan(tf: Tf, work: Work): { operands: Disposable[]; run: () => ReturnType<Op> } | null {
  const { op, shapes, dim, conv, pass = 'forward', transposed = [] } = work;
  if (pass !== 'forward') return null;
  const random = (shape: readonly number[]) =>
    tf.tensor(Float32Array.from({ length: count(shape) }, Math.random), shape);
  const integers = (length: number, below: number) =>
    tf.tensor(
      Int32Array.from({ length }, () => Math.floor(Math.random() * below)),
      [length],
      'int32',
    );
  const call = (name: string, operands: Disposable[], ...rest: unknown[]) => {
    const f = tf[name] as Op;
    return { operands, run: () => f(...operands, ...rest) };
  };
  const [first] = shapes;
  if (op in unaryNames) return call(unaryNames[op], [random(first)]);
  if (op in binaryNames || op === 'smallAdd') {
    return call(binaryNames[op] ?? 'add', [random(first), random(shapes[1] ?? first)]);
  }
  if (op in reductionNames) {
    if (op === 'argmax' && typeof dim !== 'number') return null;
    return call(reductionNames[op], [random(first)], ...(typeof dim === 'number' ? [dim] : []));
  }
  switch (op) {
    case 'matmul': {
      if (shapes.some((shape) => shape.length < 2)) return null;
      const stored = shapes.map((shape, i) => random(transposed[i] ? [...shape].reverse() : shape));
      return call('matMul', stored, transposed[0] ?? false, transposed[1] ?? false);
    }
    case 'conv': {
      if (conv === undefined || first.length !== 4 || conv.stride[0] !== conv.stride[1]) return null;
      const [n, channels, height, width] = first;
      const [out, inside, kernelHeight, kernelWidth] = shapes[1];
      const pads = conv.padding.map((p) => [p, p]);
      // it knows explicit padding, and channels last alone
      const args = [conv.stride, [[0, 0], ...pads, [0, 0]], 'NHWC', conv.dilation];
      const x = random([n, height, width, channels]);
      if (conv.groups === 1) return call('conv2d', [x, random([kernelHeight, kernelWidth, inside, out])], ...args);
      if (conv.groups !== channels || out !== channels) return null;
      return call('depthwiseConv2d', [x, random([kernelHeight, kernelWidth, channels, 1])], ...args);
    }
    case 'where':
      return call('where', [tf.cast(random(first), 'bool'), random(shapes[1]), random(shapes[2])]);
    case 'softmax':
      return dim === first.length - 1 ? call('softmax', [random(first)]) : null;
    case 'logSoftmax':
      return call('logSoftmax', [random(first)]);
    case 'transpose':
      return call('transpose', [random(first)]);
    case 'permute':
      return call('transpose', [random(first)], [0, 3, 1, 2]);
    case 'cat': {
      const parts = Array.from({ length: 4 }, () => random(first));
      const concat = tf.concat as Op;
      return { operands: parts, run: () => concat(parts, 1) };
    }
    case 'indexSelect':
      return call('gather', [random(first), integers(first[0], first[0])]);
    case 'topk':
      return call('topk', [random(first)], 10);
    case 'cumsum':
      return call('cumsum', [random(first)], 1);
    default:
      return null;
  }
}

function disposing(run: () => ReturnType<Op>): Run {
  return () => {
    const result = run();
    if (typeof result.dispose === 'function') result.dispose();
    else for (const tensor of Object.values(result)) tensor.dispose();
  };
}

export async function load(): Promise<Peer> {
  const tf = await loadLibrary<Tf>('@tensorflow/tfjs-core');
  const wasm = await loadLibrary<Wasm>('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(fileURLToPath(new URL('./node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)));
  wasm.setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) throw new Error('its WebAssembly backend does not start');
  await tf.ready();
  return {
    name: 'tfjs-wasm',
    version: versionOf('@tensorflow/tfjs-backend-wasm'),
    async prepare(work) {
      const planned = plan(tf, work);
      if (planned === null) return null;
      return {
        run: disposing(planned.run),
        release() {
          for (const operand of planned.operands) operand.dispose();
        },
      };
    },
  };
}
