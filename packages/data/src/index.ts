/** `@torsor/data`: datasets, loaders and file formats. */

export type { Collated } from './collate.ts';
export { defaultCollate } from './collate.ts';
export type { CsvFormatOptions, CsvOptions } from './csv.ts';
export { formatCsv, parseCsv } from './csv.ts';
export { ConcatDataset, randomSplit, Subset, TensorDataset } from './dataset.ts';
export * as idx from './idx.ts';
export type { DatasetModule, ImportDatasetOptions } from './imported.ts';
export { ImportedDataset, importDataset } from './imported.ts';
export type { AsyncIterableDataset, IterableDataset } from './iterable.ts';
export { ChainDataset } from './iterable.ts';
export type { DataLoaderOptions } from './loader.ts';
export { DataLoader } from './loader.ts';
export * as npy from './npy.ts';
export * as npz from './npz.ts';
export * as safetensors from './safetensors.ts';
export type { RandomSamplerOptions, Sampler, WeightedRandomSamplerOptions } from './sampler.ts';
export {
  BatchSampler,
  RandomSampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from './sampler.ts';
export type { Dataset, Samples } from './samples.ts';
