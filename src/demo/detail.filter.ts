import { type ArgumentsHost, Catch, HttpException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Response } from 'express';

/** Gives the errors of Nest and of Express the shape of the module's: `{ "detail": … }`. */
@Catch()
export class DetailFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (exception instanceof HttpException && !response.headersSent) {
      const body = exception.getResponse();
      const hasDetail = typeof body === 'object' && 'detail' in body;
      response.status(exception.getStatus()).json(hasDetail ? body : { detail: exception.message });
    } else {
      super.catch(exception, host);
    }
  }
}
