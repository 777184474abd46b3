/**
 * Tells the recorder which variable a tensor was given to: behind each declaration and assignment that stands as a statement of its
 * own, the program gets a call, on the same line. Read by CodeMirror's parser, which also reads what is not quite right.
 */

import { parser } from '@lezer/javascript';

/** The function that the program calls with a variable's name and value. */
export const NOTE = '__torsorNote';

const statements = /^(Script|Block|StaticBlock)$/;

/** The program with its notes; lines stay where they are. */
export function withNotes(code: string): string {
  const notes: { at: number; name: string }[] = [];
  parser
    .configure({ dialect: 'ts' })
    .parse(code)
    .iterate({
      enter: ({ node, name, to }) => {
        const parent = node.parent;
        if (parent === null || !statements.test(parent.name)) return;
        if (name === 'VariableDeclaration') {
          const walk = (child: typeof node): void => {
            for (let at = child.firstChild; at !== null; at = at.nextSibling) {
              if (at.name === 'VariableDefinition') notes.push({ at: to, name: code.slice(at.from, at.to) });
              else if (/Pattern/.test(at.name)) walk(at);
            }
          };
          walk(node);
        }
        if (name === 'ExpressionStatement' && node.firstChild?.name === 'AssignmentExpression') {
          const target = node.firstChild.firstChild;
          if (target?.name === 'VariableName') notes.push({ at: to, name: code.slice(target.from, target.to) });
        }
      },
    });
  let out = '';
  let end = 0;
  for (const { at, name } of notes.sort((a, b) => a.at - b.at)) {
    out += `${code.slice(end, at)};${NOTE}("${name}", ${name});`;
    end = at;
  }
  return out + code.slice(end);
}
