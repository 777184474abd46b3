/** The programs of the page run, and their tapes tell what the derivations say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stripTypes } from '../run/compile.ts';
import { presets } from './presets.ts';

let runs = 0;

/** What a program prints, and what it throws. */
async function run(code: string): Promise<{ printed: string[]; thrown?: string }> {
  const printed: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => printed.push(values.map(String).join(' '));
  // modules from data find no packages by name, and are run once for each text
  const script = `${stripTypes(code)}// ${runs++}`.replaceAll(
    "'torsor'",
    JSON.stringify(import.meta.resolve('torsor')),
  );
  try {
    await import(`data:text/javascript,${encodeURIComponent(script)}`);
    return { printed };
  } catch (error) {
    return { printed, thrown: (error as Error).message };
  } finally {
    console.log = log;
  }
}

const expected: Record<string, { printed: RegExp; thrown?: RegExp }> = {
  mean: { printed: /^tensor\(\[\[-1\.5000, {2}0\.0000\],\n {8}\[ 1\.5000, {2}3\.0000\]\]\)$/ },
  doubling: { printed: /(\d+) more doublings: 2 \*\* \(i \+ 1\) = \d+$/ },
  product: { printed: /^tensor\(\[1\., 2\., 3\.\]\) null$/ },
  nograd: { printed: /^false null$/, thrown: /does not require grad/ },
  retain: { printed: /^tensor\(\[2\., 4\., 6\.\]\)\ntensor\(\[ 4\., {2}8\., 12\.\]\)$/, thrown: /second time/ },
  second: { printed: /^tensor\(12\., grad_fn=<AddBackward0>\)\ntensor\(12\.\)$/ },
  neuron: { printed: /^tensor\(\[\[[\d., -]+\],\n {8}\[[\d., -]+\]\]\) tensor\(\[[\d.-]+\]\)$/ },
};

for (const { id, code, derivation } of presets) {
  test(`'${id}' prints what it says`, async () => {
    const { printed, thrown } = await run(code);
    assert.match(printed.join('\n'), expected[id].printed);
    if (expected[id].thrown) assert.match(thrown ?? '', expected[id].thrown);
    else assert.is(thrown, undefined);
    assert.ok(derivation.length > 0);
  });
}

test('the doubling loop tells by its gradient how often it ran', async () => {
  const { printed } = await run(presets.find(({ id }) => id === 'doubling')?.code ?? '');
  const factor = Number(/= (\d+)$/.exec(printed.join('\n'))?.[1]);
  const middle = Number(/\[[^,]+, ([^,]+),/.exec(printed[0])?.[1]);
  assert.is(middle, factor);
});

test.run();
