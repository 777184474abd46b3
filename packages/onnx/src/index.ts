/** `@torsor/onnx`: models as ONNX files, for ONNX Runtime and other engines. */

export type { DynamicAxes } from './examples.ts';
export type { Exportable, ExportOptions } from './export.ts';
export { exportOnnx } from './export.ts';
