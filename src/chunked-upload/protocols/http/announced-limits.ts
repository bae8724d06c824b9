import type { SizeLimits } from '../../chunked-upload.context.js';
import type { HostRequest } from './host-request.js';
import type { ProtocolSteps } from './upload-protocol.js';

/** For `OPTIONS`. Null: there are none, or a hook of the host wants a user, whom a browser's preflight never brings. */
export async function announcedLimits(
  steps: ProtocolSteps,
  request: HostRequest,
): Promise<SizeLimits | null> {
  try {
    const { limits } = await steps.context(request);
    return (await limits?.()) ?? null;
  } catch {
    return null;
  }
}
