/**
 * COMPATIBILITY.md is true: what it calls full or partial is there under our name, what it calls absent is not, no name of PyTorch's is
 * forgotten, nor one of ours, and the sums are right. Whether something that is there is full or only partial, people must judge.
 */

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './runtimes.mjs';

const read = (path: string): string => readFileSync(root + path, 'utf8');

// ------------------------------------------------------------------------------------------------------------- what is there

type Exports = Readonly<Record<string, unknown>>;

/** Paths are templates, so that the tools are not compiled together with all packages. */
const load = async (name: string): Promise<Exports> => import(`../packages/${name}/src/index.ts`);

const packages = ['core', 'autograd', 'nn', 'onnx', 'optim', 'data'] as const;
const exportsOf = Object.fromEntries(await Promise.all(packages.map(async (name) => [name, await load(name)])));
const torsor = await load('torsor');
const { core, nn } = exportsOf as Readonly<Record<string, Exports>>;

const isNamespace = (value: unknown): value is Exports =>
  typeof value === 'object' && value !== null && (value as Exports)[Symbol.toStringTag as never] === 'Module';

/** What a package exports as types alone. */
function typesOf(name: string): string[] {
  const lists = read(`packages/${name}/src/index.ts`).matchAll(/export type \{([^}]*)\}/g);
  return [...lists].flatMap(([, list]) => list.split(',').map((entry) => entry.trim()));
}

/** Names that a class declares for itself or its subclasses. */
function hiddenIn(path: string): string[] {
  return [...read(path).matchAll(/\b(?:private|protected) (?:override )?(?:readonly )?(?:get )?(\w+)/g)].map(
    ([, name]) => name,
  );
}

const tensor = (core['tensor'] as (data: number[]) => object)([1]);
const module = new (nn['Linear'] as new (inFeatures: number, outFeatures: number) => object)(1, 1);

/** The members that a class and its instances have. */
function membersOf(type: unknown, instance: object, path: string): string[] {
  const names = [...Object.getOwnPropertyNames((type as { prototype: object }).prototype), ...Object.keys(instance)];
  const hidden = ['constructor', ...hiddenIn(path)];
  return names.filter((name) => !hidden.includes(name));
}

/** Whether a namespace of PyTorch's has a name here. */
const places: Readonly<Record<string, (name: string) => boolean>> = {
  // what stands beside the umbrella is in a package of its own
  torch: (name) => name in torsor || name in exportsOf['onnx'],
  'torch.linalg': (name) => name in (core['linalg'] as Exports),
  'torch.special': (name) => name in (core['special'] as Exports),
  'torch.Tensor': (name) => name in tensor,
  'torch.nn': (name) => name in nn,
  'torch.nn.Module': (name) => name in module,
  'torch.utils.data': (name) => name in exportsOf['data'] || typesOf('data').includes(name),
  'torch.dtype': (name) => (core['DTYPES'] as readonly string[]).includes(name),
  'torch.optim': (name) => name in exportsOf['optim'],
  'torch.optim.lr_scheduler': (name) => name in ((exportsOf['optim']['lrScheduler'] ?? {}) as Exports),
  ...Object.fromEntries(
    [
      'torch.autograd',
      'torch.autograd.functional',
      'torch.autograd.graph',
      'torch.autograd.function',
      'torch.utils.checkpoint',
    ].map((namespace) => [namespace, (name: string) => name in exportsOf['autograd']]),
  ),
  ...Object.fromEntries(
    ['functional', 'init', 'utils'].map((name) => [`torch.nn.${name}`, (key: string) => key in (nn[name] as Exports)]),
  ),
};

/** Whether a path such as `autograd.derivatives`, `Tensor.slice` or `nn.Module.invoke` leads anywhere. */
function leadsSomewhere(path: string): boolean {
  if (path.startsWith('Tensor.')) return path.slice('Tensor.'.length) in tensor;
  if (path.startsWith('nn.Module.')) return path.slice('nn.Module.'.length) in module;
  let at: unknown = torsor;
  for (const name of path.split('.')) {
    if ((typeof at !== 'object' && typeof at !== 'function') || at === null || !(name in at)) return false;
    at = (at as Exports)[name];
  }
  return true;
}

/** What must be mentioned: the exports of each package and namespace, where PyTorch has them, and their path from `torsor`. */
const homes: readonly (readonly [namespace: string, exports: Exports, prefix: string])[] = [
  ['torch', core, ''],
  ['torch.linalg', core['linalg'] as Exports, 'linalg.'],
  ['torch.special', core['special'] as Exports, 'special.'],
  ['torch.autograd', exportsOf['autograd'], 'autograd.'],
  ['torch.nn', nn, 'nn.'],
  ['torch.nn.functional', nn['functional'] as Exports, 'nn.functional.'],
  ['torch.nn.init', nn['init'] as Exports, 'nn.init.'],
  ['torch.nn.utils', nn['utils'] as Exports, 'nn.utils.'],
  ['torch.optim', exportsOf['optim'], 'optim.'],
  ['torch.optim.lr_scheduler', exportsOf['optim']['lrScheduler'] as Exports, 'optim.lrScheduler.'],
  ['torch.utils.data', exportsOf['data'], 'data.'],
  ...['safetensors', 'npy', 'npz', 'idx'].map((format): readonly [string, Exports, string] => [
    format,
    exportsOf['data'][format] as Exports,
    `data.${format}.`,
  ]),
];

// ------------------------------------------------------------------------------------------------------------- what is written

const states = ['full', 'partial', 'absent'] as const;

interface Row {
  readonly line: string;
  readonly names: readonly string[];
  /** Our names, one for each; none where the state is absent. */
  readonly ours: readonly string[];
  readonly state: string;
}

interface Section {
  readonly title: string;
  /** `torch` of `torch: creation`. */
  readonly namespace: string;
  readonly rows: readonly Row[];
}

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
/** `count_nonzero` as `countNonzero`; underscores at the ends stay. */
const camel = (name: string): string =>
  name.replace(/(?<=[A-Za-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function rowOf(line: string): Row {
  const [first, second, state] = cellsOf(line);
  const names = quoted(first);
  return { line, names, state, ours: second === 'same' ? names : quoted(second) };
}

/** The parts of the page under `## `, with the lines of their tables. */
function tablesOf(text: string): [title: string, lines: string[]][] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.split('\n').filter((line) => /^\| [`*]/.test(line))]);
}

function sectionsOf(text: string): Section[] {
  return tablesOf(text)
    .filter(([title]) => title.startsWith('torch'))
    .map(([title, lines]) => ({ title, namespace: title.split(':')[0], rows: lines.map(rowOf) }));
}

/** What the last section lists, as paths from `torsor`. */
function ownOf(text: string): string[] {
  const [, lines = []] = tablesOf(text).find(([title]) => title === 'Of our own') ?? [];
  return lines.flatMap((line) => quoted(cellsOf(line)[0]));
}

// ------------------------------------------------------------------------------------------------------------ the comparison

/** Rows that cannot be read, or whose names are not there, or are although they should not be. */
function wrongRows(text: string): string[] {
  const problems: string[] = [];
  for (const { title, namespace, rows } of sectionsOf(text)) {
    const has = places[namespace];
    if (has === undefined) {
      problems.push(`${title}: unknown namespace`);
      continue;
    }
    for (const { line, names, ours, state } of rows) {
      if (!states.includes(state as 'full') || names.length === 0) problems.push(`${title}: cannot read ${line}`);
      else if (state === 'absent') {
        for (const name of names) if (has(name) || has(camel(name))) problems.push(`${title}: ${name} is not absent`);
      } else if (ours.length !== names.length) {
        problems.push(`${title}: ${names.length} names, but ${ours.length} of ours, in ${line}`);
      } else {
        for (const name of ours) {
          if (!has(name) && !(name.includes('.') && leadsSomewhere(name)))
            problems.push(`${title}: ${name} is not there`);
        }
      }
    }
  }
  return problems;
}

/** Names of PyTorch's that stand nowhere, or twice. */
function wrongNames(text: string): string[] {
  const wanted = JSON.parse(read('tools/fixtures/names.json')) as Record<string, readonly string[]>;
  const problems: string[] = [];
  for (const [namespace, names] of Object.entries(wanted)) {
    const rows = sectionsOf(text)
      .filter((section) => section.namespace === namespace)
      .flatMap((section) => section.rows);
    const found = rows.flatMap((row) => row.names);
    for (const name of names) if (!found.includes(name)) problems.push(`${namespace}: ${name} is missing`);
    for (const name of found)
      if (found.indexOf(name) !== found.lastIndexOf(name)) problems.push(`${namespace}: ${name} stands twice`);
  }
  return problems;
}

/** Exports, and members of `Tensor` and `Module`, that are mentioned nowhere. */
function wrongExports(text: string): string[] {
  const sections = sectionsOf(text);
  const own = ownOf(text);
  const oursIn = (belongs: (namespace: string) => boolean): string[] =>
    sections.filter(({ namespace }) => belongs(namespace)).flatMap(({ rows }) => rows.flatMap(({ ours }) => ours));
  const paths = [...own, ...oursIn(() => true).filter((name) => name.includes('.'))];
  const problems = own.filter((path) => !leadsSomewhere(path)).map((path) => `Of our own: ${path} is not there`);
  const report = (prefix: string, names: readonly string[], mentioned: readonly string[]): void => {
    for (const name of names) {
      if (!mentioned.includes(name) && !paths.includes(prefix + name)) {
        problems.push(`${prefix}${name} is mentioned nowhere`);
      }
    }
  };
  for (const [namespace, exports, prefix] of homes) {
    const names = Object.keys(exports).filter((name) => !isNamespace(exports[name]));
    // The functions of core are those of torch, of its layers, and behind the methods of Tensor.
    const related: Readonly<Record<string, RegExp>> = {
      torch: /^torch($|\.Tensor$|\.nn\.functional$)/,
      'torch.autograd': /^torch($|\.autograd|\.utils\.checkpoint$)/,
    };
    report(
      prefix,
      names,
      oursIn((name) => related[namespace]?.test(name) ?? name === namespace),
    );
  }
  const isTensor = (name: string): boolean => name === 'torch.Tensor';
  const isModule = (name: string): boolean => name === 'torch.nn.Module';
  report('Tensor.', membersOf(core['Tensor'], tensor, 'packages/core/src/tensor.ts'), oursIn(isTensor));
  report('nn.Module.', membersOf(nn['Module'], {}, 'packages/nn/src/module.ts'), oursIn(isModule));
  return problems;
}

/** Lines of the summary whose numbers are not the sums of the tables. */
function wrongCounts(text: string): string[] {
  const summary = text
    .slice(0, text.indexOf('\n## '))
    .split('\n')
    .filter((line) => /^\| (\[torch|all )/.test(line));
  const sums = [0, 0, 0];
  const expected = sectionsOf(text).map(({ title, rows }) => {
    const counts = states.map((state) =>
      rows.reduce((sum, row) => sum + (row.state === state ? row.names.length : 0), 0),
    );
    for (const [i, count] of counts.entries()) sums[i] += count;
    return `${title} ${counts.join(' ')}`;
  });
  expected.push(`all ${sums.join(' ')}`);
  const written = summary.map((line) => {
    const [title, ...counts] = cellsOf(line);
    return `${title.replace(/^\[(.*)\]\(.*\)$/, '$1')} ${counts.join(' ')}`;
  });
  return expected.flatMap((line, i) =>
    line === written[i] ? [] : [`the summary says ${written[i]}, but it is ${line}`],
  );
}

// ------------------------------------------------------------------------------------------------------------------ the tests

const page = read('COMPATIBILITY.md');

test('what is full or partial is there under our name, and what is absent is not', () => {
  assert.is(wrongRows(page).join('\n'), '');
});

test('every name of PyTorch stands in its section, once', () => {
  assert.is(wrongNames(page).join('\n'), '');
});

test('every export, and every member of Tensor and Module, is mentioned', () => {
  assert.is(wrongExports(page).join('\n'), '');
});

test('the summary counts right', () => {
  assert.is(wrongCounts(page).join('\n'), '');
});

/** A page of one row. */
const pageOf = (title: string, row: string): string => `## ${title}\n\n| | | | |\n| --- | --- | --- | --- |\n${row}\n`;

test('a claim that is not true is found', () => {
  const problems = (row: string): string => wrongRows(pageOf('torch: some', row)).join('\n');
  assert.is(problems('| `abs`, `exp` | same | full | |'), '');
  assert.is(problems('| `count_nonzero` | `countNonzero` | partial | |'), '');
  assert.match(problems('| `abs`, `no_such_op` | same | full | |'), 'no_such_op is not there');
  assert.match(problems('| `count_nonzero` | `countNonZero` | full | |'), 'countNonZero is not there');
  assert.match(problems('| `count_nonzero` | | absent | |'), 'count_nonzero is not absent');
  assert.match(problems('| `abs`, `exp` | `abs` | full | |'), '2 names, but 1 of ours');
  assert.match(problems('| `abs` | same | whole | |'), 'cannot read');
  assert.match(wrongRows(pageOf('torch.nothing', '')).join(), 'unknown namespace');
});

test('a name that is forgotten or stands twice is found', () => {
  const row = '| `Conv2d` | same | full | |';
  assert.match(wrongNames(pageOf('torch.nn', row)).join(), 'torch.nn: LSTM is missing');
  assert.match(wrongNames(page + pageOf('torch.nn', row)).join(), 'torch.nn: Conv2d stands twice');
});

test('an export that is mentioned nowhere is found, and a mention of what is not there', () => {
  const problems = wrongExports(pageOf('Of our own', '| `tidy`, `tidyUp` | |'));
  for (const name of [
    'exp',
    'autograd.grad',
    'nn.Conv2d',
    'optim.SGD',
    'data.safetensors.save',
    'data.npz.load',
    'Tensor.at',
    'nn.Module.train',
  ]) {
    assert.ok(problems.includes(`${name} is mentioned nowhere`), name);
  }
  assert.not.ok(problems.includes('tidy is mentioned nowhere'));
  assert.ok(problems.includes('Of our own: tidyUp is not there'));
});

test('a wrong count is found', () => {
  assert.match(wrongCounts(page.replace(/^\| all \| \d/m, '| all | 0')).join(), 'the summary says all 0');
});

test.run();
