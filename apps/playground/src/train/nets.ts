/** The networks that the page trains. Each shows its first layer: the weights, and what they answer. */

import type { Tensor } from 'torsor';
import { nn, noGrad, optim } from 'torsor';
import type { Tiles } from './messages.ts';
import type { Architecture, TrainSettings } from './settings.ts';

const F = nn.functional;

export abstract class Net extends nn.Module {
  abstract readonly first: nn.Conv2d | nn.Linear;

  /** `[N, 1, 8, 8]` → `[N, 10]`, or what the first layer gives. */
  abstract override forward(x: Tensor): Tensor;
  abstract firstOutput(x: Tensor): Tensor;
}

export class ConvNet extends Net {
  override readonly first = new nn.Conv2d(1, 12, 5, { padding: 2 });
  second = new nn.Conv2d(12, 24, 3, { padding: 1 });
  head = new nn.Linear(24 * 4 * 4, 10);

  override firstOutput(x: Tensor): Tensor {
    return F.relu(this.first(x)); // [N, 12, 8, 8]
  }

  override forward(x: Tensor): Tensor {
    const low = F.maxPool2d(this.firstOutput(x), 2); // [N, 12, 4, 4]
    return this.head(F.relu(this.second(low)).flatten(1)); // [N, 10]
  }
}

export class Connected extends Net {
  override readonly first = new nn.Linear(64, 24);
  head = new nn.Linear(24, 10);

  override firstOutput(x: Tensor): Tensor {
    return F.relu(this.first(x.flatten(1))); // [N, 24]
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.firstOutput(x)); // [N, 10]
  }
}

export class OneLayer extends Net {
  override readonly first = new nn.Linear(64, 10);

  override firstOutput(x: Tensor): Tensor {
    return this.first(x.flatten(1)); // [N, 10]
  }

  override forward(x: Tensor): Tensor {
    return this.firstOutput(x);
  }
}

const makers: Record<Architecture, () => Net> = {
  convnet: () => new ConvNet(),
  connected: () => new Connected(),
  linear: () => new OneLayer(),
};

export const makeNet = (architecture: Architecture): Net => makers[architecture]();

export function makeOptimizer(net: Net, { optimizer, rate }: TrainSettings): optim.Optimizer<{ lr: number }> {
  const params = net.parameters();
  switch (optimizer) {
    case 'sgd':
      return new optim.SGD(params, { lr: rate });
    case 'momentum':
      return new optim.SGD(params, { lr: rate, momentum: 0.9 });
    case 'adam':
      return new optim.Adam(params, { lr: rate });
    case 'adamw':
      return new optim.AdamW(params, { lr: rate });
  }
}

export const floats = (tensor: Tensor): Float32Array =>
  Float32Array.from(tensor.detach().contiguous().toTypedArray(), Number);

/** A matrix's rows, each as a square picture. */
function tilesOf(tensor: Tensor, count: number): Tiles {
  const all = floats(tensor);
  const length = all.length / count;
  return {
    size: Math.round(Math.sqrt(length)),
    data: Array.from({ length: count }, (_, i) => all.slice(i * length, (i + 1) * length)),
  };
}

/** The weights of the first layer, one picture an output. */
export function kernelsOf(net: Net): Tiles {
  return tilesOf(net.first.weight, net.first.weight.shape[0]);
}

/** What the first layer answers to one picture. */
export function mapsOf(net: Net, image: Tensor): Tiles {
  const output = noGrad(() => net.firstOutput(image));
  return tilesOf(output, output.shape[1]);
}
