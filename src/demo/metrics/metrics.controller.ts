import { Controller, Get, Header } from '@nestjs/common';
import { UploadMetrics } from './upload-metrics.js';

/** For Prometheus, and for everybody: it says nothing of anybody's files. */
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: UploadMetrics) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  show(): string {
    return String(this.metrics);
  }
}
