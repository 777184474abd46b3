/** The worker that `spawn` starts: imports a training module and runs it. */

import { serveTrainings } from './training.ts';

await serveTrainings();
