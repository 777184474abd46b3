/** Where ops and kernels tell `explain`, `profile` and handlers of the user's what they do. While nobody listens, it costs a comparison. */

export interface Observer {
  /** Runs an op. */
  op<R>(name: string, args: readonly unknown[], run: () => R): R;
  /** A kernel is about to be launched. */
  kernel(name: string): void;
  /** A kernel had to be compiled first. */
  compiled(): void;
  /** Why the kernel that follows was chosen. */
  because(why: string): void;
}

/** `current` is null but for the time of an `explain`, a `profile` or a `dispatchMode`. */
export const observed: { current: Observer | null } = { current: null };

/**
 * Runs a function, synchronous or not, as one event of the profile that is being made, around the ops in it; as
 * `torch.profiler.record_function`. Without a profile it costs nothing.
 *
 * @param operands what it is given, for who listens (`dispatchMode`); nothing by default
 *
 * @example
 * const loss = recordFunction('forward', () => criterion(net(x), y));
 */
export function recordFunction<R>(name: string, run: () => R, operands: readonly unknown[] = []): R {
  const observer = observed.current;
  return observer === null ? run() : observer.op(name, operands, run);
}
