/**
 * The browsers that tests and benchmarks run in: where they are, and how a page is opened in one. No driver stands between: a page
 * is opened by its address, and talks to the server that it came from (`browserPages.ts`).
 *
 * Looked for in `TORSOR_CHROMIUM` and `TORSOR_FIREFOX`, then on the PATH.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type BrowserId = 'chromium' | 'firefox';

const commands: Record<BrowserId, readonly string[]> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  firefox: ['firefox-esr', 'firefox'],
};

/** The path and version of a browser, or undefined if this machine has none. */
export function findBrowser(id: BrowserId): { path: string; version: string } | undefined {
  const given = process.env[`TORSOR_${id.toUpperCase()}`];
  for (const path of given ? [given] : commands[id]) {
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    const version = status === 0 ? /(\d+)\.[\d.]+/.exec(stdout)?.[1] : undefined;
    if (version !== undefined) return { path, version };
  }
  return undefined;
}

/** What keeps Chromium off the network and in one piece; every page of it is to run as if it were in front. */
export const chromiumFlags = [
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-dev-shm-usage',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-hang-monitor',
  '--mute-audio',
];

/** The same for Firefox. */
export const firefoxPreferences = {
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.aboutwelcome.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'browser.search.update': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.ipc.reportProcessHangs': false,
  'dom.max_script_run_time': 0,
  'dom.min_background_timeout_value': 4,
  'dom.timeout.enable_budget_timer_throttling': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
  'toolkit.telemetry.unified': false,
};

/** A browser that is running. */
export interface Browser {
  /** Settles when the browser has ended, with what it said on its way. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** Opens a page in a browser of its own, without a window and with an empty profile. */
export function openBrowser(id: BrowserId, path: string, url: string): Browser {
  const profile = mkdtempSync(join(tmpdir(), `torsor-${id}-`));
  let args: string[];
  if (id === 'chromium') {
    // The sandbox of Chromium does not run as root, as CI and containers do.
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    args = [...chromiumFlags, ...sandbox, `--user-data-dir=${profile}`, url];
  } else {
    const preferences = Object.entries(firefoxPreferences).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), preferences.join(''));
    args = ['--headless', '--no-remote', '--profile', profile, url];
  }
  // A group of its own, so that the processes which the browser starts end with it.
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: process.platform !== 'win32' });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-4000);
  });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', () => resolve(said));
  });
  const kill = () => killGroup(child);
  process.on('exit', kill);
  return {
    ended,
    async close() {
      kill();
      await ended;
      process.off('exit', kill);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself in between.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
