/** Tensors that modules own: parameters, which are trained, and buffers, which are only carried along. */

import { named, Tensor } from '@torsor/core';

/**
 * A tensor that a module trains: assigned to a field of a module, it appears in `parameters()` and in the state dict.
 *
 * @param data the values; the storage is shared, and cut off the tape
 * @param requiresGrad true by default
 *
 * @example
 * class Scale extends Module {
 *   factor = new Parameter(ones(1));
 *   forward(x: Tensor) {
 *     return x.mul(this.factor);
 *   }
 * }
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, requiresGrad: boolean | { requiresGrad?: boolean } = true) {
    super(data.storage, data.shape, data.strides, data.offset, data.dtype, null);
    const [value = true] = named<[boolean]>('Parameter', ['requiresGrad'], [requiresGrad]);
    if (value) this.requiresGrad = true;
  }

  protected override get printName(): 'Parameter' {
    return 'Parameter';
  }
}

/**
 * A tensor that a module carries without training it: assigned to a field, it appears in `buffers()` and, when persistent, in
 * the state dict.
 */
export class Buffer extends Tensor {
  /** Whether the state dict holds it. */
  readonly persistent: boolean;

  constructor(data: Tensor, persistent: boolean | { persistent?: boolean } = true) {
    super(data.storage, data.shape, data.strides, data.offset, data.dtype, null);
    const [value = true] = named<[boolean]>('Buffer', ['persistent'], [persistent]);
    this.persistent = value;
  }
}
