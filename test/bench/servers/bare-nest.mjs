import { Controller, HttpCode, Put, Req } from '@nestjs/common';
import { serve } from './nest-app.mjs';
import { writeBody } from './write-body.mjs';

class BodyController {
  put(request) {
    return writeBody(request);
  }
}

// Decorators as the calls they are: this folder is plain JavaScript.
const put = Object.getOwnPropertyDescriptor(BodyController.prototype, 'put');
Controller()(BodyController);
Put(':name')(BodyController.prototype, 'put', put);
HttpCode(204)(BodyController.prototype, 'put', put);
Req()(BodyController.prototype, 'put', 0);

await serve({ controllers: [BodyController] });
