import { Controller, type Type } from '@nestjs/common';
import { ChunkedUploadController } from './content-range.controller.js';
import { markRoute } from '../../platform/fastify.js';
import { ownRoutes } from '../http/own-routes.js';

/**
 * A controller class for one upload type, mounted at `path`. It is a class of its own even where
 * the host hands one over, so that two types can share a base; its decorators are inherited.
 */
export function createUploadController(
  path: string,
  base: Type<ChunkedUploadController> = ChunkedUploadController as Type<ChunkedUploadController>,
): Type<ChunkedUploadController> {
  const controller = class extends base {};
  Object.defineProperty(controller, 'name', { value: controllerName(path) });
  // @Controller() would overwrite a version or a host that the base was given.
  const inherited = new Map(
    Reflect.getMetadataKeys(base).map((key: string) => [key, Reflect.getMetadata(key, base)]),
  );
  Controller(path)(controller);
  for (const key of ['host', 'scope:options', '__version__']) {
    if (inherited.get(key) !== undefined)
      Reflect.defineMetadata(key, inherited.get(key), controller);
  }
  const routes = ownRoutes(controller, ChunkedUploadController as Type<ChunkedUploadController>);
  for (const route of routes) markRoute(route, controller);
  return controller;
}

/** `uploads/files`: `UploadsFilesController`. Log lines bear it, and OpenAPI's operation ids. */
function controllerName(path: string): string {
  const words = path.split(/[^a-z\d]+/i).filter((word) => word !== '');
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return `${name}Controller`;
}
