import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** Serves the OpenAPI page at `/api`, and its document at `/api-json` and `/api-yaml`. */
export function setUpOpenApi(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('nestjs-chunked-upload')
    .setDescription('The demo: three types of uploads. Its users: alice, bob, admin.')
    .setVersion('1')
    .addBasicAuth({ type: 'http', scheme: 'basic', description: '`alice` with `alice-pw`' })
    // Either a user, or nobody: the demo takes uploads of anonymous callers too.
    .addSecurityRequirements('basic')
    .addSecurityRequirements({})
    .build();
  SwaggerModule.setup('api', app, () => SwaggerModule.createDocument(app, config), {
    customSiteTitle: 'nestjs-chunked-upload: API',
  });
}
