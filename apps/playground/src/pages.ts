/** The pages, in the order of the menu; each is loaded when it is first opened. */

import type { Component } from 'svelte';

export interface PageProps {
  readonly query: URLSearchParams;
}

export interface Page {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  load(): Promise<{ default: Component<PageProps> }>;
}

export const pages: readonly Page[] = [
  {
    id: 'conv1d',
    title: '1-D convolution',
    summary: 'A kernel slides along a signal, and is a matrix all the while.',
    load: () => import('./conv1d/Conv1dPage.svelte'),
  },
  {
    id: 'conv2d',
    title: '2-D convolution',
    summary: 'Slide a kernel over a photograph and look at every product.',
    load: () => import('./conv2d/Conv2dPage.svelte'),
  },
  {
    id: 'autograd',
    title: 'Autograd',
    summary: 'Run a program, and watch gradients flow back over its tape.',
    load: () => import('./autograd/AutogradPage.svelte'),
  },
  {
    id: 'functions',
    title: 'Custom functions',
    summary: 'Write a backward of your own, and have it judged.',
    load: () => import('./functions/FunctionsPage.svelte'),
  },
  {
    id: 'train',
    title: 'Train',
    summary: 'Watch a network learn to read digits, then write one yourself.',
    load: () => import('./train/TrainPage.svelte'),
  },
  {
    id: 'speed',
    title: 'Speed',
    summary: 'A short benchmark of this very browser, beside its own ceiling.',
    load: () => import('./speed/SpeedPage.svelte'),
  },
];
