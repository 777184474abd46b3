/**
 * Elementwise ops: arithmetic, functions, activations, comparisons, `where`, copies. Each broadcasts its operands, promotes their
 * dtypes as PyTorch does, and returns a new contiguous tensor; the forms in `_` write into their first operand.
 */

export * from './activation.ts';
export * from './binary.ts';
export * from './copies.ts';
export { commonDType, operand } from './pointwise.ts';
export * from './ternary.ts';
export * from './unary.ts';
