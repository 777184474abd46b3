/** A user of everything, who trains two steps. */

import { manualSeed, nn, optim, tensor } from 'torsor';

manualSeed(0);
const net = new nn.Linear(2, 1);
const optimiser = new optim.SGD(net.parameters(), { lr: 0.02 });
const x = tensor([
  [1, 2],
  [3, 4],
  [-1, 0],
]);
const y = tensor([[1], [2], [0]]);

const losses: number[] = [];
for (let step = 0; step < 2; step++) {
  const loss = nn.functional.mseLoss(net(x), y);
  optimiser.zeroGrad();
  loss.backward();
  optimiser.step();
  losses.push(Number(loss.item()));
}
if (!(losses[1] < losses[0])) throw new Error(`the loss did not fall: ${losses.join(', ')}`);
if (net.weight.grad?.shape.join() !== '1,2') throw new Error('the weight has no gradient');
console.log('all: ok');
