import type { Tensor } from 'torsor';
import { autograd, tensor } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Check } from './check.ts';
import { tablesOf, watchGradcheck } from './jacobians.ts';

const wide = (data: number[] | number[][]): Tensor => tensor(data, { dtype: 'float64', requiresGrad: true });
const near = (a: readonly number[], b: readonly number[]): void => {
  assert.is(a.length, b.length);
  for (let i = 0; i < a.length; i++) assert.ok(Math.abs(a[i] - b[i]) < 1e-6, `${a} is not ${b}`);
};

test('rows are outputs, columns are inputs, as in the Jacobian of Torsor', () => {
  const x = wide([1, 2, 3]);
  const func = (v: Tensor): Tensor =>
    v
      .mul(v)
      .slice(0, 0, 2)
      .add(v.slice(0, 1, 3));
  const [table] = tablesOf(func as never, [x]);
  near(table.analytical, [2, 1, 0, 0, 4, 1]);
  near(table.numerical, table.analytical);
  near(table.analytical, (autograd.jacobian(func as never, x) as unknown as Tensor).flatten().toArray() as number[]);
  assert.equal(table.wrong, Array(6).fill(false));
});

test('there is a table for each output by each input', () => {
  const tables = tablesOf(((a: Tensor, b: Tensor) => [a.mul(b), a.sum()]) as never, [wide([1, 2]), wide([3, 4])]);
  assert.equal(
    tables.map(({ output, input }) => [output, input]),
    [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ],
  );
  near(tables[0].analytical, [3, 0, 0, 4]);
  near(tables[2].analytical, [1, 1]);
  near(tables[3].analytical, [0, 0]);
});

test('entries that are wrong are marked, and gradcheck says no', () => {
  class Forgets extends autograd.Function {
    static forward(ctx: autograd.FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x);
    }
    static backward(ctx: autograd.FunctionContext, gradient: Tensor): Tensor {
      return gradient.mul(ctx.savedTensors[0]);
    }
  }
  const checks: Check[] = [];
  const check = watchGradcheck(autograd.gradcheck, () => 7, (told) => checks.push(told)); // biome-ignore format: one line
  const func = (x: Tensor): Tensor => Forgets.apply(x);
  assert.throws(() => check(func, [wide([1, 2])]), /Jacobian mismatch for output 0 with respect to input 0/);
  const [{ line, tables, failure }] = checks;
  assert.is(line, 7);
  assert.match(failure ?? '', /mismatch/);
  assert.equal(tables[0].wrong, [true, false, false, true]);
  near(tables[0].analytical, [1, 0, 0, 2]);
  near(tables[0].numerical, [2, 0, 0, 4]);
  assert.is(check(func, [wide([1, 2])], { raiseException: false }), false);
  assert.is(checks[1].failure, 'gradcheck returned false');
});

test('what is too large to show is judged all the same, and what throws throws', () => {
  const checks: Check[] = [];
  const check = watchGradcheck(autograd.gradcheck, () => 1, (told) => checks.push(told)); // biome-ignore format: one line
  assert.is(
    check((x: Tensor) => x.mul(2), [wide(Array.from({ length: 30 }, (_, i) => i))]),
    true,
  );
  assert.equal(checks[0], { line: 1, tables: [], failure: undefined });
  assert.throws(() => check((x: Tensor) => x.mul(2), [tensor([1, 2], { requiresGrad: true })]), /float64/);
  assert.match(checks[1].failure ?? '', /float64/);
});

test.run();
