import { Controller, type Type, UseGuards } from '@nestjs/common';
import type { AdminOptions } from '../chunked-upload.options.js';
import { AdminController } from './admin.controller.js';

/** A controller class for one admin, mounted at its path, with its guards on every route. */
export function createAdminController({
  path,
  guards,
  decorators = [],
}: AdminOptions): Type<AdminController> {
  const own = class extends AdminController {};
  Object.defineProperty(own, 'name', { value: `AdminController(${path})` });
  // A decorator may answer with another class.
  const controller = Reflect.decorate([...decorators], own) as Type<AdminController>;
  // Ours come last: nothing that the host says of the class takes its path or a guard from it.
  UseGuards(...guards)(controller);
  Controller(path)(controller);
  // Its endpoints are the page's: for @nestjs/swagger, where that is, there are none.
  Reflect.defineMetadata('swagger/apiExcludeController', [true], controller);
  return controller;
}
