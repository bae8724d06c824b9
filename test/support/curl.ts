import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { speaksHttp2 } from './http2-fetch.js';

const run = promisify(execFile);

export interface CurlAnswer {
  readonly status: number;
  readonly body: { readonly detail?: unknown; readonly [name: string]: unknown };
}

/** What somebody at a terminal sends; the answer is JSON. */
export async function curl(url: string, ...options: readonly string[]): Promise<CurlAnswer> {
  const version = speaksHttp2(url) ? ['--http2-prior-knowledge'] : [];
  const always = ['-sS', '-w', '\n%{http_code}', ...version];
  const { stdout } = await run('curl', [...always, ...options, url]);
  const end = stdout.lastIndexOf('\n');
  const body = JSON.parse(stdout.slice(0, end)) as CurlAnswer['body'];
  return { status: Number(stdout.slice(end + 1)), body };
}
