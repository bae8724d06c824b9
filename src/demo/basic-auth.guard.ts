import { timingSafeEqual } from 'node:crypto';
import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import type { Request, Response } from 'express';

/** The demo's users. An application has its own way of knowing who calls. */
const PASSWORDS: Readonly<Record<string, string>> = {
  alice: 'alice-pw',
  bob: 'bob-pw',
  admin: 'admin-pw',
};

/** HTTP Basic (RFC 7617): no credentials is anonymous, wrong ones are refused. */
@Injectable()
export class BasicAuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest<Request & { user?: { id: string } }>();
    const header = request.headers.authorization;
    if (header === undefined) return true;
    const [, encoded = ''] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header.trim()) ?? [];
    const [name = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':');
    if (!isPassword(name, rest.join(':'))) {
      http.getResponse<Response>().header('WWW-Authenticate', 'Basic realm="demo"');
      throw new UnauthorizedException('Invalid username/password.');
    }
    request.user = { id: name };
    return true;
  }
}

function isPassword(name: string, given: string): boolean {
  const expected = Object.hasOwn(PASSWORDS, name) ? Buffer.from(PASSWORDS[name] ?? '') : null;
  const password = Buffer.from(given);
  return expected?.length === password.length && timingSafeEqual(expected, password);
}
