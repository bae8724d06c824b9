import { Controller, Get, NotFoundException, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { pageFile } from './page/layout.js';

/** Serves the page and the client, as the build left them. */
@ApiExcludeController()
@Controller()
export class PageController {
  @Get(['', 'assets/*path'])
  async page(@Req() request: Request, @Res() response: Response): Promise<void> {
    const file = pageFile(request.path);
    if (!file) throw new NotFoundException('Not found.');
    response.type(file.contentType).set('Cache-Control', 'no-cache');
    await new Promise<void>((resolve, reject) => {
      response.sendFile(file.path, { dotfiles: 'allow' }, (error) => {
        if (!error) resolve();
        else if (response.headersSent) resolve();
        else reject(new NotFoundException('Not found.', { cause: error }));
      });
    });
  }
}
