import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';

// No Docker engine runs where the tests do: what can be seen without one.

const FILE = new URL('../../docker-compose.yml', import.meta.url);

interface Service {
  readonly image: string;
  readonly command?: string;
  readonly environment?: Record<string, string>;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

interface Compose {
  readonly services: Record<string, Service>;
  readonly volumes: Record<string, null>;
}

let text: string;
let compose: Compose;
/** What its head tells to export. */
let exported: Record<string, string>;

beforeAll(async () => {
  text = await readFile(FILE, 'utf8');
  compose = load(text) as Compose;
  const lines = [...text.matchAll(/^# +export (.+)$/gm)].map(([, line = '']) => line);
  exported = Object.fromEntries(
    lines.flatMap((line) => line.split(' ')).map((each) => each.split(/=(.*)/s).slice(0, 2)),
  ) as Record<string, string>;
});

describe('docker-compose.yml', () => {
  it('has a Postgres and an S3 store, with nothing that Compose does not know', () => {
    const { services, volumes, ...others } = compose;
    expect(others).toEqual({});
    expect(Object.keys(services).toSorted()).toEqual(['postgres', 's3']);
    for (const service of Object.values(services)) {
      const {
        image,
        command,
        environment,
        ports,
        volumes: mounted,
        healthcheck,
        ...rest
      } = service;
      expect(rest).toEqual({});
      expect(image).toMatch(/^[a-z0-9/]+(:[\w.-]+)?$/);
      expect(typeof (command ?? '')).toBe('string');
      for (const value of Object.values(environment ?? {})) expect(typeof value).toBe('string');
      // Of this machine alone: the passwords are in the file.
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
      for (const volume of mounted) expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
      expect(['CMD', 'CMD-SHELL', undefined]).toContain(healthcheck?.test[0]);
    }
  });

  it('names in its head what the demo has to be told, as the services have it', () => {
    const { postgres, s3 } = compose.services;
    const database = new URL(exported['DATABASE_URL'] ?? '');
    expect(postgres?.environment).toEqual({
      POSTGRES_USER: database.username,
      POSTGRES_PASSWORD: database.password,
      POSTGRES_DB: database.pathname.slice(1),
    });
    expect(postgres?.ports).toEqual([`127.0.0.1:${database.port}:${database.port}`]);
    const { S3_ENDPOINT = '', S3_REGION, DATABASE_URL: _, ...keys } = exported;
    const { port } = new URL(S3_ENDPOINT);
    expect(s3?.environment).toEqual(keys);
    expect(s3?.ports).toEqual([`127.0.0.1:${port}:${port}`]);
    expect(S3_REGION).toMatch(/^[a-z]+-[a-z]+-\d$/);
    expect(Object.keys(keys).toSorted()).toEqual([
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'S3_BUCKET',
    ]);
  });

  // It needs no engine for that; where it is not installed, the other tests have to do.
  if (hasCompose()) {
    it('is one for Compose itself', () => {
      const options = ['compose', '--file', FILE.pathname, 'config', '--quiet'];
      expect(execFileSync('docker', options).toString()).toBe('');
    });
  }
});

function hasCompose(): boolean {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
