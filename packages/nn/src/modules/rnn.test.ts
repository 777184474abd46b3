import { grad, gradcheck, gradgradcheck, noGrad } from '@torsor/autograd';
import { collectGarbage, manualSeed, memory, rand, randint, randn, type Tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { near, refuses, values, warningsOf } from '../fixtures/check.ts';
import data from '../fixtures/recurrent.json' with { type: 'json' };
import type { InitialCase, SequenceCase } from '../fixtures/sequence.ts';
import { checkInitial, checkSequence, flat } from '../fixtures/sequence.ts';
import * as nn from '../index.ts';

interface TrainingCase {
  readonly kind: 'training';
  readonly losses: readonly number[];
}

const cases = data as unknown as readonly (SequenceCase | InitialCase | TrainingCase)[];
const double = { dtype: 'float64' } as const;

for (const name of new Set(cases.map((c) => (c.kind === 'layer' ? c.spec[0] : '')))) {
  if (name === '') continue;
  test(`${name} agrees with PyTorch: printed form, results, gradients, masks of dropout`, () => {
    for (const c of cases) if (c.kind === 'layer' && c.spec[0] === name) warningsOf(() => checkSequence(c));
  });
}

test('initial weights are those of PyTorch, bit for bit, and leave the generator where PyTorch leaves it', () => {
  for (const c of cases) if (c.kind === 'initial') checkInitial(c);
});

test('ten steps of training an LSTM with dropout, both ways, have the losses of PyTorch, to 1e-4', () => {
  const [{ losses }] = cases.filter((c) => c.kind === 'training');
  manualSeed(12);
  const layers = new nn.LSTM(8, 40, 2, { batchFirst: true, dropout: 0.2, bidirectional: true });
  const head = new nn.Linear(80, 3);
  const x = rand(16, 9, 8);
  const labels = randint(0, 3, [16]);
  for (const [step, want] of losses.entries()) {
    const parameters = [...layers.parameters(), ...head.parameters()];
    for (const p of parameters) p.grad = null;
    const loss = nn.functional.crossEntropy(head(layers(x)[0].mean(1)), labels);
    loss.backward();
    noGrad(() => {
      for (const p of parameters) p.sub_(p.grad as Tensor, { alpha: 0.5 });
    });
    assert.ok(Math.abs(loss.item() / want - 1) < 1e-4, `step ${step}: loss ${loss.item()}, expected ${want}`);
  }
});

test('a projection has second derivatives too', () => {
  manualSeed(4);
  const layer = new nn.LSTM(2, 3, { projSize: 2, bidirectional: true, ...double });
  const x = randn(2, 2, 2, double).requiresGrad_();
  assert.ok(gradgradcheck((y: Tensor) => flat(layer(y)), [x]));
});

/** Layers of every kind and direction, from options. */
const layers: Readonly<Record<string, (options: object) => nn.RNN | nn.LSTM | nn.GRU>> = {
  RNN: (options) => new nn.RNN(2, 3, options),
  'RNN of relu': (options) => new nn.RNN(2, 3, { nonlinearity: 'relu', ...options }),
  LSTM: (options) => new nn.LSTM(2, 3, options),
  GRU: (options) => new nn.GRU(2, 3, options),
};

/** First states for `count` layers and directions. */
function statesFor(layer: nn.AnyModule, count: number, batch: number): Tensor[] {
  const draw = (): Tensor => randn(count, batch, 3, double).requiresGrad_();
  return layer instanceof nn.LSTM ? [draw(), draw()] : [draw()];
}

function call(layer: nn.AnyModule, x: Tensor, states: readonly Tensor[]): Tensor[] {
  return flat(layer(x, layer instanceof nn.LSTM ? states : states[0]));
}

for (const [name, make] of Object.entries(layers)) {
  test(`${name}: first and second derivatives are right`, () => {
    for (const options of [{}, { bidirectional: true, bias: false }, { numLayers: 2, batchFirst: true }]) {
      manualSeed(1);
      const layer = make({ ...options, ...double });
      const states = statesFor(layer, Object.keys(options).length === 0 ? 1 : 2, 2);
      const x = randn(2, 2, 2, double).requiresGrad_();
      const parameters = [...layer.parameters()];
      const run = (y: Tensor, ...rest: Tensor[]): Tensor[] => call(layer, y, rest.slice(0, states.length));
      const inputs = [x, ...states];
      assert.ok(gradcheck(run, [...inputs, ...parameters]), JSON.stringify(options));
      // The way back has two forms, of which the second derivatives test one alone.
      const [plain, recorded] = [false, true].map((createGraph) => {
        const results = call(layer, x, states);
        return grad(results, [...inputs, ...parameters], { gradOutputs: results.map((y) => y.detach()), createGraph });
      });
      plain.forEach((g, i) => {
        near(recorded[i] as Tensor, values(g as Tensor), `gradient ${i}, recorded`, 1e-12);
      });
      const isPlain = Object.keys(options).length === 0;
      assert.ok(gradgradcheck(run, isPlain ? [...inputs, ...parameters] : inputs), JSON.stringify(options));
    }
  });

  test(`${name}: one node of the tape computes what cells compute step by step, at sizes of kernels too`, () => {
    manualSeed(2);
    const large = { RNN: nn.RNN, LSTM: nn.LSTM, GRU: nn.GRU }[name.slice(0, 4).trim() as 'RNN'];
    const layer = new large(33, 65, name.endsWith('relu') ? { nonlinearity: 'relu' } : {});
    const x = randn(7, 9, 33).requiresGrad_();
    const loss = (outputs: readonly Tensor[]): Tensor =>
      outputs.map((y) => y.square().sum()).reduce((a, b) => a.add(b));
    const whole = flat(layer(x));
    loss(whole).backward();
    const gradients = [x, ...layer.parameters()].map((p) => (p.grad as Tensor).clone());
    layer.zeroGrad();
    x.grad = null;
    const cellClass = { RNN: nn.RNNCell, LSTM: nn.LSTMCell, GRU: nn.GRUCell }[name.slice(0, 4).trim() as 'RNN'];
    const cell = new cellClass(33, 65, name.endsWith('relu') ? { nonlinearity: 'relu' } : {}) as nn.AnyModule;
    const parameters = [...layer.parameters()];
    ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].forEach((key, i) => {
      Object.assign(cell, { [key]: parameters[i] });
    });
    let state: unknown = null;
    const outputs: Tensor[] = [];
    for (const step of x.unbind(0)) {
      state = cell(step, state);
      outputs.push(flat(state)[0]);
    }
    outputs.forEach((y, t) => {
      near(whole[0].at(t), values(y), `step ${t}`, 2e-6);
    });
    loss([...outputs, ...flat(state)]).backward();
    [x, ...parameters].forEach((p, i) => {
      near(gradients[i], values(p.grad as Tensor), `gradient ${i}`, 2e-5);
    });
  });
}

test('a state given twice gets both gradients, and what needs none gets none', () => {
  manualSeed(3);
  const layer = new nn.LSTM(3, 4, double);
  const state = randn(1, 2, 4, double).requiresGrad_();
  const twice = (x: Tensor, h: Tensor): Tensor => layer(x, [h, h])[0];
  const x = randn(3, 2, 3, double).requiresGrad_();
  assert.ok(gradcheck(twice, [x, state]));
  assert.ok(gradgradcheck(twice, [x, state]));
  layer.weight_hh_l0.requiresGrad = false;
  layer.bias_ih_l0.requiresGrad = false;
  layer(x.detach())[0].sum().backward();
  assert.is(layer.weight_hh_l0.grad, null);
  assert.is(layer.bias_ih_l0.grad, null);
  assert.ok(layer.bias_hh_l0.grad !== null);
});

test('biases are trained apart', () => {
  const layer = new nn.RNN(3, 4);
  layer(randn(2, 2, 3))[0]
    .sum()
    .backward();
  const [first, second] = [layer.bias_ih_l0.grad, layer.bias_hh_l0.grad] as Tensor[];
  assert.ok(first.equal(second));
  first.zero_();
  assert.ok(second.abs().sum().item() > 0);
});

test('what a layer makes on its way gives its memory back', () => {
  const used = (): number => memory().usedBytes - memory().scratchBytes;
  const layers: readonly nn.AnyModule[] = [new nn.LSTM(64, 128), new nn.GRU(64, 128), new nn.RNN(64, 128)];
  for (const layer of layers) {
    const x = randn(6, 16, 64);
    collectGarbage();
    const before = used();
    const bytes = (results: readonly Tensor[]): number => results.reduce((sum, y) => sum + 4 * y.numel(), 0);
    const plain = noGrad(() => flat(layer(x)));
    assert.is(used() - before, bytes(plain), `${layer.className} without gradients`);
    const results = flat(layer(x));
    results[0].sum().backward();
    layer.zeroGrad();
    assert.is(used() - before, 2 * bytes(plain), `${layer.className} after a backward pass`);
    results.forEach((y, i) => {
      assert.ok(y.equal(plain[i]), `${layer.className}: result ${i}`);
    });
  }
});

test('an empty batch, a batch in second place, and one step', () => {
  const layer = new nn.GRU(3, 4, { batchFirst: true });
  assert.equal([...layer(rand(0, 5, 3))[0].shape], [0, 5, 4]);
  const x = rand(2, 5, 3);
  const second = new nn.GRU(3, 4);
  second.loadStateDict(layer.stateDict());
  near(second(x.transpose(0, 1))[0].transpose(0, 1), values(layer(x)[0]), 'batch second', 1e-6);
  assert.equal([...second(rand(1, 2, 3))[1].shape], [1, 2, 4]);
});

test('options go by name, the state too, and PyTorch 2’s place of the nonlinearity holds', () => {
  assert.is(String(new nn.RNN(3, 4, 2, 'relu', false, true)), 'RNN(3, 4, num_layers=2, bias=False, batch_first=True)');
  assert.is(String(new nn.LSTM({ inputSize: 3, hiddenSize: 4, projSize: 2 })), 'LSTM(3, 4, proj_size=2)');
  const layer = new nn.LSTM(3, 4);
  const hx = [randn(1, 2, 4), randn(1, 2, 4)] as const;
  const x = randn(5, 2, 3);
  assert.ok(layer(x, { hx })[0].equal(layer(x, hx)[0]));
});

test('arguments that do not fit are refused', () => {
  refuses(() => new nn.RNN(3 as number, undefined as never), 'ValueError', /^RNN: missing argument 'hiddenSize'/);
  refuses(() => new nn.LSTM(3, 0), 'ValueError', /hiddenSize must be an integer of at least 1, but got 0/);
  refuses(
    () => new nn.LSTM(3, 4, { projSize: 4 }),
    'ValueError',
    /projSize has to be smaller than hiddenSize, but got 4 and 4/,
  );
  refuses(() => new nn.GRU(3, 4, { projSize: 2 } as object), 'ValueError', /unknown option 'projSize'/);
  refuses(() => new nn.GRU(3, 4, { dropout: 2 }), 'ValueError', /between 0 and 1, but got 2/);
  refuses(
    () => new nn.RNN(3, 4, 1, 'gelu' as 'tanh'),
    'ValueError',
    /nonlinearity must be 'tanh' or 'relu', but got "gelu"/,
  );
  const heard = warningsOf(() => new nn.GRU(3, 4, { dropout: 0.5 }));
  assert.match(heard.join(), /GRU: dropout acts behind each layer but the last/);
  const [rnn, lstm, cell] = [new nn.RNN(3, 4), new nn.LSTM(3, 4), new nn.LSTMCell(3, 4)];
  refuses(
    () => rnn(rand(5, 2, 4)),
    'ShapeError',
    /^RNN: input must be 3-D, or 2-D without a batch, with a last size of 3, but got \[5, 2, 4\]/,
  );
  refuses(() => rnn(rand(5)), 'ShapeError', /but got \[5\]/);
  refuses(() => rnn(rand(0, 2, 3)), 'ShapeError', /at least 1 step/);
  refuses(
    () => rnn(rand(5, 2, 3), zeros(1, 3, 4)),
    'ShapeError',
    /hx must have shape \[1, 2, 4\], but got \[1, 3, 4\]/,
  );
  refuses(() => rnn(rand(5, 3), zeros(1, 1, 4)), 'ShapeError', /hx must have shape \[1, 4\], but got \[1, 1, 4\]/);
  refuses(() => lstm(rand(5, 2, 3), zeros(1, 2, 4) as never), 'ValueError', /hx must be a list of two tensors/);
  refuses(
    () => lstm(rand(5, 2, 3), [zeros(1, 2, 4), zeros(1, 2, 3)]),
    'ShapeError',
    /hx\[1\] must have shape \[1, 2, 4\]/,
  );
  refuses(
    () => rnn(rand(5, 2, 3), zeros(1, 2, 4, double)),
    'DTypeError',
    /hx must have the dtype of the input, float32, but got float64/,
  );
  refuses(() => lstm(null as never), 'ValueError', /input must be a tensor, but got null/);
  refuses(
    () => cell(rand(2, 4)),
    'ShapeError',
    /^LSTMCell: input must be 2-D, or 1-D without a batch, with a last size of 3/,
  );
  refuses(
    () => cell(rand(2, 3), [zeros(2, 4), zeros(4)]),
    'ShapeError',
    /hx\[1\] must have shape \[2, 4\], but got \[4\]/,
  );
});

test.run();
