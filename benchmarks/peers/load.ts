/** Loads a library that may not be installed, and whose types we do without: each peer states what it uses. */

import { readFileSync } from 'node:fs';

/**
 * Takes away what some libraries take for a sign that they can have threads: all here run on one. To be called again after other
 * libraries ran, since ONNX Runtime Web puts the workers of Node in this place.
 */
export function hideWorkers(): void {
  if (globalThis.Worker !== undefined) Reflect.set(globalThis, 'Worker', undefined);
}

export async function loadLibrary<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

/** The version that is installed. */
export function versionOf(name: string): string {
  const url = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
}
