/** Runs in a page: asks for a module, imports it, reports, and loads the page anew. The server is `tools/browserPages.ts`. */

/** What uvu prints last of all. */
const LAST = 'Duration:';

let output = '';
/** @type {string | null} */
let error = null;

/** @param {unknown} reason */
function note(reason) {
  error ??= reason instanceof Error ? `${reason}\n${reason.stack}` : String(reason);
}

window.addEventListener('error', (event) => note(event.error ?? event.message));
window.addEventListener('unhandledrejection', (event) => note(event.reason));

/** Settles when uvu has summed up. */
const summed = new Promise((resolve) => {
  console.log = (...args) => {
    const text = args.join(' ');
    // uvu writes as if to a stream; a line of its own is what a test prints, or a report
    output += text;
    if (text.includes(LAST)) resolve(undefined);
  };
});

const { path, isolated } = await (await fetch('/next')).json();
if (crossOriginIsolated !== isolated) note(`the page ${isolated ? 'is not' : 'is'} cross-origin isolated`);
try {
  await import(path);
  // a module that ran no test has nothing to wait for; that it should have is for the server to say
  /** @type {unknown[][]} */
  const groups = Reflect.get(globalThis, 'UVU_QUEUE') ?? [];
  if (groups.some((group) => group.length > 1)) await summed;
} catch (reason) {
  note(reason);
}
// errors and rejections that nobody handled are told in tasks of their own
await new Promise((resolve) => setTimeout(resolve, 5));
await fetch('/done', { method: 'POST', body: JSON.stringify({ path, output, error }) });
location.reload();
