/** What `recordedRuns` in `vite.config.ts` makes of the project's recorded results. */
declare module 'virtual:recorded' {
  const runs: readonly import('./messages.ts').Recorded[];
  export default runs;
}
