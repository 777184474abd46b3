import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventAverage, Profile } from './index.ts';
import { conv2d, convolution, explain, ones, profile, recordFunction, zeros } from './index.ts';
import { observed } from './observe.ts';

const find = (p: Profile, name: string): EventAverage => {
  const found = p.keyAverages().find((event) => event.name === name);
  assert.ok(found, `${name} among ${p.keyAverages().map((event) => event.name)}`);
  return found as EventAverage;
};

test('ops are counted, with their times, bytes and operations', () => {
  const [a, b] = [ones(64, 32), ones(32, 48)];
  const p = profile(() => {
    for (let i = 0; i < 3; i++) a.matmul(b);
    return a.exp().sum().item();
  });
  assert.ok(Math.abs(p.result - 64 * 32 * Math.E) < 0.1);
  const { calls, ms, selfMs, bytes, flops } = find(p, 'mm');
  assert.is(calls, 3);
  assert.ok(ms > 0 && selfMs > 0 && selfMs <= ms);
  assert.is(bytes, 3 * 4 * (64 * 32 + 32 * 48 + 64 * 48));
  assert.is(flops, 3 * 2 * 64 * 32 * 48);
  assert.is(find(p, 'exp').bytes, 2 * 4 * 64 * 32);
  assert.is(find(p, 'exp').flops, 0);
  assert.ok(p.kernels.some(({ name }) => name === 'f32_exp_v'));
});

test('convolutions count the products of their windows, transposed ones those of their input', () => {
  const [x, w] = [ones(2, 4, 10, 10), ones(6, 2, 3, 3)];
  assert.is(
    find(
      profile(() => conv2d(x, w, { groups: 2 })),
      'convolution',
    ).flops,
    2 * (2 * 6 * 8 * 8) * (2 * 9),
  );
  const params = { stride: [2, 2], padding: [0, 0], dilation: [1, 1], groups: 1 };
  const p = profile(() => convolution(x, ones(4, 3, 2, 2), null, params, true, [0, 0]));
  assert.is(find(p, 'convolution').flops, 2 * (2 * 4 * 100) * (3 * 4));
});

test('views move nothing, and ops in place read and write', () => {
  const x = zeros(100, 100);
  const p = profile(() => x.t().add_(1));
  assert.is(find(p, 't').bytes, 0);
  assert.is(find(p, 'add_').bytes, 2 * 40_000);
});

test('recordFunction surrounds its ops, whose time is not its own', () => {
  const x = ones(200, 200);
  const p = profile(() => recordFunction('forward', () => recordFunction('inner', () => x.matmul(x)).exp()));
  assert.equal(
    p.events.map(({ name }) => name),
    ['forward', 'inner', 'mm', 'exp'],
  );
  const [forward, inner, mm, exp] = p.events;
  assert.ok(Math.abs(forward.selfMs - (forward.ms - inner.ms - exp.ms)) < 1e-9);
  assert.ok(Math.abs(inner.selfMs - (inner.ms - mm.ms)) < 1e-9);
  assert.is(
    recordFunction('alone', () => 3),
    3,
  );
  assert.equal(
    explain(() => recordFunction('forward', () => x.exp())).ops.map(({ op, depth }) => [op, depth]),
    [
      ['forward', 0],
      ['exp', 1],
    ],
  );
});

test('an asynchronous function is profiled until its promise settles', async () => {
  const x = ones(64, 64);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  const p = await profile(async () => {
    await recordFunction('waits', pause);
    return x.exp();
  });
  assert.equal(p.result.shape, [64, 64]);
  assert.is(find(p, 'exp').calls, 1);
  assert.ok(find(p, 'waits').ms >= 15, 'until its promise settled');
  x.exp();
  assert.is(find(p, 'exp').calls, 1, 'it no longer listens');
});

test('profiles may nest and overlap; each stops to listen when it ends, and so after an error', async () => {
  const x = ones(8);
  const outer = profile(() => profile(() => x.exp()).events.length);
  assert.is(outer.result, 1);
  assert.is(outer.events.length, 0, 'the inner one heard');
  const turn = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await Promise.all([profile(() => turn(1)), profile(() => turn(20))]);
  assert.throws(() =>
    profile(() => {
      throw new Error('mine');
    }),
  );
  let thrown = '';
  await profile(async () => {
    throw new Error('late');
  }).catch((error: Error) => {
    thrown = error.message;
  });
  assert.is(thrown, 'late');
  assert.is(observed.current, null);
});

test('it prints as a table that can be sorted and cut, in inspectors too', () => {
  const x = ones(64, 64);
  const p = profile(() => {
    for (let i = 0; i < 5; i++) x.exp();
    x.matmul(x);
  });
  const lines = p.keyAverages().table({ sortBy: 'calls' }).split('\n');
  assert.match(lines[0], /^Name +Self % +Self +Total % +Total +Average +Calls +Bytes +GFLOP\/s$/);
  assert.match(lines[2], /^exp .* 5 +0\.16 MB +–$/);
  assert.match(lines[3], /^mm .* 1 +0\.05 MB +\d+\.\d\d$/);
  assert.match(lines[5], /^Self time in all: \d+\.\d{3} ms$/);
  assert.match(p.table({ sortBy: 'name', rowLimit: 1 }), /\nexp [^\n]*\n-/);
  assert.throws(() => p.table({ sortBy: 'cpuTime' as never }), /table: sortBy must be one of selfMs, ms/);
  for (const inspector of ['nodejs.util.inspect.custom', 'Deno.customInspect']) {
    const print = (p as unknown as Record<symbol, () => string>)[Symbol.for(inspector)];
    assert.is(print.call(p), String(p));
  }
});

test('a trace has a bar for each op and a mark for each kernel, in microseconds', () => {
  const x = ones(64, 64);
  const p = profile(() => x.exp());
  const { traceEvents } = JSON.parse(p.toChromeTrace());
  const [bar, mark] = traceEvents;
  assert.is(traceEvents.length, 2);
  assert.equal([bar.ph, bar.name, bar.args.inputShapes], ['X', 'exp', [[64, 64]]]);
  assert.equal([mark.ph, mark.name], ['i', 'f32_exp_v']);
  assert.ok(bar.dur > 0 && mark.ts >= bar.ts && mark.ts <= bar.ts + bar.dur);
});

test('ops and kernels stand on the timeline of the program', () => {
  const x = ones(64, 64);
  performance.clearMeasures();
  performance.clearMarks();
  profile(() => x.exp(), { timeline: false });
  assert.is(performance.getEntriesByType('measure').length, 0);
  const { events } = profile(() => x.exp());
  const [measure] = performance.getEntriesByType('measure');
  assert.is(measure.name, 'exp');
  assert.ok(Math.abs(measure.startTime - events[0].startMs) < 0.1);
  assert.ok(Math.abs(measure.duration - events[0].ms) < 0.1);
  assert.is(performance.getEntriesByType('mark')[0].name, 'f32_exp_v');
  performance.clearMeasures();
  performance.clearMarks();
});

test.run();
