/** Registers the recorder with core: the only import side effect of the project. */

import { setRecorder } from '@torsor/core';
import { backwardFrom } from './grad.ts';
import { CREATED_UNRECORDED } from './node.ts';
import { noteViews, record, recordInPlace } from './record.ts';
import { leaveToTape } from './saved.ts';
import { detach_, getGrad, isLeaf, registerHook, retainGrad, retainsGrad, setGrad, setRequiresGrad } from './slot.ts';
import { edgeNr, gradFnOf, requiresGradOf } from './tape.ts';

setRecorder({
  record,
  recordInPlace,
  noteUnrecorded: (result) => noteViews(result, CREATED_UNRECORDED),
  requiresGrad: requiresGradOf,
  setRequiresGrad,
  isLeaf,
  retainsGrad,
  retainGrad,
  gradFn: gradFnOf,
  outputNr: edgeNr,
  grad: getGrad,
  setGrad,
  registerHook,
  leaveToTape,
  backward: backwardFrom,
  detach_,
});
