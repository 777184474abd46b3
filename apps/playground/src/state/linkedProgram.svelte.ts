/** A page with a program that readers may change: which program, theirs if it is changed, and the rest of its settings, in the address. */

import type { Settings } from './address.ts';
import { readSettings, replaceAddress } from './address.ts';
import { pack, unpack } from './share.ts';

export class LinkedProgram<T extends Settings> {
  settings = $state() as T;
  /** The reader's own program. */
  own = $state.raw<string | undefined>();
  /** What is to be said of a program that came with the link. */
  notice = $state('');
  /** Whether the program of the link is unpacked. */
  ready = $state(false);

  constructor(page: string, query: URLSearchParams, defaults: T) {
    this.settings = readSettings(query, defaults);
    const packed = query.get('code');
    if (packed === null) this.ready = true;
    else this.#open(packed);
    const all = { ...defaults, code: '' };
    $effect(() => {
      const settings = { ...this.settings };
      const { own } = this;
      let isLate = false;
      if (!this.ready) return;
      if (own === undefined) replaceAddress(page, { ...settings, code: '' }, all);
      else {
        pack(own).then((code) => {
          if (!isLate) replaceAddress(page, { ...settings, code }, all);
        });
      }
      return () => {
        isLate = true;
      };
    });
  }

  async #open(packed: string): Promise<void> {
    try {
      this.own = await unpack(packed);
      this.notice = 'This program came with the link. Read it, then run it.';
    } catch {
      this.notice = 'The program in this link is damaged; here is one of the page.';
    }
    this.ready = true;
  }
}

/** To be called while a page is set up. */
export function linkedProgram<T extends Settings>(page: string, query: URLSearchParams, defaults: T): LinkedProgram<T> {
  return new LinkedProgram(page, query, defaults);
}
