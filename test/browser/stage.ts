import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { BadNetwork } from '../support/bad-network.js';
import { startCluster } from '../support/cluster.js';
import type { ServerProcess } from '../support/server-process.js';
import { md5 } from '../support/upload-client.js';
import { Browser, type BrowserName } from './browser.js';

/** What answers to browsers. */
export interface Site {
  /** Of the server itself. */
  readonly url: string;
  /** Where browsers go. Default: to the server itself. */
  readonly front?: string;
  close(): Promise<void>;
}

/** The demo application, as a process of its own. */
export interface Demo extends Site {
  readonly server: ServerProcess;
}

export async function startDemo(): Promise<Demo> {
  const cluster = await startCluster(1);
  const server = cluster.at(0);
  return { server, url: server.url, close: () => cluster.stop() };
}

/** What a browser spec plays on. What is here belongs to the spec, or to the test that runs. */
export class Stage<S extends Site = Site> {
  site!: S;
  browser!: Browser;
  /** To the site, between it and `page`. */
  network!: BadNetwork;
  page!: Page;
  /** All answers that the page has got. */
  responses: Response[] = [];
  /** Errors of the page, what its Content-Security-Policy forbids, and dialogs, which no page of ours has. */
  complaints: string[] = [];
  private folder!: string;
  private readonly files = new Map<string, Buffer>();

  async set(start: () => Promise<S>, browser: BrowserName): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'files-'));
    [this.site, this.browser] = await Promise.all([start(), Browser.start(browser)]);
  }

  async strike(): Promise<void> {
    await this.browser?.stop();
    await this.site?.close();
    await rm(this.folder, { recursive: true });
  }

  async enter(): Promise<void> {
    this.responses = [];
    this.complaints = [];
    const { front, url } = this.site;
    this.network = await BadNetwork.to(front ?? url);
    this.page = await this.browser.page();
    this.page.on('response', (response) => this.responses.push(response));
    this.page.on('pageerror', ({ message }) => this.complaints.push(message));
    this.page.on('console', (message) => {
      if (/Content.Security.Policy/i.test(message.text())) this.complaints.push(message.text());
    });
    this.page.on('dialog', (dialog) => {
      this.complaints.push(`a script ran: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  async leave(): Promise<void> {
    await this.page.unrouteAll({ behavior: 'ignoreErrors' });
    await this.page.context().close();
    await this.network.close();
  }

  /** A folder of the spec, for files that people choose. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** The path of a file with these bytes. Written again, it would be another one to clients: they see its time. */
  async file(name: string, bytes: Buffer): Promise<string> {
    const path = this.path(name);
    if (!this.files.get(name)?.equals(bytes)) await writeFile(path, bytes);
    this.files.set(name, bytes);
    return path;
  }

  /** Opens a page with this body, or this whole page, as if the site had it. */
  async open(body: string): Promise<void> {
    const isWhole = body.startsWith('<!doctype html>');
    const html = isWhole ? body : `<!doctype html><meta charset="utf-8">${body}`;
    const fulfilled = { contentType: 'text/html; charset=utf-8', body: html };
    await this.page.route('**/page.html', (route) => route.fulfill(fulfilled));
    await this.page.goto(`${this.network.url}/page.html`);
    // What the page sends is not to pass through the hands of a test.
    await this.page.unroute('**/page.html');
  }

  /** Cuts every connection each time so many bytes more have passed. */
  async cuts(places: readonly number[]): Promise<void> {
    for (const bytes of places) await this.network.after(bytes, 'cut');
  }

  /** Leaves the page, and with it what was held back on its way: it does not arrive after all. */
  async leavePage(): Promise<void> {
    await this.page.goto('about:blank');
    this.network.cut();
    this.network.release();
  }

  /** Answers to requests with this method. */
  answers(method: string): Response[] {
    return this.responses.filter((response) => response.request().method() === method);
  }

  async show(id: string): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.site.url}/uploads/files/${id}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  async expectStored(id: string, bytes: Buffer, filename: string): Promise<void> {
    expect(await this.show(id)).toMatchObject({ status: 2, filename, offset: bytes.length });
    const answer = await fetch(`${this.site.url}/uploads/files/${id}/file`);
    expect(md5(Buffer.from(await answer.arrayBuffer()))).toBe(md5(bytes));
  }

  async expectGone(id: string): Promise<void> {
    await expect.poll(() => this.show(id)).toMatchObject({ detail: 'Not found.' });
  }
}

/** Sets the stage for all tests of a `describe`, with a page of its own for each. */
export function useStage(): Stage<Demo>;
export function useStage<S extends Site>(start: () => Promise<S>, browser?: BrowserName): Stage<S>;
export function useStage(
  start: () => Promise<Site> = startDemo,
  browser: BrowserName = 'chromium',
): Stage {
  const stage = new Stage();
  beforeAll(() => stage.set(start, browser));
  afterAll(() => stage.strike());
  beforeEach(() => stage.enter());
  afterEach(() => stage.leave());
  return stage;
}
