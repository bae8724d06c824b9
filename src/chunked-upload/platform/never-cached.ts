import { SetMetadata } from '@nestjs/common';

// What `@CacheTTL()` of @nestjs/cache-manager notes.
const CACHE_TTL = 'cache_module:cache_ttl';

/**
 * A controller whose answers the `CacheInterceptor` of an application never keeps. By the URL alone, it
 * would give those of one caller to another, and offsets that are long past. It knows no way to leave a
 * route out, but does without its cache where that fails, as it does for want of a time to keep things.
 */
export const NeverCached = (): ClassDecorator =>
  SetMetadata(CACHE_TTL, () => {
    throw new Error('Uploads are never cached');
  });
