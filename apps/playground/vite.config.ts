import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { recordedRuns } from './recordedRuns.ts';

/** Addresses are relative, so that the built files work in any folder of any host. */
export default defineConfig({
  base: './',
  plugins: [svelte(), recordedRuns()],
  worker: { format: 'es' },
  build: { target: 'es2022', chunkSizeWarningLimit: 1000 },
});
