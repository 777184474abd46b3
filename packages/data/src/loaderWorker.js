/** The worker that `DataLoader({ numWorkers })` starts. */

import { serveBatches } from './serving.ts';

// Not awaited: bundlers make workers of a kind that knows no await at its top.
void serveBatches();
