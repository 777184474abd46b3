/** Convolutions: forward, and the gradients to the input and to the weight. */

import * as t from 'torsor';
import { type ConvWork, count, type Line, type Row, type Run } from '../row.ts';

interface Shape {
  readonly name: string;
  /** `[N, Cin, …]` */
  readonly input: readonly number[];
  readonly out: number;
  readonly kernel: readonly number[];
  readonly stride?: number;
  readonly padding?: readonly number[];
  readonly dilation?: number;
  readonly groups?: number;
  /** Times ONNX Runtime Web; left out for the layers of networks, whose steps are measured as wholes. */
  readonly times?: number;
  /** Only forward and under `noGrad`, where prepared weights are kept. */
  readonly isInference?: boolean;
}

function rowsOf(shape: Shape): Row[] {
  const { name, input, out, kernel, groups = 1, times } = shape;
  const spatial = kernel.map(() => 1);
  const conv: ConvWork = {
    stride: spatial.map(() => shape.stride ?? 1),
    padding: shape.padding ?? kernel.map((k) => ((k - 1) / 2) * (shape.dilation ?? 1)),
    dilation: spatial.map(() => shape.dilation ?? 1),
    groups,
  };
  const sizes = kernel.map((k, d) => {
    const extent = conv.dilation[d] * (k - 1) + 1;
    return Math.floor((input[2 + d] + 2 * conv.padding[d] - extent) / conv.stride[d]) + 1;
  });
  const weight = [out, input[1] / groups, ...kernel];
  const output = [input[0], out, ...sizes];
  const flops = 2 * count(output) * count(weight.slice(1));
  const apply = kernel.length === 1 ? t.conv1d : t.conv2d;
  const options = { ...conv, stride: [...conv.stride], padding: [...conv.padding], dilation: [...conv.dilation] };

  const forward = (): Run => {
    const [x, w] = [t.rand(...input), t.rand(...weight)];
    return () => apply(x, w, options);
  };
  const toInput = (): Run => {
    const [grad, w] = [t.rand(...output), t.rand(...weight)];
    return () => t.convBackwardInput(grad, w, input, conv);
  };
  const toWeight = (): Run => {
    const [grad, x] = [t.rand(...output), t.rand(...input)];
    return () => t.convBackwardWeight(grad, x, weight, conv);
  };
  const work = (pass: 'forward' | 'input' | 'weight') => ({ op: 'conv', shapes: [input, weight], conv, pass });
  const like = { name: 'the forward', flops, make: forward };
  const atLeast = { like: 0.8 };
  if (shape.isInference) {
    const kept = (): Run => {
      const run = forward();
      return () => t.noGrad(run);
    };
    return [{ name, work: work('forward'), flops, make: kept, like, atLeast: { like: 1, 'onnxruntime-web': 3 } }];
  }
  return [
    { name, work: work('forward'), flops, make: forward, ...(times && { atLeast: { 'onnxruntime-web': times } }) },
    { name: `${name}, to input`, work: work('input'), flops, make: toInput, like, atLeast },
    { name: `${name}, to weight`, work: work('weight'), flops, make: toWeight, like, atLeast },
  ];
}

const square = (n: number, channels: number, size: number) => [n, channels, size, size];

const shapes: readonly Shape[] = [
  { name: 'conv 3×3 64→64, 56²', input: square(1, 64, 56), out: 64, kernel: [3, 3], times: 3 },
  { name: 'conv 3×3 128→128, 28²', input: square(1, 128, 28), out: 128, kernel: [3, 3], times: 3 },
  { name: 'conv 3×3 256→256, 14²', input: square(1, 256, 14), out: 256, kernel: [3, 3], times: 3 },
  {
    name: 'conv 3×3 256→256, 14², inference',
    input: square(1, 256, 14),
    out: 256,
    kernel: [3, 3],
    isInference: true,
  },
  { name: 'conv 3×3 512→512, 7², inference', input: square(1, 512, 7), out: 512, kernel: [3, 3], isInference: true },
  { name: 'conv 3×3 24→40, 30×31', input: [1, 24, 30, 31], out: 40, kernel: [3, 3], times: 3 },
  { name: 'conv 5×5 1→32, 28², batch 8', input: square(8, 1, 28), out: 32, kernel: [5, 5], times: 1.8 },
  {
    name: 'conv 5×5 20→50, 12², batch 32',
    input: square(32, 20, 12),
    out: 50,
    kernel: [5, 5],
    padding: [0, 0],
    times: 1.8,
  },
  { name: 'conv 3×5 20→16, 64×128', input: [1, 20, 64, 128], out: 16, kernel: [3, 5], times: 1.8 },
  { name: 'conv 3×3 stride 2, 64→128, 56²', input: square(1, 64, 56), out: 128, kernel: [3, 3], stride: 2, times: 1.8 },
  {
    name: 'conv 3×3 dilation 2, 64→64, 28²',
    input: square(1, 64, 28),
    out: 64,
    kernel: [3, 3],
    dilation: 2,
    times: 1.8,
  },
  {
    name: 'conv 7×7 stem, stride 2, 3→64, 224²',
    input: square(1, 3, 224),
    out: 64,
    kernel: [7, 7],
    stride: 2,
    times: 1.8,
  },
  { name: 'conv1d 9, 2→16, 4096, batch 8', input: [8, 2, 4096], out: 16, kernel: [9], times: 1.8 },
  { name: 'conv1d 9, stride 2, 2→16, 4096, batch 8', input: [8, 2, 4096], out: 16, kernel: [9], stride: 2, times: 1.8 },
  { name: 'conv1d 9, 64→64, 1024', input: [1, 64, 1024], out: 64, kernel: [9], times: 1.8 },
  { name: 'conv1d 9, stride 2, 64→64, 1024', input: [1, 64, 1024], out: 64, kernel: [9], stride: 2, times: 1.8 },
  { name: 'depthwise 3×3, 64, 56²', input: square(1, 64, 56), out: 64, kernel: [3, 3], groups: 64, times: 1.5 },
  { name: 'depthwise 5×5, 64, 56²', input: square(1, 64, 56), out: 64, kernel: [5, 5], groups: 64, times: 1.5 },
  {
    name: 'grouped 3×3, 4 groups, 64→64, 28²',
    input: square(1, 64, 28),
    out: 64,
    kernel: [3, 3],
    groups: 4,
    times: 1.5,
  },
  { name: 'conv 1×1 64→128, 28²', input: square(1, 64, 28), out: 128, kernel: [1, 1], times: 1.5 },
  { name: 'ResNet-20 3→16, 32², batch 32', input: square(32, 3, 32), out: 16, kernel: [3, 3] },
  { name: 'ResNet-20 16→16, 32², batch 32', input: square(32, 16, 32), out: 16, kernel: [3, 3] },
  { name: 'ResNet-20 32→32, 16², batch 32', input: square(32, 32, 16), out: 32, kernel: [3, 3] },
  { name: 'ResNet-20 64→64, 8², batch 32', input: square(32, 64, 8), out: 64, kernel: [3, 3] },
  { name: 'ResNet-20 stride 2, 16→32, 32², batch 32', input: square(32, 16, 32), out: 32, kernel: [3, 3], stride: 2 },
  { name: 'ResNet-20 stride 2, 32→64, 16², batch 32', input: square(32, 32, 16), out: 64, kernel: [3, 3], stride: 2 },
  {
    name: 'ResNet-20 1×1 stride 2, 16→32, 32², batch 32',
    input: square(32, 16, 32),
    out: 32,
    kernel: [1, 1],
    stride: 2,
  },
  {
    name: 'ResNet-20 1×1 stride 2, 32→64, 16², batch 32',
    input: square(32, 32, 16),
    out: 64,
    kernel: [1, 1],
    stride: 2,
  },
  { name: 'LeNet 5×5 1→20, 28², batch 64', input: square(64, 1, 28), out: 20, kernel: [5, 5], padding: [0, 0] },
  { name: 'LeNet 5×5 20→50, 12², batch 64', input: square(64, 20, 12), out: 50, kernel: [5, 5], padding: [0, 0] },
  { name: 'Conv1d net 9 stride 2, 2→16, 32×4096', input: [32, 2, 4096], out: 16, kernel: [9], stride: 2 },
  { name: 'Conv1d net 9 stride 2, 16→32, 32×2048', input: [32, 16, 2048], out: 32, kernel: [9], stride: 2 },
  { name: 'Conv1d net 9 stride 2, 32→64, 32×1024', input: [32, 32, 1024], out: 64, kernel: [9], stride: 2 },
];

export function lines(): Line[] {
  return shapes.flatMap(rowsOf);
}
