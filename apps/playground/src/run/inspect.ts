/**
 * Values as text, as Node's console prints them: what says itself how it prints (a tensor, a module) is asked; objects and lists
 * are shown some levels deep.
 */

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const MAX_DEPTH = 3;
const MAX_ENTRIES = 100;
const WIDTH = 72;

const isPlainKey = (key: string): boolean => /^[A-Za-z_$][\w$]*$/.test(key);

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  return mark + text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(mark, `\\${mark}`) + mark;
}

function named(value: (...args: never[]) => unknown): string {
  const isClass = /^class\b/.test(Function.prototype.toString.call(value));
  return `[${isClass ? 'class' : 'Function'}${value.name ? `${isClass ? ' ' : ': '}${value.name}` : ' (anonymous)'}]`;
}

/** Entries between brackets: on one line if they fit, else one on each. */
function bracketed(open: string, entries: readonly string[], close: string): string {
  if (entries.length === 0) return open + close;
  const line = `${open} ${entries.join(', ')} ${close}`;
  if (line.length <= WIDTH && !line.includes('\n')) return line;
  return `${open}\n${entries.map((entry) => `  ${entry.replaceAll('\n', '\n  ')}`).join(',\n')}\n${close}`;
}

function cut(entries: readonly string[], length: number): readonly string[] {
  return length > entries.length ? [...entries, `… ${length - entries.length} more`] : entries;
}

function inspectObject(value: object, outer: readonly object[]): string {
  const custom = (value as { [INSPECT]?: unknown })[INSPECT];
  if (typeof custom === 'function') return String(custom.call(value));
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Date || value instanceof RegExp) return String(value);
  if (outer.includes(value)) return '[Circular]';
  const kind = value.constructor?.name ?? 'Object';
  if (outer.length >= MAX_DEPTH) return Array.isArray(value) ? '[Array]' : `[${kind}]`;
  const show = (entry: unknown): string => inspect(entry, [...outer, value]);
  if (Array.isArray(value)) {
    const { length } = value;
    const entries = cut(
      value.slice(0, MAX_ENTRIES).map((entry) => show(entry)),
      length,
    );
    return bracketed(kind === 'Array' ? '[' : `${kind}(${length}) [`, entries, ']');
  }
  if (ArrayBuffer.isView(value) && 'length' in value) {
    const numbers = value as unknown as ArrayLike<number>;
    const entries = cut(
      Array.from({ length: Math.min(numbers.length, MAX_ENTRIES) }, (_, i) => String(numbers[i])),
      numbers.length,
    );
    return bracketed(`${kind}(${numbers.length}) [`, entries, ']');
  }
  if (value instanceof Map) {
    const entries = [...value].slice(0, MAX_ENTRIES).map(([key, entry]) => `${show(key)} => ${show(entry)}`);
    return bracketed(`Map(${value.size}) {`, cut(entries, value.size), '}');
  }
  if (value instanceof Set) {
    const entries = [...value].slice(0, MAX_ENTRIES).map((entry) => show(entry));
    return bracketed(`Set(${value.size}) {`, cut(entries, value.size), '}');
  }
  if (value instanceof Promise) return 'Promise {}';
  const keys = Object.keys(value);
  const entries = keys.slice(0, MAX_ENTRIES).map((key) => {
    const entry = (value as Record<string, unknown>)[key];
    return `${isPlainKey(key) ? key : quote(key)}: ${show(entry)}`;
  });
  return bracketed(kind === 'Object' ? '{' : `${kind} {`, cut(entries, keys.length), '}');
}

/** One value. */
export function inspect(value: unknown, outer: readonly object[] = []): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'function') return named(value as () => unknown);
  if (typeof value === 'object' && value !== null) return inspectObject(value, outer);
  if (typeof value === 'bigint') return `${value}n`;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The arguments of a `console.log`, as one text; what follows several lines begins a new one. */
export function printed(values: readonly unknown[]): string {
  const parts = values.map((value) => (typeof value === 'string' ? value : inspect(value)));
  return parts.map((part, i) => (i === 0 ? part : `${parts[i - 1].includes('\n') ? '\n' : ' '}${part}`)).join('');
}
