import { existsSync } from 'node:fs';
import { type Browser as Program, chromium, firefox, type Page } from 'playwright-core';

export type BrowserName = 'chromium' | 'firefox';

const PROGRAMS: Readonly<Record<BrowserName, string>> = {
  chromium: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  firefox: process.env['FIREFOX'] ?? '/usr/bin/firefox-esr',
};

export const hasBrowser = existsSync(PROGRAMS.chromium);
export const hasFirefox = existsSync(PROGRAMS.firefox);

/** Says why the browser tests are skipped, and what to do about it. */
export function browserTitle(title: string): string {
  const cure = 'skipped: install Chromium (apt-get install chromium) or set CHROMIUM to its path';
  return hasBrowser ? title : `${title} (${cure})`;
}

/** The same of those in Firefox. */
export function firefoxTitle(title: string): string {
  const cure = 'skipped: install Firefox (apt-get install firefox-esr) or set FIREFOX to its path';
  return hasFirefox ? title : `${title} (${cure})`;
}

/** Without a locale of its own a user's Chromium cannot open files with other names than ASCII. */
const env = { ...process.env, LC_ALL: 'C.UTF-8' };

/**
 * Of several such lists Chromium heeds the last: these are Playwright's own, and then what a window has
 * besides its page. The list below the address bar is two pages more, and a process waits in reserve for
 * the next one: each page of a test would cost half as much again.
 */
const DISABLED_FEATURES = [
  'AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,DialMediaRouteProvider',
  'GlobalMediaControls,HttpsUpgrades,LensOverlay,MediaRouter,PaintHolding',
  'ThirdPartyStoragePartitioning,BlockOriginHeaderModificationOnRedirect',
  'AvoidCorsURLLoaderRestartOnRedirect,Translate,AutoDeElevate,OptimizationHints',
  'NetworkTimeServiceQuerying,AimEnabled',
  'WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,SpareRendererForSitePerProcess',
];

const LAUNCHES: Readonly<Record<BrowserName, () => Promise<Program>>> = {
  chromium: () =>
    chromium.launch({
      executablePath: PROGRAMS.chromium,
      env,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--disable-features=${DISABLED_FEATURES.join(',')}`,
      ],
    }),
  // A channel that begins with `moz-` is any Firefox, by WebDriver BiDi. Others are a build of
  // Playwright's own. Version 1.65 of it asks for what Firefox 153, Debian's, does not know:
  // `emulation.setMediaFeaturesOverride`.
  firefox: () => firefox.launch({ channel: 'moz-firefox', executablePath: PROGRAMS.firefox, env }),
};

/** A browser, whose visitors know nothing of each other. */
export class Browser {
  private constructor(private readonly program: Program) {}

  static async start(name: BrowserName = 'chromium'): Promise<Browser> {
    return new Browser(await LAUNCHES[name]());
  }

  /** A page of somebody who was nowhere before; it trusts the certificates of tests. */
  async page(): Promise<Page> {
    const context = await this.program.newContext({ ignoreHTTPSErrors: true });
    // As long as `until` waits.
    context.setDefaultTimeout(60_000);
    return context.newPage();
  }

  async stop(): Promise<void> {
    await this.program.close();
  }
}
