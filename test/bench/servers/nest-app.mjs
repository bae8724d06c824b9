import { NestFactory } from '@nestjs/core';
import { announce } from './announce.mjs';

// oxlint-disable-next-line typescript/no-extraneous-class -- Nest knows a module by its class
class AppModule {}

/** The module comes as an object: its decorator would want a compiler, this folder has none. */
export async function serve(metadata) {
  const module = { module: AppModule, ...metadata };
  const app = await NestFactory.create(module, { logger: ['warn', 'error'] });
  // As the module asks for: chunks on slow lines may last.
  app.getHttpServer().requestTimeout = 0;
  announce(await app.listen(0, '127.0.0.1'));
}
