/**
 * Peak memory of a training step of ResNet-20, batch 32, beside what PyTorch counts for the same step:
 *
 *     npm run soak -- peak
 *
 * PyTorch's number is what its tape saves, by storage, with parameters, gradients and momentum (`peak.py`). Ours is all that
 * the heap held at the worst moment, scratch space included: intermediate gradients, too. In-place activations and sums, as
 * PyTorch's own models have them.
 */

import type { Tensor } from 'torsor';
import {
  autograd,
  collectGarbage,
  debugMemory,
  manualSeed,
  memory,
  nn,
  optim,
  randint,
  randn,
  resetPeakMemory,
} from 'torsor';

const { relu, crossEntropy } = nn.functional;

class Block extends nn.Module {
  conv1: InstanceType<typeof nn.Conv2d>;
  bn1: InstanceType<typeof nn.BatchNorm2d>;
  conv2: InstanceType<typeof nn.Conv2d>;
  bn2: InstanceType<typeof nn.BatchNorm2d>;
  shortcut: InstanceType<typeof nn.Conv2d> | null;

  constructor(from: number, width: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(from, width, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(width);
    this.conv2 = new nn.Conv2d(width, width, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(width);
    this.shortcut = stride === 1 ? null : new nn.Conv2d(from, width, 1, { stride, bias: false });
  }

  forward(x: Tensor): Tensor {
    const y = this.bn2(this.conv2(relu(this.bn1(this.conv1(x)), true)));
    y.add_(this.shortcut === null ? x : this.shortcut(x));
    return relu(y, true);
  }
}

class ResNet20 extends nn.Module {
  conv = new nn.Conv2d(3, 16, 3, { padding: 1, bias: false });
  bn = new nn.BatchNorm2d(16);
  blocks = new nn.ModuleList(
    [16, 32, 64].flatMap((width, stage) =>
      [0, 1, 2].map((i) => new Block(i === 0 && stage > 0 ? width / 2 : width, width, i === 0 && stage > 0 ? 2 : 1)),
    ),
  );
  fc = new nn.Linear(64, 10);
  readonly isFrugal: boolean;

  constructor(isFrugal: boolean) {
    super();
    this.isFrugal = isFrugal;
  }

  forward(x: Tensor): Tensor {
    let y = relu(this.bn(this.conv(x)), true);
    for (const block of this.blocks) {
      const run = block as Block;
      y = this.isFrugal ? (autograd.checkpoint(run, y) as Tensor) : run(y);
    }
    return this.fc(y.mean([2, 3]));
  }
}

/** Bytes that the second step of training needs at its worst moment, and those that are there between steps. */
function measure(isFrugal: boolean): { peak: number; resting: number } {
  manualSeed(0);
  const net = new ResNet20(isFrugal);
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.1, momentum: 0.9 });
  const x = randn(32, 3, 32, 32);
  const labels = randint(10, [32]);
  const step = () => {
    optimizer.zeroGrad();
    crossEntropy(net(x), labels).backward();
    optimizer.step();
  };
  step();
  collectGarbage();
  const resting = memory().usedBytes;
  resetPeakMemory();
  step();
  return { peak: memory().highWaterBytes, resting };
}

// Dead tensors do not count.
debugMemory(true);
console.log(JSON.stringify({ plain: measure(false), checkpointed: measure(true) }));
