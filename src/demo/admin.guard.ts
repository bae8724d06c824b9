import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import type { Request, Response } from 'express';

/** Lets the user `admin` through; who is anonymous is asked by the browser who that is. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const { user } = http.getRequest<Request & { user?: { id: string } }>();
    if (user?.id === 'admin') return true;
    if (user) throw new ForbiddenException('Only admin may do this.');
    http.getResponse<Response>().header('WWW-Authenticate', 'Basic realm="demo"');
    throw new UnauthorizedException('Log in as admin.');
  }
}
