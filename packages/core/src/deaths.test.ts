/** Whoever owns a block is found dead when nobody can reach it, and never before. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Block } from './block.ts';
import { canCollect, canList, collect, LISTED, noteListed, scriptGrowth } from './collector.ts';
import { Deaths } from './deaths.ts';

class Holder {
  readonly block: Block;

  constructor(block: Block) {
    this.block = block;
  }

  [LISTED](): string {
    return noteListed(this);
  }
}

/** A heap that gives out no memory, and what has been buried in it. */
class Graveyard {
  readonly residents: Block[] = [];
  readonly buried = new Set<Block>();
  readonly deaths = new Deaths((block) => {
    assert.not(this.buried.has(block), 'buried once');
    this.buried.add(block);
    this.leave(block);
  });
  private clock = 0;

  leave(block: Block): void {
    this.deaths.remove(block);
    this.residents.splice(this.residents.indexOf(block), 1);
  }

  place(): Holder {
    const block = new Block(1024);
    block.placedAt = ++this.clock;
    this.residents.push(block);
    const holder = new Holder(block);
    this.deaths.add(block, holder);
    return holder;
  }

  comeBack(holder: Holder): void {
    holder.block.placedAt = ++this.clock;
    this.residents.push(holder.block);
    this.deaths.add(holder.block, holder);
  }

  /** Places so many and lets go of all but each `keep`th. */
  churn(count: number, keep: number): Holder[] {
    const kept: Holder[] = [];
    for (let i = 0; i < count; i++) {
      const holder = this.place();
      if (i % keep === 0) kept.push(holder);
    }
    return kept;
  }
}

/** Counts registrations with finalisers. */
function registered(run: () => void): number {
  const { register } = FinalizationRegistry.prototype;
  let count = 0;
  FinalizationRegistry.prototype.register = function (...args) {
    count++;
    return register.apply(this, args);
  };
  try {
    run();
  } finally {
    FinalizationRegistry.prototype.register = register;
  }
  return count;
}

const afterJob = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

test('who can be reached is never found dead, however one looks', () => {
  const yard = new Graveyard();
  const { deaths, residents, buried } = yard;
  const kept = yard.churn(2000, 7);
  for (const all of [false, false, false, true, false, true, true]) {
    const can = deaths.look(residents, all);
    assert.is(can, all || !canList() ? canCollect() : true);
    kept.push(...yard.churn(300, 3));
    assert.not(kept.some((holder) => buried.has(holder.block)));
  }
  assert.is(kept.filter((holder) => residents.includes(holder.block)).length, kept.length);
});

test('nor when a program has changed how it inspects things', () => {
  type Inspect = { inspect: { defaultOptions: object } };
  const get = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process?.getBuiltinModule;
  const { inspect } = (get?.('node:util') ?? { inspect: { defaultOptions: {} } }) as Inspect;
  const before = { ...inspect.defaultOptions };
  const yard = new Graveyard();
  try {
    inspect.defaultOptions = { customInspect: false, maxArrayLength: 3, depth: 0, showHidden: false, compact: 1 };
    const kept = yard.churn(900, 3);
    for (const all of [false, false, true]) yard.deaths.look(yard.residents, all);
    assert.not(kept.some((holder) => yard.buried.has(holder.block)));
  } finally {
    inspect.defaultOptions = before;
  }
});

test('a look at all finds the rest, young and old', () => {
  const yard = new Graveyard();
  const { deaths, residents, buried } = yard;
  if (!canCollect()) {
    assert.not(deaths.look(residents, true));
    return;
  }
  const kept = yard.churn(3000, 100);
  deaths.look(residents, true);
  const more = yard.churn(100, 10);
  deaths.look(residents, true);
  // A few may still be in sight of the machine's registers.
  assert.ok(buried.size >= 3100 - kept.length - more.length - 8, `${buried.size} buried`);
  assert.is(residents.length + buried.size, 3100);
});

test('a look at the young finds what died since, and registers nothing but what outlives two', () => {
  if (!canList()) return;
  const yard = new Graveyard();
  const { deaths, residents, buried } = yard;
  yard.churn(1, 1);
  deaths.look(residents, false);
  let kept: Holder[] = [];
  const before = buried.size;
  const first = registered(() => {
    kept = yard.churn(1000, 50);
    deaths.look(residents, false);
  });
  assert.ok(first <= 1, `${first} registered`);
  // Those at the head have waited for a while, in which they may have become old.
  assert.ok(buried.size - before > 500, `${buried.size - before} buried`);
  assert.ok(registered(() => deaths.look(residents, false)) >= kept.length);
  assert.ok(deaths.agedBytes >= kept.length * 1024);
  assert.not(kept.some((holder) => buried.has(holder.block)));
});

test('where the young are collected alone, growth of the heap of JavaScript is noticed, until something collects', () => {
  const MiB = 2 ** 20;
  if (canList()) collect(true);
  const before = scriptGrowth();
  const filler = Array.from({ length: 4 }, () => new Array(MiB / 4).fill(null));
  assert.is(scriptGrowth() - before >= 2 * MiB, canList());
  if (canList()) collect(true);
  assert.ok(scriptGrowth() < 2 * MiB);
  assert.is(filler.length, 4);
});

test('when the job ends, the finaliser knows all that is left', async () => {
  const yard = new Graveyard();
  const { deaths, residents, buried } = yard;
  const kept = yard.churn(700, 70);
  deaths.look(residents, false);
  kept.push(...yard.churn(50, 5));
  await afterJob();
  assert.ok(residents.every((block) => block.isRegistered));
  assert.not(kept.some((holder) => buried.has(holder.block)));
  // Also those of a job without a look.
  kept.push(...yard.churn(20, 5));
  await afterJob();
  assert.ok(residents.every((block) => block.isRegistered));
});

test('what has left is not buried, and may come back', () => {
  const yard = new Graveyard();
  const { deaths, residents, buried } = yard;
  const kept = yard.churn(900, 3);
  deaths.look(residents, false);
  for (const holder of kept) yard.leave(holder.block);
  assert.not(kept.some((holder) => holder.block.isRegistered || holder.block.placeAsYoung >= 0));
  deaths.look(residents, false);
  for (const { block } of kept) assert.not(buried.has(block));
  for (const holder of kept) yard.comeBack(holder);
  for (const all of [false, false, true]) deaths.look(residents, all);
  assert.not(kept.some((holder) => buried.has(holder.block)));
  assert.is(kept.filter((holder) => residents.includes(holder.block)).length, kept.length);
});

test.run();
