import 'reflect-metadata';
import { Controller, HttpCode, Module, Put, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { announce } from './announce.mjs';
import { writeBody } from './write-body.mjs';

class BodyController {
  put(request) {
    return writeBody(request);
  }
}

// Decorators as the calls they are: this folder is plain JavaScript and runs without a build.
const put = Object.getOwnPropertyDescriptor(BodyController.prototype, 'put');
Controller()(BodyController);
Put(':name')(BodyController.prototype, 'put', put);
HttpCode(204)(BodyController.prototype, 'put', put);
Req()(BodyController.prototype, 'put', 0);

class BareModule {}
Module({ controllers: [BodyController] })(BareModule);

const app = await NestFactory.create(BareModule, { logger: ['error'] });
announce(await app.listen(0, '127.0.0.1'));
