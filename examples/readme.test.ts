/** Every TypeScript block of every README runs: a newcomer can type it as it stands. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const READMES = [
  'README.md',
  'docs/memory.md',
  ...['autograd', 'core', 'data', 'nn', 'onnx', 'optim', 'torsor', 'workers'].map(
    (name) => `packages/${name}/README.md`,
  ),
];

/** The code between ```ts fences. */
function blocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
}

const root = new URL('../', import.meta.url);

for (const path of READMES) {
  test(`the code of ${path} runs`, async () => {
    const found = blocks(await readFile(new URL(path, root), 'utf8'));
    assert.ok(found.length > 0, 'there is code to run');
    // beside this file, so that the packages resolve as they do for the examples
    const folder = await mkdtemp(new URL('./out-readme-', import.meta.url).pathname.replace(/^\/([A-Za-z]:)/, '$1'));
    const log = console.log;
    const lines: string[] = [];
    console.log = (...values: readonly unknown[]) => void lines.push(values.map(String).join(' '));
    try {
      for (const [i, code] of found.entries()) {
        const file = `${folder}/block${i}.ts`;
        await writeFile(file, code);
        await import(pathToFileURL(file).href);
      }
    } finally {
      console.log = log;
      await rm(folder, { recursive: true });
    }
    assert.ok(lines.length > 0, 'it prints something');
    assert.not.ok(
      lines.some((line) => /undefined|\[object/.test(line)),
      lines.join('\n'),
    );
  });
}

test.run();
