/** Images at other sizes, and their blocks: PyTorch's speed at least, with the gradient too. */

import * as t from 'torsor';
import { count, type Line, type Row } from '../row.ts';

const F = t.nn.functional;
const shape = [8, 64, 56, 56];

/** A function of an image, and the same with the gradient of the image. `bytes` are read and written by the function. */
function rows(name: string, op: string, input: readonly number[], f: (x: t.Tensor) => t.Tensor): Row[] {
  const output = f(t.zeros(input)).shape;
  const bytes = 4 * (count(input) + count(output));
  const work = { op, shapes: [input] };
  const atLeast = { pytorch: 1 };
  return [
    {
      name,
      work,
      bytes,
      atLeast,
      make: () => {
        const x = t.rand(input);
        return () => f(x);
      },
    },
    {
      name: `${name}, with gradient`,
      work: { ...work, pass: 'both' },
      bytes: 2 * bytes,
      atLeast,
      make: () => {
        const x = t.rand(input).requiresGrad_(true);
        const grad = t.rand(output);
        return () => t.autograd.grad(f(x), [x], { gradOutputs: grad });
      },
    },
  ];
}

export function lines(): Line[] {
  const modes = ['nearest', 'bilinear', 'bicubic', 'area'] as const;
  return [
    ...modes.flatMap((mode) =>
      rows(`interpolate twofold, ${mode}, 8×64×56×56`, `interpolate_${mode}`, shape, (x) =>
        F.interpolate(x, { scaleFactor: 2, mode }),
      ),
    ),
    ...rows('unfold 3×3, 8×64×56×56', 'unfold', shape, (x) => F.unfold(x, 3, { padding: 1 })),
    ...rows('fold 3×3, 8×64×56×56', 'fold', [8, 576, 3136], (x) => F.fold(x, 56, 3, { padding: 1 })),
    ...rows('pixelShuffle by 2, 8×64×56×56', 'pixelShuffle', shape, (x) => F.pixelShuffle(x, 2)),
  ];
}
