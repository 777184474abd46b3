import type { Tensor } from '@torsor/core';
import { tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from './fixtures/autograd.json' with { type: 'json' };
import { grad } from './index.ts';

/** The programs of `tools/fixtures/autograd.py`, line by line. */
const programs: Record<string, (x: Tensor) => Tensor> = {
  diamond(x) {
    const a = x.mul(2);
    const b = a.mul(a);
    const c = a.add(b);
    return b.mul(c).sum();
  },
  shared_leaf: (x) => x.mul(x).add(x.sin().mul(x)).sum(),
  write_to_view(x) {
    const y = x.mul(2);
    y.slice(0, 1, 3).mul_(x.slice(0, 0, 2));
    return y.pow(3).sum();
  },
  fill_zeros_by_select(x) {
    const out = zeros(4, { dtype: 'float64' });
    for (let i = 0; i < 4; i++) {
      out.select(0, i).copy_(
        x
          .select(0, i)
          .mul(i + 1)
          .sin(),
      );
    }
    return out.mul(out).sum();
  },
  view_before_write_to_base(x) {
    const y = x.mul(2);
    const v = y.slice(0, 1);
    y.mul_(x);
    return v.pow(2).sum();
  },
  two_views(x) {
    const y = x.mul(1);
    const a = y.slice(0, 0, 2);
    const b = y.slice(0, 1);
    a.mul_(3);
    b.exp_();
    return y.mul(y).sum().add(a.sum());
  },
  view_of_view(x) {
    const y = x.mul(2).view(2, 2);
    const v = y.t().select(0, 0);
    v.add_(x.slice(0, 0, 2));
    return y.pow(3).sum();
  },
  exp_on_view(x) {
    const y = x.mul(2);
    y.slice(0, 1).exp_();
    return y.pow(2).sum();
  },
  fill_view_with_tensor(x) {
    const y = x.mul(2);
    y.select(0, 0).fill_(x.select(0, 1).mul(x.select(0, 2)));
    return y.pow(2).sum();
  },
  zero_view(x) {
    const y = x.mul(2);
    y.slice(0, 0, 2).zero_();
    return y.pow(3).sum();
  },
  write_transposed(x) {
    const y = x.mul(2).view(2, 2);
    y.t().mul_(x.view(2, 2));
    return y.pow(2).sum();
  },
  write_diagonal(x) {
    const y = x.mul(2).view(2, 2);
    y.diagonal().mul_(x.slice(0, 2));
    return y.pow(3).sum();
  },
  view_written_then_used(x) {
    const y = x.mul(2);
    const v = y.slice(0, 1, 3);
    v.mul_(x.slice(0, 0, 2));
    return v.mul(v).sum().add(y.sum());
  },
  write_base_of_written_view(x) {
    const y = x.mul(2);
    const v = y.slice(0, 0, 2);
    v.sin_();
    y.mul_(x);
    return v.mul(v).sum().add(y.slice(0, 2).sum());
  },
  sigmoid_in_place(x) {
    const y = x.mul(2);
    y.sigmoid_();
    return y.mul(x).sum();
  },
  mul_in_place_saves_old_self(x) {
    const y = x.sin();
    y.mul_(x.exp());
    return y.mul(y).sum();
  },
  broadcast_in_place(x) {
    const y = x.mul(1).view(2, 2);
    y.mul_(x.slice(0, 0, 2));
    return y.pow(2).sum();
  },
  clone_then_write(x) {
    const y = x.clone();
    y.select(0, 0).copy_(x.select(0, 3).mul(2));
    y.add_(x);
    return y.pow(2).sum();
  },
  masked_fill_in_place(x) {
    const y = x.mul(3);
    y.maskedFill_(tensor([true, false, false, true]), 0.5);
    return y.pow(3).sum();
  },
  addcmul_in_place(x) {
    const y = x.mul(1);
    y.addcmul_(x.sin(), x.exp(), { value: 0.5 });
    return y.pow(2).sum();
  },
  div_in_place(x) {
    const y = x.mul(1.5);
    y.div_(x.mul(x).add(1));
    return y.pow(2).sum();
  },
  detached_view_is_constant(x) {
    const y = x.mul(2);
    return y.mul(y.detach()).sum();
  },
  expand_then_write_clone(x) {
    const y = x.view(4, 1).expand(4, 3).clone();
    y.select(1, 1).mul_(x);
    return y.pow(2).sum();
  },
  unsqueeze_view_write(x) {
    const y = x.mul(2);
    y.unsqueeze(0).mul_(x);
    return y.pow(2).sum();
  },
  write_twice_to_one_view(x) {
    const y = x.mul(2);
    const v = y.slice(0, 1, 3);
    v.mul_(x.slice(0, 0, 2));
    v.mul_(x.slice(0, 2));
    return y.pow(2).sum();
  },
  long_chain(x) {
    let y = x;
    for (let i = 0; i < 20; i++) y = y.mul(0.9).add(x.mul(0.1)).sin();
    return y.sum();
  },
};

/** Both sides compute in double precision; what differs is the order of a few additions. */
function close(actual: Tensor, expected: readonly number[], what: string): void {
  const values = actual.toTypedArray() as Float64Array;
  expected.forEach((e, i) => {
    assert.ok(Math.abs(values[i] - e) <= 1e-12 * (1 + Math.abs(e)), `${what}[${i}]: ${values[i]} for ${e}`);
  });
}

for (const [name, expected] of Object.entries(fixtures.programs)) {
  test(`${name}: value, gradient and second derivative are PyTorch's`, () => {
    const x = tensor(fixtures.x, { dtype: 'float64', requiresGrad: true });
    const value = programs[name](x);
    const [gradient] = grad(value, x, { createGraph: true });
    close(value, [expected.value], 'value');
    close(gradient, expected.gradient, 'gradient');
    if (!gradient.requiresGrad) {
      assert.equal(expected.second, [0, 0, 0, 0]);
      return;
    }
    const weights = tensor([1, 2, 3, 4], { dtype: 'float64' });
    const [second] = grad(gradient.mul(weights).sum(), x, { materializeGrads: true });
    close(second, expected.second, 'second');
  });
}

test('every program has numbers, and all numbers a program', () => {
  assert.equal(Object.keys(programs).sort(), Object.keys(fixtures.programs).sort());
});

test.run();
