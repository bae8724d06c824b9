import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import type { ChunkedUploadOptions } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost, withHost } from '../support/host.js';

// A global guard, and the decorator that lets a route through, as Nest's documentation has them
// ("Authentication"); and an admin that people open in a browser, which sends no bearer token.

const SECRET = 'a secret of the tests';
const IS_PUBLIC_KEY = 'isPublic';
const Public = () => SetMetadata(IS_PUBLIC_KEY, true);

interface HostRequest {
  readonly headers: { readonly authorization?: string; readonly 'x-ops'?: string };
  user?: unknown;
}

/** RFC 7519, with HS256 alone. */
function sign(payload: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

function verify(token: string): unknown {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const right = createHmac('sha256', SECRET).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== right.length || !timingSafeEqual(given, right)) {
    throw new UnauthorizedException();
  }
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}

@Injectable()
class AuthGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const isPublic = this.reflector.getAllAndOverride<boolean>(IS_PUBLIC_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (isPublic) return true;
    const request = context.switchToHttp().getRequest<HostRequest>();
    const [type, token] = request.headers.authorization?.split(' ') ?? [];
    if (type !== 'Bearer' || token === undefined) throw new UnauthorizedException();
    const { sub } = verify(token) as { sub: string };
    request.user = { id: sub };
    return true;
  }
}

/** Who looks after the machine: in front of it a proxy knows them. */
@Injectable()
class OpsGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<HostRequest>().headers['x-ops'] === 'yes';
  }
}

const providers = [{ provide: APP_GUARD, useClass: AuthGuard }];
const admin = { path: 'admin/uploads', guards: [OpsGuard] };
const ops = { 'x-ops': 'yes' };
const PATHS = ['', '/assets/page.js', '/assets/page.css', '/api/types', '/api/uploads'];

let host: Host;
beforeAll(async () => {
  host = await startHost({ providers, upload: { admin: { ...admin, decorators: [Public()] } } });
});
afterAll(() => host.close());

const get = ({ url }: Host, path: string, headers: Record<string, string>) =>
  fetch(`${url}/admin/uploads${path}`, { headers });

describe('An admin whose decorators make it public to a global guard', () => {
  it('is asked for by a browser without a token: page, files and endpoints', async () => {
    for (const path of PATHS) expect((await get(host, path, ops)).status, path).toBe(200);
    const deletion = await fetch(`${host.url}/admin/uploads/api/delete-expired`, {
      method: 'POST',
      headers: { ...ops, 'content-type': 'application/json' },
      body: '{}',
    });
    expect({ status: deletion.status, body: await deletion.json() }).toEqual({
      status: 200,
      body: { removed: 0, failed: 0 },
    });
  });

  it('still stands behind its own guards', async () => {
    for (const path of PATHS) expect((await get(host, path, {})).status, path).toBe(403);
    const bearer = { authorization: `Bearer ${sign({ sub: 'ann' })}` };
    for (const path of PATHS) expect((await get(host, path, bearer)).status, path).toBe(403);
  });

  it('makes nothing else public', async () => {
    const uploads = `${host.url}/uploads`;
    expect((await fetch(uploads)).status).toBe(401);
    const bearer = { authorization: `Bearer ${sign({ sub: 'ann' })}` };
    expect((await fetch(uploads, { headers: bearer })).status).toBe(200);
  });
});

describe('An admin', () => {
  it('without decorators stands behind the global guard, too', async () => {
    await withHost({ providers, upload: { admin } }, async (own) => {
      for (const path of PATHS) expect((await get(own, path, ops)).status, path).toBe(401);
      const both = { ...ops, authorization: `Bearer ${sign({ sub: 'ann' })}` };
      for (const path of PATHS) expect((await get(own, path, both)).status, path).toBe(200);
    });
  });

  it.each([[[true]], [Public()], ['Public'], [null], [{}]])(
    'with the decorators %o stops the start',
    async (decorators) => {
      const upload = { admin: { ...admin, decorators } } as unknown as ChunkedUploadOptions;
      await expect(startHost({ upload })).rejects.toThrow(
        'option "admin" must have a list of decorators, such as decorators: [Public()]',
      );
    },
  );
});
