/** The program that measures a matrix product: the smallest benchmark that says something. */

export function program(threads: number): string {
  const pool = threads > 1 ? `\nawait workers.start({ threads: ${threads} });` : '';
  return `import { matmul, rand, tidy${threads > 1 ? ', workers' : ''} } from 'torsor';
${pool}
const n = 512;
const [a, b] = [rand(n, n), rand(n, n)];

const times: number[] = [];
for (let turn = 0; turn < 20; turn++) {
  const startMs = performance.now();
  tidy(() => void matmul(a, b));
  times.push(performance.now() - startMs);
}
// the first turns compile the kernel; the median does not mind them
const median = times.sort((x, y) => x - y)[times.length >> 1];
console.log(\`\${((2 * n ** 3) / median / 1e6).toFixed(1)} GFLOP/s\`);`;
}
