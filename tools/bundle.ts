/**
 * Makes what the packages publish: the modules that `tsc` wrote into `dist`, as one file a package, `dist/bundle.js`. Other
 * packages stay imports. A cold process reads six files instead of 230, in a third of the time.
 *
 *     node tools/bundle.ts [package's folder…]
 *
 * Comments, line breaks, the names of locals and what can be said shorter go, by which a cold process starts a tenth sooner; the names
 * of functions and classes stay, so that stack traces are readable, and so do the annotations that bundlers need. A source map leads
 * back to the modules.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { minify } from 'terser';
import { packages } from './pack.ts';
import { run } from './pnpm.mjs';
import { root } from './runtimes.mjs';

/** The start of a constant of a module: `export const exp = unaryOp('exp', toFloat);` */
const constant = /^(?:export )?const [\w$]+ = (?!.*(?:=>|\bfunction\b|\bclass\b)).*$/gm;
/** A call in it: as the value, or as a member of a list or an object. */
const call = /(?<== |[:,[{(] ?)(?=(?:new )?[A-Za-z_$][\w$.]*\()(?!\/\*|new (?:Map|Set|WeakMap)\()/g;

/**
 * A package's `sideEffects` lets a bundler drop modules that nothing uses. In one file, statements take the place of modules:
 * here the calls that make constants are marked as what the package declares them to be, free of side effects.
 */
export function markConstants(code: string): string {
  return code.replace(constant, (line) => line.replace(call, '/* @__PURE__ */ '));
}

const markPure: Plugin = {
  name: 'mark pure',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
      return { contents: markConstants(readFileSync(path, 'utf8')), loader: 'js' };
    });
  },
};

/**
 * The bundler writes a class that speaks of itself as `var Sequential = class _Sequential`, and users would read that name in
 * what modules print. A space takes the place of the underscore, so that the source map stays right.
 */
function restoreClassNames(code: string): string {
  for (const [, name] of code.matchAll(/\bvar (\w+) = class _\1\b/g)) {
    code = code.replace(new RegExp(`\\b_${name}\\b`, 'g'), ` ${name}`);
  }
  return code;
}

/**
 * The bundler fills the object of a namespace (`export * as functional`) in a statement, which keeps all that is in it alive in
 * whoever bundles ours. An expression without side effects can go. No line moves, so that the source map stays right.
 */
function freeNamespaces(code: string): string {
  if (!code.includes('__export(')) return code;
  const helper = /^(var __export = \(target, all\d*\) => \{\n(?: .*\n)+)\};$/m;
  if (!helper.test(code)) throw new Error('the helper for namespaces does not look as it used to');
  return code
    .replace(helper, '$1return target; };')
    .replace(/^(var \w+_exports =) \{\};\n__export\(\w+_exports, /gm, '$1\n/* @__PURE__ */ __export({}, ');
}

/** What is done to the bundler's output. */
export function finish(code: string): string {
  return freeNamespaces(restoreClassNames(code));
}

/** The same code, shorter, and its source map; `map` is that of the code. */
export async function shorten(code: string, map: string, name: string): Promise<{ code: string; map: string }> {
  const short = await minify(code, {
    compress: { keep_fnames: true, keep_classnames: true },
    mangle: { toplevel: false, keep_fnames: true, keep_classnames: true },
    // Each statement on a line of its own; and ASCII alone, since one other character doubles what an engine has to read.
    format: { comments: false, preserve_annotations: true, semicolons: false, ecma: 2020, ascii_only: true },
    sourceMap: { content: map, url: `${name}.map`, filename: name },
  });
  return { code: short.code as string, map: String(short.map) };
}

/** Bundles the packages in these folders (`packages/core`), or all. */
export async function bundle(folders = packages().map(({ folder }) => folder)): Promise<void> {
  const bundleOne = async (folder: string) => {
    const { outputFiles } = await build({
      entryPoints: [`${root}${folder}/dist/index.js`],
      outfile: `${root}${folder}/dist/bundle.js`,
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      sourcemap: 'external',
      plugins: [markPure],
      write: false,
      logLevel: 'error',
    });
    const [map, code] = outputFiles.map(({ text }) => text);
    const short = await shorten(finish(code), map, 'bundle.js');
    writeFileSync(`${root}${folder}/dist/bundle.js`, short.code);
    writeFileSync(`${root}${folder}/dist/bundle.js.map`, short.map);
  };
  await Promise.all(folders.map(bundleOne));
}

/** Compiles the packages and bundles them; gives the compiler's exit code and what it complains of. */
export async function buildPackages(): Promise<{ code: number; output: string }> {
  const tsc = [process.execPath, `${root}node_modules/typescript/bin/tsc`, '-b', 'packages/torsor', 'packages/onnx'];
  const result = await run(tsc, { collect: true });
  if (result.code === 0) await bundle();
  return result;
}

if (import.meta.main) {
  const folders = process.argv.slice(2).map((path) => `packages/${basename(path)}`);
  await bundle(folders.length > 0 ? folders : undefined);
}
