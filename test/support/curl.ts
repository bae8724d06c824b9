import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CurlAnswer {
  readonly status: number;
  readonly body: { readonly detail?: unknown; readonly [name: string]: unknown };
}

/** What somebody at a terminal sends; the answer is JSON. */
export async function curl(url: string, ...options: readonly string[]): Promise<CurlAnswer> {
  const { stdout } = await run('curl', ['-sS', '-w', '\n%{http_code}', ...options, url]);
  const end = stdout.lastIndexOf('\n');
  const body = JSON.parse(stdout.slice(0, end)) as CurlAnswer['body'];
  return { status: Number(stdout.slice(end + 1)), body };
}
