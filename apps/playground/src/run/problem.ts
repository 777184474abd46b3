import type { Problem } from '../editor/codemirror.ts';
import type { Failure } from './messages.ts';

/** What the editor shows under the line that failed; it finds the line itself where none is known. */
export function problemOf(failure: Failure | undefined): Problem | undefined {
  if (failure === undefined) return undefined;
  // the output shows all of it
  const [message] = failure.message.split('\n');
  return { line: failure.place?.line ?? 0, text: `${failure.name}${failure.name ? ': ' : ''}${message}` };
}
