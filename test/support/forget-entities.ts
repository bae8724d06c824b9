import { fileURLToPath } from 'node:url';

// With `autoLoadEntities` Nest keeps all entities that it has met for as long as the process runs, and
// gives them to every later data source. Files that share a process each begin without any.

interface EntitiesMetadataStorage {
  readonly storage: Map<string, unknown>;
}

const nest = fileURLToPath(import.meta.resolve('@nestjs/typeorm'));
const path = nest.replace(/index\.js$/, 'entities-metadata.storage.js');
const { EntitiesMetadataStorage } = (await import(path)) as {
  EntitiesMetadataStorage: EntitiesMetadataStorage;
};
EntitiesMetadataStorage.storage.clear();
