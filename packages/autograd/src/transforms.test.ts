import { AutogradError, NotImplementedError, type Tensor, tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, hessian, hvp, jacobian, jvp, noGrad, vhp, vjp } from './index.ts';

const point = (values: unknown): Tensor => tensor(values as number[], { dtype: 'float64' });

function throws(fn: () => unknown, pattern: RegExp): void {
  assert.throws(fn, (error: unknown) => {
    assert.instance(error, AutogradError);
    assert.match((error as Error).message, pattern);
    return true;
  });
}

/** f(x, y) = [x², x·y] */
const pair = (x: Tensor, y: Tensor): [Tensor, Tensor] => [x.mul(x), x.mul(y)];
/** g(x, y) = Σ x³y */
const cubic = (x: Tensor, y: Tensor): Tensor => x.pow(3).mul(y).sum();

test('jacobian of one input and one output', () => {
  const j: Tensor = jacobian((x) => x.mul(x), point([1, 2]));
  assert.equal(j.toArray(), [
    [2, 0],
    [0, 4],
  ]);
  assert.is(j.requiresGrad, false);
  const summed = jacobian(
    (x) => x.sum(1),
    point([
      [1, 2],
      [3, 4],
    ]),
  );
  assert.equal(summed.shape, [2, 2, 2]);
  assert.equal(summed.toArray(), [
    [
      [1, 1],
      [0, 0],
    ],
    [
      [0, 0],
      [1, 1],
    ],
  ]);
  assert.equal(jacobian((x) => x.sum(), point([1, 2])).shape, [2]);
});

test('jacobian of lists is a list over inputs, outputs, or both', () => {
  const x = point([1, 2]);
  const y = point([3, 4]);
  const [dx, dy]: Tensor[] = jacobian((a, b) => a.mul(b), [x, y]);
  assert.equal(dx.toArray(), [
    [3, 0],
    [0, 4],
  ]);
  assert.equal(dy.toArray(), [
    [1, 0],
    [0, 2],
  ]);
  const both: Tensor[][] = jacobian((a, b) => pair(a, b), [x, y]);
  assert.equal(both[0][0].toArray(), [
    [2, 0],
    [0, 4],
  ]);
  assert.equal(both[0][1].toArray(), [
    [0, 0],
    [0, 0],
  ]);
  assert.equal(both[1][1].toArray(), [
    [1, 0],
    [0, 2],
  ]);
  const outputs: Tensor[] = jacobian((a) => [a, a.mul(2)], x);
  assert.equal(outputs[1].toArray(), [
    [2, 0],
    [0, 2],
  ]);
});

test('createGraph makes the jacobian differentiable', () => {
  const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
  const j = jacobian((t) => t.pow(3), x, { createGraph: true });
  assert.is(j.requiresGrad, true);
  assert.equal(grad(j.sum(), x)[0].toArray(), [6, 12]);
  assert.is(jacobian((t) => t.pow(3), x).requiresGrad, false);
});

test('hessian', () => {
  const h: Tensor = hessian((x) => x.pow(3).sum(), point([1, 2]));
  assert.equal(h.toArray(), [
    [6, 0],
    [0, 12],
  ]);
  const [[xx, xy], [yx, yy]]: Tensor[][] = hessian((x, y) => cubic(x, y), [point([1, 2]), point([3, 4])]);
  assert.equal(xx.toArray(), [
    [18, 0],
    [0, 48],
  ]);
  assert.equal(xy.toArray(), [
    [3, 0],
    [0, 12],
  ]);
  assert.equal(yx.toArray(), xy.t().toArray());
  assert.equal(yy.toArray(), [
    [0, 0],
    [0, 0],
  ]);
  throws(() => hessian((x) => x.mul(2), point([1, 2])), /must return a single element/);
});

test('vjp and jvp are the products with the jacobian', () => {
  const x = point([1, 2]);
  const v = point([3, 5]);
  const [y, left] = vjp((t) => t.pow(2), x, v);
  assert.equal(y.toArray(), [1, 4]);
  assert.equal(left.toArray(), [6, 20]);
  const [z, right] = jvp((t) => t.pow(2), x, v);
  assert.equal(z.toArray(), [1, 4]);
  assert.equal(right.toArray(), [6, 20]);
  assert.equal([y.requiresGrad, left.requiresGrad, z.requiresGrad, right.requiresGrad], [false, false, false, false]);
  const [, [gx, gy]] = vjp((a, b) => pair(a, b), [x, point([3, 4])], [v, point([1, 1])]);
  assert.equal(gx.toArray(), [6 + 3, 20 + 4]);
  assert.equal(gy.toArray(), [1, 2]);
  const [, [first, second]] = jvp((a, b) => pair(a, b), [x, point([3, 4])], [v, point([1, 1])]);
  assert.equal(first.toArray(), [6, 20]);
  assert.equal(second.toArray(), [3 * 3 + 1, 5 * 4 + 2]);
});

test('the vector may be left out where it is a single 1', () => {
  assert.equal(vjp((t) => t.pow(2).sum(), point([1, 2]))[1].toArray(), [2, 4]);
  assert.equal(jvp((t) => t.mul(point([3, 4])), point([2]))[1].toArray(), [3, 4]);
  throws(() => vjp((t) => t, point([1, 2])), /the vector v can only be left out if the function has a single output/);
  throws(() => jvp((t) => t, point([1, 2])), /single input with a single element/);
  throws(
    () => vjp((t) => t, point([1, 2]), point([1])),
    /entry 0 of v has an invalid size: should be \[2\] but got \[1\]/,
  );
  throws(() => vjp((t) => t, point([1, 2]), [point([1, 2]), point([1])]), /v has an invalid length/);
});

test('hvp and vhp are the products with the hessian', () => {
  const v = point([1, 2]);
  for (const product of [hvp, vhp]) {
    const [y, h] = product((t) => t.pow(3).sum(), point([1, 2]), v);
    assert.is(y.item(), 9);
    assert.equal(h.toArray(), [6, 24]);
    const [, [hx, hy]] = product((a, b) => cubic(a, b), [point([1, 2]), point([3, 4])], [v, v]);
    assert.equal(hx.toArray(), [18 + 3, 96 + 24]);
    assert.equal(hy.toArray(), [3, 24]);
  }
  throws(() => hvp((t) => t, point([1, 2]), v), /must return a single element/);
});

test('createGraph makes products differentiable', () => {
  const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
  const v = point([1, 1]);
  const [, left] = vjp((t) => t.pow(3), x, v, { createGraph: true });
  assert.equal(grad(left.sum(), x)[0].toArray(), [6, 12]);
  const [, right] = jvp((t) => t.pow(3), x, v, true);
  assert.equal(grad(right.sum(), x)[0].toArray(), [6, 12]);
  const [, h] = hvp((t) => t.pow(4).sum(), x, { v, createGraph: true });
  assert.equal(grad(h.sum(), x)[0].toArray(), [24, 48]);
});

test('an input that is not used has zero derivatives, or is an error in strict mode', () => {
  const [, dy] = jacobian((a, _) => a.mul(2), [point([1]), point([1, 2])]);
  assert.equal(dy.toArray(), [[0, 0]]);
  throws(() => jacobian((a, _) => a.mul(2), [point([1]), point([1, 2])], { strict: true }), /independent of entry 1/);
  assert.equal(vjp(() => point([1]), point([1, 2]), point([1]))[1].toArray(), [0, 0]);
  throws(
    () => vjp(() => point([1]), point([1, 2]), { v: point([1]), strict: true }),
    /output 0 of the function does not depend/,
  );
  assert.equal(jvp((t) => t.mul(0).add(1), point([1]))[1].toArray(), [0]);
});

test('transforms work under noGrad, and leave no gradients behind', () => {
  const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
  noGrad(() => {
    assert.equal(jacobian((t) => t.mul(t).sum(), x).toArray(), [2, 4]);
    assert.equal(hvp((t) => t.pow(3).sum(), x, point([1, 1]))[1].toArray(), [6, 12]);
  });
  assert.is(x.grad, null);
});

test('what is not offered says so', () => {
  assert.throws(
    () => jacobian((t) => t, point([1]), { vectorize: true }),
    (e: unknown) => e instanceof NotImplementedError,
  );
  throws(() => jacobian((t) => t, 3 as never), /inputs must be a tensor or a list of tensors/);
});

test.run();
