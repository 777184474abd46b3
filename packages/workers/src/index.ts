/** `@torsor/workers`: a pool of threads under every kernel, and training in a thread of its own. */

export type { PoolOptions, PoolStats, ThreadStats } from './pool.ts';
export { Pool } from './pool.ts';
export { start } from './start.ts';
export type { SpawnOptions } from './trainer.ts';
export { spawn, Trainer } from './trainer.ts';
export type { Training, TrainingContext } from './training.ts';
export { expose } from './training.ts';
