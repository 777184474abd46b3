/** Workers of the packages as they are published: bundles, and the files beside them that workers start from. */

import { data, ones, workers } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const module = new URL(import.meta.url.replace(/workers\.test\.(\w+)$/, 'modules.$1'));

test('a training is spawned, and weights go both ways', async () => {
  const trainer = workers.spawn<readonly number[], ReturnType<typeof ones>>(module, { data: ones(2, 3) });
  for await (const shape of trainer) assert.equal(shape, [2, 3]);
  assert.ok((await trainer.result).equal(ones(2, 3)));
});

test('a loader has workers', async () => {
  const squares = await data.importDataset<number>(module, { exportName: 'dataset' });
  const seen: unknown[] = [];
  for await (const x of new data.DataLoader(squares, { batchSize: 2, numWorkers: 2 })) seen.push(x.toArray());
  assert.equal(seen, [[0, 1], [4, 9], [16]]);
});

test.run();
