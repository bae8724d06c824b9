import { resolve } from 'node:path';

/** The demo's environment, as the README lists it. */
export interface Settings {
  readonly port: number;
  /** Undefined: the embedded Postgres. */
  readonly databaseUrl: string | undefined;
  /** Holds the files and the embedded database. */
  readonly dataDir: string;
  readonly uploadExpiresIn: string;
}

export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  if (environment['S3_ENDPOINT']) {
    throw new Error(
      'This version has no S3 storage yet: unset S3_ENDPOINT to store on local disk.',
    );
  }
  return {
    port: Number(environment['PORT'] || 3000),
    databaseUrl: environment['DATABASE_URL'] || undefined,
    dataDir: resolve(environment['DATA_DIR'] || '.data'),
    uploadExpiresIn: environment['UPLOAD_EXPIRES_IN'] || '1d',
  };
}
