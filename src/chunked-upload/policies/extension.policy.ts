import { UploadPolicy, type PolicyVerdict } from './upload.policy.js';
export class ExtensionPolicy extends UploadPolicy {
  constructor(readonly allowed: readonly string[]) {
    super();
  }
  check(): PolicyVerdict {
    return null;
  }
}
