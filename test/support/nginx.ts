import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from './certificate.js';
import { freePort } from './free-port.js';
import { until } from './waiting.js';

const EXECUTABLE = process.env['NGINX'] ?? '/usr/sbin/nginx';

export const hasNginx = existsSync(EXECUTABLE);

/** Says why the tests with nginx are skipped, and what to do about it. */
export function nginxTitle(title: string): string {
  const cure = 'skipped: install nginx (apt-get install nginx-light) or set NGINX to its path';
  return hasNginx ? title : `${title} (${cure})`;
}

/** A real nginx in front of a server: a port for each way to pass requests on. */
export class Nginx {
  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    /** By the name of the way. */
    readonly urls: ReadonlyMap<string, string>,
  ) {}

  /**
   * @param ways name to directives of the location that passes requests on to `upstream`
   * @param certificate with it nginx speaks HTTP/2, over TLS
   */
  static async start(
    upstream: string,
    ways: Readonly<Record<string, string>>,
    certificate?: Certificate,
  ): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'nginx-'));
    const urls = new Map<string, string>();
    const servers: string[] = [];
    const secure = certificate ? await writeCertificate(folder, certificate) : null;
    for (const [name, directives] of Object.entries(ways)) {
      const port = await freePort();
      urls.set(name, `${secure ? 'https' : 'http'}://127.0.0.1:${port}`);
      const listen = `listen 127.0.0.1:${port}${secure ? ' ssl http2' : ''};`;
      servers.push(`server { ${listen} ${secure ?? ''} location / { ${directives} } }`);
    }
    const config = join(folder, 'nginx.conf');
    await writeFile(config, configOf(folder, new URL(upstream).host, servers));
    const log = join(folder, 'error.log');
    const child = spawn(EXECUTABLE, ['-c', config, '-e', log], { stdio: 'ignore' });
    const nginx = new Nginx(folder, child, urls);
    const [url = ''] = urls.values();
    await until('nginx listens', async () => {
      if (child.exitCode !== null) throw new Error(await nginx.log());
      return listens(url);
    });
    return nginx;
  }

  url(way: string): string {
    const url = this.urls.get(way);
    if (url === undefined) throw new Error(`There is no way ${way}`);
    return url;
  }

  /** What it complained of. */
  log(): Promise<string> {
    return readFile(join(this.folder, 'error.log'), 'utf8');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exit;
    }
    await rm(this.folder, { recursive: true });
  }
}

/** @returns the directives that name it */
async function writeCertificate(folder: string, { key, cert }: Certificate): Promise<string> {
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await writeFile(keyFile, key);
  await writeFile(certFile, cert);
  return `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};`;
}

function configOf(folder: string, upstream: string, servers: readonly string[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections 200; }
    http {
      access_log off; ${temporary}
      upstream app { server ${upstream}; }
      upstream kept { server ${upstream}; keepalive 4; }
      ${servers.join('\n')}
    }`;
}

async function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
