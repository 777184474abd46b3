import { test } from 'uvu';
import * as assert from 'uvu/assert';
import './tensor.ts';
import { symbolDispose } from './dispose.ts';
import { refuses, values } from './fixtures/check.ts';
import { collectGarbage, memory, setMemoryLimits } from './memory.ts';
import { ones, zeros } from './ops/create.ts';
import { keep, scope, tidy } from './scope.ts';
import type { Tensor } from './tensor.ts';
import { heap } from './wasm/heap.ts';

const isReleased = (x: Tensor): boolean => {
  try {
    x.toTypedArray();
    return false;
  } catch (error) {
    assert.match((error as Error).message, /was released by a scope; keep what leaves a scope with keep\(\)/);
    return true;
  }
};

/** A large tensor, which lives in the heap. */
const large = (): Tensor => ones(2000);

test('a scope releases what was made inside and not kept, large or small', () => {
  const outside = large();
  collectGarbage();
  const before = memory();
  const s = scope();
  const a = large();
  const b = a.add(outside);
  const small = zeros(3);
  const kept = s.keep(b.mul(2));
  assert.is(memory().liveStorages, before.liveStorages + 3);
  s.end();
  assert.ok(isReleased(a) && isReleased(b) && isReleased(small));
  assert.ok(values(kept).every((x) => x === 4));
  assert.ok(values(outside).every((x) => x === 1));
  assert.is(memory().liveStorages, before.liveStorages + 1);
  kept.storage.release('a test');
  assert.is(memory().usedBytes, before.usedBytes);
});

test('ending twice does nothing, and a scope that has ended tracks and keeps nothing', () => {
  const s = scope();
  const a = large();
  s.end();
  s.end();
  const b = large();
  assert.is(s.keep(b), b);
  s.end();
  assert.not.ok(isReleased(b));
  assert.ok(isReleased(a));
});

test('`using` ends a scope, also when the block throws', () => {
  let inside: Tensor | undefined;
  const s = scope();
  assert.throws(() => {
    try {
      inside = large();
      throw new Error('stop');
    } finally {
      s[symbolDispose]();
    }
  }, 'stop');
  assert.ok(isReleased(inside as Tensor));
});

test('a view leaves or goes with its base', () => {
  const s = scope();
  const a = large();
  const b = large();
  const view = s.keep(b.view(40, 50).t());
  const row = a.view(40, 50).select(0, 0);
  s.end();
  assert.not.ok(isReleased(view));
  assert.not.ok(isReleased(b), 'the base of what is kept stays');
  assert.ok(isReleased(row));
  const t = scope();
  const data = t.keep(large().data);
  t.end();
  assert.not.ok(isReleased(data));
});

test('scopes nest: what the inner one keeps belongs to the outer one', () => {
  const outer = scope();
  const a = large();
  const inner = scope();
  const b = large();
  const c = inner.keep(large());
  inner.keep(a);
  inner.end();
  assert.ok(isReleased(b));
  assert.not.ok(isReleased(a) || isReleased(c));
  outer.end();
  assert.ok(isReleased(a) && isReleased(c));
});

test('an outer scope can keep what was made in an inner one', () => {
  const outer = scope();
  const inner = scope();
  const a = outer.keep(large());
  inner.end();
  outer.end();
  assert.not.ok(isReleased(a));
});

test('scopes must end in reverse order; the error leaves all as it was', () => {
  const outer = scope();
  const inner = scope();
  const a = large();
  refuses(() => outer.end(), 'TorsorError', /^Scope\.end: scopes must end in the reverse order/, 'outer first');
  assert.not.ok(isReleased(a));
  inner.end();
  outer.end();
  assert.ok(isReleased(a));
});

test('tidy returns what fn does: a tensor, or structures with tensors in them', () => {
  const made: Tensor[] = [];
  const make = (): Tensor => {
    made.push(large());
    return made[made.length - 1];
  };
  const one = tidy(() => {
    make();
    return make();
  });
  assert.ok(isReleased(made[0]));
  assert.not.ok(isReleased(one));
  const nested = tidy(() => ({
    list: [make(), [make()]],
    map: new Map([['x', make()]]),
    set: new Set([make()]),
    bare: Object.assign(Object.create(null), { x: make() }) as { x: Tensor },
    rest: 'text',
    lost: make() && 0,
  }));
  assert.is(nested.rest, 'text');
  const [, , a, b, c, d, e, lost] = made;
  for (const x of [a, b, c, d, e]) assert.not.ok(isReleased(x));
  assert.ok(isReleased(lost));
  assert.is(
    tidy(() => 5),
    5,
  );
  assert.is(
    tidy(() => null),
    null,
  );
  assert.is(
    tidy(() => undefined),
    undefined,
  );
});

test('tidy follows structures that contain themselves', () => {
  interface Ring {
    x: Tensor;
    self?: Ring;
  }
  const ring = tidy(() => {
    const made: Ring = { x: large() };
    made.self = made;
    return made;
  });
  assert.not.ok(isReleased(ring.x));
});

test('tidy inside tidy hands on to the outer one only what was made inside', () => {
  const mine = large();
  let inner: Tensor | undefined;
  const result = tidy(() => {
    inner = tidy(() => large().add(1));
    assert.is(
      tidy(() => mine),
      mine,
    );
    return inner.add(mine);
  });
  assert.ok(isReleased(inner as Tensor), 'what the inner one returned belongs to the outer one');
  assert.not.ok(isReleased(mine), 'what was made before does not');
  assert.not.ok(isReleased(result));
});

test('tidy releases when fn throws, also what is in scopes that fn left open', () => {
  const made: Tensor[] = [];
  assert.throws(
    () =>
      tidy(() => {
        made.push(large());
        scope();
        made.push(large());
        throw new RangeError('stop');
      }),
    (error: Error) => error instanceof RangeError && error.message === 'stop',
  );
  assert.ok(made.every(isReleased));
  const after = large();
  tidy(() => undefined);
  assert.not.ok(isReleased(after), 'no scope is open any more');
  const kept = tidy(() => {
    scope();
    return large();
  });
  assert.not.ok(isReleased(kept));
});

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

test('an asynchronous tidy releases when its promise is settled, and lets its value go', async () => {
  const made: Tensor[] = [];
  const running = tidy(async () => {
    made.push(large());
    await pause();
    made.push(large());
    assert.not.ok(made.some(isReleased), 'not while it runs');
    return { answer: large() };
  });
  assert.not.ok(isReleased(made[0]));
  const { answer } = await running;
  assert.is(made.length, 2);
  assert.ok(made.every(isReleased));
  assert.not.ok(isReleased(answer));
  const after = large();
  tidy(() => undefined);
  assert.not.ok(isReleased(after), 'no scope is open any more');
});

test('an asynchronous tidy that fails releases, and its promise fails with the same error', async () => {
  let made: Tensor | undefined;
  const failure = new RangeError('later');
  try {
    await tidy(async () => {
      made = large();
      await pause();
      throw failure;
    });
    assert.unreachable('it fails');
  } catch (error) {
    assert.is(error, failure);
  }
  assert.ok(isReleased(made as Tensor));
});

test('asynchronous tidies that overlap leave each other alone', async () => {
  const made: Tensor[] = [];
  const work = (rounds: number): Promise<Tensor> =>
    tidy(async () => {
      const own: Tensor[] = [];
      for (let i = 0; i < rounds; i++) {
        own.push(large().mul(i));
        await pause();
        assert.not.ok(own.some(isReleased));
      }
      made.push(...own);
      return own.reduce((a, b) => a.add(b));
    });
  const sums = await Promise.all([work(3), work(9), work(5)]);
  assert.equal(
    sums.map((sum) => values(sum)[7]),
    [3, 36, 10],
  );
  assert.is(made.length, 17);
  assert.ok(made.every(isReleased), 'all have released');
});

test('a scope or tidy inside an asynchronous one ends at its own time', async () => {
  const outer = await tidy(async () => {
    await pause();
    const lost = large();
    const inner = tidy(() => [large(), large().add(lost)]);
    const s = scope();
    const gone = large();
    s.end();
    assert.ok(isReleased(gone));
    assert.not.ok(inner.some(isReleased));
    return inner[1];
  });
  assert.not.ok(isReleased(outer));
});

test('a scope may end while an asynchronous tidy that began inside it still runs', async () => {
  const s = scope();
  const mine = large();
  const running = tidy(async () => {
    const theirs = large();
    await pause();
    return theirs;
  });
  s.end();
  assert.ok(isReleased(mine));
  assert.not.ok(isReleased(await running));
});

test('modules leave a scope with their parameters and buffers', () => {
  const held: Tensor[] = [];
  tidy(() => {
    held.push(large(), large(), large());
    const module = Object.assign(() => undefined, {
      parameters: () => [held[0]].values(),
      buffers: () => [held[1]].values(),
    });
    return module;
  });
  const [weight, mean, other] = held;
  assert.not.ok(isReleased(weight) || isReleased(mean));
  assert.ok(isReleased(other));
});

test('keep lets a tensor outlive every open scope', () => {
  const outer = scope();
  const inner = scope();
  const a = keep(large());
  const [b] = keep([large()]);
  const lost = large();
  inner.end();
  outer.end();
  assert.not.ok(isReleased(a) || isReleased(b));
  assert.ok(isReleased(lost));
  assert.is(keep(a), a, 'outside of any scope it does nothing');
});

test('large tensors in typed arrays are released, too', () => {
  const before = setMemoryLimits({ softLimitBytes: 0 });
  const a = tidy(() => [large()][0].storage);
  setMemoryLimits(before);
  refuses(() => a.array, 'TorsorError', /released by a scope/, 'outside the heap');
});

test('a loop in tidy uses no more memory in the end than after its first round', () => {
  const x = large();
  const round = (): void => {
    const sum = tidy(() => x.mul(2).add(1).exp().sum());
    assert.is(sum.numel(), 1);
  };
  round();
  collectGarbage();
  const { usedBytes, liveStorages } = memory();
  for (let i = 0; i < 200; i++) round();
  assert.is(memory().usedBytes, usedBytes);
  assert.is(memory().liveStorages, liveStorages);
});

test('memory reports bytes in use, the most that were, and what the system gave', () => {
  const x = large();
  const report = memory();
  assert.is(report.usedBytes, heap().usedBytes);
  assert.ok(report.usedBytes >= 8000 && report.highWaterBytes >= report.usedBytes);
  assert.is(report.heapBytes, heap().memory.buffer.byteLength);
  assert.ok(report.liveStorages >= 1);
  x.storage.release('a test');
  assert.is(memory().usedBytes, report.usedBytes - 8000);
  assert.is(memory().highWaterBytes, report.highWaterBytes);
});

test.run();
