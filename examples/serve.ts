/**
 * A server that reads handwritten digits while it learns to: the network trains in a worker, and the server answers with the weights
 * of the last epoch. Asks itself all the time, and tells at the end how long the slowest answer took. Runs under Node, Bun and Deno.
 *
 *     npm --prefix examples run serve
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { noGrad, workers } from 'torsor';
import { loadDigits } from './digitsData.ts';
import type { Progress, Weights } from './serveTraining.ts';
import { ConvNet } from './serveTraining.ts';

const EPOCHS = 8;
const GOAL = 0.95;

const { test } = await loadDigits();
const net = new ConvNet();

/** `GET /12` reads the twelfth digit that was held out. */
const server = createServer((request, response) => {
  const index = Number(request.url?.slice(1));
  if (!Number.isInteger(index) || index < 0 || index >= test.labels.shape[0]) {
    response.writeHead(404).end();
    return;
  }
  const digit = noGrad(() => net(test.images.select(0, index).unsqueeze(0)).argmax(1).item());
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ digit, label: test.labels.at(index).item() }));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;

const module = new URL('./serveTraining.ts', import.meta.url);
const trainer = workers.spawn<Progress, Weights>(module, { data: { epochs: EPOCHS } });

let answers = 0;
let slowestMs = 0;
const asking = (async () => {
  while (trainer.state !== 'ended') {
    const startMs = performance.now();
    await (await fetch(`http://127.0.0.1:${port}/${answers % test.labels.shape[0]}`)).json();
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    answers++;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
})();

let heldOut = 0;
for await (const { epoch, loss, heldOut: share, weights } of trainer) {
  net.loadStateDict(weights);
  heldOut = share;
  console.log(
    `epoch ${epoch}  loss ${loss.toFixed(4)}  held out ${(100 * share).toFixed(1)} %  answers so far ${answers}`,
  );
}
await asking;
server.close();
console.log(`${answers} answers while it learned, the slowest in ${slowestMs.toFixed(1)} ms`);
if (heldOut < GOAL) {
  console.error(`expected at least ${100 * GOAL} % of the digits held out`);
  process.exitCode = 1;
}
