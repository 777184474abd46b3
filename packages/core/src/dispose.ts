/**
 * The names by which `using` and `await using` end things. Safari, and Firefox before 141, have no such symbols; what esbuild, Babel and
 * SWC make of `using` looks there for those that are taken for them here.
 */

export const symbolDispose: typeof Symbol.dispose = /* @__PURE__ */ (() =>
  Symbol.dispose ?? Symbol.for('Symbol.dispose'))() as typeof Symbol.dispose;

export const symbolAsyncDispose: typeof Symbol.asyncDispose = /* @__PURE__ */ (() =>
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose'))() as typeof Symbol.asyncDispose;
