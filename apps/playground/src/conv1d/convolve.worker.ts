/** Convolves long signals away from the page, which stays free to be scrolled and drawn. */

import { outputsOf } from './compute.ts';
import { envelopeOf } from './envelope.ts';
import type { Reply, Request } from './messages.ts';

let channels: readonly Float32Array[] = [];

function answer(request: Request): Reply {
  if (request.channels) channels = request.channels;
  const startMs = performance.now();
  const outputs = outputsOf(channels, request.bank, request.options);
  const ms = performance.now() - startMs;
  return { outputs, envelopes: outputs.map((output) => envelopeOf(output, request.columns)), ms };
}

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  try {
    postMessage(answer(data));
  } catch (error) {
    postMessage({ problem: (error as Error).message } satisfies Reply);
  }
});
