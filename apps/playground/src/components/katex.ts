/** KaTeX, which comes after the page: formulas explain what is there already. */

async function load() {
  const [{ default: katex }] = await Promise.all([import('katex'), import('katex/dist/katex.min.css')]);
  return katex;
}

let loading: ReturnType<typeof load> | undefined;

export function loadKatex(): ReturnType<typeof load> {
  loading ??= load();
  return loading;
}
