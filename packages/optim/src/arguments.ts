/** The rule of the API for constructors with many arguments: each may be an options object, which then is the last. */

/** The types of positional arguments, by name, as a rest parameter. */
export type Arguments<T extends readonly unknown[], O> = { [K in keyof T]?: T[K] | Partial<O> | undefined };
