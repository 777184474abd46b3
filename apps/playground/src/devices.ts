/** The microphone and the camera; each failure is a sentence for the reader. */

function refusal(error: unknown, what: 'microphone' | 'camera'): Error {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError')
    return new Error(
      `The browser did not let this page use the ${what}. Allow it beside the address, and try again; nothing was changed.`,
    );
  if (name === 'NotFoundError') return new Error(`There is no ${what} here. Nothing was changed.`);
  if (name === 'NotReadableError')
    return new Error(`The ${what} is there, but something else uses it. Nothing was changed.`);
  return new Error(`The ${what} did not start. Nothing was changed.`);
}

/** Asks for the microphone or the camera. */
export async function openDevice(what: 'microphone' | 'camera'): Promise<MediaStream> {
  const wanted = what === 'microphone' ? { audio: true } : { video: { width: { ideal: 640 } } };
  if (navigator.mediaDevices === undefined)
    throw new Error(`A page has no ${what} unless it is served over HTTPS or from this machine. Nothing was changed.`);
  try {
    return await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    throw refusal(error, what);
  }
}
