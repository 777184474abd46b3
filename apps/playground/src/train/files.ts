/** Networks as safetensors files, and why a file cannot be read, in words for people. */

import { data, ShapeError } from 'torsor';
import type { Session } from './session.ts';
import { architectures } from './settings.ts';

const { safetensors } = data;

/** What a file says of itself beside the weights. */
const WRITER = 'torsor-playground';

const nameOf = (architecture: string | undefined): string | undefined =>
  architectures.find(({ value }) => value === architecture)?.label.toLowerCase();

/** The weights, with what is needed to know them again. */
export function save({ net, settings, step }: Session): Uint8Array<ArrayBuffer> {
  const { architecture, width, permuted } = settings;
  return safetensors.save(net.stateDict(), {
    writer: WRITER,
    architecture,
    width: String(width),
    permuted: String(permuted),
    step: String(step),
  });
}

/** Puts the weights of a file into the network; gives a note for the reader. Whatever is wrong, nothing has changed. */
export function load(session: Session, name: string, bytes: Uint8Array): string {
  let file: ReturnType<typeof safetensors.loadFile>;
  try {
    file = safetensors.loadFile(bytes);
  } catch (error) {
    throw new Error(
      `“${name}” is no safetensors file, or a damaged one (${reasonOf(error)}). The network is as it was.`,
    );
  }
  const { settings } = session;
  const { architecture, width = '1', permuted, step } = file.metadata;
  const theirs = nameOf(architecture);
  if (theirs !== undefined && (architecture !== settings.architecture || Number(width) !== settings.width)) {
    throw new Error(
      `“${name}” holds a ${theirs} network of width ${width}; this one is ${nameOf(settings.architecture)}, of width ` +
        `${settings.width}. Choose that network above, then open the file again.`,
    );
  }
  try {
    session.adopt(file.tensors);
  } catch (error) {
    const fault = reasonOf(error).split('\n').slice(1, 3).join(' ').trim() || reasonOf(error);
    const kind = error instanceof ShapeError ? 'weights of other shapes' : 'the weights of another network';
    throw new Error(`“${name}” holds ${kind}: ${fault} The network is as it was.`);
  }
  const pixels =
    permuted !== undefined && permuted !== String(settings.permuted)
      ? ` It learned with pixels ${permuted === 'true' ? 'permuted' : 'as written'}, so do not expect much of it here.`
      : '';
  return `The network has the weights of “${name}”${step === undefined ? '' : `, from step ${step}`}.${pixels}`;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
