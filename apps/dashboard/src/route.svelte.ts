/** The state of the page, all of which is in the address. */

import { link, parseRoute, type Route, type View } from './address.ts';

let current = $state<Route>(parseRoute(location.hash));
addEventListener('hashchange', () => {
  current = parseRoute(location.hash);
});

export const route = {
  get view(): View {
    return current.view;
  },
  get params(): Readonly<Record<string, string>> {
    return current.params;
  },
  /** Changes parameters in place, without a step in the browser's history. */
  set(changes: Readonly<Record<string, string | undefined>>): void {
    history.replaceState(null, '', link(current.view, { ...current.params, ...changes }));
    current = parseRoute(location.hash);
  },
};
