/** The animation: the kernel goes from output to output, and when it is through, the next kernel begins. */

import type { Conv1dModel } from './model.svelte.ts';

const ROWS_A_SECOND = 4;
/** The share of a step that a kernel stands still, so that its product can be read. */
const REST = 0.5;

/** From 0 to 1, slow at both ends. */
const ease = (t: number): number => t * t * (3 - 2 * t);

export class Sliding {
  isPlaying = $state(false);
  /** Between two outputs while it moves; undefined while it stands still. */
  position = $state<number>();
  #frame = 0;
  readonly #model: Conv1dModel;

  constructor(model: Conv1dModel) {
    this.#model = model;
  }

  toggle(): void {
    if (this.isPlaying) this.stop();
    else this.#play();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.isPlaying = false;
    this.position = undefined;
  }

  #play(): void {
    const model = this.#model;
    // who wants little motion sees the stops, and not the way between them
    const isSmooth = !matchMedia('(prefers-reduced-motion: reduce)').matches;
    let startMs = performance.now();
    let start = model.row;
    if (start >= model.view.last - 1) start = model.view.first;
    this.isPlaying = true;
    model.look(start);
    const step = (nowMs: number) => {
      if (model.problem !== undefined) return this.stop();
      const at = start + Math.max(0, ((nowMs - startMs) / 1000) * ROWS_A_SECOND);
      const row = Math.floor(at);
      if (row >= model.view.last || row < model.view.first) {
        model.settings.front = (model.front + 1) % model.slots.length;
        start = model.view.first;
        startMs = nowMs;
        model.look(start);
      } else {
        if (row !== model.settings.row) model.look(row);
        const gone = Math.max(0, at - row - REST) / (1 - REST);
        this.position = isSmooth ? Math.min(model.view.last - 1, row + ease(gone)) : row;
      }
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}
