/// <reference lib="esnext.disposable" preserve="true" />

/** Anomaly mode: remember where each node was made, and stop at the first NaN that a backward pass produces. */

import { named, symbolDispose } from '@torsor/core';

/** The mode, as nodes and engine consult it. */
export const anomaly = {
  enabled: false,
  /** Whether gradients are searched for NaN. */
  checkNan: true,
};

/** Sets a mode back when disposed of: `using _ = detectAnomaly()`. */
export interface Guard {
  [symbolDispose](): void;
}

/** Options of anomaly mode. */
export interface AnomalyOptions {
  /** Look for NaN in every gradient. Default true. */
  readonly checkNan?: boolean;
}

function enter(mode: boolean, checkNan: boolean): Guard {
  const before = { ...anomaly };
  anomaly.enabled = mode;
  anomaly.checkNan = checkNan;
  return {
    [symbolDispose]() {
      Object.assign(anomaly, before);
    },
  };
}

/**
 * Makes errors of a backward pass tell where the forward operation was called, and makes the pass throw when a gradient is
 * NaN. It costs time; use it to find faults.
 *
 * @returns a guard that sets the mode back: `using _ = setDetectAnomaly(true)`
 */
export function setDetectAnomaly(mode: boolean, checkNan?: boolean | AnomalyOptions): Guard {
  const [check = true] = named<[boolean]>('setDetectAnomaly', ['checkNan'], [checkNan]);
  return enter(mode, check);
}

/**
 * Anomaly mode for a function, or (`using _ = detectAnomaly()`) for a block.
 *
 * @example
 * detectAnomaly(() => loss().backward());
 */
export function detectAnomaly(options?: AnomalyOptions): Guard;
export function detectAnomaly<T>(fn: () => T, options?: AnomalyOptions): T;
export function detectAnomaly<T>(fn?: (() => T) | AnomalyOptions, options?: AnomalyOptions): T | Guard {
  const [checkNan = true] = named<[boolean]>('detectAnomaly', ['checkNan'], [typeof fn === 'function' ? options : fn]);
  const guard = enter(true, checkNan);
  if (typeof fn !== 'function') return guard;
  try {
    return fn();
  } finally {
    guard[symbolDispose]();
  }
}

/** Whether anomaly mode is on. */
export function isAnomalyEnabled(): boolean {
  return anomaly.enabled;
}

/** Whether anomaly mode, when on, looks for NaN. */
export function isAnomalyCheckNanEnabled(): boolean {
  return anomaly.checkNan;
}
