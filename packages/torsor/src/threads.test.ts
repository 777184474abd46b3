/** A training run is the same to the bit with any number of threads. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Tensor } from './index.ts';
import { manualSeed, nn, optim, randint, randn, workers } from './index.ts';

const { functional: F } = nn;

class Net extends nn.Module<[Tensor], Tensor> {
  conv1 = new nn.Conv2d(3, 24, 3, { padding: 1 });
  norm = new nn.BatchNorm2d(24);
  conv2 = new nn.Conv2d(24, 32, 5, { padding: 2 });
  pool = new nn.MaxPool2d(2);
  fc1 = new nn.Linear(32 * 8 * 8, 300);
  layerNorm = new nn.LayerNorm(300);
  fc2 = new nn.Linear(300, 10);

  override forward(x: Tensor): Tensor {
    x = this.pool(F.relu(this.norm(this.conv1(x))));
    x = this.pool(F.gelu(this.conv2(x)));
    return this.fc2(F.dropout(F.silu(this.layerNorm(this.fc1(x.flatten(1)))), 0.2));
  }
}

/** The bytes of all weights and statistics after five steps, and of the losses. */
function train(): Uint8Array {
  manualSeed(3);
  const net = new Net();
  const optimizer = new optim.Adam(net.parameters(), { lr: 1e-3 });
  const results: Tensor[] = [];
  for (let step = 0; step < 5; step++) {
    const [x, labels] = [randn(37, 3, 32, 32), randint(0, 10, [37])];
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net(x), labels);
    loss.backward();
    optimizer.step();
    results.push(loss);
  }
  results.push(...Object.values(net.stateDict()));
  const bytes: number[] = [];
  for (const tensor of results) {
    const { buffer, byteOffset, byteLength } = tensor.detach().contiguous().toTypedArray();
    for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

const threaded = typeof SharedArrayBuffer === 'undefined' ? test.skip : test;

threaded('five steps of Adam on a convnet give the same weights on 1, 2, 3 and 7 threads, to the bit', async () => {
  const want = train();
  for (const threads of [1, 2, 3, 7]) {
    const pool = await workers.start({ threads });
    pool.sharesAll = true;
    try {
      const got = train();
      assert.is(got.length, want.length);
      const at = got.findIndex((byte, i) => byte !== want[i]);
      assert.is(at, -1, `byte ${at} differs on ${threads} threads`);
      const { launches } = pool.stats();
      if (threads === 1) assert.is(launches, 0);
      else assert.ok(launches > 100, `${launches} launches were shared`);
    } finally {
      await pool.stop();
    }
  }
});

test.run();
