/** `npm start`: builds the packages, walks through the lesson, then teaches a convnet to read digits. */

import { run } from './pnpm.mjs';
import { root } from './runtimes.mjs';

const steps: string[][] = [
  [`${root}node_modules/typescript/bin/tsc`, '-b', 'packages/torsor'],
  ['--conditions=@torsor/modules', 'examples/lesson.ts'],
  ['--conditions=@torsor/modules', 'examples/digits.ts'],
];

for (const step of steps) {
  const { code } = await run([process.execPath, ...step]);
  if (code !== 0) process.exit(code);
}
