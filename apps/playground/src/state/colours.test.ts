import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diverging, grey, ink, short, shorter } from './colours.ts';

test('ink is the one of black and white that has the higher contrast, as on the greys', () => {
  assert.is(ink(grey(0)), '#ffffff');
  assert.is(ink(grey(1)), '#000000');
  // the full orange, on which white has 4.29 to 1 and black 4.9
  assert.is(ink([217, 72, 15]), '#000000');
  // luminance 0.178 and 0.181
  assert.is(ink([117, 117, 117]), '#ffffff');
  assert.is(ink([119, 119, 119]), '#000000');
});

test('zero is the colour of the paper, and the sign chooses the hue', () => {
  assert.equal(diverging(0, 'light'), [250, 248, 244]);
  const [, , blue] = diverging(-1, 'dark');
  const [red] = diverging(2, 'dark');
  assert.ok(blue > 150 && red > 150);
});

test('numbers are printed short', () => {
  assert.equal([0, -0.001, 0.333, -12.54, 345.6].map(short), ['0', '0', '0.33', '−12.5', '346']);
  assert.equal([0.5, -0.25].map(shorter), ['.5', '−.25']);
});

test.run();
