/** One scenario on this runtime: `run.ts <scenario> <steps> [soft limit in MiB]`; a line of JSON a sample. */

import { setMemoryLimits } from 'torsor';
import type { ScenarioName } from './scenarios.ts';
import { samplePoints, scenarios } from './scenarios.ts';

const [name, count, limit] = process.argv.slice(2);
const steps = Number(count);
const scenario = scenarios[name as ScenarioName];
if (scenario === undefined || !(steps > 0)) throw new Error(`run.ts <${Object.keys(scenarios).join('|')}> <steps>`);
if (limit !== undefined) setMemoryLimits({ softLimitBytes: Number(limit) * 2 ** 20 });
await scenario({
  steps,
  samples: samplePoints(steps),
  resident: () => process.memoryUsage().rss,
  report: (sample) => console.log(JSON.stringify(sample)),
});
