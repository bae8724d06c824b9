import { type Locator, type Page } from 'playwright-core';

/** A file to be made in the page. */
export interface MadeFile {
  readonly name: string;
  readonly size?: number;
  readonly type?: string;
}

/** A page with the element in it, and what people do there. */
export class ElementPage {
  constructor(readonly page: Page) {}

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.locator('chunked-upload .drop').waitFor();
  }

  async add(...files: MadeFile[]): Promise<void> {
    await this.page.evaluate((wanted) => {
      const made = wanted.map(
        ({ name, size = 100, type = '' }) =>
          new File([new Uint8Array(size)], name, { type, lastModified: 1_700_000_000_000 }),
      );
      document.querySelector('chunked-upload')?.add(made);
    }, files);
  }

  row(name: string): Locator {
    return this.page.locator('#uploads > li', { hasText: name });
  }

  stored(name: string): Locator {
    return this.page.locator('#stored > li', { hasText: name });
  }

  async inState(name: string, state: string): Promise<void> {
    await this.row(name)
      .and(this.page.locator(`[data-state=${state}]`))
      .waitFor();
  }

  button(label: string): Locator {
    return this.page.getByRole('button', { name: label, exact: true });
  }

  /** Time stands still: what can be undone for a while can be so for as long as a test takes. */
  async stopTime(): Promise<void> {
    await this.page.clock.setFixedTime(Date.now());
  }

  /** Does what can be undone for a while, and lets that while pass. */
  async forGood(act: () => Promise<void>): Promise<void> {
    await this.page.clock.install();
    await act();
    await this.page.clock.fastForward(10_000);
  }

  /** Every request that sends something waits until `release()`, so that uploads stay under way. */
  async hold(): Promise<() => Promise<void>> {
    const pattern = '**/uploads/**';
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await this.page.route(pattern, async (route) => {
      if (['POST', 'PUT'].includes(route.request().method())) await released;
      // It may have been given up in the meantime.
      await route.continue().catch(() => undefined);
    });
    return async () => {
      release();
      await this.page.unroute(pattern);
    };
  }

  /** Answers what is sent with this status, as a server or a proxy might. */
  async refuse(
    status: number,
    body: object | string,
    headers: Record<string, string> = {},
  ): Promise<void> {
    await this.page.route('**/uploads/**', (route) =>
      route.request().method() === 'GET'
        ? route.continue()
        : route.fulfill({
            status,
            headers,
            contentType: 'application/json',
            body: typeof body === 'string' ? body : JSON.stringify(body),
          }),
    );
  }

  /** Drags something over the page, drops it or takes it away again. */
  async drag(
    step: 'dragover' | 'dragleave' | 'drop' | 'paste',
    name = 'dragged.txt',
  ): Promise<void> {
    await this.page.evaluate(
      ({ kind, fileName }) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(['dropped here'], fileName, { type: 'text/plain' }));
        const init = { bubbles: true, cancelable: true, composed: true };
        const event =
          kind === 'paste'
            ? new ClipboardEvent(kind, init)
            : new DragEvent(kind, { ...init, dataTransfer: transfer });
        // Firefox takes no files for an event that a script makes.
        if (kind === 'paste') Object.defineProperty(event, 'clipboardData', { value: transfer });
        document.body.dispatchEvent(event);
      },
      { kind: step, fileName: name },
    );
  }

  /** What a screen reader was told since the page was opened, in this order. */
  async listen(): Promise<() => Promise<string[]>> {
    await this.page.evaluate(() => {
      const region = document
        .querySelector('chunked-upload')
        ?.shadowRoot?.querySelector('[role=status]');
      const said: string[] = [];
      Object.assign(window, { said });
      if (!region) throw new Error('There is no live region');
      new MutationObserver(() => {
        if (region.textContent) said.push(region.textContent);
      }).observe(region, { childList: true, subtree: true, characterData: true });
    });
    return () => this.page.evaluate(() => (window as unknown as { said: string[] }).said);
  }

  /** Pixels that the page is wider than its window. */
  overflow(): Promise<number> {
    return this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  }
}
