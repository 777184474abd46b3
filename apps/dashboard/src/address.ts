/** The address of a page, which holds all of its state: `#/table?suite=conv&sort=pytorch`. */

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
