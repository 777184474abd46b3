/** What can be chosen before training. */

export type Architecture = 'convnet' | 'connected' | 'linear';
export type OptimizerName = 'sgd' | 'momentum' | 'adam' | 'adamw';

export interface TrainSettings {
  architecture: Architecture;
  optimizer: OptimizerName;
  rate: number;
  /** Whether all pictures have their pixels in another order, the same for each. */
  permuted: boolean;
  seed: number;
}

export const defaults: TrainSettings = {
  architecture: 'convnet',
  optimizer: 'adam',
  rate: 0.01,
  permuted: false,
  seed: 0,
};

export const architectures = [
  { value: 'convnet', label: 'Convolutional' },
  { value: 'connected', label: 'Fully connected' },
  { value: 'linear', label: 'One layer' },
] as const;

export const optimizers = [
  { value: 'sgd', label: 'SGD' },
  { value: 'momentum', label: 'Momentum' },
  { value: 'adam', label: 'Adam' },
  { value: 'adamw', label: 'AdamW' },
] as const;

export const rates = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1] as const;
export const BATCH = 64;
/** Training rests after so many epochs. */
export const EPOCHS = 30;

/** Brings what a link says into what the page can do. */
export function sanitise(settings: TrainSettings): TrainSettings {
  return {
    ...settings,
    architecture: architectures.find(({ value }) => value === settings.architecture)?.value ?? defaults.architecture,
    optimizer: optimizers.find(({ value }) => value === settings.optimizer)?.value ?? defaults.optimizer,
    rate: rates.find((rate) => rate === settings.rate) ?? defaults.rate,
    seed: Math.max(0, Math.floor(settings.seed)),
  };
}
