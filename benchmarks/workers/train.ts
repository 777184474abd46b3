/** A training that ends when it is cancelled, for the row that asks what a program beside it can still do. */

import * as t from 'torsor';

export default async function train(context: t.workers.TrainingContext<null, number>): Promise<void> {
  const net = new t.nn.Sequential(
    new t.nn.Conv2d(1, 20, 5),
    new t.nn.MaxPool2d(2),
    new t.nn.Conv2d(20, 50, 5),
    new t.nn.MaxPool2d(2),
    new t.nn.Flatten(),
    new t.nn.Linear(800, 10),
  );
  const optimizer = new t.optim.SGD(net.parameters(), { lr: 0.01 });
  const [images, labels] = [t.rand(64, 1, 28, 28), t.randint(10, [64])];
  for (let step = 0; ; step++) {
    await context.checkpoint();
    optimizer.zeroGrad();
    t.nn.functional.crossEntropy(net(images), labels).backward();
    optimizer.step();
    context.report(step);
  }
}
