/** The worker that `DataLoader({ numWorkers })` starts. */

import { serveBatches } from './serving.ts';

await serveBatches();
