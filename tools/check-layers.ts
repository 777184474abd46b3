/**
 * The layering, enforced. A package may import the packages below it, through their published entry points, and nothing else:
 * no other package, no file of another package, nothing of Node's (browsers have none of it). Its package.json says the same.
 * Neither packages nor source files may depend on each other in a circle; imports of types alone make no circle.
 *
 *     node tools/check-layers.ts
 *
 * Imports are read by a small scanner, since TypeScript 7 has no JavaScript API. It knows comments, strings, templates and
 * (by what stands before the slash) regular expressions, and reads the four forms that name a module: `import … from`,
 * `export … from`, `import '…'`, `import('…')`.
 */

import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { root } from './runtimes.mjs';

/** What each package may import. */
export const layers: Record<string, readonly string[]> = {
  '@torsor/core': [],
  '@torsor/autograd': ['@torsor/core'],
  '@torsor/data': ['@torsor/core'],
  '@torsor/workers': ['@torsor/core'],
  '@torsor/nn': ['@torsor/autograd', '@torsor/core'],
  '@torsor/optim': ['@torsor/autograd', '@torsor/core'],
  '@torsor/onnx': ['@torsor/autograd', '@torsor/core', '@torsor/nn'],
  torsor: ['@torsor/autograd', '@torsor/core', '@torsor/data', '@torsor/nn', '@torsor/optim', '@torsor/workers'],
};

/** What tests may import besides. */
const testTools = /^uvu(\/assert)?$/;
/** Tests, and what serves tests alone; none of it is published. */
const testFile = /\.test\.ts$|\/(testing|fixtures)\//;

/** One import as it stands in a file. */
export interface Import {
  readonly specifier: string;
  /** `type` leaves nothing at run time; `dynamic` comes later than the module itself. */
  readonly kind: 'value' | 'type' | 'dynamic';
}

/** After these a slash starts a regular expression; after anything else it divides. */
const beforeRegExp =
  /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|await|yield))$/;

/**
 * The text without comments, and with each string replaced by `"n"`, n being its place in `strings`. What a template holds
 * is dropped, but for the code in its `${}`.
 */
function scan(text: string): { code: string; strings: string[] } {
  const strings: string[] = [];
  let code = '';
  let i = 0;

  const skipTo = (end: string, from: number) => {
    const at = text.indexOf(end, from);
    return at < 0 ? text.length : at + end.length;
  };
  const quoted = (quote: string) => {
    let end = i + 1;
    while (end < text.length && text[end] !== quote && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
    code += `"${strings.push(text.slice(i + 1, end)) - 1}"`;
    i = end + 1;
  };
  const regExp = () => {
    let inClass = false;
    for (i++; i < text.length && text[i] !== '\n' && (inClass || text[i] !== '/'); i++) {
      if (text[i] === '\\') i++;
      else if (text[i] === '[') inClass = true;
      else if (text[i] === ']') inClass = false;
    }
    i++;
    code += '0';
  };
  const template = () => {
    for (i++; i < text.length && text[i] !== '`'; ) {
      if (text[i] === '\\') i += 2;
      else if (text.startsWith('${', i)) {
        i += 2;
        code += ';(';
        block('}');
        code += ');';
      } else i++;
    }
    i++;
    code += '0';
  };
  const block = (closer: string) => {
    let depth = 0;
    while (i < text.length) {
      const c = text[i];
      if (c === '}' && closer === '}' && depth-- === 0) {
        i++;
        return;
      }
      if (text.startsWith('//', i)) i = skipTo('\n', i) - 1;
      else if (text.startsWith('/*', i)) i = skipTo('*/', i + 2);
      else if (c === "'" || c === '"') quoted(c);
      else if (c === '`') template();
      else if (c === '/' && beforeRegExp.test(code.slice(-12).trimEnd())) regExp();
      else {
        if (c === '{') depth++;
        code += c;
        i++;
      }
    }
  };
  block('');
  return { code, strings };
}

const fromClause =
  /\b(?:import|export)\b\s*(type\b(?!\s*,|\s+from\b))?\s*((?:[\w$]+\s*,?\s*)?(?:\*\s*(?:as\s+[\w$]+\s*)?|\{[^}]*\}\s*)?)\bfrom\s*"(\d+)"/g;
const bareImport = /\bimport\s*"(\d+)"/g;
const dynamicImport = /\bimport\s*\(\s*"(\d+)"/g;

/** Every import of a source. */
export function importsOf(text: string): Import[] {
  const { code, strings } = scan(text);
  const found: Import[] = [];
  for (const [, type, clause, n] of code.matchAll(fromClause)) {
    const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1].split(',');
    const onlyTypes = names?.some((name) => name.trim()) && names.every((name) => /^\s*(type\s.*)?$/s.test(name));
    found.push({ specifier: strings[Number(n)], kind: type || onlyTypes ? 'type' : 'value' });
  }
  for (const [, n] of code.matchAll(bareImport)) found.push({ specifier: strings[Number(n)], kind: 'value' });
  for (const [, n] of code.matchAll(dynamicImport)) found.push({ specifier: strings[Number(n)], kind: 'dynamic' });
  return found;
}

/** One circle out of each knot of a directed graph, as a closed path; none if there is none. */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const visit = (node: string): void => {
    state.set(node, 'open');
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      if (state.get(next) === 'open') found.push([...path.slice(path.indexOf(next)), next]);
      else if (!state.has(next)) visit(next);
    }
    path.pop();
    state.set(node, 'done');
  };
  for (const node of graph.keys()) if (!state.has(node)) visit(node);
  return found;
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

/**
 * All that is wrong with a tree, one sentence each.
 *
 * @param files path from the root → text: the package.json files and the TypeScript sources.
 */
export function checkTree(files: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  const manifests = new Map<string, Manifest>();
  for (const [path, text] of Object.entries(files)) {
    if (posix.basename(path) === 'package.json') manifests.set(posix.dirname(path), JSON.parse(text) as Manifest);
  }
  const rootManifest = manifests.get('.');
  const names = new Set([...manifests.values()].map(({ name }) => name));

  for (const [folder, manifest] of manifests) {
    if (folder.startsWith('packages/')) problems.push(...checkManifest(folder, manifest));
  }

  const dependencyGraph = new Map<string, string[]>();
  for (const { name, dependencies, peerDependencies, devDependencies } of manifests.values()) {
    const all = Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies });
    dependencyGraph.set(
      name,
      all.filter((dependency) => names.has(dependency)),
    );
  }
  for (const cycle of cycles(dependencyGraph)) problems.push(`packages depend in a circle: ${cycle.join(' → ')}`);

  const importGraph = new Map<string, string[]>();
  for (const [path, text] of Object.entries(files)) {
    if (!/\.[cm]?[tj]s$/.test(path)) continue;
    const edges: string[] = [];
    importGraph.set(path, edges);
    const folder =
      [...manifests.keys()]
        .filter((at) => at !== '.' && path.startsWith(`${at}/`))
        .sort()
        .at(-1) ?? '.';
    for (const { specifier, kind } of importsOf(text)) {
      const problem = checkImport(path, specifier, folder, manifests.get(folder), rootManifest, kind);
      if (problem) problems.push(`${path}: ${problem}`);
      if (kind === 'value' && specifier.startsWith('.')) edges.push(posix.join(posix.dirname(path), specifier));
    }
  }
  for (const cycle of cycles(importGraph)) problems.push(`files import each other in a circle: ${cycle.join(' → ')}`);
  return problems;
}

function checkManifest(
  folder: string,
  { name, dependencies, peerDependencies, optionalDependencies }: Manifest,
): string[] {
  const problems: string[] = [];
  const allowed = layers[name];
  if (!allowed) return [`${folder}: ${name} has no layer; give it one in tools/check-layers.ts`];
  for (const [dependency, range] of Object.entries({ ...dependencies, ...peerDependencies, ...optionalDependencies })) {
    if (!(dependency in layers))
      problems.push(`${folder}: ${name} must have no runtime dependency, and has ${dependency}`);
    else if (!allowed.includes(dependency)) problems.push(`${folder}: ${name} must not depend on ${dependency}`);
    else if (range !== 'workspace:^') problems.push(`${folder}: ${dependency} must be "workspace:^", not "${range}"`);
  }
  return problems;
}

/** What is wrong with one import, if anything. */
function checkImport(
  path: string,
  specifier: string,
  folder: string,
  manifest: Manifest | undefined,
  rootManifest: Manifest | undefined,
  kind: Import['kind'],
): string | undefined {
  const isTest = testFile.test(path);
  const isLibrary = folder.startsWith('packages/');
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    // benchmarks start runtimes and installs as the tools do
    const isTool = folder === 'benchmarks' && /^tools\/([^/]+\.mjs|browser\w*\.ts)$/.test(target);
    if (folder !== '.' && !isTool && !target.startsWith(`${folder}/`))
      return `${specifier} leaves the package ${manifest?.name}`;
    if (folder === '.' && target.startsWith('packages/'))
      return `${specifier} reaches into a package; import it by name`;
    if (isLibrary && !isTest && testFile.test(target)) return `${specifier} is for tests, and is not published`;
    return undefined;
  }
  if (specifier.startsWith('node:')) {
    if (!isLibrary || isTest || kind === 'dynamic') return undefined;
    return `${specifier} is Node's; a library file may only import() it where it runs`;
  }
  if (isTest && testTools.test(specifier)) return undefined;
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (name in layers && specifier !== name) return `${specifier} is not a published entry point of ${name}`;
  if (name === manifest?.name) return `${name} imports itself by name`;
  if (isLibrary && manifest && layers[manifest.name] && !layers[manifest.name].includes(name)) {
    return name in layers ? `${manifest.name} must not import ${name}` : `no library may import ${name}`;
  }
  const declared = { ...manifest?.dependencies, ...manifest?.peerDependencies, ...manifest?.devDependencies };
  if (name in declared) return undefined;
  if (!isLibrary && name in { ...rootManifest?.dependencies, ...rootManifest?.devDependencies }) return undefined;
  return `${name} is not among the dependencies in ${posix.join(folder, 'package.json')}`;
}

/** The files of this repository that the check is about. */
function readTree(): Record<string, string> {
  const patterns = [
    'package.json',
    '{packages,apps}/*/package.json',
    '{examples,benchmarks,runtime-tests,tools,tools/runtimes}/package.json',
    '{packages,apps,runtime-tests}/**/src/**/*.{ts,js}',
    '{examples,benchmarks}/**/*.ts',
    'tools/*.{ts,mjs}',
  ];
  const exclude = ['**/node_modules/**', '**/dist/**'];
  const paths = globSync(patterns, { cwd: root, exclude }).map((path) => path.replaceAll('\\', '/'));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(root + path, 'utf8')]));
}

if (import.meta.main) {
  const tree = readTree();
  const problems = checkTree(tree);
  for (const problem of problems) console.error(problem);
  const files = Object.keys(tree).length;
  console.log(problems.length ? `${problems.length} breaches of the layering` : `layering: ${files} files in order`);
  process.exitCode = problems.length ? 1 : 0;
}
