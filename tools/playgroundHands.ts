/** What a reader's hands do on the playground's pages, and what the eyes see. */

import type { Page } from './devtools.ts';

const quote = (text: string): string => JSON.stringify(text);

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Waits until things that settle a moment after an input have done so. */
export const settle = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A number as the page prints it. */
export async function number(page: Page, selector: string): Promise<number> {
  return Number((await page.text(selector)).replace('−', '-'));
}

/** The place of what a selector finds, in the window, where it has been brought. */
export function boxOf(page: Page, selector: string): Promise<Box> {
  return page.evaluate<Box>(`(() => {
    const element = document.querySelector(${quote(selector)});
    element.scrollIntoView({ block: 'center' });
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x, y, width, height };
  })()`);
}

/** Whether the page has a text, however its lines are broken: an expression. */
export const says = (text: string): string =>
  `document.body.textContent.replace(/\\s+/g, ' ').includes(${quote(text)})`;

/** Sets a slider by its name. */
export async function slide(page: Page, name: string, value: number): Promise<void> {
  await page.evaluate(`(() => {
    const inputs = [...document.querySelectorAll('input[type=range]')];
    const input = inputs.find((input) => (input.ariaLabel ?? input.closest('label').querySelector('span').textContent) === ${quote(name)});
    input.value = ${value};
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.dispatchEvent(new Event('change', { bubbles: true }));
  })()`);
}

/** Chooses one of several by its name. */
export async function choose(page: Page, name: string): Promise<void> {
  const labels = `[...document.querySelectorAll('label:has(input[type=radio])')]`;
  const found = `${labels}.find((label) => (label.querySelector('input').ariaLabel ?? label.textContent.trim()) === ${quote(name)})`;
  await page.waitFor(`${found} !== undefined`);
  await page.evaluate(`${found}.querySelector('input').click()`);
}

/** The first button with this text: an expression. */
export const button = (text: string): string =>
  `[...document.querySelectorAll('button')].find((each) => each.textContent.trim() === ${quote(text)})`;

/** Writes a program into the editor, in place of what is there. */
export async function write(page: Page, code: string): Promise<void> {
  await page.waitFor('document.querySelector(".cm-content") !== null');
  await page.evaluate('document.querySelector(".cm-content").focus()');
  const key = { key: 'a', code: 'KeyA', windowsVirtualKeyCode: 65, modifiers: 2 };
  await page.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key });
  await page.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
  await page.send('Input.insertText', { text: code });
}

/** Lets a file fall on an element. */
export async function drop(page: Page, selector: string, name: string, content: Uint8Array): Promise<void> {
  await page.evaluate(`(() => {
    const bytes = Uint8Array.from(atob(${quote(Buffer.from(content).toString('base64'))}), (c) => c.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], ${quote(name)}));
    document.querySelector(${quote(selector)}).dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  })()`);
}

/** Lets pages of this browser use a device, or not. */
export async function permit(page: Page, name: 'microphone' | 'camera', setting: 'granted' | 'denied'): Promise<void> {
  await page.send('Browser.setPermission', { permission: { name }, setting });
}
