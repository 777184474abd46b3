// Looks at the dashboard from within, for `dashboard.test.ts`: goes through its views, and says what it saw and what went wrong.

/** @type {string[]} */
const errors = [];
window.addEventListener('error', ({ message }) => errors.push(message));
window.addEventListener('unhandledrejection', ({ reason }) => errors.push(String(reason)));
/** @param {unknown[]} words */
const hear = (...words) => errors.push(words.join(' '));
Object.assign(console, { error: hear, warn: hear });

const addresses = [
  '#/overview',
  '#/table',
  '#/table?suite=conv',
  '#/benchmark?name=matmul+1024',
  '#/compare',
  '#/sizes',
];

/**
 * Waits until the view stands, for ten seconds at most.
 *
 * @param {string} address
 */
async function see(address) {
  location.hash = address;
  const deadline = performance.now() + 10_000;
  const wanted = address.slice(2).split('?')[0];
  const stands = () => document.title.toLowerCase().startsWith(wanted) && document.querySelector('main h1') !== null;
  while (!stands() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 100));
  return {
    address,
    title: document.querySelector('h1')?.textContent ?? '',
    rows: document.querySelectorAll('tbody tr').length,
    charts: document.querySelectorAll('canvas').length,
    text: document.querySelector('main')?.textContent ?? '',
  };
}

addEventListener('load', async () => {
  const views = [];
  for (const address of addresses) views.push(await see(address));
  await fetch('/seen', { method: 'POST', body: JSON.stringify({ views, errors }) });
});
