import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type FastifyInstance, leaveBodiesUnread, leaveFilesUncompressed } from './fastify.js';

// Every upload type asks for it, and an application may have several.
const prepared = new WeakSet<object>();

/** Sees to it that bytes pass as they are, both ways, whatever the framework below Nest. */
@Injectable()
export class UnreadBodies implements OnModuleInit {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    // There is none in an application that serves no HTTP.
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter?.getType() !== 'fastify') return;
    const fastify = adapter.getInstance<FastifyInstance>();
    if (prepared.has(fastify)) return;
    prepared.add(fastify);
    leaveBodiesUnread(fastify);
    leaveFilesUncompressed(fastify);
  }
}
