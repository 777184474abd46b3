/** The packages that programs may import, each as a module of its own at an address in the worker. */

import * as autograd from '@torsor/autograd';
import * as core from '@torsor/core';
import * as data from '@torsor/data';
import * as nn from '@torsor/nn';
import * as optim from '@torsor/optim';
import * as workers from '@torsor/workers';
import * as torsor from 'torsor';
import type { Package } from './compile.ts';

const KEY = 'torsor.playground.packages';

export type Namespace = Readonly<Record<string, unknown>>;

export const namespaces: Readonly<Record<string, Namespace>> = {
  torsor,
  '@torsor/core': core,
  '@torsor/autograd': autograd,
  '@torsor/nn': nn,
  '@torsor/optim': optim,
  '@torsor/data': data,
  '@torsor/workers': workers,
};

/** The address of a module of this text. */
export function moduleUrl(text: string): string {
  return URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
}

/** Modules that export what the namespaces hold, since the packages are in one bundle, where a program cannot reach them by name. */
export function publish(all: Readonly<Record<string, Namespace>>): Record<string, Package> {
  (globalThis as Record<string, unknown>)[KEY] = all;
  return Object.fromEntries(
    Object.entries(all).map(([name, namespace]) => {
      const names = Object.keys(namespace);
      const from = `globalThis[${JSON.stringify(KEY)}][${JSON.stringify(name)}]`;
      return [name, { names, url: moduleUrl(`export const { ${names.join(', ')} } = ${from};`) }];
    }),
  );
}
