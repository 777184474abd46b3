/** Drives one page of Chromium through its DevTools protocol: what a reader would do, and what the page says. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumFlags } from './browsers.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** What of the events' parameters is read here. */
interface Params {
  readonly type?: string;
  readonly args?: unknown;
  readonly entry?: { readonly level: string };
  readonly exceptionDetails?: unknown;
  readonly request?: { readonly url: string };
}

const LIMIT_MS = 150_000;
/** How long a browser may take to end. */
const CLOSE_MS = 5000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again until there is an answer. */
export async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const endMs = performance.now() + LIMIT_MS;
  while (performance.now() < endMs) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(30);
  }
  throw new Error(`waited ${LIMIT_MS / 1000} s for ${what}`);
}

/** A page in a Chromium of its own. */
export class Page {
  /** Errors that the console showed, exceptions that nobody caught, and requests to other hosts. */
  readonly problems: string[] = [];
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #id = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as Message));
  }

  static async open(browserPath: string, flags: readonly string[] = []): Promise<Page> {
    const profile = mkdtempSync(join(tmpdir(), 'torsor-devtools-'));
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const args = [
      ...chromiumFlags,
      ...sandbox,
      ...flags,
      '--hide-scrollbars',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
    ];
    const child = spawn(browserPath, [...args, 'about:blank'], {
      stdio: 'ignore',
      detached: process.platform !== 'win32',
    });
    const port = await until('Chromium', () => {
      try {
        return readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0] || undefined;
      } catch {
        return undefined;
      }
    });
    const target = await until('a page', async () => {
      const list = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
        type: string;
        webSocketDebuggerUrl: string;
      }[];
      return list.find(({ type }) => type === 'page');
    });
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    const page = new Page(child, profile, socket);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`);
    await page.send('Performance.enable', { timeDomain: 'threadTicks' });
    return page;
  }

  #hear({ id, method, params = {}, ...message }: Message): void {
    if (id !== undefined) this.#waiting.get(id)?.(message);
    const { type, args, entry, exceptionDetails, request } = params as Params;
    const note = (what: unknown) => this.problems.push(JSON.stringify(what));
    if (method === 'Runtime.exceptionThrown') note(exceptionDetails);
    if (method === 'Runtime.consoleAPICalled' && (type === 'error' || type === 'warning')) note(args);
    if (method === 'Log.entryAdded' && entry?.level === 'error') note(entry);
    if (method !== 'Network.requestWillBeSent' || request === undefined) return;
    if (!/^(http:\/\/127\.0\.0\.1[:/]|data:|blob:|about:)/.test(request.url)) note(`asked for ${request.url}`);
  }

  /** Sends a command of the protocol. */
  async send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    const { result, error } = await new Promise<Message>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(answer.exceptionDetails)}`);
    return (answer.result as { value: T }).value;
  }

  /** Waits until an expression is truthy, and gives its value. */
  waitFor<T>(expression: string): Promise<T> {
    return until(expression, async () => (await this.evaluate<T>(expression)) || undefined);
  }

  /** The text of what a selector finds first, once there is one. */
  text(selector: string): Promise<string> {
    return this.waitFor(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
  }

  async goto(url: string): Promise<void> {
    await this.send('Page.navigate', { url: 'about:blank' });
    await this.send('Page.navigate', { url });
    await this.waitFor('document.readyState === "complete"');
  }

  resize(width: number, height: number): Promise<unknown> {
    return this.send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
  }

  colours(scheme: 'light' | 'dark'): Promise<unknown> {
    return this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  async mouse(
    type: 'mouseMoved' | 'mousePressed' | 'mouseReleased',
    x: number,
    y: number,
    down = false,
  ): Promise<void> {
    await this.send('Input.dispatchMouseEvent', {
      type,
      x,
      y,
      button: down ? 'left' : 'none',
      buttons: down ? 1 : 0,
      clickCount: 1,
    });
  }

  /** Presses a key that has a name, such as `ArrowDown`. */
  async key(key: string): Promise<void> {
    await this.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key, code: key });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key });
  }

  /** Milliseconds that the page's main thread has computed: whatever else a machine does, it takes no more of them. */
  async mainThreadMs(): Promise<number> {
    const { metrics } = await this.send('Performance.getMetrics');
    const list = metrics as { name: string; value: number }[];
    return 1000 * (list.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
  }

  /** What the window shows, or all of the page; as PNG. */
  async screenshot(whole = false): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: whole });
    return Buffer.from(String(data), 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    // it may end before it answers, and with threads at work it may not end at all
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS);
    this.send('Browser.close').catch(() => this.#child.kill('SIGKILL'));
    await ended;
    clearTimeout(timer);
    this.#socket.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
