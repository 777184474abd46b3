/** One scenario on this runtime: `run.ts <scenario> <steps> [soft limit in MiB]`; a line of JSON a sample. */

import { setMemoryLimits } from 'torsor';
import type { ScenarioName } from './scenarios.ts';
import { scenarios } from './scenarios.ts';

const [name, count, limit] = process.argv.slice(2);
const steps = Number(count);
const scenario = scenarios[name as ScenarioName];
if (scenario === undefined || !(steps > 0)) throw new Error(`run.ts <${Object.keys(scenarios).join('|')}> <steps>`);
if (limit !== undefined) setMemoryLimits({ softLimitBytes: Number(limit) * 2 ** 20 });
// A hundredth of the way the program is warm; then it is looked at ten times.
const samples = [
  ...new Set([Math.ceil(steps / 100), ...Array.from({ length: 10 }, (_, i) => Math.ceil((steps * (i + 1)) / 10))]),
];
await scenario({
  steps,
  samples,
  resident: () => process.memoryUsage().rss,
  report: (sample) => console.log(JSON.stringify(sample)),
});
