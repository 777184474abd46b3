/** A user of core alone. */

import { type Tensor, tensor } from '@torsor/core';

const product: Tensor = tensor([
  [1, 2],
  [3, 4],
]).matmul(tensor([[1], [10]]));

const values = JSON.stringify(product.toArray());
if (values !== '[[21],[43]]') throw new Error(`matmul gave ${values}`);

try {
  tensor([1], { requiresGrad: true }).sum().backward();
  throw new Error('backward() worked without autograd');
} catch (error) {
  if (!(error instanceof Error && error.message.includes('@torsor/autograd'))) throw error;
}
console.log('core: ok');
