/**
 * The errors of the whole project. A message reads `op: rule, values; hint`; the class says the kind, and the
 * operation and its operands are fields, so that a program can act on them without reading prose.
 */

/** Fields that every error of the project carries. */
export interface ErrorDetails {
  /** The operation that refused, as the user typed it: `'conv2d'`, `'Tensor.view'`. */
  readonly op?: string;
  /** What it refused: shapes, dtypes, indices, by name. */
  readonly operands?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The parent of every error that Torsor throws on purpose. */
export class TorsorError extends Error {
  override name = 'TorsorError';
  readonly op: string | undefined;
  readonly operands: Readonly<Record<string, unknown>>;

  constructor(message: string, details: ErrorDetails = {}) {
    super(
      details.op === undefined ? message : `${details.op}: ${message}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.op = details.op;
    this.operands = details.operands ?? {};
  }
}

/** Shapes that do not fit each other or the operation. */
export class ShapeError extends TorsorError {
  override name = 'ShapeError';
}

/** A dtype that the operation does not take, or a cast that would lose meaning. */
export class DTypeError extends TorsorError {
  override name = 'DTypeError';
}

/** A dimension or an index out of range. */
export class IndexError extends TorsorError {
  override name = 'IndexError';
}

/** An argument whose value breaks a rule that is not about shapes, dtypes or indices. */
export class ValueError extends TorsorError {
  override name = 'ValueError';
}

/** A matrix that a decomposition or a solver cannot take for its values: singular, not positive-definite, not finite. */
export class LinAlgError extends TorsorError {
  override name = 'LinAlgError';
}

/** A misuse of automatic differentiation: a freed graph, an overwritten saved tensor, a missing gradient. */
export class AutogradError extends TorsorError {
  override name = 'AutogradError';
}

/** Something that PyTorch has and Torsor does not; the message names what to use instead. */
export class NotImplementedError extends TorsorError {
  override name = 'NotImplementedError';
}

/** A worker that died, threw, or could not start. */
export class WorkerError extends TorsorError {
  override name = 'WorkerError';
}

/** A file or buffer that is not what its format promises. */
export class FormatError extends TorsorError {
  override name = 'FormatError';
}

/** Any value, for a message: `"text"`, `[1, NaN]`, `a float32 tensor of shape [2, 3]`. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `a function`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const { dtype, shape } = value as { dtype?: unknown; shape?: unknown };
    if (typeof dtype === 'string' && Array.isArray(shape)) return `a ${dtype} tensor of shape ${show(shape)}`;
    return `{ ${Object.keys(value).join(', ')} }`;
  }
  return value === undefined ? 'nothing' : String(value);
}
