/** The worker that `spawn` starts: imports a training module and runs it. */

import { serveTrainings } from './training.ts';

// Not awaited: bundlers make workers of a kind that knows no await at its top.
void serveTrainings();
