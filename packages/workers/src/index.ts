/** `@torsor/workers`: a pool of threads under every kernel. */

export type { PoolOptions, PoolStats, ThreadStats } from './pool.ts';
export { Pool, start } from './pool.ts';
