/**
 * Memory that nobody manages, seen over time: `npm run soak`. Runs each scenario in a process of its own on each runtime, prints a
 * line a sample, and judges: after the first hundredth of the steps, resident memory must not grow by more than a tenth. A loop and the
 * same one in scopes run in turns, a second each, and must take about the same time.
 */

import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { root } from '../../tools/runtimes.mjs';
import { median } from '../median.ts';
import { prepare } from '../runtime.ts';
import { soakInBrowser } from './browser.ts';
import type { Sample, ScenarioName } from './scenarios.ts';

const MiB = 2 ** 20;
/** Steps of each scenario, the soft limit that it runs under where that is not the default, and whose pace to set it beside. */
const PLAN: Record<ScenarioName, { steps: number; limitMiB?: number; beside?: ScenarioName }> = {
  scoped: { steps: 100_000 },
  synchronous: { steps: 100_000, beside: 'scoped' },
  yielding: { steps: 100_000 },
  handwrittenScoped: { steps: 100_000 },
  handwritten: { steps: 100_000, beside: 'handwrittenScoped' },
  small: { steps: 1_000_000 },
  overcommitted: { steps: 2_000, limitMiB: 128 },
};

/** Bytes that PyTorch 1.13 counts for the step of `peak.ts`: printed by `peak.py`. */
const PYTORCH = { saved: 48_648_452, parameters: 1_089_128, gradients: 1_089_128, state: 1_089_128 };

const usage = `npm run soak -- [scenario…] [options]

Scenarios: ${Object.keys(PLAN).join(', ')}; peak.

  --runtime a,b   node20, node24, node26, bun, deno, chromium, chromium-worker, firefox, firefox-worker; default node24
  --steps n       instead of each scenario's own number`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runtime: { type: 'string', default: 'node24' },
    steps: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const unknown = positionals.filter((name) => name !== 'peak' && !Object.hasOwn(PLAN, name));
if (values.help || unknown.length > 0) {
  console.log(
    unknown.length > 0 ? `There is no ${unknown.join(', ')} among ${Object.keys(PLAN).join(', ')}.\n\n${usage}` : usage,
  );
  process.exit(unknown.length > 0 ? 2 : 0);
}

/** Measures a step of ResNet-20 and shows it beside PyTorch's count; returns what falls short. */
async function peak(id: string): Promise<string[]> {
  const [path, ...args] = await prepare(id, 'benchmarks/memory/peak.ts');
  const { stdout } = await promisify(execFile)(path, args, { cwd: root });
  const { plain, checkpointed } = JSON.parse(stdout) as Record<'plain' | 'checkpointed', { peak: number }>;
  const count = Object.values(PYTORCH).reduce((sum, bytes) => sum + bytes);
  const size = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`.padStart(9);
  console.log(`\n${id}, a step of ResNet-20, batch 32`);
  for (const [part, bytes] of Object.entries(PYTORCH)) console.log(`  PyTorch, ${part.padEnd(24)}${size(bytes)}`);
  console.log(`  PyTorch, together              ${size(count)}`);
  console.log(`  peak of the heap               ${size(plain.peak)}   ${(plain.peak / count).toFixed(2)} ×`);
  console.log(
    `  the same, blocks checkpointed  ${size(checkpointed.peak)}   ${(checkpointed.peak / plain.peak).toFixed(2)} × that`,
  );
  const short: string[] = [];
  if (plain.peak > 1.1 * count) short.push(`${id}, peak: over 1.1 × PyTorch's count`);
  if (checkpointed.peak > plain.peak / 2) short.push(`${id}, peak: over half with checkpoints`);
  return short;
}

/** Shows a sample of a scenario. */
function show(name: ScenarioName, sample: Sample): void {
  const size = (bytes: number) => `${(bytes / MiB).toFixed(0)}`.padStart(7);
  console.log(
    `${String(sample.step).padStart(9)}${sample.msPerStep.toPrecision(3).padStart(10)}${size(sample.residentBytes)}` +
      `${size(sample.heapBytes)}${size(sample.usedBytes)}${size(sample.pagedOutBytes)}  ${name}`,
  );
}

const isBrowser = (id: string): boolean => id.startsWith('chromium') || id.startsWith('firefox');
const stepsOf = (name: ScenarioName): number => Number(values.steps ?? PLAN[name].steps);

/** Runs a scenario in a page or a worker of a browser. */
async function soakInPage(id: string, name: ScenarioName): Promise<Sample[]> {
  const [browser, place] = id.split('-');
  const samples: Sample[] = [];
  const plan = { name, steps: stepsOf(name), limitMiB: PLAN[name].limitMiB ?? null, inWorker: place === 'worker' };
  await soakInBrowser(browser as 'chromium' | 'firefox', plan, (sample) => {
    samples.push(sample);
    show(name, sample);
  });
  return samples;
}

/** A scenario in a process of its own, which can be stopped in between: that time counts for nothing. */
class Soak {
  readonly samples: Sample[] = [];
  readonly ended: Promise<void>;
  isRunning = true;
  isEnded = false;
  readonly #child;
  #ranMs = 0;
  #fromMs = performance.now();
  #last = { step: 0, ranMs: 0 };

  constructor(name: ScenarioName, [path, ...before]: readonly string[]) {
    const { limitMiB } = PLAN[name];
    const args = [...before, name, String(stepsOf(name)), ...(limitMiB === undefined ? [] : [String(limitMiB)])];
    this.#child = spawn(path, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(name, JSON.parse(line) as Sample));
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('close', (code) => {
        this.isEnded = true;
        if (code === 0) resolve();
        else reject(new Error(`${name} ended with ${code}`));
      });
    });
  }

  #hear(name: ScenarioName, sample: Sample): void {
    const ranMs = this.#ranMs + performance.now() - this.#fromMs;
    const msPerStep = (ranMs - this.#last.ranMs) / (sample.step - this.#last.step);
    this.#last = { step: sample.step, ranMs };
    this.samples.push({ ...sample, msPerStep });
    show(name, this.samples[this.samples.length - 1]);
  }

  /** Lets it go on, or stops it. */
  set running(on: boolean) {
    if (on === this.isRunning || this.isEnded) return;
    this.isRunning = on;
    if (on) this.#fromMs = performance.now();
    else this.#ranMs += performance.now() - this.#fromMs;
    this.#child.kill(on ? 'SIGCONT' : 'SIGSTOP');
  }

  /** Ends it, if it has not ended. */
  kill(): void {
    if (!this.isEnded) this.#child.kill('SIGKILL');
  }
}

/** How long each of several has its turn: so that a machine that slows down slows all of them. */
const TURN_MS = 1000;

/** Runs scenarios on a runtime in turns, each in a process of its own; gives their samples. */
async function soakInTurns(id: string, names: readonly ScenarioName[]): Promise<Sample[][]> {
  const command = await prepare(id, 'benchmarks/memory/run.ts');
  const soaks = names.map((name) => new Soak(name, command));
  const allEnded = Promise.all(soaks.map(({ ended }) => ended));
  try {
    for (let turn = 0; soaks.some(({ isEnded }) => !isEnded); turn++) {
      const left = soaks.filter(({ isEnded }) => !isEnded);
      const now = left[turn % left.length];
      for (const other of left) if (other !== now) other.running = false;
      now.running = true;
      await Promise.race([now.ended, new Promise((resolve) => setTimeout(resolve, TURN_MS))]);
    }
    await allEnded;
  } finally {
    // When one has failed, another may be stopped, and would stay.
    for (const each of soaks) each.kill();
  }
  return soaks.map(({ samples }) => samples);
}

const isAll = positionals.length === 0;
const names = (isAll ? Object.keys(PLAN) : positionals.filter((name) => name !== 'peak')) as ScenarioName[];
let passed = 0;
const failed: string[] = [];
/** What samples say, beside those of the loop in scopes if there are any: whether all is well, and a sentence. */
function judge(samples: readonly Sample[], inScopes?: readonly Sample[]): { isGood: boolean; verdict: string } {
  const [first, ...rest] = samples;
  const last = rest[rest.length - 1];
  // Where the runtime does not say what is resident, the heap and what was paged out of it tell.
  const isKnown = last.residentBytes > 0;
  const growth = isKnown ? last.residentBytes / first.residentBytes : last.heapBytes / first.heapBytes;
  const slower = inScopes === undefined ? 1 : pace(samples) / pace(inScopes);
  const memory = `${isKnown ? 'resident memory' : 'the heap'} ${growth.toFixed(2)} × that after step ${first.step}`;
  const speed = inScopes === undefined ? '' : `; ${slower.toFixed(2)} × the time of the loop in scopes`;
  return { isGood: growth <= 1.1 && slower <= 1.15, verdict: memory + speed };
}

/** Milliseconds of a step, once warm. */
const pace = ([, ...rest]: readonly Sample[]): number => median(rest.map(({ msPerStep }) => msPerStep));

for (const id of values.runtime.split(',')) {
  const left = new Set(names);
  for (const name of names) {
    if (!left.delete(name)) continue;
    const beside = [...left].find((other) => PLAN[other].beside === name);
    const together = beside === undefined || isBrowser(id) ? [name] : [name, beside];
    for (const each of together) left.delete(each);
    console.log(`\n${id}, ${together.join(' and ')}\n     step   ms/step    RSS   heap   used  paged out (MiB)`);
    const all = isBrowser(id) ? [await soakInPage(id, name)] : await soakInTurns(id, together);
    together.forEach((each, k) => {
      const { isGood, verdict } = judge(all[k], k > 0 ? all[0] : undefined);
      console.log(`${each}: ${verdict}`);
      if (isGood) passed++;
      else failed.push(`${id}, ${each}: ${verdict}`);
    });
  }
}
if (isAll || positionals.includes('peak')) {
  const short = await peak('node24');
  failed.push(...short);
  if (short.length === 0) passed++;
}
for (const line of failed) console.log(`✗ ${line}`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
