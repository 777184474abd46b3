/** Strict mode promises the same bits on every runtime; that they are the same on two machines shows where CI runs on two. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import expected from './fixtures/strict.json' with { type: 'json' };
import { isStrict } from './index.ts';
import { strictTraining } from './testing/strictTraining.ts';

test('a training run in strict mode gives the same weights on every runtime, to the bit', () => {
  // a change of a kernel may change the hash: then `node tools/fixtures/strict.ts` writes it anew
  assert.is(strictTraining(), expected.hash);
  assert.is(isStrict(), false);
});

test('and the same again in the same process', () => {
  assert.is(strictTraining(), expected.hash);
});

test.run();
