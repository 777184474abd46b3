/** One training: a network, its optimiser and its data. Knows nothing of workers and pages. */

import type { Tensor } from 'torsor';
import { data, manualSeed, nn, noGrad, tensor } from 'torsor';
import type { Part } from './digits.ts';
import { permute, pixelOrder } from './digits.ts';
import type { Digit, Evaluation, Seen } from './messages.ts';
import type { Net } from './nets.ts';
import { floats, makeNet, makeOptimizer, mapsOf } from './nets.ts';
import type { TrainSettings } from './settings.ts';
import { BATCH } from './settings.ts';

const F = nn.functional;
const WRONG_SHOWN = 20;

export class Session {
  readonly net: Net;
  step = 0;
  epoch = 0;
  readonly #optimizer;
  readonly #loader;
  readonly #train: Part;
  readonly #heldOut: Part;
  /** The held-out digits as they were written, for showing. */
  readonly #written: Float32Array;
  readonly #order: Tensor | undefined;
  #batches: Iterator<Tensor[]> | undefined;

  constructor(settings: TrainSettings, train: Part, heldOut: Part) {
    this.#order = settings.permuted ? pixelOrder() : undefined;
    const shown = (part: Part) => ({ ...part, images: this.#shown(part.images) });
    this.#train = shown(train);
    this.#heldOut = shown(heldOut);
    this.#written = floats(heldOut.images);
    manualSeed(settings.seed);
    this.net = makeNet(settings.architecture);
    this.#optimizer = makeOptimizer(this.net, settings);
    const dataset = new data.TensorDataset(this.#train.images, this.#train.labels);
    this.#loader = new data.DataLoader(dataset, { batchSize: BATCH, shuffle: true });
  }

  get weights(): number {
    return [...this.net.parameters()].reduce((sum, parameter) => sum + parameter.numel(), 0);
  }

  /** The pictures as the network gets to see them. */
  #shown(images: Tensor): Tensor {
    return this.#order ? permute(images, this.#order) : images;
  }

  /** One batch; gives the loss, and whether it was the last of its epoch. */
  advance(): { loss: number; epochEnded: boolean } {
    this.#batches ??= this.#loader[Symbol.iterator]();
    const { value, done } = this.#batches.next();
    if (done) {
      this.#batches = undefined;
      return this.advance();
    }
    const [images, labels] = value as Tensor[];
    const loss = F.crossEntropy(this.net(images), labels);
    this.#optimizer.zeroGrad();
    loss.backward();
    this.#optimizer.step();
    this.step++;
    const epochEnded = this.step % this.#loader.length === 0;
    if (epochEnded) this.epoch++;
    return { loss: loss.item(), epochEnded };
  }

  #guesses(images: Tensor): number[] {
    return Array.from(noGrad(() => this.net(images).argmax(1)).toTypedArray(), Number);
  }

  /** How well the network does, on what it learns from and on what it has never seen. */
  evaluate(): Evaluation {
    const right = (labels: readonly number[], guesses: readonly number[]) =>
      labels.filter((label, i) => label === guesses[i]).length / labels.length;
    const labelsOf = ({ labels }: Part) => Array.from(labels.toTypedArray(), Number);
    const [trainLabels, labels] = [labelsOf(this.#train), labelsOf(this.#heldOut)];
    const guesses = this.#guesses(this.#heldOut.images);
    const confusion: number[] = Array(100).fill(0);
    const wrong: Digit[] = [];
    labels.forEach((label, i) => {
      confusion[10 * label + guesses[i]]++;
      if (label === guesses[i] || wrong.length >= WRONG_SHOWN) return;
      wrong.push({ label, guess: guesses[i], pixels: Array.from(this.#written.subarray(64 * i, 64 * i + 64)) });
    });
    return {
      step: this.step,
      epoch: this.epoch,
      train: right(trainLabels, this.#guesses(this.#train.images)),
      heldOut: right(labels, guesses),
      confusion,
      wrong,
    };
  }

  /** What the network makes of a picture. */
  look(pixels: readonly number[]): Seen {
    const image = this.#shown(tensor(Float32Array.from(pixels)).reshape(1, 1, 8, 8));
    const probabilities = noGrad(() => F.softmax(this.net(image), 1));
    return { probabilities: Array.from(floats(probabilities)), maps: mapsOf(this.net, image) };
  }
}
