/** The state of the page, all of which is in the address: `#/table?suite=conv&sort=pytorch`. */

export type View = 'overview' | 'table' | 'benchmark' | 'compare' | 'sizes';
export const views: readonly View[] = ['overview', 'table', 'benchmark', 'compare', 'sizes'];

export interface Route {
  readonly view: View;
  readonly params: Readonly<Record<string, string>>;
}

export function parseRoute(hash: string): Route {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const view = views.find((name) => name === path) ?? 'overview';
  return { view, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a view; parameters that are empty are left out. */
export function link(view: View, params: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(params).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const query = new URLSearchParams(given).toString();
  return `#/${view}${query === '' ? '' : `?${query}`}`;
}

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
