/** The programs of the page: the lesson's three functions, one of more than one step, and one with a mistake. */

export interface FunctionProgram {
  readonly id: string;
  readonly title: string;
  readonly code: string;
  /** What its Jacobian is, by hand. */
  readonly text: string;
  readonly tex: string;
}

const { raw } = String;

export const programs: readonly FunctionProgram[] = [
  {
    id: 'add',
    title: 'Add',
    code: `import { autograd, onesLike, tensor, type Tensor } from 'torsor';

class MyAdd extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, x1: Tensor, x2: Tensor) {
    ctx.saveForBackward(x1, x2); // kept for backward
    return x1.add(x2);
  }

  static backward(ctx: autograd.FunctionContext, gradOutput: Tensor) {
    const [x1, x2] = ctx.savedTensors;
    // one gradient for each argument of forward
    return [gradOutput.mul(onesLike(x1)), gradOutput.mul(onesLike(x2))];
  }
}

// finite differences need float64
const x1 = tensor([1, 2, 3], { dtype: 'float64', requiresGrad: true });
const x2 = tensor([4, 5, 6], { dtype: 'float64', requiresGrad: true });

console.log(MyAdd.apply(x1, x2));
autograd.gradcheck((a: Tensor, b: Tensor) => MyAdd.apply(a, b), [x1, x2]);
`,
    text: 'Each entry of the sum depends on its own entry of either side, with slope 1: both Jacobians are the identity, and backward copies the gradient to both sides.',
    tex: raw`y=x_1+x_2,\qquad \frac{\partial y}{\partial x_1}=\frac{\partial y}{\partial x_2}=I`,
  },
  {
    id: 'split',
    title: 'Split',
    code: `import { autograd, tensor, type Tensor } from 'torsor';

class MySplit extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, x: Tensor): [Tensor, Tensor] {
    return [x.clone(), x.clone()];
  }

  // a gradient for each output comes in
  static backward(ctx: autograd.FunctionContext, grad1: Tensor, grad2: Tensor) {
    return grad1.add(grad2);
  }
}

const x = tensor([1, 2, 3], { dtype: 'float64', requiresGrad: true });
const [left, right] = MySplit.apply(x);

left.mul(2).add(right.mul(3)).sum().backward();
console.log(x.grad); // 2 + 3

autograd.gradcheck((x: Tensor) => MySplit.apply(x), [x]);
`,
    text: 'One thing goes in and comes out twice. On the way back the two gradients meet in it, and are summed.',
    tex: raw`y_1=y_2=x,\qquad \bar x=\bar y_1+\bar y_2`,
  },
  {
    id: 'max',
    title: 'Max',
    code: `import { autograd, tensor, zerosLike, type Tensor } from 'torsor';

class MyMax extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, x: Tensor) {
    const best = x.argmax();
    ctx.saveForBackward(x, best);
    return x.at(best.item());
  }

  static backward(ctx: autograd.FunctionContext, gradOutput: Tensor) {
    const [x, best] = ctx.savedTensors;
    const oneHot = zerosLike(x);
    oneHot.setAt([best.item()], 1);
    return oneHot.mul(gradOutput); // the largest takes all
  }
}

const x = tensor([1, 5, 3, -2], { dtype: 'float64', requiresGrad: true });

console.log(MyMax.apply(x));
autograd.gradcheck((x: Tensor) => MyMax.apply(x), [x]);
`,
    text: 'To move the largest entry a little moves the result as much; to move another changes nothing. The Jacobian is a row with a single one.',
    tex: raw`y=\max_j x_j=x_m,\qquad \frac{\partial y}{\partial x_j}=[\,j=m\,]`,
  },
  {
    id: 'linear',
    title: 'A layer of your own',
    code: `import { autograd, tensor, type Tensor } from 'torsor';

// y = x wᵀ + b: what nn.Linear computes
class MyLinear extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, x: Tensor, w: Tensor, b: Tensor) {
    ctx.saveForBackward(x, w);
    return x.matmul(w.t()).add(b);
  }

  static backward(ctx: autograd.FunctionContext, gradOutput: Tensor) {
    const [x, w] = ctx.savedTensors;
    return [gradOutput.matmul(w), gradOutput.t().matmul(x), gradOutput.sum(0)];
  }
}

const wide = (data: number[] | number[][]) => tensor(data, { dtype: 'float64', requiresGrad: true });
const x = wide([[1, 2, -1], [0.5, -2, 3]]); // two examples of three numbers
const w = wide([[0.2, -0.4, 1], [1.5, 0, -1]]);
const b = wide([0.1, -0.1]);

console.log(MyLinear.apply(x, w, b));
autograd.gradcheck((x: Tensor, w: Tensor, b: Tensor) => MyLinear.apply(x, w, b), [x, w, b]);
`,
    text: 'With two examples the Jacobian by x falls into blocks, since no example looks at the other; that by w repeats the examples; and the bias reaches all of them.',
    tex: raw`Y=XW^\top+b:\qquad \bar X=\bar Y W,\quad \bar W=\bar Y^\top X,\quad \bar b=\sum_n\bar Y_n`,
  },
  {
    id: 'mistake',
    title: 'With a mistake',
    code: `import { autograd, tensor, zerosLike, type Tensor } from 'torsor';

// products of neighbours: y[i] = x[i] x[i + 1]
class Neighbours extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, x: Tensor) {
    ctx.saveForBackward(x);
    return x.slice(0, 0, -1).mul(x.slice(0, 1));
  }

  static backward(ctx: autograd.FunctionContext, gradOutput: Tensor) {
    const [x] = ctx.savedTensors;
    const grad = zerosLike(x);
    grad.slice(0, 0, -1).add_(gradOutput.mul(x.slice(0, 1)));
    // x[i + 1] was forgotten; take the slashes away and run
    // grad.slice(0, 1).add_(gradOutput.mul(x.slice(0, 0, -1)));
    return grad;
  }
}

const x = tensor([1, 2, 3, 4, 5], { dtype: 'float64', requiresGrad: true });

console.log(Neighbours.apply(x));
autograd.gradcheck((x: Tensor) => Neighbours.apply(x), [x]);
`,
    text: 'Each output depends on two neighbours, but this backward thinks of one. Forward is right, nothing crashes, and a net would even learn a little; only the comparison shows what is missing.',
    tex: raw`y_i=x_i\,x_{i+1},\qquad \frac{\partial y_i}{\partial x_i}=x_{i+1},\quad \frac{\partial y_i}{\partial x_{i+1}}=x_i`,
  },
];
