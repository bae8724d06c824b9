import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DemoModule } from './demo/demo.module.js';
import { startEmbeddedPostgres } from './demo/embedded-postgres.js';
import { setUpOpenApi } from './demo/openapi.js';
import { openStorage } from './demo/storage.js';
import { SettingsError, readSettings, requireFreePort } from './demo/settings.js';

/** Less than what process managers give, 10 s at the least. */
const GRACE_MS = 5_000;

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  await requireFreePort(settings.port);
  const postgres = settings.databaseUrl
    ? null
    : await startEmbeddedPostgres({ dataDir: settings.dataDir });
  const databaseUrl = settings.databaseUrl ?? postgres?.url ?? '';

  const app = await NestFactory.create<NestExpressApplication>(
    DemoModule.register(settings, databaseUrl, await openStorage(settings)),
    // Of bodies JSON alone is parsed: what curl calls a form, unless told otherwise, may be a file.
    { bodyParser: false, logger: ['fatal', 'error', 'warn'] },
  );
  app.useBodyParser('json');
  setUpOpenApi(app);
  // Node cuts every request after five minutes; a chunk on a slow line may take longer.
  app.getHttpServer().requestTimeout = 0;
  await app.listen(settings.port);
  // What Nest says of its start is of no use here; what people do with uploads later on is.
  app.useLogger(['fatal', 'error', 'warn', 'log']);
  console.log(`http://localhost:${settings.port}`);

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    // Uploads have been saved by then; a slow download must not hold up the end for ever.
    setTimeout(() => app.getHttpServer().closeAllConnections(), GRACE_MS).unref();
    await app.close();
    await postgres?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
}

main().catch((error: unknown) => {
  console.error(error instanceof SettingsError ? error.message : error);
  // Connections to the database would keep a process that serves nothing.
  process.exit(1);
});
