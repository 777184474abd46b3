/** Drives one page of Firefox through WebDriver BiDi: as much of it as `devtools.ts` does of Chromium that tests of pages need. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firefoxPreferences } from './browsers.ts';
import { until } from './devtools.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Record<string, unknown>;
  readonly error?: string;
  readonly message?: string;
}

/** What of the events' parameters is read here. */
interface Params {
  readonly level?: string;
  readonly text?: string | null;
  readonly request?: { readonly url: string };
}

/** How long Firefox may take to end by itself. */
const CLOSE_MS = 3000;

/** A page in a Firefox of its own. */
export class FirefoxPage {
  /** Errors and warnings that the console showed, and requests to other hosts. */
  readonly problems: string[] = [];
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #context = '';
  #id = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as Message));
  }

  static async open(browserPath: string): Promise<FirefoxPage> {
    const profile = mkdtempSync(join(tmpdir(), 'torsor-bidi-'));
    const preferences = Object.entries(firefoxPreferences).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), preferences.join(''));
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank'];
    const child = spawn(browserPath, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: process.platform !== 'win32',
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    const address = await until('Firefox', () => /WebDriver BiDi listening on (ws:\S+)/.exec(said)?.[1]);
    const socket = new WebSocket(`${address}/session`);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    const page = new FirefoxPage(child, profile, socket);
    await page.send('session.new', { capabilities: {} });
    await page.send('session.subscribe', { events: ['log.entryAdded', 'network.beforeRequestSent'] });
    const { contexts } = (await page.send('browsingContext.getTree', {})) as { contexts: { context: string }[] };
    page.#context = contexts[0].context;
    return page;
  }

  #hear({ id, method, params = {}, ...message }: Message): void {
    if (id !== undefined) this.#waiting.get(id)?.(message);
    if (method === 'log.entryAdded' && (params.level === 'error' || params.level === 'warn')) {
      this.problems.push(JSON.stringify(params.text));
    }
    if (method !== 'network.beforeRequestSent' || params.request === undefined) return;
    const { url } = params.request;
    // Firefox itself asks for its own pages
    if (!/^(http:\/\/127\.0\.0\.1[:/]|data:|blob:|about:|chrome:|resource:|moz-extension:)/.test(url)) {
      this.problems.push(`asked for ${url}`);
    }
  }

  /** Sends a command of the protocol. */
  async send(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    const { result, error, message } = await new Promise<Message>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error}, ${message}`);
    return result ?? {};
  }

  /** The value of an expression in the page, as JSON carries it. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = (await this.send('script.evaluate', {
      expression: `Promise.resolve(${expression}).then((value) => JSON.stringify(value) ?? 'null')`,
      target: { context: this.#context },
      awaitPromise: true,
    })) as { result?: { value: string }; exceptionDetails?: { text: string } };
    if (answer.result === undefined) throw new Error(`${expression}: ${answer.exceptionDetails?.text}`);
    return JSON.parse(answer.result.value) as T;
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
    for (const each of ['about:blank', url]) {
      await this.send('browsingContext.navigate', { context: this.#context, url: each, wait: 'complete' });
    }
  }

  resize(width: number, height: number): Promise<unknown> {
    return this.send('browsingContext.setViewport', { context: this.#context, viewport: { width, height } });
  }

  /** What the window shows, as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('browsingContext.captureScreenshot', { context: this.#context });
    return Buffer.from(String(data), 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    const timer = setTimeout(() => {
      // its processes for tabs are in its group
      if (process.platform === 'win32') this.#child.kill('SIGKILL');
      else process.kill(-(this.#child.pid as number), 'SIGKILL');
    }, CLOSE_MS);
    this.send('browser.close', {}).catch(() => undefined);
    await ended;
    clearTimeout(timer);
    this.#socket.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
