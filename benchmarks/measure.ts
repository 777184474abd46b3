/** Measures in this process. Started by `index.ts`. */

import { measureLines, type Voice } from './lines.ts';
import { describeMachine } from './machine.ts';
import { parseOptions } from './options.ts';
import { loadPeers } from './peers/index.ts';
import { writeReport } from './report.ts';

const options = parseOptions(process.argv.slice(2));

function show(text: string): void {
  if (process.stderr.isTTY && !options.quiet) process.stderr.write(`\r\x1b[2K${text}`);
}

const voice: Voice = {
  show,
  print(text) {
    show('');
    if (!options.quiet) console.log(text);
  },
  warn(text) {
    show('');
    console.error(text);
  },
};

const machine = describeMachine();
try {
  const { results, peers, threw } = await measureLines(
    options.filters,
    machine,
    (needed) => loadPeers(needed ? options.peers : [], (text) => voice.print(text)),
    options,
    voice,
  );
  if (threw) process.exitCode = 1;
  writeReport(options, { machine, peers, results });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
// peers may keep workers alive
process.exit();
