/**
 * Which network suffers when all pictures have their pixels in another order? A convolutional and a fully connected one, with as many
 * weights, learn in step from the same batches, as written and permuted.
 */

import type { workers } from 'torsor';
import type { loadDigits } from './digits.ts';
import type { Contestant, ExperimentReport, Task } from './messages.ts';
import { kernelsOf } from './nets.ts';
import { Session } from './session.ts';
import { defaults, trainingOf } from './settings.ts';

/** Enough for the curves to level out. */
const EPOCHS = 25;

export async function experiment(
  context: workers.TrainingContext<Task, ExperimentReport>,
  { train, heldOut }: Awaited<ReturnType<typeof loadDigits>>,
  seed: number,
): Promise<void> {
  const contestants = (['small', 'connected'] as const).flatMap((architecture) =>
    [false, true].map((permuted) => {
      const session = new Session({ ...trainingOf(defaults), architecture, permuted, seed }, train, heldOut);
      session.followPixels();
      return { architecture, permuted, session, accuracies: [session.accuracy()] };
    }),
  );
  const report = (epoch: number): void => {
    context.report({
      epoch,
      epochs: EPOCHS,
      contestants: contestants.map(
        ({ architecture, permuted, session, accuracies }): Contestant => ({
          architecture,
          permuted,
          accuracies: [...accuracies],
          weights: session.weights,
          kernels: kernelsOf(session.net)[0],
        }),
      ),
    });
  };
  report(0);
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    while (contestants[0].session.epoch < epoch) {
      for (const { session } of contestants) session.advance();
      await context.checkpoint();
    }
    for (const { session, accuracies } of contestants) accuracies.push(session.accuracy());
    report(epoch);
  }
}
