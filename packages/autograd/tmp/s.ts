import { tensor } from '@torsor/core';
import '@torsor/autograd';
const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
const y = x.sub(2);
console.log(y.gradFn.name, y.gradFn.nextFunctions[0][0].variable === x);
const a = y.mul(y).mul(3).mean();
a.backward();
console.log(String(x.grad), String(a));
