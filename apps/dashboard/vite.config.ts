import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { runs } from './data.ts';

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  // any folder of any host will do
  base: './',
  root: import.meta.dirname,
  plugins: [svelte(), runs()],
  server: { headers: isolation },
  preview: { headers: isolation },
  build: { target: 'es2022', cssTarget: ['chrome123', 'firefox120', 'safari17.5'] },
});
