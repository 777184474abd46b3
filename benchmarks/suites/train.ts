/** One step of training, of networks that PyTorch trains beside; and what they take to answer. */

import type { Tensor } from 'torsor';
import * as t from 'torsor';
import type { Line, Run } from '../row.ts';

const { nn, optim } = t;
const f = nn.functional;

class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 20, 5);
  conv2 = new nn.Conv2d(20, 50, 5);
  pool = new nn.MaxPool2d(2);
  fc1 = new nn.Linear(800, 500);
  fc2 = new nn.Linear(500, 10);

  forward(x: Tensor): Tensor {
    const features = this.pool(this.conv2(this.pool(this.conv1(x)))).flatten(1);
    return this.fc2(f.relu(this.fc1(features)));
  }
}

class Mlp extends nn.Module {
  fc1 = new nn.Linear(784, 256);
  fc2 = new nn.Linear(256, 10);

  forward(x: Tensor): Tensor {
    return this.fc2(f.relu(this.fc1(x)));
  }
}

class Block extends nn.Module {
  conv1: InstanceType<typeof nn.Conv2d>;
  bn1: InstanceType<typeof nn.BatchNorm2d>;
  conv2: InstanceType<typeof nn.Conv2d>;
  bn2: InstanceType<typeof nn.BatchNorm2d>;
  shortcut: InstanceType<typeof nn.Conv2d> | null;

  constructor(from: number, to: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(from, to, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(to);
    this.conv2 = new nn.Conv2d(to, to, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(to);
    this.shortcut = stride === 1 ? null : new nn.Conv2d(from, to, 1, { stride, bias: false });
  }

  forward(x: Tensor): Tensor {
    const y = this.bn2(this.conv2(f.relu(this.bn1(this.conv1(x)))));
    return f.relu(y.add(this.shortcut === null ? x : this.shortcut(x)));
  }
}

/** He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2; 1×1 convolutions where the size changes. */
class ResNet20 extends nn.Module {
  conv = new nn.Conv2d(3, 16, 3, { padding: 1, bias: false });
  bn = new nn.BatchNorm2d(16);
  blocks = new nn.ModuleList(
    [16, 32, 64].flatMap((width, stage) =>
      [0, 1, 2].map((i) => new Block(i === 0 && stage > 0 ? width / 2 : width, width, i === 0 && stage > 0 ? 2 : 1)),
    ),
  );
  fc = new nn.Linear(64, 10);

  forward(x: Tensor): Tensor {
    let y = f.relu(this.bn(this.conv(x)));
    for (const block of this.blocks) y = (block as Block)(y);
    return this.fc(y.mean([2, 3]));
  }
}

class Conv1dNet extends nn.Module {
  conv1 = new nn.Conv1d(2, 16, 9, { stride: 2, padding: 4 });
  conv2 = new nn.Conv1d(16, 32, 9, { stride: 2, padding: 4 });
  conv3 = new nn.Conv1d(32, 64, 9, { stride: 2, padding: 4 });
  fc = new nn.Linear(64, 10);

  forward(x: Tensor): Tensor {
    return this.fc(f.relu(this.conv3(f.relu(this.conv2(f.relu(this.conv1(x)))))).mean(2));
  }
}

/** The last hidden state of an LSTM, classified. */
class LstmNet extends nn.Module {
  lstm = new nn.LSTM(64, 128, { batchFirst: true });
  fc = new nn.Linear(128, 10);

  forward(x: Tensor): Tensor {
    const [, [h]] = this.lstm(x);
    return this.fc(h.at(-1));
  }
}

const WIDTH = 128;

/** One step of classification. */
function step(net: t.nn.Module, optimizer: { zeroGrad(): void; step(): unknown }, input: readonly number[]): Run {
  const x = t.randn(...input);
  const labels = t.randint(10, [input[0]]);
  return () => {
    optimizer.zeroGrad();
    f.crossEntropy((net as Mlp)(x), labels).backward();
    optimizer.step();
  };
}

function line(name: string, op: string, input: readonly number[], pytorch: number, make: () => Run): Line {
  return { name, work: { op, shapes: [input] }, atLeast: { pytorch }, make };
}

/** A forward pass without a tape. */
function inference(name: string, op: string, input: readonly number[], make: () => t.nn.Module): Line {
  return {
    name: `${name} inference, batch ${input[0]}`,
    work: { op, shapes: [input], pass: 'forward' },
    make() {
      const net = make() as Mlp;
      const x = t.randn(...input);
      return () => t.noGrad(() => net(x));
    },
  };
}

export function lines(): Line[] {
  const classified = (make: () => t.nn.Module, input: readonly number[]) => () => {
    const net = make();
    return step(net, new optim.SGD(net.parameters(), { lr: 0.01 }), input);
  };
  const images = [32, 3, 32, 32];
  return [
    line(
      'LeNet (20, 50, 500), batch 64, SGD',
      'lenet',
      [64, 1, 28, 28],
      1,
      classified(() => new LeNet(), [64, 1, 28, 28]),
    ),
    line('MLP 784-256-10, batch 64, Adam', 'mlp', [64, 784], 1, () => {
      const net = new Mlp();
      return step(net, new optim.Adam(net.parameters(), { lr: 1e-3 }), [64, 784]);
    }),
    line(
      'ResNet-20, batch 32, SGD',
      'resnet20',
      images,
      1 / 1.3,
      classified(() => new ResNet20(), images),
    ),
    line(
      'Conv1d net 2→16→32→64, 32×2×4096, SGD',
      'conv1dnet',
      [32, 2, 4096],
      1 / 1.3,
      classified(() => new Conv1dNet(), [32, 2, 4096]),
    ),
    line('TransformerEncoderLayer d128, 8×64, SGD', 'encoder', [8, 64, WIDTH], 1 / 1.5, () => {
      const net = new nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, { dropout: 0, batchFirst: true });
      const optimizer = new optim.SGD(net.parameters(), { lr: 0.01 });
      const [x, target] = [t.randn(8, 64, WIDTH), t.randn(8, 64, WIDTH)];
      return () => {
        optimizer.zeroGrad();
        f.mseLoss(net(x), target).backward();
        optimizer.step();
      };
    }),
    line(
      'LSTM 64→128, 32×50, SGD',
      'lstmnet',
      [32, 50, 64],
      1 / 1.5,
      classified(() => new LstmNet(), [32, 50, 64]),
    ),
    ...[1, 64].flatMap((batch) => [
      inference('MLP 784-256-10', 'mlp', [batch, 784], () => new Mlp()),
      inference('LeNet', 'lenet', [batch, 1, 28, 28], () => new LeNet()),
    ]),
  ];
}
