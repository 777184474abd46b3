/** A training for a worker, and the dataset that its loader makes again in workers of its own. */

import type { Tensor } from '../index.ts';
import { data, manualSeed, nn, optim, rand, tensor, workers } from '../index.ts';

const address = import.meta.url;

/** y = 3 x₀ - 2 x₁. */
export function line(x: Tensor): data.TensorDataset {
  return new data.TensorDataset(x, x.matmul(tensor([[3], [-2]])));
}

export interface Learnt {
  readonly threads: number;
  readonly weight: Tensor;
  readonly losses: readonly number[];
}

/** Learns it, with batches from workers if `numWorkers` says so, and with threads. */
export default async function train(context: workers.TrainingContext<{ numWorkers: number }>): Promise<Learnt> {
  manualSeed(5);
  const dataset = await data.importDataset<Tensor[]>(new URL(address), { exportName: 'line', args: [rand(64, 2)] });
  await using pool = await workers.start({ threads: typeof SharedArrayBuffer === 'undefined' ? 1 : 2 });
  const { numWorkers } = context.data;
  await using loader = new data.DataLoader(dataset, { batchSize: 8, numWorkers, persistentWorkers: numWorkers > 0 });
  const net = new nn.Linear(2, 1, { bias: false });
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.5 });
  const losses: number[] = [];
  for (let epoch = 0; epoch < 20; epoch++) {
    for await (const [x, y] of loader) {
      optimizer.zeroGrad();
      const loss = nn.functional.mseLoss(net(x), y);
      loss.backward();
      optimizer.step();
      losses.push(loss.item());
    }
  }
  return { threads: pool.threads, weight: net.weight.detach(), losses };
}
