/** The training that `serve.ts` runs in a worker: a convolutional network that learns the digits. */

import type { nn as Nn, Tensor, workers } from 'torsor';
import { data, manualSeed, nn, noGrad, optim } from 'torsor';
import { loadDigits } from './digitsData.ts';

const F = nn.functional;

export class ConvNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 });
  conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });
  pool = new nn.MaxPool2d(2);
  head = new nn.Linear(32 * 4 * 4, 10);

  forward(x: Tensor): Tensor {
    const features = this.pool(F.relu(this.conv2(F.relu(this.conv1(x))))); // [N, 32, 4, 4]
    return this.head(features.flatten(1)); // [N, 10]
  }
}

export type Weights = ReturnType<Nn.Module['stateDict']>;

/** What the training reports after each epoch. */
export interface Progress {
  readonly epoch: number;
  readonly loss: number;
  /** Share of the digits held out that the network reads right. */
  readonly heldOut: number;
  readonly weights: Weights;
}

export default async function train(context: workers.TrainingContext<{ epochs: number }, Progress>): Promise<Weights> {
  const { train, test } = await loadDigits();
  manualSeed(0);
  const net = new ConvNet();
  const optimizer = new optim.AdamW(net.parameters(), { lr: 2e-3 });
  const dataset = new data.TensorDataset(train.images, train.labels);
  const loader = new data.DataLoader(dataset, { batchSize: 64, shuffle: true });
  for (let epoch = 1; epoch <= context.data.epochs; epoch++) {
    let sum = 0;
    for (const [images, labels] of loader) {
      const loss = F.crossEntropy(net(images), labels);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      sum += loss.item();
      // here the training can be paused and cancelled
      await context.checkpoint();
    }
    const heldOut = noGrad(() => net(test.images).argmax(1).eq(test.labels).to('float32').mean().item());
    context.report({ epoch, loss: sum / loader.length, heldOut, weights: net.stateDict() });
  }
  return net.stateDict();
}
