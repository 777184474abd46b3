import * as nn from '@torsor/nn';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixture from './fixtures/onnxruntime.json' with { type: 'json' };
import { differences, exported, fingerprint, ours, type Result, sampled } from './testing/running.ts';
import { without, zoo } from './testing/zoo.ts';

interface Ran {
  /** Of the file that ONNX Runtime ran. */
  readonly file: string;
  readonly outputs: readonly Result[];
}

const ran = fixture as unknown as Readonly<Record<string, Ran>>;

test('every layer of nn is in the zoo, or is there with the reason why it is not exported', () => {
  const layers = Object.entries(nn)
    .filter(([, value]) => typeof value === 'function' && value.prototype instanceof nn.Module)
    .map(([name]) => name);
  assert.ok(layers.length > 100);
  const names = zoo.map(({ name }) => name.split(/[( ]/)[0]);
  const missing = layers.filter((layer) => !names.includes(layer) && !Object.hasOwn(without, layer));
  assert.equal(missing, []);
  for (const layer of Object.keys(without)) assert.ok(layers.includes(layer) && !names.includes(layer), layer);
});

for (const example of zoo) {
  const { name } = example;
  test(`${name}: outputs are those of ONNX Runtime, of the very file that it ran, at another size than was exported`, () => {
    const { file, outputs } = ran[name];
    const { outputs: here } = ours(example);
    assert.equal(differences(sampled(here), outputs), []);
    assert.is(fingerprint(exported(example)), file, 'the file changed: run tools/fixtures/onnx.ts');
  });
}

test('a difference of more than the rounding of float32 is seen', () => {
  const result = { dtype: 'float32', shape: [2], data: [1, 2] };
  assert.equal(differences([result], [{ ...result, data: [1, 2 + 1e-6] }]), []);
  for (const other of [{ data: [1, 2.0001] }, { data: [Number.NaN, 2] }, { dtype: 'float64' }, { shape: [2, 1] }]) {
    assert.is(differences([result], [{ ...result, ...other }]).length, 1);
  }
});

test.run();
