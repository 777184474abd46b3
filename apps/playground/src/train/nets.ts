/** The networks that the page trains. Each shows its first layers: the weights, and what they answer. */

import type { Tensor } from 'torsor';
import { nn, noGrad, optim } from 'torsor';
import type { Tiles } from './messages.ts';
import type { Architecture, TrainSettings } from './settings.ts';

const F = nn.functional;

export abstract class Net extends nn.Module<[Tensor], Tensor> {
  /** The layers whose weights are shown, in order. */
  abstract readonly shown: readonly (nn.Conv2d | nn.Linear)[];

  /** `[N, 1, 8, 8]` → `[N, 10]` */
  abstract override forward(x: Tensor): Tensor;
  /** What the layers answer, but for the last. */
  abstract answers(x: Tensor): Tensor[];
}

/** Two convolutions, the second of which sees the picture at half the size. */
abstract class Convolutional extends Net {
  abstract readonly first: nn.Conv2d;
  abstract readonly second: nn.Conv2d;

  get shown(): nn.Conv2d[] {
    return [this.first, this.second];
  }

  override answers(x: Tensor): Tensor[] {
    const low = F.relu(this.first(x)); // [N, C, 8, 8]
    return [low, F.relu(this.second(F.maxPool2d(low, 2)))]; // [N, 2C, 4, 4]
  }
}

export class ConvNet extends Convolutional {
  override readonly first: nn.Conv2d;
  override readonly second: nn.Conv2d;
  readonly dropout: nn.Dropout;
  readonly head: nn.Linear;

  constructor(width: number, dropout: number) {
    super();
    this.first = new nn.Conv2d(1, 12 * width, 5, { padding: 2 });
    this.second = new nn.Conv2d(12 * width, 24 * width, 3, { padding: 1 });
    this.dropout = new nn.Dropout(dropout);
    this.head = new nn.Linear(24 * width * 4 * 4, 10);
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.dropout(this.answers(x)[1].flatten(1)));
  }
}

/** As many weights as `Connected` has. */
export class SmallConvNet extends Convolutional {
  override readonly first: nn.Conv2d;
  override readonly second: nn.Conv2d;
  readonly dropout: nn.Dropout;
  readonly head: nn.Linear;

  constructor(width: number, dropout: number) {
    super();
    this.first = new nn.Conv2d(1, 8 * width, 3, { padding: 1 });
    this.second = new nn.Conv2d(8 * width, 16 * width, 3, { padding: 1 });
    this.dropout = new nn.Dropout(dropout);
    this.head = new nn.Linear(16 * width * 2 * 2, 10);
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.dropout(F.maxPool2d(this.answers(x)[1], 2).flatten(1)));
  }
}

export class Connected extends Net {
  readonly first: nn.Linear;
  readonly dropout: nn.Dropout;
  readonly head: nn.Linear;

  constructor(width: number, dropout: number) {
    super();
    this.first = new nn.Linear(64, 25 * width);
    this.dropout = new nn.Dropout(dropout);
    this.head = new nn.Linear(25 * width, 10);
  }

  get shown(): nn.Linear[] {
    return [this.first, this.head];
  }

  override answers(x: Tensor): Tensor[] {
    return [F.relu(this.first(x.flatten(1)))]; // [N, 25]
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.dropout(this.answers(x)[0]));
  }
}

export class OneLayer extends Net {
  readonly head = new nn.Linear(64, 10);

  get shown(): nn.Linear[] {
    return [this.head];
  }

  override answers(): Tensor[] {
    return [];
  }

  override forward(x: Tensor): Tensor {
    return this.head(x.flatten(1));
  }
}

const makers: Record<Architecture, (width: number, dropout: number) => Net> = {
  convnet: (width, dropout) => new ConvNet(width, dropout),
  small: (width, dropout) => new SmallConvNet(width, dropout),
  connected: (width, dropout) => new Connected(width, dropout),
  linear: () => new OneLayer(),
};

export function makeNet({ architecture, width, dropout }: TrainSettings): Net {
  return makers[architecture](width, dropout);
}

export function makeOptimizer(net: Net, settings: TrainSettings): optim.Optimizer<{ lr: number }> {
  const params = net.parameters();
  const options = { lr: settings.rate, weightDecay: settings.decay };
  switch (settings.optimizer) {
    case 'sgd':
      return new optim.SGD(params, options);
    case 'momentum':
      return new optim.SGD(params, { ...options, momentum: 0.9 });
    case 'adam':
      return new optim.Adam(params, options);
    case 'adamw':
      return new optim.AdamW(params, options);
  }
}

export const floats = (tensor: Tensor): Float32Array =>
  Float32Array.from(tensor.detach().contiguous().toTypedArray(), Number);

/** The most columns that a picture of so many numbers may have and still be no wider than twice its height. */
function columnsOf(length: number): number {
  let columns = Math.ceil(Math.sqrt(length));
  while (length % columns !== 0) columns++;
  return columns;
}

/** No more than this is shown of a layer. */
const MOST_OUTPUTS = 24;
const MOST_INPUTS = 12;

/** Numbers as so many pictures. */
function tilesOf(tensor: Tensor, count: number): Tiles {
  const values = floats(tensor);
  const length = values.length / count;
  const width = columnsOf(length);
  return { height: length / width, width, count, values };
}

/** The kernels of one input stand in a row. */
function kernelsOfLayer(weight: Tensor): Tiles {
  const some = weight.slice(0, 0, MOST_OUTPUTS);
  if (weight.shape.length === 2) return tilesOf(some, some.shape[0]);
  const [outputs, inputs] = some.slice(1, 0, MOST_INPUTS).shape;
  const kernels = some.slice(1, 0, MOST_INPUTS).transpose(0, 1);
  return { ...tilesOf(kernels, outputs * inputs), columns: outputs };
}

/** The weights of the layers that are shown. */
export function kernelsOf(net: Net): Tiles[] {
  return noGrad(() => net.shown.map(({ weight }) => kernelsOfLayer(weight)));
}

/** What the layers answer to one picture: a map for each channel; the units of a fully connected layer make one picture. */
export function mapsOf(net: Net, image: Tensor): Tiles[] {
  return noGrad(() =>
    net.answers(image).map((answer) => {
      if (answer.shape.length === 2) return tilesOf(answer, 1);
      const some = answer.slice(1, 0, MOST_OUTPUTS);
      return tilesOf(some, some.shape[1]);
    }),
  );
}
