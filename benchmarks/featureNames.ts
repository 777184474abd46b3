import type { Features } from 'torsor';

/** The features that a runtime has, as results name them. */
export function featureNames({ simd, relaxedSimd, fma, sharedMemory }: Features): string[] {
  return Object.entries({ simd, relaxedSimd, fma, sharedMemory }).flatMap(([name, on]) => (on ? [name] : []));
}
