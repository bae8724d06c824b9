import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const EXECUTABLE = process.env['OPENSSL'] ?? '/usr/bin/openssl';

export const hasOpenssl = existsSync(EXECUTABLE);

/** Says why the tests with TLS are skipped, and what to do about it. */
export function opensslTitle(title: string): string {
  const cure = 'skipped: install openssl (apt-get install openssl) or set OPENSSL to its path';
  return hasOpenssl ? title : `${title} (${cure})`;
}

/** In PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** One for this machine that only who has it trusts. */
export async function selfSigned(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const about = ['-subj', '/CN=localhost', '-addext', names, '-days', '2'];
  try {
    const out = ['-keyout', key, '-out', cert];
    await promisify(execFile)(EXECUTABLE, ['req', '-x509', ...kind, ...about, ...out]);
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  } finally {
    await rm(folder, { recursive: true });
  }
}
