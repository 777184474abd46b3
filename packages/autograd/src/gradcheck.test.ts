import { DTypeError, NotImplementedError, type Tensor, tensor, ValueError } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Function, type FunctionContext, GradcheckError, gradcheck, gradgradcheck } from './index.ts';

const point = (values: number[] = [0.5, -1.5]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

class WrongSquare extends Function {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    ctx.saveForBackward(x);
    return x.mul(x);
  }

  static backward(ctx: FunctionContext, g: Tensor): Tensor {
    const [x] = ctx.savedTensors;
    return g.mul(x);
  }
}

test('right gradients pass, of one or several inputs and outputs, whatever their layout', () => {
  assert.is(
    gradcheck((x: Tensor) => x.mul(x).sum(), point()),
    true,
  );
  assert.is(
    gradcheck((x: Tensor, y: Tensor) => [x.mul(y), x.sub(y).sin()], [point(), point([2, 3])]),
    true,
  );
  const transposed = tensor(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { dtype: 'float64' },
  )
    .t()
    .requiresGrad_();
  assert.is(
    gradcheck((x: Tensor) => x.mul(x), transposed),
    true,
  );
  assert.is(
    gradcheck((x: Tensor, k: number) => [x.mul(k), x.gt(0)], [point(), 3]),
    true,
  );
});

test('a wrong gradient throws with both Jacobians, or returns false', () => {
  assert.throws(
    () => gradcheck((x: Tensor) => WrongSquare.apply(x), point()),
    (e: unknown) =>
      e instanceof GradcheckError &&
      /Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor\(\[\[ 1\.0000, {2}0\.0000\],\n\s+\[ 0\.0000, -3\.0000\]\], dtype=torch\.float64\)\nanalytical:tensor\(\[\[ 0\.5000/.test(
        (e as Error).message,
      ),
  );
  assert.is(
    gradcheck((x: Tensor) => WrongSquare.apply(x), point(), { raiseException: false }),
    false,
  );
});

test('the inputs are as they were, also when the function throws', () => {
  const x = point();
  gradcheck((t: Tensor) => t.exp(), x);
  assert.equal(x.toArray(), [0.5, -1.5]);
  let calls = 0;
  assert.throws(() =>
    gradcheck((t: Tensor) => {
      if (++calls === 3) throw new Error('third');
      return t.exp();
    }, x),
  );
  assert.equal(x.toArray(), [0.5, -1.5]);
});

test('inputs must be float64, not expanded, and require a gradient', () => {
  assert.throws(
    () => gradcheck((x: Tensor) => x, tensor([1], { requiresGrad: true })),
    (e: unknown) => e instanceof DTypeError && /input 0 is float32/.test((e as Error).message),
  );
  assert.throws(
    () => gradcheck((x: Tensor) => x, tensor([1], { dtype: 'float64' })),
    (e: unknown) =>
      e instanceof ValueError && /at least one input tensor to require gradient/.test((e as Error).message),
  );
  assert.throws(
    () => gradcheck((x: Tensor) => x.mul(2), tensor([1], { dtype: 'float64' }).expand(3).requiresGrad_()),
    (e: unknown) => e instanceof ValueError && /stride 0/.test((e as Error).message),
  );
  assert.throws(
    () => gradcheck((x: Tensor) => x, point(), { fastMode: true }),
    (e: unknown) => e instanceof NotImplementedError,
  );
  assert.throws(
    () => gradcheck((x: Tensor) => x, point(), { epsilon: 1 } as never),
    (e: unknown) => e instanceof ValueError && /known options are eps, atol/.test((e as Error).message),
  );
});

test('a function whose outputs carry no gradient must be constant', () => {
  assert.is(
    gradcheck((x: Tensor) => x.detach().mul(0), point()),
    true,
  );
  assert.throws(
    () => gradcheck((x: Tensor) => x.detach().mul(2), point()),
    (e: unknown) => e instanceof GradcheckError && /expected to be zero/.test((e as Error).message),
  );
});

test('a backward that forgets the gradient of its output is found', () => {
  class Forgets extends Function {
    static forward(ctx: FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x).sum();
    }

    static backward(ctx: FunctionContext): Tensor {
      return ctx.savedTensors[0].mul(2);
    }
  }
  assert.throws(
    () => gradcheck((x: Tensor) => Forgets.apply(x), point()),
    (e: unknown) => e instanceof GradcheckError && /backward not multiplied by grad_output/.test((e as Error).message),
  );
});

test('a backward that differs from run to run is found, within its tolerance', () => {
  let runs = 0;
  class Drifts extends Function {
    static forward(_: FunctionContext, x: Tensor): Tensor {
      return x.mul(2);
    }

    static backward(_: FunctionContext, g: Tensor): Tensor {
      return g.mul(2 + 1e-9 * runs++);
    }
  }
  assert.throws(
    () => gradcheck((x: Tensor) => Drifts.apply(x), point()),
    (e: unknown) => e instanceof GradcheckError && /backward is not reentrant/.test((e as Error).message),
  );
  runs = 0;
  assert.is(
    gradcheck((x: Tensor) => Drifts.apply(x), point(), { nondetTol: 1e-6 }),
    true,
  );
});

test('a backward that treats a missing gradient otherwise than zero is found', () => {
  class Misses extends Function {
    static forward(ctx: FunctionContext, x: Tensor): Tensor[] {
      ctx.setMaterializeGrads(false);
      return [x.mul(2), x.mul(3)];
    }

    static backward(_: FunctionContext, a: Tensor | null, b: Tensor | null): Tensor | null {
      if (a === null) return null;
      return b === null ? a.mul(2) : a.mul(2).add(b.mul(3));
    }
  }
  assert.throws(
    () => gradcheck((x: Tensor) => Misses.apply(x), point()),
    (e: unknown) => e instanceof GradcheckError,
  );
});

test('gradgradcheck finds wrong second derivatives behind right first ones', () => {
  class DetachedSquare extends Function {
    static forward(ctx: FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x);
    }

    static backward(ctx: FunctionContext, g: Tensor): Tensor {
      const [x] = ctx.savedTensors;
      return g.mul(x.detach()).mul(2);
    }
  }
  assert.is(
    gradcheck((x: Tensor) => DetachedSquare.apply(x), point()),
    true,
  );
  assert.throws(
    () => gradgradcheck((x: Tensor) => DetachedSquare.apply(x), point()),
    (e: unknown) =>
      e instanceof GradcheckError && /Jacobian mismatch for output 0 with respect to input 0/.test(String(e)),
  );
  assert.is(
    gradgradcheck((x: Tensor) => DetachedSquare.apply(x), point(), { raiseException: false }),
    false,
  );
});

test('gradgradcheck finds a detached gradient beside one that is on the tape', () => {
  class HalfDetached extends Function {
    static forward(ctx: FunctionContext, a: Tensor, b: Tensor): Tensor {
      ctx.saveForBackward(a, b);
      return a.mul(b);
    }

    static backward(ctx: FunctionContext, g: Tensor): Tensor[] {
      const [a, b] = ctx.savedTensors;
      return [g.mul(b).detach(), g.mul(a)];
    }
  }
  const product = (a: Tensor, b: Tensor) => HalfDetached.apply(a, b);
  assert.is(gradcheck(product, [point(), point([2, 3])]), true);
  assert.is(gradgradcheck(product, [point(), point([2, 3])], { raiseException: false }), false);
});

test('gradgradcheck takes the gradients of the outputs, by position or by name', () => {
  const start = point([2, 3]);
  const f = (x: Tensor, y: Tensor): Tensor => x.mul(y).sin();
  assert.is(gradgradcheck(f, [point(), point([1, 2])]), true);
  assert.is(gradgradcheck(f, [point(), point([1, 2])], start, { atol: 1e-4 }), true);
  assert.is(gradgradcheck(f, [point(), point([1, 2])], { gradOutputs: [start], eps: 1e-5 }), true);
});

test.run();
