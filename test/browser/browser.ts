import { existsSync } from 'node:fs';
import { type Browser as Chromium, chromium, type Page } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export const hasBrowser = existsSync(EXECUTABLE);

/** Says why the browser tests are skipped, and what to do about it. */
export function browserTitle(title: string): string {
  const cure = 'skipped: install Chromium (apt-get install chromium) or set CHROMIUM to its path';
  return hasBrowser ? title : `${title} (${cure})`;
}

/** A browser, whose visitors know nothing of each other. */
export class Browser {
  private constructor(private readonly program: Chromium) {}

  static async start(): Promise<Browser> {
    const started = await chromium.launch({
      executablePath: EXECUTABLE,
      // Without a locale of its own a user's Chromium cannot open files with other names than ASCII.
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return new Browser(started);
  }

  /** A page of somebody who was nowhere before; it trusts the certificates of tests. */
  async page(): Promise<Page> {
    const context = await this.program.newContext({ ignoreHTTPSErrors: true });
    return context.newPage();
  }

  async stop(): Promise<void> {
    await this.program.close();
  }
}
