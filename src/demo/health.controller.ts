import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { ChunkedUploadHealthIndicator } from '../index.js';

/** With less the demo could not even take a small file. */
const MIN_FREE_BYTES = 8 * 1024 * 1024;

/** 200 while uploads can be taken, else 503; the body says what is down. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly uploads: ChunkedUploadHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  async check(): Promise<HealthCheckResult> {
    try {
      return await this.health.check([
        () => this.uploads.database(),
        () => this.uploads.storage(),
        () => this.uploads.disk('disk', { minFreeBytes: MIN_FREE_BYTES }),
      ]);
    } catch (cause) {
      if (!(cause instanceof ServiceUnavailableException)) throw cause;
      const result = cause.getResponse() as HealthCheckResult;
      const down = Object.keys(result.error ?? {}).join(', ');
      throw new ServiceUnavailableException({ detail: `Down: ${down}`, ...result }, { cause });
    }
  }
}
