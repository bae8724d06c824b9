import { createServer } from 'node:http';
import { resolve } from 'node:path';
import ms from 'ms';

/** The demo's environment, as the README lists it. */
export interface Settings {
  readonly port: number;
  /** Undefined: the embedded Postgres. */
  readonly databaseUrl: string | undefined;
  /** Holds the files and the embedded database. */
  readonly dataDir: string;
  readonly uploadExpiresIn: string;
  /** Undefined: files are kept below `dataDir`. */
  readonly s3: S3Settings | undefined;
}

/** Its keys are where the SDK looks for them: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. */
export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  /** Left out: Amazon's. */
  readonly endpoint?: string;
}

/** The environment is wrong; the message says how. */
export class SettingsError extends Error {}

/** @throws SettingsError */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  return {
    port: portOf(environment['PORT'] || '3000'),
    databaseUrl: environment['DATABASE_URL'] || undefined,
    dataDir: resolve(environment['DATA_DIR'] || '.data'),
    uploadExpiresIn: durationOf(environment['UPLOAD_EXPIRES_IN'] || '1d'),
    s3: s3Of(environment),
  };
}

function s3Of(environment: NodeJS.ProcessEnv): S3Settings | undefined {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_REGION: region } = environment;
  if (!endpoint && !bucket) return undefined;
  if (!bucket) {
    throw new SettingsError('S3_BUCKET must name the bucket at S3_ENDPOINT, such as uploads');
  }
  if (endpoint && !URL.canParse(endpoint)) {
    const shown = 'such as http://localhost:8333';
    throw new SettingsError(`S3_ENDPOINT must be a URL, ${shown}, and not "${endpoint}"`);
  }
  return { bucket, region: region || 'us-east-1', ...(endpoint && { endpoint }) };
}

/** Before anything has been started that would have to be ended. @throws SettingsError */
export async function requireFreePort(port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolvePort, reject) => {
      probe.once('error', reject);
      probe.listen(port, resolvePort);
    });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used: ${message}`;
    throw new SettingsError(
      `The port ${port} ${why}. Set another: PORT=${otherPort(port)} npm start`,
      {
        cause,
      },
    );
  }
  await new Promise((closed) => probe.close(closed));
}

function otherPort(port: number): number {
  return port >= 1024 && port < 65_535 ? port + 1 : 3001;
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new SettingsError(`PORT must be a number from 0 to 65535, such as 3000, and not "${text}"`);
}

function durationOf(text: string): string {
  const millis = text.length <= 100 ? ms(text as ms.StringValue) : Number.NaN;
  if (millis > 0) return text;
  throw new SettingsError(
    `UPLOAD_EXPIRES_IN must be a duration such as 1d or 90m, and not "${text}"`,
  );
}
