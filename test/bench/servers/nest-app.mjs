import { NestFactory } from '@nestjs/core';
import { announce } from './announce.mjs';

// oxlint-disable-next-line typescript/no-extraneous-class -- Nest knows a module by its class
class AppModule {}

/** The module comes as an object: its decorator would want a compiler, this folder has none. */
export async function serve(metadata) {
  const module = { module: AppModule, ...metadata };
  const app = await NestFactory.create(module, { logger: ['warn', 'error'] });
  announce(await app.listen(0, '127.0.0.1'));
}
