/** A user of threads, who multiplies on two. */

import { manualSeed, rand, workers } from 'torsor';

manualSeed(0);
const [a, b] = [rand(300, 257), rand(257, 190)];
const alone = a.matmul(b).toTypedArray();

const pool = await workers.start({ threads: 2 });
const shared = a.matmul(b).toTypedArray();
const { launches, threads } = pool.stats();
await pool.stop();

if (threads.length !== 2) throw new Error(`${threads.length} threads`);
if (launches === 0) throw new Error('no launch was shared');
if (shared.some((value, i) => value !== alone[i])) throw new Error('two threads give other bits than one');
console.log('threads: ok');
