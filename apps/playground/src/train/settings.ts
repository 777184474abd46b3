/** What can be chosen before training, and while it goes on. */

export type Architecture = 'convnet' | 'small' | 'connected' | 'linear';
export type OptimizerName = 'sgd' | 'momentum' | 'adam' | 'adamw';
export type Pace = 'slow' | 'full';

/** What a training begins with: another choice begins another training. */
export interface TrainSettings {
  architecture: Architecture;
  /** How many times as many channels, or units. */
  width: number;
  optimizer: OptimizerName;
  rate: number;
  batch: number;
  dropout: number;
  decay: number;
  /** Whether all pictures have their pixels in another order, the same for each. */
  permuted: boolean;
  seed: number;
}

/** What can be changed while it goes on. */
export interface RunSettings {
  pace: Pace;
  threads: boolean;
  /** Whether the experiment with permuted pixels has been begun. */
  experiment: boolean;
}

export const defaults: TrainSettings & RunSettings = {
  architecture: 'convnet',
  width: 1,
  optimizer: 'adam',
  rate: 0.01,
  batch: 64,
  dropout: 0,
  decay: 0,
  permuted: false,
  seed: 0,
  pace: 'slow',
  threads: true,
  experiment: false,
};

export const architectures = [
  { value: 'convnet', label: 'Convolutional' },
  { value: 'small', label: 'Small convolutional' },
  { value: 'connected', label: 'Fully connected' },
  { value: 'linear', label: 'One layer' },
] as const;

export const optimizers = [
  { value: 'sgd', label: 'SGD' },
  { value: 'momentum', label: 'Momentum' },
  { value: 'adam', label: 'Adam' },
  { value: 'adamw', label: 'AdamW' },
] as const;

export const paces = [
  { value: 'slow', label: 'To watch' },
  { value: 'full', label: 'Full speed' },
] as const;

export const rates = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1] as const;
export const widths = [1, 2, 4] as const;
export const batches = [16, 64, 256] as const;
export const dropouts = [0, 0.1, 0.2, 0.3, 0.5] as const;
export const decays = [0, 0.0001, 0.001, 0.01, 0.1] as const;
/** Training rests after so many epochs. */
export const EPOCHS = 30;
/** Milliseconds between two steps. */
export const delays: Record<Pace, number> = { slow: 12, full: 0 };

/** The value if it is one of the list, else the default. */
function among<T>(list: readonly T[], value: T, fallback: T): T {
  return list.includes(value) ? value : fallback;
}
const values = <T>(options: readonly { readonly value: T }[]): T[] => options.map(({ value }) => value);

/** Brings what a link says into what the page can do. */
export function sanitise(settings: TrainSettings & RunSettings): TrainSettings & RunSettings {
  return {
    architecture: among(values<Architecture>(architectures), settings.architecture, defaults.architecture),
    width: among(widths, settings.width, defaults.width),
    optimizer: among(values<OptimizerName>(optimizers), settings.optimizer, defaults.optimizer),
    rate: among(rates, settings.rate, defaults.rate),
    batch: among(batches, settings.batch, defaults.batch),
    dropout: among(dropouts, settings.dropout, defaults.dropout),
    decay: among(decays, settings.decay, defaults.decay),
    permuted: settings.permuted,
    seed: Math.max(0, Math.floor(settings.seed)),
    pace: among(values<Pace>(paces), settings.pace, defaults.pace),
    threads: settings.threads,
    experiment: settings.experiment,
  };
}

/** The part of the settings that a training begins with. */
export function trainingOf({
  pace: _,
  threads: __,
  experiment: ___,
  ...training
}: TrainSettings & RunSettings): TrainSettings {
  return training;
}
