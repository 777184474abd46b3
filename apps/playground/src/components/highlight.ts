/** Colours for short programs in TypeScript: enough to read by, and a hundredth of a parser. */

export interface Piece {
  readonly text: string;
  readonly kind: 'comment' | 'string' | 'keyword' | 'number' | 'plain';
}

const words = 'import|from|const|let|for|of|new|await|class|extends|return|function|export|if|else|async';
const token = new RegExp(
  [
    '(?<comment>//[^\\n]*)',
    `(?<string>'[^'\\n]*')`,
    `(?<keyword>\\b(?:${words})\\b)`,
    '(?<number>(?<![\\w$])-?\\d[\\d_]*(?:\\.\\d+)?(?:e-?\\d+)?\\b)',
  ].join('|'),
  'g',
);

/** The program in pieces that, put together, are the program. */
export function highlight(code: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of code.matchAll(token)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? ['plain'];
    if (match.index > end) pieces.push({ text: code.slice(end, match.index), kind: 'plain' });
    pieces.push({ text: match[0], kind: kind as Piece['kind'] });
    end = match.index + match[0].length;
  }
  if (end < code.length) pieces.push({ text: code.slice(end), kind: 'plain' });
  return pieces;
}
