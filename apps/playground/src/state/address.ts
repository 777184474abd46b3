/**
 * The state of a page in the address, so that a link shows another what one sees oneself: `#/conv2d?kernel=edge&stride=2`.
 *
 * A page keeps its settings in one flat object. What has its default value is left out, and what cannot be read is ignored.
 */

export type Setting = string | number | boolean;
export type Settings = Record<string, Setting>;

export interface Address {
  readonly page: string;
  readonly query: URLSearchParams;
}

/** What stands behind the `#`. */
export function parseAddress(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?');
  return { page: path, query: new URLSearchParams(query) };
}

/** The defaults, with what the query says put over them; a setting keeps the type of its default. */
export function readSettings<T extends object>(query: URLSearchParams, defaults: T): T {
  const settings: Record<string, Setting> = { ...(defaults as Settings) };
  for (const [name, fallback] of Object.entries(defaults as Settings)) {
    const text = query.get(name);
    if (text === null) continue;
    if (typeof fallback === 'number') settings[name] = Number.isFinite(Number(text)) ? Number(text) : fallback;
    else settings[name] = typeof fallback === 'boolean' ? text === 'true' : text;
  }
  return settings as T;
}

/** The address of a page with these settings. */
export function formatAddress<T extends object>(page: string, settings: T, defaults: T): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(settings as Settings)) {
    if (value !== (defaults as Settings)[name]) query.set(name, String(value));
  }
  const text = query.toString();
  return `#/${page}${text ? `?${text}` : ''}`;
}

/** Puts settings into the address, without a new entry in the history. */
export function replaceAddress<T extends object>(page: string, settings: T, defaults: T): void {
  history.replaceState(null, '', formatAddress(page, settings, defaults));
}

/** How long settings must rest before they go into the address: browsers slow a page down that changes it with each frame. */
const REST_MS = 120;

/** Puts settings into the address once they rest; gives what calls it off, as effects want it. */
export function keepAddress<T extends object>(page: string, settings: T, defaults: T): () => void {
  const address = formatAddress(page, settings, defaults);
  const timer = setTimeout(() => history.replaceState(null, '', address), REST_MS);
  return () => clearTimeout(timer);
}
