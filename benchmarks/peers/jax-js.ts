/** jax-js on WebAssembly, each workload under its `jit`. Operands are consumed, hence `.ref`; results are waited for. */

import { count, type Peer, type Work } from '../row.ts';
import { hideWorkers, loadLibrary, versionOf } from './load.ts';

interface JaxArray {
  readonly ref: JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  blockUntilReady(): Promise<JaxArray>;
  dispose(): void;
}

type Op = (...args: unknown[]) => JaxArray;
type Namespace = Readonly<Record<string, Op>>;

interface Jax {
  init(device: string): Promise<unknown>;
  defaultDevice(device: string): unknown;
  jit(f: (...args: JaxArray[]) => JaxArray): (...args: JaxArray[]) => JaxArray;
  readonly numpy: Namespace;
  readonly nn: Namespace;
  readonly lax: Namespace;
}

const numpyNames: Record<string, string> = Object.fromEntries(
  [
    ...[
      'exp',
      'log',
      'tanh',
      'sqrt',
      'sin',
      'cos',
      'tan',
      'abs',
      'sign',
      'reciprocal',
      'floor',
      'ceil',
      'trunc',
      'exp2',
    ],
    ...[
      'expm1',
      'log1p',
      'log2',
      'log10',
      'sinh',
      'cosh',
      'arcsin',
      'arccos',
      'arctan',
      'add',
      'pow',
      'where',
      'cumsum',
    ],
    ...['arcsinh', 'arccosh', 'arctanh', 'isnan', 'isinf', 'isfinite', 'transpose'],
  ].map((name) => [name.replace('arc', 'a'), name]),
);
const spelled: Record<string, string> = { neg: 'negative', mul: 'multiply', smallAdd: 'add' };
const nnNames = ['relu', 'sigmoid', 'gelu', 'silu', 'mish'];
const reductionNames = ['sum', 'mean', 'max', 'argmax', 'var'];

function functionOf({ numpy, nn, lax }: Jax, work: Work): Op | null {
  const { op, dim, conv, pass = 'forward', transposed = [] } = work;
  if (pass !== 'forward') return null;
  if (nnNames.includes(op)) return nn[op];
  if (op === 'erf') return lax.erf;
  if (reductionNames.includes(op)) {
    const f = numpy[op === 'var' ? 'var_' : op];
    return typeof dim === 'number' ? (x) => f(x, dim) : (x) => f(x);
  }
  if (op === 'softmax') return (x) => nn.softmax(x, dim);
  if (op === 'logSoftmax') return (x) => nn.logSoftmax(x, dim);
  if (op === 'smallAdd') return (x) => numpy.add((x as JaxArray).ref, x);
  if (op === 'permute') return (x) => numpy.transpose(x, [0, 3, 1, 2]);
  if (op === 'cumsum') return (x) => numpy.cumsum(x, 1);
  if (op === 'matmul') {
    const turned = (x: unknown, i: number) => (transposed[i] ? numpy.transpose(x) : x);
    return (a, b) => numpy.matmul(turned(a, 0), turned(b, 1));
  }
  if (op === 'conv' && conv !== undefined) {
    const padding = conv.padding.map((p) => [p, p]);
    const rest = { rhsDilation: conv.dilation, featureGroupCount: conv.groups };
    return (x, w) => lax.convGeneralDilated(x, w, conv.stride, padding, rest);
  }
  return numpy[spelled[op] ?? numpyNames[op] ?? ''] ?? null;
}

export async function load(): Promise<Peer> {
  hideWorkers();
  const jax = await loadLibrary<Jax>('@jax-js/jax');
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  const random = (shape: readonly number[]) =>
    jax.numpy.array(Float32Array.from({ length: count(shape) }, Math.random)).reshape(shape);
  return {
    name: 'jax-js',
    version: versionOf('@jax-js/jax'),
    async prepare(work) {
      hideWorkers();
      const f = functionOf(jax, work);
      if (f === null) return null;
      const { shapes, transposed = [] } = work;
      const operands = shapes.map((shape, i) => random(transposed[i] ? [...shape].reverse() : shape));
      if (work.op === 'where') operands[0] = jax.numpy.greater(operands[0], 0.5);
      const compiled = jax.jit(f as (...args: JaxArray[]) => JaxArray);
      return {
        async run() {
          hideWorkers();
          const result = await compiled(...operands.map((x) => x.ref)).blockUntilReady();
          result.dispose();
        },
        release() {
          for (const operand of operands) operand.dispose();
        },
      };
    },
  };
}
