/** Kernels with a name, for any height and width. */

export type KernelName = 'identity' | 'blur' | 'sharpen' | 'edge' | 'vertical' | 'horizontal' | 'emboss' | 'gabor';

export interface KernelExtent {
  readonly height: number;
  readonly width: number;
  /** Degrees; Gabor kernels alone have a direction. */
  readonly angle: number;
}

/** Row after row. */
type Weights = readonly number[];
/** The weight `y` rows below and `x` columns right of the centre. */
type Rule = (y: number, x: number) => number;

function fill(height: number, width: number, rule: Rule): Weights {
  const [centreY, centreX] = [Math.floor((height - 1) / 2), Math.floor((width - 1) / 2)];
  return Array.from({ length: height * width }, (_, i) => rule(Math.floor(i / width) - centreY, (i % width) - centreX));
}

const delta: Rule = (y, x) => (y === 0 && x === 0 ? 1 : 0);

/** A bell that falls to 1/e² or so at the kernel's border. */
function bell(height: number, width: number): Rule {
  const [sy, sx] = [Math.max(0.3, height / 4), Math.max(0.3, width / 4)];
  return (y, x) => Math.exp(-0.5 * ((y / sy) ** 2 + (x / sx) ** 2));
}

function scaled(weights: Weights, sum: (weights: Weights) => number): Weights {
  const divisor = sum(weights) || 1;
  return weights.map((weight) => weight / divisor);
}

const total = (weights: Weights): number => weights.reduce((sum, weight) => sum + weight, 0);
const positive = (weights: Weights): number => total(weights.map((weight) => Math.max(0, weight)));

/** A wave under a bell: it answers to stripes of its own direction and width. */
function gabor(height: number, width: number, degrees: number): Weights {
  const radians = (degrees * Math.PI) / 180;
  const window = bell(height, width);
  const wavelength = Math.max(2, Math.min(height, width) / 2);
  const wave = fill(height, width, (y, x) => {
    const along = x * Math.cos(radians) + y * Math.sin(radians);
    return window(y, x) * Math.cos((2 * Math.PI * along) / wavelength);
  });
  // without the part that answers to plain brightness
  const envelope = fill(height, width, window);
  const share = total(wave) / total(envelope);
  return scaled(
    wave.map((weight, i) => weight - share * envelope[i]),
    positive,
  );
}

/** The weights of a kernel, row after row. */
export function kernelWeights(name: KernelName, { height, width, angle }: KernelExtent): Weights {
  const window = bell(height, width);
  const blur = scaled(fill(height, width, window), total);
  const one = fill(height, width, delta);
  switch (name) {
    case 'identity':
      return one;
    case 'blur':
      return blur;
    case 'sharpen':
      return one.map((weight, i) => 3 * weight - 2 * blur[i]);
    case 'edge':
      return fill(height, width, (y, x) => delta(y, x) * height * width - 1);
    case 'vertical':
      return scaled(
        fill(height, width, (y, x) => x * window(y, x)),
        positive,
      );
    case 'horizontal':
      return scaled(
        fill(height, width, (y, x) => y * window(y, x)),
        positive,
      );
    case 'emboss':
      return fill(height, width, (y, x) => delta(y, x) + (y + x) / Math.max(1, (height + width) / 6));
    case 'gabor':
      return gabor(height, width, angle);
  }
}
