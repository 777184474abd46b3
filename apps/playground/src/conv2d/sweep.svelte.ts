/** The animation: the window goes over the picture as one reads, and the output follows. */

import type { Conv2dModel } from './model.svelte.ts';

const STEPS_A_SECOND = 8;
const CALM_STEPS_A_SECOND = 2;

export class Sweep {
  isPlaying = $state(false);
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #model: Conv2dModel;

  constructor(model: Conv2dModel) {
    this.#model = model;
  }

  toggle(): void {
    if (this.isPlaying) {
      this.stop();
      return;
    }
    // who wants little motion gets less of it
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.isPlaying = true;
    this.#timer = setInterval(() => this.#step(), 1000 / (isCalm ? CALM_STEPS_A_SECOND : STEPS_A_SECOND));
  }

  #step(): void {
    const { chosen, output } = this.#model;
    if (chosen === undefined || output === undefined) {
      this.stop();
      return;
    }
    const at = (chosen.row * output.columns + chosen.column + 1) % (output.rows * output.columns);
    this.#model.look({ row: Math.floor(at / output.columns), column: at % output.columns });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.isPlaying = false;
  }
}
