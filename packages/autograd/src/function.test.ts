import {
  AutogradError,
  collectGarbage,
  composed,
  memory,
  NotImplementedError,
  ones,
  randn,
  type Tensor,
  tensor,
  zerosLike,
} from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Function, type FunctionContext, grad, gradcheck, gradgradcheck, noGrad, onceDifferentiable } from './index.ts';

function throws(fn: () => unknown, pattern: RegExp): void {
  assert.throws(fn, (error: unknown) => {
    assert.instance(error, AutogradError);
    assert.match((error as Error).message, pattern);
    return true;
  });
}

const leaf = (values: number[] = [1, 2]): Tensor => tensor(values, { requiresGrad: true });
const double = (values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

class MyAdd extends Function {
  static forward(_: FunctionContext, x1: Tensor, x2: Tensor): Tensor {
    return x1.add(x2);
  }

  static backward(_: FunctionContext, gradOutput: Tensor): [Tensor, Tensor] {
    return [gradOutput, gradOutput];
  }
}

class MySplit extends Function {
  static forward(_: FunctionContext, x: Tensor): [Tensor, Tensor] {
    return [x.clone(), x.clone()];
  }

  static backward(_: FunctionContext, g1: Tensor, g2: Tensor): Tensor {
    return g1.add(g2);
  }
}

class MyArgMax extends Function {
  static forward(ctx: FunctionContext<{ index: number }>, x: Tensor): Tensor {
    ctx.index = x.argmax().item();
    const out = zerosLike(x);
    out.select(0, ctx.index).fill_(1);
    return out;
  }

  static backward(ctx: FunctionContext<{ index: number }>, gradOutput: Tensor): Tensor {
    const out = zerosLike(gradOutput);
    out.select(0, ctx.index).copy_(gradOutput.select(0, ctx.index));
    return out;
  }
}

class Scale extends Function {
  static forward(ctx: FunctionContext<{ by: number }>, x: Tensor, by: number, label: string): Tensor {
    ctx.by = by;
    if (typeof label !== 'string') throw new TypeError('label must be a string');
    return x.mul(by);
  }

  static backward(ctx: FunctionContext<{ by: number }>, gradOutput: Tensor): (Tensor | null)[] {
    return [gradOutput.mul(ctx.by), null, null];
  }
}

class MyExp extends Function {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    const y = x.exp();
    ctx.saveForBackward(y);
    return y;
  }

  static backward(ctx: FunctionContext, gradOutput: Tensor): Tensor {
    const [y] = ctx.savedTensors;
    return gradOutput.mul(y);
  }
}

class Cube extends Function {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    ctx.saveForBackward(x);
    return x.pow(3);
  }

  static backward(ctx: FunctionContext, gradOutput: Tensor): Tensor {
    const [x] = ctx.savedTensors;
    return gradOutput.mul(x).mul(x).mul(3);
  }
}

test('its node tells what it saved', () => {
  const y = MyExp.apply(leaf());
  assert.ok(y.gradFn?.savedTensors.length === 1 && y.gradFn.savedTensors[0] === y);
  y.sum().backward();
  throws(() => y.gradFn?.savedTensors, /already been freed/);
});

test('the lesson: MyAdd', () => {
  const a = leaf([1, 2]);
  const b = leaf([3, 4]);
  const c: Tensor = MyAdd.apply(a, b);
  assert.equal(c.toArray(), [4, 6]);
  assert.is(c.gradFn?.name, 'MyAddBackward');
  assert.equal(
    c.gradFn?.nextFunctions.map(([node, nr]) => [node?.variable === a || node?.variable === b, nr]),
    [
      [true, 0],
      [true, 0],
    ],
  );
  c.backward(tensor([5, 7]));
  assert.equal(a.grad?.toArray(), [5, 7]);
  assert.equal(b.grad?.toArray(), [5, 7]);
  a.grad?.zero_();
  assert.equal(b.grad?.toArray(), [5, 7]);
  gradcheck(MyAdd.apply.bind(MyAdd) as never, [double([1, 2]), double([3, 4])]);
});

test('the lesson: MySplit, whose gradients are summed', () => {
  const x = leaf([1, 2]);
  const [y, z] = MySplit.apply(x);
  assert.is(y.outputNr, 0);
  assert.is(z.outputNr, 1);
  y.mul(2).add(z.mul(3)).sum().backward();
  assert.equal(x.grad?.toArray(), [5, 5]);
  gradcheck((t: Tensor) => MySplit.apply(t), double([1, 2]));
});

test('the lesson: MyArgMax, one-hot of the largest entry', () => {
  const x = leaf([1, 7, 3]);
  const y = MyArgMax.apply(x);
  assert.equal(y.toArray(), [0, 1, 0]);
  y.backward(tensor([4, 5, 6]));
  assert.equal(x.grad?.toArray(), [0, 5, 0]);
});

test('arguments that are no tensors are passed through, and the types of apply are those of forward', () => {
  const x = leaf();
  const y = Scale.apply(x, 3, 'three');
  y.sum().backward();
  assert.equal(x.grad?.toArray(), [3, 3]);
  assert.equal(y.gradFn?.nextFunctions.length, 1);
  // @ts-expect-error a string where a number belongs
  assert.throws(() => Scale.apply(x, 'three', 3));
  // @ts-expect-error an argument is missing
  assert.throws(() => Scale.apply(x, 3));
});

test('only one input needs a gradient: needsInputGrad says which', () => {
  let needs: readonly boolean[] = [];
  class Product extends Function {
    static forward(ctx: FunctionContext, a: Tensor, b: Tensor, c: number): Tensor {
      assert.equal(ctx.needsInputGrad, [true, false, false]);
      ctx.saveForBackward(a, b);
      return a.mul(b).mul(c);
    }

    static backward(ctx: FunctionContext, g: Tensor): (Tensor | null)[] {
      needs = ctx.needsInputGrad;
      const [, b] = ctx.savedTensors;
      return [g.mul(b), null, null];
    }
  }
  const a = leaf();
  const y = Product.apply(a, ones(2), 1);
  assert.equal(
    y.gradFn?.nextFunctions.map(([node]) => node?.name ?? null),
    ['AccumulateGrad', null],
  );
  y.sum().backward();
  assert.equal(needs, [true, false, false]);
});

test('needsInputGrad is about the pass that runs', () => {
  const seen: unknown[] = [];
  class Both extends Function {
    static forward(_: FunctionContext, a: Tensor, b: Tensor): Tensor {
      return a.add(b);
    }

    static backward(ctx: FunctionContext, g: Tensor): Tensor[] {
      seen.push(ctx.needsInputGrad);
      return [g, g];
    }
  }
  const a = leaf();
  const b = leaf();
  grad(Both.apply(a, b).sum(), b);
  assert.equal(seen, [[false, true]]);
});

test('nothing is recorded when no input needs a gradient, or under noGrad', () => {
  assert.is(MyExp.apply(ones(2)).requiresGrad, false);
  assert.is(noGrad(() => MyExp.apply(leaf())).requiresGrad, false);
});

test('saved results and saved inputs work at second order', () => {
  const x = double([0.5, -1]);
  gradcheck((t: Tensor) => MyExp.apply(t), x);
  gradgradcheck((t: Tensor) => MyExp.apply(t), x);
  gradcheck((t: Tensor) => Cube.apply(t), x);
  gradgradcheck((t: Tensor) => Cube.apply(t), x);
  const [g] = grad(Cube.apply(x).sum(), x, { createGraph: true });
  const [h] = grad(g.sum(), x, { createGraph: true });
  const [third] = grad(h.sum(), x);
  assert.equal(third.toArray(), [6, 6]);
});

test('saved tensors are guarded by their version, and freed', () => {
  const y = MyExp.apply(leaf());
  y.add_(1);
  throws(
    () => y.sum().backward(),
    /modified by an inplace operation: \[float32 \[2\]\], which is output 0 of MyExpBackward, is at version 1; expected version 0/,
  );
  const z = MyExp.apply(leaf()).sum();
  z.backward();
  throws(() => z.backward(), /Trying to backward through the graph a second time/);
});

test('null can be saved, and the types can say so', () => {
  class Affine extends Function {
    static forward(
      ctx: FunctionContext<Record<string, unknown>, readonly [Tensor, Tensor | null]>,
      x: Tensor,
      bias: Tensor | null,
    ): Tensor {
      ctx.saveForBackward(x, bias);
      return bias === null ? x.mul(x) : x.mul(x).add(bias);
    }

    static backward(
      ctx: FunctionContext<Record<string, unknown>, readonly [Tensor, Tensor | null]>,
      g: Tensor,
    ): (Tensor | null)[] {
      const [x, bias] = ctx.savedTensors;
      return [g.mul(x).mul(2), bias === null ? null : g];
    }
  }
  const x = leaf();
  Affine.apply(x, null).sum().backward();
  assert.equal(x.grad?.toArray(), [2, 4]);
  const b = leaf();
  Affine.apply(x, b).sum().backward();
  assert.equal(b.grad?.toArray(), [1, 1]);
});

test('the number and kind of gradients are checked', () => {
  class Wrong extends Function {
    static forward(ctx: FunctionContext, a: Tensor, _b: unknown, returned: unknown): Tensor {
      ctx['returned'] = returned;
      return a.mul(2);
    }

    static backward(ctx: FunctionContext, g: Tensor): Tensor[] {
      return ctx['returned'] === 'one' ? [g] : (ctx['returned'] as Tensor[]);
    }
  }
  const run = (returned: unknown, b: unknown = 0): void => Wrong.apply(leaf(), b, returned).sum().backward();
  throws(() => run('one'), /function WrongBackward returned an incorrect number of gradients \(expected 3, got 1\)/);
  throws(
    () => run([ones(2), ones(2), null]),
    /returned a gradient different than null at position 2, but the corresponding/,
  );
  throws(() => run([ones(2), null, null, ones(2)]), /incorrect number of gradients \(expected 3, got 4\)/);
  throws(() => run([1, null, null]), /returned number as gradient 0; it must be a tensor or null/);
  throws(
    () => run([ones(3), null, null]),
    /returned an invalid gradient at index 0: got \[3\] but expected shape compatible/,
  );
  run([ones(2), null, null, null]);
  run([null, null, null]);
  run([ones(4, 2), null, null]);
});

test('outputs without a gradient: integers, and what is marked', () => {
  const given: unknown[] = [];
  class Several extends Function {
    static forward(ctx: FunctionContext, x: Tensor): [Tensor, Tensor, Tensor] {
      const marked = x.mul(3);
      ctx.markNonDifferentiable(marked);
      return [x.mul(2), x.gt(1), marked];
    }

    static backward(_: FunctionContext, ...grads: Tensor[]): Tensor {
      given.push(...grads.map((g) => [g.dtype, g.toArray()]));
      return grads[0].mul(2);
    }
  }
  const x = leaf();
  const [a, b, c] = Several.apply(x);
  assert.equal([a.requiresGrad, b.requiresGrad, c.requiresGrad], [true, false, false]);
  a.sum().backward();
  assert.equal(given, [
    ['float32', [1, 1]],
    ['bool', [false, false]],
    ['float32', [0, 0]],
  ]);
  assert.equal(x.grad?.toArray(), [2, 2]);
});

test('setMaterializeGrads(false) gives null for outputs to which nothing flows back', () => {
  let given: unknown[] = [];
  class Two extends Function {
    static forward(ctx: FunctionContext, x: Tensor, materialize: boolean): Tensor[] {
      ctx.setMaterializeGrads(materialize);
      return [x.mul(2), x.mul(3)];
    }

    static backward(_: FunctionContext, g1: Tensor | null, g2: Tensor | null): (Tensor | null)[] {
      given = [g1?.toArray() ?? null, g2?.toArray() ?? null];
      return [g2, null];
    }
  }
  Two.apply(leaf(), false)[1].sum().backward();
  assert.equal(given, [null, [1, 1]]);
  Two.apply(leaf(), true)[1].sum().backward();
  assert.equal(given, [
    [0, 0],
    [1, 1],
  ]);
});

class Same extends Function {
  static forward(_: FunctionContext, x: Tensor): Tensor {
    return x;
  }

  static backward(_: FunctionContext, g: Tensor): Tensor {
    return g.mul(3);
  }
}

test('an input that is returned as it is becomes a view with a history of its own', () => {
  const x = leaf();
  const y = Same.apply(x);
  assert.is.not(y, x);
  assert.is(y.base, x);
  assert.is(y.gradFn?.name, 'SameBackward');
  assert.is(x.gradFn, null);
  y.sum().backward();
  assert.equal(x.grad?.toArray(), [3, 3]);
  const z = Same.apply(x.mul(1));
  throws(
    () => z.add_(1),
    /output 0 of SameBackward is a view and is being modified inplace. This view was created inside a custom/,
  );
});

test('a view of an input that forward returns cannot be overwritten', () => {
  class Flat extends Function {
    static forward(_: FunctionContext, x: Tensor): Tensor {
      return x.view(-1);
    }

    static backward(_: FunctionContext, g: Tensor): Tensor {
      return g.view(1, 2);
    }
  }
  const x = tensor([[1, 2]], { requiresGrad: true });
  const y = Flat.apply(x.mul(2));
  y.sum().backward();
  assert.equal(x.grad?.toArray(), [[2, 2]]);
  throws(() => Flat.apply(x.mul(2)).add_(1), /created inside a custom Function/);
});

class Doubled extends Function {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    ctx.markDirty(x);
    return x.mul_(2);
  }

  static backward(_: FunctionContext, g: Tensor): Tensor {
    return g.mul(2);
  }
}

test('markDirty: an input written in place is returned itself, with a new history', () => {
  const x = leaf();
  const y = x.mul(5);
  const before = y.gradFn;
  const z = Doubled.apply(y);
  assert.is(z, y);
  assert.equal(y.toArray(), [10, 20]);
  assert.is(y.gradFn?.name, 'DoubledBackward');
  assert.is(y.gradFn?.nextFunctions[0][0], before);
  y.sum().backward();
  assert.equal(x.grad?.toArray(), [10, 10]);
  throws(() => Doubled.apply(leaf()), /a leaf Variable that requires grad has been used in an in-place operation/);
});

test('markDirty on a view: the base gets the new history', () => {
  const x = leaf([1, 2, 3]);
  const y = x.mul(1);
  Doubled.apply(y.slice(0, 1));
  assert.equal(y.toArray(), [1, 4, 6]);
  assert.is(y.gradFn?.name, 'CopySlices');
  y.sum().backward();
  assert.equal(x.grad?.toArray(), [1, 2, 2]);
});

test('markDirty notices damage to what was saved before', () => {
  const x = leaf();
  const y = x.mul(1);
  const z = y.mul(y);
  Doubled.apply(y);
  throws(() => z.sum().backward(), /modified by an inplace operation/);
});

test('onceDifferentiable throws at second order instead of giving a wrong derivative', () => {
  class Once extends Function {
    static forward(ctx: FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x);
    }

    static backward = onceDifferentiable((ctx: FunctionContext, g: Tensor) => {
      const [x] = ctx.savedTensors;
      return g.mul(x).mul(2);
    });
  }
  const x = leaf([3]);
  Once.apply(x).backward();
  assert.equal(x.grad?.toArray(), [6]);
  const [g] = grad(Once.apply(x), x, { createGraph: true });
  assert.equal(g.toArray(), [6]);
  throws(() => grad(g, x), /trying to differentiate twice a function that was marked with onceDifferentiable/);
});

test('a function without forward or backward says so', () => {
  class Nothing extends Function {}
  assert.throws(
    () => (Nothing as unknown as typeof MyExp).apply(leaf()),
    (e: unknown) =>
      e instanceof NotImplementedError && /implement static forward and backward of Nothing/.test(String(e)),
  );
});

test('an error in forward leaves the grad mode as it was', () => {
  class Fails extends Function {
    static forward(_: FunctionContext, x: Tensor): Tensor {
      if (x.ndim > 0) throw new RangeError('no');
      return x;
    }

    static backward(_: FunctionContext, g: Tensor): Tensor {
      return g;
    }
  }
  assert.throws(() => Fails.apply(leaf()), 'no');
  assert.is(leaf().mul(2).requiresGrad, true);
});

test('saveForBackward takes tensors and nulls only', () => {
  class Saves extends Function {
    static forward(ctx: FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(3 as never);
      return x.mul(2);
    }

    static backward(_: FunctionContext, g: Tensor): Tensor {
      return g;
    }
  }
  throws(() => Saves.apply(leaf()), /can only save tensors and nulls, but got number/);
});

/** Cubes, and keeps nothing that it does not save. */
class Sealed extends Function {
  static readonly keepsNothing: boolean = true;
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    ctx.saveForBackward(x);
    return x.mul(x).mul(x);
  }
  static backward(ctx: FunctionContext, grad: Tensor): Tensor {
    const [x] = ctx.savedTensors;
    return grad.mul(x).mul(x).mul(3);
  }
}

/** The same, of which nothing is known: its class does not say so anew. */
class Heir extends Sealed {}

test('a function that keeps nothing gives back what it makes, and its gradients', () => {
  const used = (): number => memory().usedBytes - memory().scratchBytes;
  const left = [Sealed, Heir].map((fn) => {
    const x = randn(100, 100).requiresGrad_();
    collectGarbage();
    const before = used();
    composed(() => fn.apply(x.mul(2)).sum()).backward();
    x.grad = null;
    return used() - before;
  });
  assert.is(left[0], 0);
  assert.ok(left[1] > 0);
  const x = randn(3, 4, { dtype: 'float64' }).requiresGrad_();
  assert.ok(gradgradcheck((y: Tensor) => Sealed.apply(y), [x]));
});

test.run();
