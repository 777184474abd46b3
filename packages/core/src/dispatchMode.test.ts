import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Tensor } from './index.ts';
import { dispatchMode, isTensor, ones, profile, tensor } from './index.ts';
import { observed } from './observe.ts';

test('each op goes through the handler, with its arguments and its result', () => {
  const seen: unknown[] = [];
  const x = tensor([1, 2, 3]);
  const y = dispatchMode(
    (op, args, run) => {
      const given = [...args];
      const result = run();
      seen.push([op, given[0] === x, isTensor(result) && result.toArray()]);
      return result;
    },
    () => x.mul(2),
  );
  assert.equal(seen, [['mul', true, [2, 4, 6]]]);
  assert.equal(y.toArray(), [2, 4, 6]);
  assert.is(observed.current, null);
});

test('it may be a guard; ops in place have their underscore', () => {
  const seen: string[] = [];
  {
    using _ = dispatchMode((op, _args, run) => {
      seen.push(op);
      return run();
    });
    ones(2).add_(1);
  }
  ones(2).exp();
  assert.equal(seen, ['add_']);
});

test('the handler may compute, and change the result', () => {
  let calls = 0;
  const y = dispatchMode(
    (_op, _args, run) => {
      calls++;
      const result = run();
      return isTensor(result) ? ((result as Tensor).neg() as typeof result) : result;
    },
    () => ones(1).mul(3).mul(2),
  );
  assert.is(calls, 2, 'what it computes itself is not for it');
  assert.equal(y.toArray(), [6]);
});

test('handlers nest, the inner one first, and a profile goes on listening', () => {
  const seen: string[] = [];
  const tell =
    (who: string) =>
    <R>(op: string, _args: readonly unknown[], run: () => R): R => {
      seen.push(who + op);
      return run();
    };
  const p = profile(() => dispatchMode(tell('outer '), () => dispatchMode(tell('inner '), () => ones(2).exp())));
  assert.equal(seen, ['inner exp', 'outer exp']);
  assert.equal(
    p.events.map(({ name }) => name),
    ['exp'],
  );
});

test('after an error nobody listens any more', () => {
  assert.throws(() =>
    dispatchMode(
      () => {
        throw new Error('mine');
      },
      () => ones(2).exp(),
    ),
  );
  assert.is(observed.current, null);
});

test.run();
