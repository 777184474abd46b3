/**
 * Random programs (create, view, write in place, backward, scopes, limits that page) against the same programs in a world that never
 * frees: every value is equal, and in the end every byte is back.
 */

import type { Scope, Tensor } from '@torsor/core';
import { memory, scope, setMemoryLimits, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import './index.ts';

/** Numbers below `n`, the same every time (a linear congruential generator). */
function sequence(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const MiB = 2 ** 20;

/**
 * Runs the program of a seed; returns what it read. In the frugal world scopes open and end, a tensor is released by hand now and
 * then, and the limits change under way; in the other one nothing of that happens.
 */
function run(seed: number, isFrugal: boolean): number[] {
  const pick = sequence(seed);
  const read: number[] = [];
  /** Live tensors, each with the depth of the scope that it belongs to. */
  let live: { x: Tensor; depth: number }[] = [];
  const scopes: (Scope | null)[] = [];
  const put = (x: Tensor): void => {
    live.push({ x, depth: scopes.length });
  };
  const any = (): Tensor => live[pick(live.length)].x;
  const SIZES = [3, 40, 200, 96 * 1024, 300 * 1024];
  const make = (): Tensor => {
    const size = SIZES[pick(SIZES.length)];
    return zeros(size).add(pick(7) - 3);
  };
  const see = (x: Tensor): void => {
    const flat = x.reshape(-1);
    read.push(flat.select(0, 0).item(), flat.select(0, flat.shape[0] - 1).item(), x.mean().item());
  };
  put(make());
  for (let step = 0; step < 60; step++) {
    const action = pick(14);
    if (action <= 2) put(make());
    else if (action === 3) {
      const x = any();
      put(x.narrow(0, 0, Math.max(1, x.shape[0] >> 1)));
    } else if (action === 4) put(any().neg().add(1));
    else if (action === 5) put(any().mul(any().mean()));
    else if (action === 6) any().add_(pick(5));
    else if (action === 7) any().narrow(0, 0, 1).mul_(0.5);
    else if (action === 8) {
      // A backward pass: through a product, a relu and a view, added up from two sides.
      const w = any().detach().clone().requiresGrad_();
      const h = w.mul(w.relu()).narrow(0, 0, Math.max(1, w.shape[0] - 1));
      h.sum().add(w.mul(2).sum()).backward();
      see(w.grad as Tensor);
      // A gradient outlives every scope, since its variable may; this one is done with.
      if (isFrugal) (w.grad as Tensor).storage.release('a test');
      put(w.detach());
    } else if (action === 9 && scopes.length < 4) scopes.push(isFrugal ? scope() : null);
    else if (action === 10 && scopes.length > 0) {
      const kept = live.length > 0 && pick(2) === 0 ? any() : null;
      const ending = scopes[scopes.length - 1];
      const depth = scopes.length;
      if (kept !== null) ending?.keep(kept);
      scopes.pop();
      ending?.end();
      // What shares its memory with what was kept stays, too.
      live = live.flatMap((entry) => {
        if (entry.depth < depth) return [entry];
        return kept !== null && entry.x.storage.root === kept.storage.root ? [{ x: entry.x, depth: depth - 1 }] : [];
      });
      if (live.length === 0) put(make());
    } else if (action === 11) {
      const limit = [MiB, 2 * MiB, 5 * MiB, 64 * MiB][pick(4)];
      if (isFrugal) setMemoryLimits({ softLimitBytes: limit });
    } else see(any());
  }
  for (const { x } of live) see(x);
  while (scopes.length > 0) scopes.pop()?.end();
  return read;
}

/** Bytes that tensors hold in the heap. */
function held(): number {
  const { usedBytes, scratchBytes } = memory();
  return usedBytes - scratchBytes;
}

test('random programs read the same under scopes and paging as where nothing is ever freed, and give every byte back', () => {
  const limits = setMemoryLimits({});
  let paged = 0;
  for (let seed = 1; seed <= 60; seed++) {
    setMemoryLimits({ softLimitBytes: 1024 * MiB });
    const outer = scope();
    const want = run(seed, false);
    outer.end();
    const before = held();
    const { pagedOutBytes } = memory();
    setMemoryLimits({ softLimitBytes: 4 * MiB });
    const all = scope();
    const got = run(seed, true);
    all.end();
    assert.ok(want.length > 10, `program ${seed} reads something`);
    for (let i = 0; i < got.length; i++) {
      assert.ok(Object.is(got[i], want[i]), `program ${seed}, reading ${i}: ${got[i]}, not ${want[i]}`);
    }
    assert.is(got.length, want.length);
    // Fewer, if the collector has come by meanwhile.
    assert.ok(held() <= before, `program ${seed}: ${held() - before} bytes are not back`);
    paged += memory().pagedOutBytes - pagedOutBytes;
  }
  setMemoryLimits(limits);
  assert.ok(paged > 10 * MiB, 'there was paging');
});

test('a graph may be larger than the heap may be', () => {
  const limits = setMemoryLimits({ softLimitBytes: 4 * MiB });
  const x = tensor(new Float32Array(2 ** 18).fill(1.5)).requiresGrad_();
  let y: Tensor = x;
  for (let i = 0; i < 12; i++) y = y.mul(x);
  y.sum().backward();
  const grad = x.grad as Tensor;
  assert.ok(Math.abs(grad.select(0, 77).item() - 13 * 1.5 ** 12) < 1e-3);
  assert.ok(Math.abs(grad.mean().item() - 13 * 1.5 ** 12) < 1e-3);
  setMemoryLimits(limits);
});

test.run();
