/** What `workers.test.ts` has run in workers; imports nothing, since workers of pages have no import map. */

export default async function train(context: {
  data: { shape: readonly number[] };
  report(value: unknown): void;
  checkpoint(): Promise<void>;
}): Promise<unknown> {
  await context.checkpoint();
  context.report(context.data.shape);
  return context.data;
}

export const dataset = { length: 5, get: (index: number): number => index * index };
