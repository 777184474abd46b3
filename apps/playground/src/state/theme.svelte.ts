/** Light or dark: as the system says, until the reader chooses; the choice is kept. */

export type Theme = 'light' | 'dark';

const KEY = 'torsor-theme';

function initialTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  if (kept === 'light' || kept === 'dark') return kept;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

class ThemeState {
  current = $state<Theme>(initialTheme());

  toggle(): void {
    this.current = this.current === 'dark' ? 'light' : 'dark';
    localStorage.setItem(KEY, this.current);
  }
}

export const theme = new ThemeState();
