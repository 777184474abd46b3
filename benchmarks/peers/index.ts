/** Which peers there are. Each is loaded only when asked for, and is missing where `npm run setup -- --bench` has not been run. */

import type { Peer } from '../row.ts';

/** The peers of these names that this machine and runtime have; says which it has not. */
export async function loadPeers(names: readonly string[], say: (text: string) => void): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const name of names) {
    try {
      const { load } = (await import(`./${name}.ts`)) as { load: () => Promise<Peer> };
      peers.push(await load());
    } catch (error) {
      say(`without ${name}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  return peers;
}
