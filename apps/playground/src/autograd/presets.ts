/** The programs of the page: the lesson's own, and what follows from them, each with its derivation by hand. */

export interface Stage {
  readonly text: string;
  readonly tex?: string;
}

export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly code: string;
  readonly derivation: readonly Stage[];
}

const { raw } = String;

export const presets: readonly Preset[] = [
  {
    id: 'mean',
    title: 'A mean of squares',
    code: `import { tensor } from 'torsor';

const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
const y = x.sub(2);
const z = y.mul(y).mul(3);
const a = z.mean();

a.backward();
console.log(x.grad); // 1.5 x - 3
`,
    derivation: [
      {
        text: 'The mean weighs its four entries alike, and each entry depends on one entry of x alone:',
        tex: raw`a=\tfrac14\sum_i z_i,\qquad z_i=3\,y_i^2=3\,(x_i-2)^2`,
      },
      {
        text: 'The chain rule multiplies along the path from a back to x:',
        tex: raw`\frac{\partial a}{\partial x_i}=\underbrace{\tfrac14}_{\text{mean}}\cdot\underbrace{3}_{\text{times 3}}\cdot\underbrace{2\,(x_i-2)}_{\text{square}}\cdot\underbrace{1}_{\text{minus 2}}=\tfrac32\,x_i-3`,
      },
      {
        text: 'With the numbers of the program:',
        tex: raw`x=\begin{pmatrix}1&2\\3&4\end{pmatrix}\quad\Rightarrow\quad \texttt{x.grad}=\begin{pmatrix}-1.5&0\\1.5&3\end{pmatrix}`,
      },
      {
        text: 'The tape has no square: it has a product of y with itself. Watch y receive half of the factor 2 along each of two edges.',
      },
    ],
  },
  {
    id: 'doubling',
    title: 'A loop that data decides',
    code: `import { manualSeed, randn, tensor } from 'torsor';

manualSeed(2);
const x = randn(3, { requiresGrad: true });

let y = x.mul(2);
let i = 0;
while (y.data.norm().item() < 1000) {
  y = y.mul(2);
  i++;
}

y.backward(tensor([0.1, 1, 0.0001]));
console.log(x.grad);
console.log(i, 'more doublings: 2 ** (i + 1) =', 2 ** (i + 1));
`,
    derivation: [
      {
        text: 'How often the loop runs depends on the random x, so no formula could be written down beforehand. The tape is written while the program runs, and holds the doublings that happened:',
        tex: raw`y=\underbrace{2\cdot 2\cdots 2}_{i+1\text{ times}}\,x=2^{\,i+1}\,x`,
      },
      {
        text: 'y has three entries, so that backward must be told how much each of them matters, as a vector v:',
        tex: raw`\texttt{x.grad}=J^\top v=2^{\,i+1}\,v,\qquad v=(0.1,\;1,\;0.0001)^\top`,
      },
      { text: 'The middle entry of the gradient is the factor itself; read off how often the loop ran.' },
    ],
  },
  {
    id: 'product',
    title: 'Who gets a gradient',
    code: `import { arange, ones } from 'torsor';

const n = 3;
const x = arange(1, n + 1); // no gradient wanted; try { requiresGrad: true }
const w = ones(n, { requiresGrad: true });
const z = w.matmul(x);

z.backward();
console.log(w.grad, x.grad);
`,
    derivation: [
      {
        text: 'In a scalar product each side is the gradient of the other:',
        tex: raw`z=w^\top x=\sum_i w_i x_i,\qquad \frac{\partial z}{\partial w}=x,\quad \frac{\partial z}{\partial x}=w`,
      },
      {
        text: 'Only w asked for a gradient. So the node keeps x, which it needs for it, and not w: what nobody wants is neither computed nor kept.',
        tex: raw`\texttt{w.grad}=(1,\;2,\;3)^\top,\qquad \texttt{x.grad}=\texttt{null}`,
      },
    ],
  },
  {
    id: 'nograd',
    title: 'noGrad, and its error',
    code: `import { arange, noGrad, ones } from 'torsor';

const n = 3;
const x = arange(1, n + 1);
const w = ones(n, { requiresGrad: true });

// nothing is recorded in here
const z = noGrad(() => w.matmul(x));
console.log(z.requiresGrad, z.gradFn);

z.backward(); // throws: no way leads back
`,
    derivation: [
      {
        text: 'The value is the same with and without a tape. What is missing is the memory of where it came from:',
        tex: raw`z=w^\top x=6,\qquad \texttt{z.gradFn}=\texttt{null}`,
      },
      {
        text: 'Without a node at z there is no edge to follow, and backward says so. Use noGrad where no gradient will be asked for, as when a net is tested: it saves the memory of the tape.',
      },
    ],
  },
  {
    id: 'retain',
    title: 'Backward twice',
    code: `import { tensor } from 'torsor';

const x = tensor([1, 2, 3], { requiresGrad: true });
const y = x.mul(x).sum();

y.backward({ retainGraph: true }); // keeps what the nodes saved
console.log(x.grad);

y.backward(); // adds to x.grad, then frees what was saved
console.log(x.grad);

y.backward(); // throws: what it needs is gone
`,
    derivation: [
      {
        text: 'A pass does not set the gradient of a leaf: it adds to it.',
        tex: raw`\texttt{x.grad}\;\leftarrow\;\texttt{x.grad}+2x`,
      },
      {
        text: 'After two passes it holds twice the derivative, which is why a training loop clears gradients before each step:',
        tex: raw`2x+2x=4x=(4,\;8,\;12)^\top`,
      },
      {
        text: 'The product needs x to go back. The first pass was told to retain it, the second let it go, and so the third cannot run.',
      },
    ],
  },
  {
    id: 'second',
    title: 'A second derivative',
    code: `import { autograd, tensor } from 'torsor';

const x = tensor(2, { requiresGrad: true });
const y = x.mul(x).mul(x);

// the pass itself is recorded
const [g] = autograd.grad(y, x, { createGraph: true });
console.log(g); // 3 x² = 12

g.backward();
console.log(x.grad); // 6 x = 12
`,
    derivation: [
      {
        text: 'A backward pass is computed with the same operations as everything else. With createGraph they leave nodes behind too, and the gradient is a tensor with a history:',
        tex: raw`y=x^3,\qquad g=\frac{\partial y}{\partial x}=3x^2=12\quad\text{at }x=2`,
      },
      {
        text: 'Going back from g gives the derivative of the derivative:',
        tex: raw`\frac{\partial g}{\partial x}=6x=12`,
      },
      {
        text: 'Go to the second pass: its graph holds the nodes of the program and, outlined with dashes, those that the first pass recorded.',
      },
    ],
  },
  {
    id: 'neuron',
    title: 'A layer and its loss',
    code: `import { nn, tensor } from 'torsor';

const x = tensor([[0.5, -1], [2, 1]]); // two examples
const target = tensor([[1], [0]]);

const w = tensor([[1], [-0.5]], { requiresGrad: true });
const b = tensor([0.1], { requiresGrad: true });

const h = x.matmul(w).add(b);
const p = h.sigmoid();
const loss = nn.functional.mseLoss(p, target);

loss.backward();
console.log(w.grad, b.grad);
`,
    derivation: [
      {
        text: 'One layer, one non-linearity, one loss over the n = 2 examples:',
        tex: raw`h=Xw+b,\qquad p=\sigma(h),\qquad \ell=\tfrac1n\sum_i (p_i-t_i)^2`,
      },
      {
        text: 'Back through the loss and the sigmoid, whose derivative needs its own output only, which is what its node keeps:',
        tex: raw`\delta_i=\frac{\partial \ell}{\partial h_i}=\tfrac2n\,(p_i-t_i)\;p_i\,(1-p_i)`,
      },
      {
        text: 'The weights meet all examples, and so does the bias, which was broadcast: its gradient is summed.',
        tex: raw`\frac{\partial \ell}{\partial w}=X^\top\delta,\qquad \frac{\partial \ell}{\partial b}=\sum_i\delta_i`,
      },
    ],
  },
];
