/** The editor: CodeMirror with the few parts that short programs need, in the colours of the page. Loaded when it is first shown. */

import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
  syntaxTree,
} from '@codemirror/language';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import type { DecorationSet } from '@codemirror/view';
import {
  Decoration,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  WidgetType,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** Colours are the page's own, so that they change with its theme. */
const theme = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'var(--field)', borderRadius: '8px', fontSize: '13.5px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6', borderRadius: '8px' },
  '.cm-content': { padding: '12px 0', caretColor: 'var(--accent)' },
  '.cm-line': { padding: '0 16px 0 8px' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '.cm-gutters': { color: 'var(--soft)', backgroundColor: 'var(--field)', border: '0' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 6px 0 12px' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine, &.cm-focused .cm-activeLineGutter': {
    backgroundColor: 'color-mix(in srgb, var(--card) 60%, transparent)',
  },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--blue) 26%, transparent)',
  },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'color-mix(in srgb, var(--blue) 22%, transparent)' },
  // lighter, not darker: what is written there must stay readable
  '.cm-lit': { backgroundColor: 'var(--card)', boxShadow: 'inset 3px 0 var(--accent)' },
  '.cm-problemLine': { backgroundColor: 'var(--bad-paper)' },
  '.cm-problem': {
    margin: '2px 16px 6px 8px',
    padding: '6px 12px',
    borderLeft: '3px solid var(--bad)',
    borderRadius: '3px 6px 6px 3px',
    color: 'var(--bad)',
    backgroundColor: 'var(--bad-paper)',
    font: '13px / 1.45 var(--sans)',
    // as wide as what is in sight, however long the lines are
    maxWidth: 'calc(var(--room) - 64px)',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
});

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: 'var(--accent)' },
  { tag: [tags.string, tags.number, tags.bool, tags.null, tags.regexp], color: 'var(--blue)' },
  { tag: [tags.typeName, tags.className], color: 'var(--ink)', fontStyle: 'italic' },
]);

/** What is wrong with a line. */
export interface Problem {
  /** From 1 on. */
  readonly line: number;
  readonly text: string;
}

class ProblemNote extends WidgetType {
  readonly text: string;

  constructor(text: string) {
    super();
    this.text = text;
  }

  override eq(other: ProblemNote): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const note = document.createElement('div');
    note.className = 'cm-problem';
    note.textContent = this.text;
    note.dataset.testid = 'problem';
    return note;
  }
}

const setProblem = StateEffect.define<Problem | undefined>();
const setLit = StateEffect.define<readonly number[]>();

const clip = (state: EditorState, line: number) => state.doc.line(Math.max(1, Math.min(state.doc.lines, line)));

/** A note under the line that it is about; gone when the line is changed. */
const problemField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(notes, transaction) {
    let out = transaction.docChanged ? Decoration.none : notes;
    for (const effect of transaction.effects) {
      if (!effect.is(setProblem)) continue;
      if (effect.value === undefined) out = Decoration.none;
      else {
        const { from, to } = clip(transaction.state, effect.value.line);
        out = Decoration.set([
          Decoration.line({ class: 'cm-problemLine' }).range(from),
          Decoration.widget({ widget: new ProblemNote(effect.value.text), block: true, side: 1 }).range(to),
        ]);
      }
    }
    return out;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Lines that something on the page points at. */
const litField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lit, transaction) {
    let out = lit.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setLit)) continue;
      const lines = [...new Set(effect.value)]
        .filter((n) => n >= 1 && n <= transaction.state.doc.lines)
        .sort((a, b) => a - b);
      out = Decoration.set(
        lines.map((n) => Decoration.line({ class: 'cm-lit' }).range(transaction.state.doc.line(n).from)),
      );
    }
    return out;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly text: string;
  /** What screen readers call it. */
  readonly label: string;
  readonly onchange: (text: string) => void;
  /** Ctrl+Enter, or ⌘+Enter. */
  readonly onrun: () => void;
}

export interface CodeEditor {
  setText(text: string): void;
  showProblem(problem: Problem | undefined): void;
  light(lines: readonly number[]): void;
  close(): void;
}

export function createEditor({ parent, text, label, onchange, onrun }: EditorOptions): CodeEditor {
  const run = () => {
    onrun();
    return true;
  };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        indentUnit.of('  '),
        bracketMatching(),
        closeBrackets(),
        highlightActiveLine(),
        javascript({ typescript: true }),
        syntaxHighlighting(colours),
        problemField,
        litField,
        theme,
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onchange(update.state.doc.toString());
        }),
        // Tab stays with the page, so that the keyboard can leave; Ctrl+] and Ctrl+[ indent
        keymap.of([{ key: 'Mod-Enter', run }, ...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
      ],
    }),
  });
  /** The line at which the program can no longer be read; browsers do not tell. */
  const brokenLine = (): number => {
    let at = -1;
    syntaxTree(view.state).iterate({
      enter: ({ type, from }) => {
        if (at < 0 && type.isError) at = from;
        return at < 0;
      },
    });
    return at < 0 ? 0 : view.state.doc.lineAt(at).number;
  };
  return {
    setText(next) {
      if (next !== view.state.doc.toString()) {
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
      }
    },
    showProblem(problem) {
      const line = problem === undefined ? 0 : problem.line || brokenLine();
      const shown = problem === undefined || line === 0 ? undefined : { line, text: problem.text };
      const effects: StateEffect<unknown>[] = [setProblem.of(shown)];
      if (shown) effects.push(EditorView.scrollIntoView(clip(view.state, line).from, { y: 'nearest', yMargin: 100 }));
      view.dispatch({ effects });
    },
    light(lines) {
      view.dispatch({ effects: setLit.of(lines) });
    },
    close: () => view.destroy(),
  };
}
