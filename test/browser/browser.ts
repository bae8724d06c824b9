import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export const hasBrowser = existsSync(EXECUTABLE);

/** Says why the browser tests are skipped, and what to do about it. */
export function browserTitle(title: string): string {
  const cure = 'skipped: install Chromium (apt-get install chromium) or set CHROMIUM to its path';
  return hasBrowser ? title : `${title} (${cure})`;
}

/** A browser with a fresh profile. */
export class Browser {
  private constructor(
    private readonly context: BrowserContext,
    private readonly profile: string,
  ) {}

  static async start(): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'browser-'));
    const context = await chromium.launchPersistentContext(profile, {
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
    return new Browser(context, profile);
  }

  /** A new page; what it remembers of earlier ones at the same address stays. */
  page(): Promise<Page> {
    return this.context.newPage();
  }

  async stop(): Promise<void> {
    await this.context.close();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
