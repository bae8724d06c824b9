import { DemoModule } from './demo.module.js';
import { SettingsError, readSettings } from './settings.js';
import { openStorage } from './storage.js';

const settings = readSettings(process.env);
if (settings.databaseUrl === undefined) {
  throw new SettingsError(
    'Set DATABASE_URL: src/demo/README.md says where the embedded Postgres is',
  );
}

/** The demo as the command takes it: `--app dist/demo/app.module.js`. */
export const AppModule = DemoModule.register(
  settings,
  settings.databaseUrl,
  await openStorage(settings),
);
