/** The camera: frame after frame, until it is stopped. */

import { openDevice } from '../devices.ts';

export class Camera {
  isRunning = $state(false);
  isFrozen = $state(false);
  #stream: MediaStream | undefined;
  readonly #onframe: (video: HTMLVideoElement) => void;

  constructor(onframe: (video: HTMLVideoElement) => void) {
    this.#onframe = onframe;
  }

  /** Throws a sentence for the reader if there is no camera to be had. */
  async start(): Promise<void> {
    this.stop();
    const stream = await openDevice('camera');
    const video = document.createElement('video');
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    this.#stream = stream;
    this.isRunning = true;
    this.isFrozen = false;
    const watch = () => {
      if (this.#stream !== stream) return;
      if (!this.isFrozen && video.videoWidth > 0) this.#onframe(video);
      requestAnimationFrame(watch);
    };
    watch();
  }

  stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.isRunning = false;
  }
}
