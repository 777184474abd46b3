/** Learning-rate schedulers, under the names of `torch.optim.lr_scheduler`. */

export type { ScheduledOptimizer, SchedulerStateDict } from './base.ts';
export type { ChainedSchedulerOptions, SequentialLROptions } from './combine.ts';
export { ChainedScheduler, SequentialLR } from './combine.ts';
export type { CosineAnnealingLROptions, CosineAnnealingWarmRestartsOptions } from './cosine.ts';
export { CosineAnnealingLR, CosineAnnealingWarmRestarts } from './cosine.ts';
export type { CyclicLROptions } from './cyclic.ts';
export { CyclicLR } from './cyclic.ts';
export type { LambdaLROptions, LrLambda } from './lambda.ts';
export { LambdaLR, MultiplicativeLR } from './lambda.ts';
export type { OneCycleLROptions } from './oneCycle.ts';
export { OneCycleLR } from './oneCycle.ts';
export type { ReduceLROnPlateauOptions } from './plateau.ts';
export { ReduceLROnPlateau } from './plateau.ts';
export { LRScheduler } from './scheduler.ts';
export type { ExponentialLROptions, MultiStepLROptions, StepLROptions } from './step.ts';
export { ExponentialLR, MultiStepLR, StepLR } from './step.ts';
export type { ConstantLROptions, LinearLROptions, PolynomialLROptions } from './warmup.ts';
export { ConstantLR, LinearLR, PolynomialLR } from './warmup.ts';
