/**
 * A reader's program as a module that a browser can import: types are stripped, line by line in place, and the packages that it
 * names become addresses. What cannot be is told with its place in the program.
 */

import { init, parse } from 'es-module-lexer/js';
import { transform } from 'sucrase';

/** A package that programs may import. */
export interface Package {
  readonly url: string;
  readonly names: readonly string[];
}

export interface Place {
  /** From 1 on. */
  readonly line: number;
  readonly column: number;
}

/** A program that cannot be run. */
export class CompileError extends Error {
  override name = 'SyntaxError';
  readonly place: Place | undefined;

  constructor(message: string, place?: Place) {
    super(message);
    this.place = place;
  }
}

/** JavaScript of the same lines. */
export function stripTypes(code: string): string {
  try {
    return transform(code, {
      transforms: ['typescript'],
      disableESTransforms: true,
      preserveDynamicImport: true,
      filePath: '',
    }).code;
  } catch (error) {
    const { message, loc } = error as Error & { loc?: Place };
    throw new CompileError(message.replace(/^Error transforming : /, '').replace(/ \(\d+:\d+\)$/, ''), loc);
  }
}

/** How many letters must change to make one word of the other (Levenshtein's distance). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

/** The name that was meant, if one is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  // PyTorch's spelling is the likeliest mistake
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  let best: string | undefined;
  let least = Math.max(2, Math.ceil(name.length / 3));
  for (const candidate of names) {
    const far = distance(camel.toLowerCase(), candidate.toLowerCase());
    if (far < least) [best, least] = [candidate, far];
  }
  return best;
}

function placeOf(code: string, at: number): Place {
  const lines = code.slice(0, at).split('\n');
  return { line: lines.length, column: (lines.at(-1) as string).length + 1 };
}

/** The names that an import statement takes from a package. */
function importedNames(statement: string): string[] {
  const list = /\{([^}]*)\}/.exec(statement)?.[1] ?? '';
  return list
    .split(',')
    .map((entry) => entry.trim().split(/\s+as\s+/)[0])
    .filter((name) => name !== '');
}

function check(specifier: string, statement: string, place: Place, packages: Readonly<Record<string, Package>>): void {
  const found = packages[specifier];
  if (found === undefined) {
    const known = Object.keys(packages).map((name) => `'${name}'`);
    throw new CompileError(`There is no package '${specifier}' here. A program can import ${known.join(', ')}.`, place);
  }
  for (const name of importedNames(statement)) {
    if (found.names.includes(name)) continue;
    const meant = nearest(name, found.names);
    throw new CompileError(
      `'${specifier}' exports no '${name}'.${meant === undefined ? '' : ` Did you mean '${meant}'?`}`,
      place,
    );
  }
  if (/^import\s+[\w$]+\s*(,|from\b)/.test(statement)) {
    throw new CompileError(`'${specifier}' has no default export: write import * as torch from '${specifier}'.`, place);
  }
}

/** The program, ready to be imported. */
export async function compile(code: string, packages: Readonly<Record<string, Package>>): Promise<string> {
  const script = stripTypes(code);
  await init();
  let imports: ReturnType<typeof parse>[0];
  try {
    [imports] = parse(script);
  } catch {
    // the browser will say what is wrong
    return script;
  }
  let out = '';
  let end = 0;
  for (const entry of imports) {
    const { start, type, specifier } = entry;
    if (type === 'import-meta' || specifier === undefined) continue;
    const statement = type === 'dynamic' ? '' : script.slice(entry.importStart, entry.importEnd);
    check(specifier, statement, placeOf(script, entry.importStart), packages);
    const { url } = packages[specifier];
    out += script.slice(end, start) + (type === 'dynamic' ? JSON.stringify(url) : url);
    end = entry.end;
  }
  return out + script.slice(end);
}
