/** Light, dark, or as the system has it. */

export type Theme = 'auto' | 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');
let chosen = $state<Theme>((document.documentElement.dataset.theme as Theme | undefined) ?? 'auto');
let isSystemDark = $state(system.matches);
system.addEventListener('change', () => {
  isSystemDark = system.matches;
});

export const theme = {
  get chosen(): Theme {
    return chosen;
  },
  get isDark(): boolean {
    return chosen === 'auto' ? isSystemDark : chosen === 'dark';
  },
  choose(next: Theme): void {
    chosen = next;
    if (next === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === 'auto') localStorage.removeItem('theme');
      else localStorage.setItem('theme', next);
    } catch {
      // A page that may store nothing forgets the choice, and works all the same.
    }
  },
};

/** A colour of the style sheet as a canvas wants it, in the present theme. */
export function colour(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
