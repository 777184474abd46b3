/** A training run that touches most kernels, and a hash of what came of it: for the promise that strict mode makes. */

import type { Tensor } from '../index.ts';
import { manualSeed, nn, optim, randint, randn, setStrict } from '../index.ts';

const { functional: F } = nn;

class Net extends nn.Module<[Tensor], Tensor> {
  stem = new nn.Conv2d(3, 16, 3, { padding: 1 });
  norm = new nn.BatchNorm2d(16);
  wide = new nn.Conv2d(16, 32, 3, { padding: 1, bias: false });
  depthwise = new nn.Conv2d(32, 32, 3, { stride: 2, groups: 32 });
  scale = new nn.LayerNorm(32);
  hidden = new nn.Linear(32 * 4, 64);
  head = new nn.Linear(64, 10);

  override forward(x: Tensor): Tensor {
    x = F.maxPool2d(F.relu(this.norm(this.stem(x))), 2);
    x = F.avgPool2d(F.gelu(this.wide(x)), 2, { stride: 1 });
    x = F.silu(this.depthwise(x));
    x = this.scale(x.transpose(1, 3)).transpose(1, 3);
    x = F.dropout(this.hidden(x.flatten(1)), 0.1);
    // what few elements have goes through the reference loops, what many have through kernels: both have to be the same everywhere
    x = x
      .tanh()
      .add(x.sigmoid().mul(x.sin()))
      .add(x.exp().add(1).log().mul(0.1))
      .add(x.abs().add(0.5).pow(1.3).mul(0.1));
    return this.head(x);
  }
}

/** FNV-1a over the bytes of all tensors. */
function hashOf(tensors: readonly Tensor[]): string {
  let hash = 0x811c9dc5;
  for (const tensor of tensors) {
    const values = tensor.detach().contiguous().toTypedArray();
    for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) {
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Trains for 20 steps in strict mode; the hash of all weights, statistics and losses. */
export function strictTraining(): string {
  const was = setStrict(true);
  try {
    manualSeed(20);
    const net = new Net();
    const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 });
    const losses: Tensor[] = [];
    for (let step = 0; step < 20; step++) {
      const [x, target] = [randn(12, 3, 15, 15), randint(0, 10, [12])];
      optimizer.zeroGrad();
      const loss = F.crossEntropy(net(x), target);
      loss.backward();
      optimizer.step();
      losses.push(loss);
    }
    return hashOf([...Object.values(net.stateDict()), ...losses]);
  } finally {
    setStrict(was);
  }
}
