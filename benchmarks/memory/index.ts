/**
 * Memory that nobody manages, seen over time: `npm run soak`. Runs each scenario in a process of its own on each runtime, prints a
 * line a sample, and judges: after the first hundredth of the steps, resident memory must not grow by more than a tenth.
 */

import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { root } from '../../tools/runtimes.mjs';
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

/** Shows a sample. */
function show(sample: Sample): void {
  const size = (bytes: number) => `${(bytes / MiB).toFixed(0)}`.padStart(7);
  console.log(
    `${String(sample.step).padStart(9)}${sample.msPerStep.toPrecision(3).padStart(10)}${size(sample.residentBytes)}` +
      `${size(sample.heapBytes)}${size(sample.usedBytes)}${size(sample.pagedOutBytes)}`,
  );
}

/** Runs a scenario on a runtime of its own process; shows and returns its samples. */
async function soak(id: string, name: ScenarioName): Promise<Sample[]> {
  const { limitMiB } = PLAN[name];
  const steps = Number(values.steps ?? PLAN[name].steps);
  const samples: Sample[] = [];
  const hear = (sample: Sample) => {
    samples.push(sample);
    show(sample);
  };
  const [browser, place] = id.split('-');
  if (browser === 'chromium' || browser === 'firefox') {
    await soakInBrowser(browser, { name, steps, limitMiB: limitMiB ?? null, inWorker: place === 'worker' }, hear);
    return samples;
  }
  const [path, ...before] = await prepare(id, 'benchmarks/memory/run.ts');
  const args = [...before, name, String(steps), ...(limitMiB === undefined ? [] : [String(limitMiB)])];
  const child = spawn(path, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) hear(JSON.parse(line) as Sample);
  const code = await ended;
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return samples;
}

const isAll = positionals.length === 0;
const names = (isAll ? Object.keys(PLAN) : positionals.filter((name) => name !== 'peak')) as ScenarioName[];
let passed = 0;
const failed: string[] = [];
for (const id of values.runtime.split(',')) {
  const pace = new Map<ScenarioName, number>();
  for (const name of names) {
    console.log(`\n${id}, ${name}\n     step   ms/step    RSS   heap   used  paged out (MiB)`);
    const samples = await soak(id, name);
    const [first, ...rest] = samples;
    const last = rest[rest.length - 1];
    const paces = rest.map(({ msPerStep }) => msPerStep).sort((a, b) => a - b);
    pace.set(name, paces[paces.length >> 1]);
    // Where the runtime does not say what is resident, the heap and what was paged out of it tell.
    const isKnown = last.residentBytes > 0;
    const growth = isKnown ? last.residentBytes / first.residentBytes : last.heapBytes / first.heapBytes;
    const besidePace = pace.get(PLAN[name].beside as ScenarioName);
    const slower = besidePace === undefined ? 1 : paces[paces.length >> 1] / besidePace;
    const verdict = `${isKnown ? 'resident memory' : 'the heap'} ${growth.toFixed(2)} × that after step ${first.step}`;
    const speed = slower === 1 ? '' : `; ${slower.toFixed(2)} × the time of the loop in scopes`;
    console.log(verdict + speed);
    if (growth <= 1.1 && slower <= 1.15) passed++;
    else failed.push(`${id}, ${name}: ${verdict}${speed}`);
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
