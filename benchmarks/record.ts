/** `npm run record`: adds the runs in `benchmarks/results/*.json` to the history that the dashboard shows. */

import { relative } from 'node:path';
import { root } from '../tools/runtimes.mjs';
import { record } from './history.ts';

const added = record(`${root}benchmarks/results`);
for (const path of added) console.log(`added ${relative(root, path)}`);
if (added.length === 0) console.log('nothing new: every run in benchmarks/results is in the history');
