/** Whole networks: LeNet, ResNet-20, a net on signals, and a tagger of words. */

import type { Tensor } from '@torsor/core';
import { arange, rand, randn } from '@torsor/core';
import * as nn from '@torsor/nn';

const { functional: F } = nn;

/** LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998. */
export function lenet(): nn.Sequential {
  return new nn.Sequential(
    new nn.Conv2d(1, 6, 5, { padding: 2 }),
    new nn.Tanh(),
    new nn.AvgPool2d(2),
    new nn.Conv2d(6, 16, 5),
    new nn.Tanh(),
    new nn.AvgPool2d(2),
    new nn.Flatten(),
    new nn.Linear(400, 120),
    new nn.Tanh(),
    new nn.Linear(120, 84),
    new nn.Tanh(),
    new nn.Linear(84, 10),
  );
}

class Block extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  shortcut: nn.Sequential | null;

  constructor(from: number, to: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(from, to, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(to);
    this.conv2 = new nn.Conv2d(to, to, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(to);
    this.shortcut =
      stride === 1
        ? null
        : new nn.Sequential(new nn.Conv2d(from, to, 1, { stride, bias: false }), new nn.BatchNorm2d(to));
    for (const norm of [this.bn1, this.bn2]) {
      norm.running_mean?.copy_(randn(to).mul(0.1));
      norm.running_var?.copy_(rand(to).add(0.5));
    }
  }

  forward(x: Tensor): Tensor {
    const out = this.bn2(this.conv2(F.relu(this.bn1(this.conv1(x)), { inplace: true })));
    return out.add_(this.shortcut === null ? x : this.shortcut(x)).relu_();
  }
}

/** He et al., "Deep Residual Learning for Image Recognition", 2016, at a quarter of the width. */
export function resnet20(): nn.Sequential {
  const blocks = [4, 8, 16].flatMap((width, stage) =>
    [0, 1, 2].map((i) => new Block(i > 0 || stage === 0 ? width : width / 2, width, i === 0 && stage > 0 ? 2 : 1)),
  );
  return new nn.Sequential(
    new nn.Conv2d(3, 4, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(4),
    new nn.ReLU(),
    ...blocks,
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(16, 10),
  );
}

/** A net on signals. */
export function waves(): nn.Sequential {
  return new nn.Sequential(
    new nn.Conv1d(1, 8, 7, { padding: 'same', paddingMode: 'circular' }),
    new nn.BatchNorm1d(8),
    new nn.GELU(),
    new nn.MaxPool1d(2),
    new nn.Conv1d(8, 8, 5, { dilation: 2 }),
    new nn.GroupNorm(2, 8),
    new nn.SiLU(),
    new nn.AdaptiveAvgPool1d(3),
    new nn.Flatten(),
    new nn.Dropout(0.2),
    new nn.Linear(24, 4),
    new nn.Softmax(1),
  );
}

/** Words, places, attention, recurrence: what is dynamic in it is the batch, or the length. */
export class Tagger extends nn.Module {
  words = new nn.Embedding(20, 8);
  places = new nn.Embedding(40, 8);
  layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true });
  lstm = new nn.LSTM(8, 4, { bidirectional: true, batchFirst: true });
  head = new nn.Linear(8, 3);

  forward(x: Tensor): Tensor {
    const places = this.places(arange(x.shape[1], { dtype: 'int32' }));
    const [out] = this.lstm(this.layer(this.words(x).add(places)));
    return this.head(out).softmax(-1);
  }
}

/** One table for words in and words out, in double precision. */
export class Tied extends nn.Module {
  words = new nn.Embedding(12, 6, { dtype: 'float64' });
  inner = new nn.Sequential(
    new nn.Linear(6, 6, { dtype: 'float64' }),
    new nn.Tanh(),
    new nn.LayerNorm(6, { dtype: 'float64' }),
  );

  forward(x: Tensor): Tensor {
    return F.linear(this.inner(this.words(x)), this.words.weight).logSoftmax(-1);
  }
}
