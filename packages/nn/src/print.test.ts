import { zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classOf } from './fixtures/check.ts';
import data from './fixtures/print.json' with { type: 'json' };
import * as nn from './index.ts';
import { python, pythonFloat, pythonNumber } from './python.ts';

/** A module: name, arguments (which may be modules), options. */
type Spec = readonly [
  name: string,
  args: readonly unknown[] | Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
];

interface PrintCase {
  readonly spec: Spec;
  readonly text: string;
  readonly keys: readonly string[];
  readonly parameters: readonly string[];
  readonly modules: readonly string[];
}

function build([name, args, options]: Spec): nn.AnyModule {
  if (name === 'ParameterList') return new nn.ParameterList((args as readonly number[][]).map((shape) => zeros(shape)));
  if (name === 'ParameterDict') {
    return new nn.ParameterDict(new Map(Object.entries(args).map(([key, shape]) => [key, zeros(shape as number[])])));
  }
  if (!Array.isArray(args)) {
    const entries = Object.entries(args).map(([key, spec]) => [key, build(spec as Spec)] as const);
    // Both forms that containers take.
    return new (classOf(name))(name === 'Sequential' ? Object.fromEntries(entries) : new Map(entries));
  }
  if (name === 'Sequential') return new nn.Sequential(...(args as readonly Spec[]).map(build));
  if (name === 'ModuleList') return new nn.ModuleList((args as readonly Spec[]).map(build));
  return new (classOf(name))(...args, ...(Object.keys(options).length === 0 ? [] : [options]));
}

test('modules print as PyTorch prints them, to the character, and name what they hold alike', () => {
  for (const c of data as unknown as readonly PrintCase[]) {
    const module = build(c.spec);
    assert.is(String(module), c.text);
    assert.equal(Object.keys(module.stateDict()), c.keys, `${c.text}: state`);
    assert.equal(
      [...module.namedParameters()].map(([key]) => key),
      c.parameters,
      `${c.text}: parameters`,
    );
    assert.equal(
      [...module.namedModules()].map(([key]) => key),
      c.modules,
      `${c.text}: modules`,
    );
  }
});

test('inspectors print a module as String does', () => {
  const net = new nn.Sequential(new nn.Linear(1, 2), new nn.Tanh()) as unknown as Record<symbol, () => string>;
  for (const inspector of ['nodejs.util.inspect.custom', 'Deno.customInspect']) {
    assert.is(net[Symbol.for(inspector)](), String(net));
  }
});

test('defaults that PyTorch 2 writes as floats print as floats', () => {
  assert.is(String(new nn.Softplus()), 'Softplus(beta=1.0, threshold=20.0)');
  assert.is(String(new nn.ELU()), 'ELU(alpha=1.0)');
  assert.is(String(new nn.Hardtanh()), 'Hardtanh(min_val=-1.0, max_val=1.0)');
});

test('extraRepr of several lines stands on lines of its own', () => {
  class Described extends nn.Module {
    override forward<T>(x: T): T {
      return x;
    }
    override extraRepr(): string {
      return 'one\ntwo';
    }
  }
  assert.is(String(new Described()), 'Described(\n  one\n  two\n)');
});

test("numbers print as Python's repr", () => {
  const floats: [number, string][] = [
    [0.1, '0.1'],
    [1, '1.0'],
    [-0, '-0.0'],
    [1e-5, '1e-05'],
    [0.0001, '0.0001'],
    [1.25e-7, '1.25e-07'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1.5e22, '1.5e+22'],
    [5e-324, '5e-324'],
    [123456.789, '123456.789'],
    [Number.NaN, 'nan'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ];
  for (const [value, text] of floats) assert.is(pythonFloat(value), text);
  assert.is(pythonNumber(20), '20');
  assert.is(pythonNumber(0.5), '0.5');
  assert.is(python([1, null, true, 'x']), '(1, None, True, x)');
  assert.is(python([3]), '(3,)');
});

test.run();
