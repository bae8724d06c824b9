import { Controller, type Type, UseGuards } from '@nestjs/common';
import type { AdminOptions } from '../chunked-upload.options.js';
import { AdminController } from './admin.controller.js';

/** A controller class for one admin, mounted at `path`, with its guards on every route. */
export function createAdminController(
  path: string,
  guards: AdminOptions['guards'],
): Type<AdminController> {
  const controller = class extends AdminController {};
  Object.defineProperty(controller, 'name', { value: `AdminController(${path})` });
  UseGuards(...guards)(controller);
  Controller(path)(controller);
  // Its endpoints are the page's: for @nestjs/swagger, where that is, there are none.
  Reflect.defineMetadata('swagger/apiExcludeController', [true], controller);
  return controller;
}
