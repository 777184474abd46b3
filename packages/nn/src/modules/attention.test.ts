import { gradcheck, gradgradcheck, noGrad } from '@torsor/autograd';
import { collectGarbage, manualSeed, memory, ones, rand, randn, type Tensor, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import data from '../fixtures/attention.json' with { type: 'json' };
import type { Digest } from '../fixtures/check.ts';
import { near, refuses, values } from '../fixtures/check.ts';
import type { InitialCase, SequenceCase } from '../fixtures/sequence.ts';
import { checkInitial, checkResults, checkSequence, draw, drawOptions } from '../fixtures/sequence.ts';
import * as nn from '../index.ts';

const { functional: F } = nn;

interface FunctionCase {
  readonly kind: 'function';
  readonly seed: number;
  readonly shapes: readonly (readonly number[])[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly out: readonly Digest[];
  readonly grads: Readonly<Record<string, Digest>>;
}

interface TrainingCase {
  readonly kind: 'training';
  readonly losses: readonly number[];
}

const cases = data as unknown as readonly (SequenceCase | InitialCase | FunctionCase | TrainingCase)[];
const double = { dtype: 'float64' } as const;

for (const name of new Set(cases.map((c) => (c.kind === 'layer' ? c.spec[0] : '')))) {
  if (name === '') continue;
  test(`${name} agrees with PyTorch: printed form, results, gradients, masks of dropout`, () => {
    for (const c of cases) if (c.kind === 'layer' && c.spec[0] === name) checkSequence(c);
  });
}

test('initial weights are those of PyTorch, bit for bit, and leave the generator where PyTorch leaves it', () => {
  for (const c of cases) if (c.kind === 'initial') checkInitial(c);
});

test('scaledDotProductAttention agrees with the formula of PyTorch 2, gradients included', () => {
  for (const c of cases) {
    if (c.kind !== 'function') continue;
    manualSeed(c.seed);
    const [q, k, v] = c.shapes.map((shape) => draw(['rand', shape]));
    const options = drawOptions(c.options);
    const out = F.scaledDotProductAttention(q, k, v, options);
    const sources = { input0: q, input1: k, input2: v, ...options };
    checkResults(JSON.stringify([c.shapes, c.options]), [out], c.out, sources, c.grads);
  }
});

test('ten steps of training a transformer with dropout have the losses of PyTorch, to 1e-4', () => {
  const [{ losses }] = cases.filter((c) => c.kind === 'training');
  manualSeed(11);
  const model = new nn.Transformer(16, 4, 2, 2, 32);
  const [src, tgt, target] = [rand(6, 8, 16), rand(5, 8, 16), rand(5, 8, 16)];
  const tgtMask = nn.Transformer.generateSquareSubsequentMask(5);
  for (const [step, want] of losses.entries()) {
    model.zeroGrad();
    const loss = F.mseLoss(model(src, tgt, { tgtMask }), target);
    loss.backward();
    noGrad(() => {
      for (const p of model.parameters()) p.sub_(p.grad as Tensor, { alpha: 0.1 });
    });
    assert.ok(Math.abs(loss.item() / want - 1) < 1e-4, `step ${step}: loss ${loss.item()}, expected ${want}`);
  }
});

test('first and second derivatives are right', () => {
  manualSeed(0);
  const drawn = (...shape: number[]): Tensor => randn(...shape, double).requiresGrad_();
  const [q, k, v, mask] = [drawn(2, 3, 4), drawn(2, 5, 4), drawn(2, 5, 2), drawn(3, 5)];
  const attention = (...args: Tensor[]): Tensor => F.scaledDotProductAttention(args[0], args[1], args[2], args[3]);
  assert.ok(gradcheck(attention, [q, k, v, mask]));
  assert.ok(gradgradcheck(attention, [q, k, v, mask]));
  const heads = new nn.MultiheadAttention(4, 2, { addBiasKv: true, ...double });
  const selfAttention = (x: Tensor): Tensor[] => heads(x, x, x) as Tensor[];
  const x = drawn(3, 2, 4);
  assert.ok(gradcheck(selfAttention, [x]));
  assert.ok(gradgradcheck(selfAttention, [x]));
  const options = { dropout: 0, activation: 'gelu', ...double } as const;
  const encoder = new nn.TransformerEncoderLayer(4, 2, 5, options);
  assert.ok(gradgradcheck((y: Tensor) => encoder(y), [x]));
  const decoder = new nn.TransformerDecoderLayer(4, 2, 5, { normFirst: true, ...options });
  assert.ok(gradgradcheck((y: Tensor, z: Tensor) => decoder(y, z), [x, drawn(2, 2, 4)]));
});

test('a layer computes the same whether the batch stands first or second, or is one', () => {
  manualSeed(0);
  const options = { dropout: 0 } as const;
  const second = new nn.TransformerEncoderLayer(32, 4, 64, options);
  const first = new nn.TransformerEncoderLayer(32, 4, 64, { batchFirst: true, ...options });
  first.loadStateDict(second.stateDict());
  const x = randn(5, 40, 32);
  const y = first(x);
  near(second(x.transpose(0, 1)).transpose(0, 1), values(y), 'batch second', 2e-6);
  near(second(x.at(2)), values(y.at(2)), 'no batch', 2e-6);
});

test('what is hidden does not matter, and a row that sees nothing is NaN', () => {
  manualSeed(0);
  const attention = new nn.MultiheadAttention(16, 4, { batchFirst: true });
  const x = randn(2, 6, 16);
  const keyPaddingMask = tensor([false, false, false, false, true, true]).expand(2, 6);
  const [whole] = attention(x, x, x, { keyPaddingMask });
  const [part] = attention(x, x.narrow(1, 0, 4), x.narrow(1, 0, 4));
  near(part, values(whole), 'padding', 1e-6);
  const causal = F.scaledDotProductAttention(x, x, x, { isCausal: true });
  near(causal.at(0, 0), values(x.at(0, 0)), 'the first sees itself alone', 0);
  const [blind] = attention(x, x, x, { attnMask: ones(6, 6, { dtype: 'bool' }) });
  assert.ok(values(blind).every(Number.isNaN));
});

test('the layers of a stack begin alike and learn apart', () => {
  const template = new nn.TransformerEncoderLayer(8, 2, 16, { activation: new nn.PReLU() });
  const encoder = new nn.TransformerEncoder(template, 2, new nn.LayerNorm(8));
  const layers = [...encoder.layers] as nn.TransformerEncoderLayer[];
  assert.instance(layers[0], nn.TransformerEncoderLayer);
  for (const [key, parameter] of template.namedParameters()) {
    const copies = layers.map((layer) => layer.getParameter(key));
    assert.ok(copies[0].equal(parameter) && copies[1].equal(parameter), key);
    assert.is(new Set([parameter, ...copies].map((p) => p.storage)).size, 3, key);
  }
  encoder(randn(3, 2, 8))
    .sum()
    .backward();
  assert.is(template.getParameter('linear1.weight').grad, null);
  assert.ok(layers[0].linear1.weight.grad !== null);
  assert.is(layers[0].eval().training, false);
  assert.is(layers[1].training, true);
});

test('copies of every kind of module work, and keep tied what was tied', () => {
  class Odd extends nn.Module<[input: Tensor], Tensor> {
    shape = [3, 4];
    conv = new nn.Conv1d(2, 2, 3, { padding: 1, paddingMode: 'circular' });
    norm = new nn.InstanceNorm1d(2);
    pads = new nn.Sequential(new nn.ReflectionPad1d(1), new nn.ConvTranspose1d(2, 2, 3, { padding: 2 }));
    named: nn.ModuleDict = new nn.ModuleDict({ b: new nn.Linear(4, 4), a: new nn.Linear(4, 4) });
    listed = new nn.ParameterList([zeros(2)]);
    recurrent = new nn.GRU(4, 4, { batchFirst: true });
    tied = new nn.Linear(4, 4);
    constructor() {
      super();
      this.tied.weight = (this.named.at('a') as nn.Linear).weight;
    }
    override forward(x: Tensor): Tensor {
      const [y] = this.recurrent(this.pads(this.norm(this.conv(x))) as Tensor);
      this.named.set('c', new nn.Identity());
      return this.tied(this.named.at('b')(y) as Tensor).add(this.listed.at(0).sum());
    }
  }
  manualSeed(0);
  const template = new Odd();
  const [copy] = [...new nn.TransformerEncoder(template, 1).layers] as Odd[];
  assert.instance(copy, Odd);
  assert.is(copy.tied.weight, (copy.named.at('a') as nn.Linear).weight);
  assert.is.not(copy.tied.weight, template.tied.weight);
  assert.is.not(copy.shape, template.shape);
  const x = randn(1, 2, 4);
  assert.equal(values(copy(x)), values(template(x)));
  assert.equal([...copy.named.keys()], ['b', 'a', 'c']);
});

test('activations of every kind', () => {
  const x = randn(3, 2, 8);
  const outputs = (['relu', (y: Tensor) => y.relu(), new nn.ReLU(), F.relu] as const).map((activation) => {
    manualSeed(0);
    return values(new nn.TransformerEncoderLayer(8, 2, 16, { activation }).eval()(x));
  });
  for (const output of outputs) assert.equal(output, outputs[0]);
});

test('what a user’s activation keeps is not given back', () => {
  const seen: Tensor[] = [];
  const activation = (x: Tensor): Tensor => {
    seen.push(x);
    return x.relu();
  };
  const layer = new nn.TransformerEncoderLayer(32, 2, 600, { activation, dropout: 0 });
  layer(randn(16, 2, 32).requiresGrad_())
    .sum()
    .backward();
  for (let i = 0; i < 20; i++) randn(32, 600).fill_(Number.NaN);
  assert.ok(Number.isFinite(seen[0].sum().item()));
});

test('what a layer makes on its way gives its memory back', () => {
  const used = (): number => memory().usedBytes - memory().scratchBytes;
  const layer = new nn.TransformerEncoderLayer(64, 4, 256, { dropout: 0 });
  const x = randn(32, 4, 64);
  collectGarbage();
  const before = used();
  const y = noGrad(() => layer(x));
  assert.is(used() - before, y.numel() * 4, 'without gradients: the output');
  const z = layer(x);
  z.sum().backward();
  layer.zeroGrad();
  assert.is(used() - before, 2 * y.numel() * 4, 'after a backward pass: both outputs');
});

test('generateSquareSubsequentMask hides what follows', () => {
  const { NEGATIVE_INFINITY: hidden } = Number;
  const mask = nn.Transformer.generateSquareSubsequentMask(3);
  assert.equal(mask.toArray(), [
    [0, hidden, hidden],
    [0, 0, hidden],
    [0, 0, 0],
  ]);
  assert.is(nn.Transformer.generateSquareSubsequentMask(2, double).dtype, 'float64');
});

test('PyTorch 2’s biases can be left out', () => {
  const keys = Object.keys(new nn.TransformerDecoderLayer(8, 2, 16, { bias: false }).stateDict());
  assert.not.ok(keys.some((key) => key.includes('bias')));
  assert.is(keys.length, 9);
});

test('arguments that do not fit are refused', () => {
  const attention = new nn.MultiheadAttention(8, 2);
  const [x, y] = [rand(5, 3, 8), rand(4, 3, 8)];
  const made = nn.MultiheadAttention;
  refuses(
    () => new made(8, 3),
    'ValueError',
    /^MultiheadAttention: embedDim must be divisible by numHeads, but got 8 and 3/,
  );
  refuses(() => new made(8, 2, { dropout: 2 }), 'ValueError', /between 0 and 1, but got 2/);
  refuses(() => new made(8, 2, { heads: 3 } as object), 'ValueError', /unknown option 'heads'/);
  refuses(
    () => attention(x, y, x),
    'ShapeError',
    /key and value must be equally long, but got query \[5, 3, 8\], key \[4, 3, 8\]/,
  );
  refuses(() => attention(x, rand(4, 2, 8), rand(4, 2, 8)), 'ShapeError', /same batch size/);
  refuses(() => attention(rand(5, 3, 7), y, y), 'ShapeError', /last sizes of query, key and value must be 8, 8, 8/);
  refuses(() => attention(rand(5, 8), y, y), 'ShapeError', /all be 3-D, or all 2-D/);
  refuses(() => attention(x, x, null as unknown as Tensor), 'ValueError', /value must be a tensor, but got null/);
  refuses(
    () => attention(x, x, x, { attnMask: zeros(4, 5) }),
    'ShapeError',
    /attnMask must be \[5, 5\] or \[6, 5, 5\], but got \[4, 5\]/,
  );
  refuses(
    () => attention(x, x, x, { keyPaddingMask: zeros(3, 4) }),
    'ShapeError',
    /keyPaddingMask must be \[3, 5\], but got \[3, 4\]/,
  );
  const integers = zeros(3, 5, { dtype: 'uint8' });
  refuses(
    () => attention(x, x, x, { keyPaddingMask: integers }),
    'DTypeError',
    /bool and floating types of keyPaddingMask/,
  );
  refuses(() => attention(x, x, x, { isCausal: true }), 'ValueError', /there is no attnMask/);
  const attend = F.scaledDotProductAttention;
  refuses(
    () => attend(x, y, rand(5, 3, 8)),
    'ShapeError',
    /size of tensor a \(5\) must match the size of tensor b \(4\)/,
  );
  refuses(() => attend(rand(5, 3), rand(5, 2), rand(5, 2)), 'ShapeError', /last sizes of query and key must be equal/);
  refuses(() => attend(x, x, x, zeros(3, 3), 0, true), 'ValueError', /attnMask must not be given where isCausal/);
  refuses(
    () => attend(x, x, x, zeros(2, 3)),
    'ShapeError',
    /attnMask of shape \[2, 3\] does not broadcast to the scores \[5, 3, 3\]/,
  );
  refuses(() => attend(x, x, x.double()), 'DTypeError', /same dtype, but got float32, float32 and float64/);
  refuses(
    () => attend(rand(6, 2, 3), rand(4, 2, 3), rand(4, 2, 3), { enableGqa: true }),
    'ShapeError',
    /must be a multiple/,
  );
  const layer = nn.TransformerEncoderLayer;
  refuses(
    () => new layer(8, 2, { activation: 'tanh' as 'relu' }),
    'ValueError',
    /activation must be 'relu', 'gelu' or a function, but got "tanh"/,
  );
  refuses(() => new layer(8, 3), 'ValueError', /divisible/);
  refuses(
    () => new nn.TransformerEncoder(3 as unknown as nn.AnyModule, 1),
    'ValueError',
    /encoderLayer must be a Module, but got 3/,
  );
  refuses(() => new nn.TransformerDecoder(new nn.Identity(), -1), 'ValueError', /numLayers must be an integer/);
  const model = new nn.Transformer(8, 2, 1, 1, 8);
  refuses(() => model(rand(5, 3, 8), rand(5, 2, 8)), 'ShapeError', /batch number of src and tgt must be equal/);
  refuses(
    () => model(rand(5, 3, 7), rand(5, 3, 8)),
    'ShapeError',
    /feature number of src and tgt must be equal to dModel 8/,
  );
  refuses(() => model(x, x, { tgtIsCausal: true }), 'ValueError', /tgtIsCausal says that a mask is causal/);
});

test.run();
