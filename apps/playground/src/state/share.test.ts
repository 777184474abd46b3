import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pack, unpack } from './share.ts';

for (const text of ['', 'const x = 1;\n', 'é ₂ ∂ 🙂', 'x.mul(x)\n'.repeat(500)]) {
  test(`${JSON.stringify(text.slice(0, 12))} comes back`, async () => {
    const packed = await pack(text);
    assert.match(packed, /^[\w-]*$/);
    assert.is(await unpack(packed), text);
  });
}

test('a program takes less room than it is long', async () => {
  assert.ok((await pack('x.mul(x)\n'.repeat(500))).length < 100);
});

test('what is no packed text is not taken for one', async () => {
  for (const broken of ['abc!', 'AAAA', `${(await pack('const x = 1')).slice(0, -4)}`]) {
    let failed = false;
    await unpack(broken).catch(() => (failed = true));
    assert.ok(failed, broken);
  }
});

test.run();
