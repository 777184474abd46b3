/** What the command line says. */

import { parseArgs } from 'node:util';

export interface Options {
  /** Parts of a suite's or a row's name; a row that holds one of them is measured. */
  readonly filters: readonly string[];
  readonly peers: readonly string[];
  readonly runtime: string | undefined;
  readonly compare: string | undefined;
  readonly rounds: number;
  /** Of one turn of one subject. */
  readonly budgetMs: number;
  /** Where the results go. */
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly quiet: boolean;
  readonly help: boolean;
}

export const usage = `npm run bench -- [part of a suite's or row's name…] [options]

  --peers a,b         onnxruntime-web, pytorch, tfjs-wasm, jax-js, onnxruntime-node, onnxruntime-web-threads (for rows on two
                      threads); none; default all that are there
  --runtime node26    node20, node22, node24, node26, bun, deno, chromium, firefox; default node26
  --rounds 7          turns of each
  --time 40           milliseconds of a turn
  --json file         where the results go; default benchmarks/results/<runtime>.json when nothing is left out
  --markdown file     writes the table as Markdown
  --compare revision  compares with another commit, in fresh processes in turns; says which rows moved`;

const PEERS = [...['onnxruntime-web', 'pytorch', 'tfjs-wasm', 'jax-js', 'onnxruntime-node'], 'onnxruntime-web-threads'];

export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      peers: { type: 'string', default: PEERS.join(',') },
      runtime: { type: 'string' },
      compare: { type: 'string' },
      rounds: { type: 'string', default: '7' },
      time: { type: 'string', default: '40' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const number = (name: 'rounds' | 'time') => {
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} must be a positive number, but got ${values[name]}`);
    return value;
  };
  return {
    filters: positionals,
    peers: values.peers === 'none' ? [] : values.peers.split(','),
    runtime: values.runtime,
    compare: values.compare,
    rounds: Math.ceil(number('rounds')),
    budgetMs: number('time'),
    json: values.json,
    markdown: values.markdown,
    quiet: values.quiet,
    help: values.help,
  };
}
