/** One training: a network, its optimiser and its data. Knows nothing of workers and pages. */

import type { Tensor } from 'torsor';
import { data, Generator, manualSeed, nn, noGrad, tensor } from 'torsor';
import type { Part } from './digits.ts';
import { permute } from './digits.ts';
import type { Digit, Evaluation, Seen } from './messages.ts';
import type { Net } from './nets.ts';
import { Connected, floats, makeNet, makeOptimizer, mapsOf } from './nets.ts';
import { pixelPlaces } from './pixelPlaces.ts';
import type { TrainSettings } from './settings.ts';

const F = nn.functional;
const WRONG_SHOWN = 20;

export class Session {
  readonly settings: TrainSettings;
  readonly net: Net;
  step = 0;
  epoch = 0;
  #optimizer;
  readonly #loader;
  readonly #train: Part;
  readonly #heldOut: Part;
  /** The held-out digits as they were written, for showing. */
  readonly #written: Float32Array;
  readonly #order: Tensor | undefined;
  #batches: Iterator<Tensor[]> | undefined;

  constructor(settings: TrainSettings, train: Part, heldOut: Part) {
    this.settings = settings;
    this.#order = settings.permuted ? tensor(Int32Array.from(pixelPlaces)) : undefined;
    const shown = (part: Part) => ({ ...part, images: this.#shown(part.images) });
    this.#train = shown(train);
    this.#heldOut = shown(heldOut);
    this.#written = floats(heldOut.images);
    manualSeed(settings.seed);
    this.net = makeNet(settings);
    this.#optimizer = makeOptimizer(this.net, settings);
    const dataset = new data.TensorDataset(this.#train.images, this.#train.labels);
    // a generator of its own: trainings that take turns see the batches that they would see alone
    const generator = new Generator(settings.seed);
    this.#loader = new data.DataLoader(dataset, { batchSize: settings.batch, shuffle: true, generator });
  }

  get weights(): number {
    return [...this.net.parameters()].reduce((sum, parameter) => sum + parameter.numel(), 0);
  }

  /** The pictures as the network gets to see them. */
  #shown(images: Tensor): Tensor {
    return this.#order ? permute(images, this.#order) : images;
  }

  /** One digit of each kind, as it was written. */
  samples(): Digit[] {
    const labels = labelsOf(this.#heldOut);
    return Array.from({ length: 10 }, (_, label) => {
      const i = labels.indexOf(label);
      return { label, guess: label, pixels: Array.from(this.#written.subarray(64 * i, 64 * i + 64)) };
    });
  }

  /** Gives each weight of a fully connected network the pixel that it would have had without the permutation. */
  followPixels(): void {
    const { net } = this;
    const order = this.#order;
    if (net instanceof Connected && order) {
      noGrad(() => net.first.weight.copy_(net.first.weight.indexSelect(1, order)));
    }
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

  /** Without dropout, and without a tape. */
  #inference<T>(run: () => T): T {
    this.net.eval();
    try {
      return noGrad(run);
    } finally {
      this.net.train();
    }
  }

  #guesses(images: Tensor): number[] {
    return Array.from(this.#inference(() => this.net(images).argmax(1)).toTypedArray(), Number);
  }

  /** The share of digits of which the network has never seen any that it reads. */
  accuracy(): number {
    return shareOf(labelsOf(this.#heldOut), this.#guesses(this.#heldOut.images));
  }

  /** How well the network does, on what it learns from and on what it has never seen. */
  evaluate(): Evaluation {
    const labels = labelsOf(this.#heldOut);
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
      train: shareOf(labelsOf(this.#train), this.#guesses(this.#train.images)),
      heldOut: shareOf(labels, guesses),
      confusion,
      wrong,
    };
  }

  /** What the network makes of a picture. */
  look(pixels: readonly number[]): Seen {
    const image = this.#shown(tensor(Float32Array.from(pixels)).reshape(1, 1, 8, 8));
    const probabilities = this.#inference(() => F.softmax(this.net(image), 1));
    return { probabilities: Array.from(floats(probabilities)), maps: mapsOf(this.net, image) };
  }

  /** Other weights. The optimiser begins anew, since what it remembers is of the old ones. */
  adopt(weights: Record<string, Tensor>): void {
    this.net.loadStateDict(weights);
    this.#optimizer = makeOptimizer(this.net, this.settings);
  }
}

const labelsOf = ({ labels }: Part): number[] => Array.from(labels.toTypedArray(), Number);

function shareOf(labels: readonly number[], guesses: readonly number[]): number {
  return labels.filter((label, i) => label === guesses[i]).length / labels.length;
}
