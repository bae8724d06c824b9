import type { Type } from '@nestjs/common';
import type { UploadType } from '../../../engine/upload-type.js';
import { nullIfMissing } from './optional-package.js';
import { fieldsProperties } from './fields-properties.js';
import { mergedRoutes } from '../../http/openapi/merged-routes.js';
import type {
  DescribedRoutes,
  DescribedType,
  Properties,
  RouteDescription,
  RouteName,
} from '../../http/openapi/openapi.types.js';
import type { UploadProtocol } from '../../http/upload-protocol.js';
import type { ChunkedUploadController } from '../content-range.controller.js';
import { chunkRoutes } from './chunk-routes.js';
import { routeDescriptions } from './route-descriptions.js';
import { ERROR_PROPERTIES, uploadProperties } from './upload-properties.js';

type Swagger = typeof import('@nestjs/swagger');

const OPERATION = 'swagger/apiOperation';
const RESPONSES = 'swagger/apiResponse';
const PARAMETERS = 'swagger/apiParameters';
const TAGS = 'swagger/apiUseTags';

/** All of the controller's, by the compiler's word. */
const ROUTES: readonly RouteName[] = Object.keys({
  putFirst: true,
  put: true,
  postWhole: true,
  post: true,
  patchNamed: true,
  patch: true,
  options: true,
  optionsOfOne: true,
  optionsOfFile: true,
  headNamed: true,
  list: true,
  head: true,
  get: true,
  headFile: true,
  getFile: true,
  removeNamed: true,
  remove: true,
} satisfies Record<keyof ChunkedUploadController, true>) as (keyof ChunkedUploadController)[];

const describedControllers = new WeakSet<Type>();

/**
 * Notes on the routes of one upload type what @nestjs/swagger needs to describe them; nothing where
 * that is not installed. What the host notes itself, in decorators of a subclass, stands before it.
 * It must happen while Nest builds the modules: documents are made of it right after.
 */
export async function describeController(
  controller: Type,
  type: UploadType,
  protocols: readonly UploadProtocol[],
): Promise<void> {
  if (describedControllers.has(controller)) return;
  const swagger = await loadSwagger();
  if (!swagger) return;
  describedControllers.add(controller);
  const uploadName = `${controller.name.replace(/Controller$/, '')}Upload`;
  const described: DescribedType = {
    fieldName: type.fieldName,
    checksum: type.checksum?.algorithm ?? null,
    owners: type.owners.names,
    fields: fieldsProperties(type.fields),
    hasOnComplete: type.onComplete !== null,
    userRestricted: type.userRestricted,
    uploadRef: swagger.getSchemaPath(uploadName),
    errorRef: swagger.getSchemaPath('ChunkedUploadError'),
  };
  const upload = model(swagger, uploadName, uploadProperties(described));
  const error = model(swagger, 'ChunkedUploadError', ERROR_PROPERTIES, ['detail']);
  swagger.ApiExtraModels(upload, error)(controller);
  if (!Reflect.hasMetadata(TAGS, controller)) swagger.ApiTags(type.path)(controller);
  const routes: DescribedRoutes = mergedRoutes([
    ...(type.protocols.includes('content-range') ? [chunkRoutes(described)] : []),
    routeDescriptions(described),
    ...protocols.map((protocol) => protocol.describe(described)),
  ]);
  for (const name of ROUTES) describeRoute(swagger, controller, name, routes[name]);
}

async function loadSwagger(): Promise<Swagger | null> {
  try {
    return await import('@nestjs/swagger');
  } catch (error) {
    return nullIfMissing('@nestjs/swagger', error);
  }
}

/** One that no protocol of the type has is left out, unless the host itself describes it. */
function describeRoute(
  swagger: Swagger,
  controller: Type,
  name: string,
  route: RouteDescription | undefined,
): void {
  const { prototype } = controller as { prototype: object };
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  const method = descriptor?.value as object | undefined;
  if (!descriptor || !method) return;
  const byHost = <V>(key: string, none: V) => (Reflect.getMetadata(key, method) as V) ?? none;
  const host = {
    operation: byHost(OPERATION, {}),
    responses: byHost(RESPONSES, {}),
    parameters: byHost<{ name: string; in: string }[]>(PARAMETERS, []),
  };
  if (!route) {
    if (Object.keys(host.operation).length > 0) return;
    swagger.ApiExcludeEndpoint()(prototype, name, descriptor);
    return;
  }
  const { parameters, responses, ...operation } = route;
  const { ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiResponse } = swagger;
  const of = { path: ApiParam, query: ApiQuery, header: ApiHeader };
  const isByHost = (own: { name: string; in: string }) =>
    host.parameters.some((given) => given.name === own.name && given.in === own.in);
  const decorators = [
    ApiOperation(operation as object),
    ...parameters
      .filter((parameter) => !isByHost(parameter))
      .map(({ in: where, ...options }) => of[where](options as never)),
    ...Object.entries(responses).map(([status, response]) =>
      ApiResponse({ ...(response as object), status: Number(status) }),
    ),
  ];
  for (const decorate of decorators) decorate(prototype, name, descriptor);
  for (const [key, given] of [
    [OPERATION, host.operation],
    [RESPONSES, host.responses],
  ] as const) {
    Reflect.defineMetadata(key, { ...byHost(key, {}), ...given }, method);
  }
}

/** A class that @nestjs/swagger makes a named schema of, which clients get a type from. */
function model(
  { ApiProperty }: Swagger,
  name: string,
  properties: Properties,
  required = Object.keys(properties),
): Type {
  class Model {}
  Object.defineProperty(Model, 'name', { value: name });
  for (const [property, schema] of Object.entries(properties)) {
    const options = { type: Object, ...schema, required: required.includes(property) };
    ApiProperty(options as object)(Model.prototype, property);
  }
  return Model;
}
