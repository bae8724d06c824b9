/** An error as S3 answers it: its code and HTTP status, as in the API reference, "Error responses". */
export class S3Error extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  static notImplemented(what: string): S3Error {
    return new S3Error(501, 'NotImplemented', `${what} is not implemented`);
  }

  static invalidArgument(message: string): S3Error {
    return new S3Error(400, 'InvalidArgument', message);
  }

  static invalidPart(message: string): S3Error {
    return new S3Error(400, 'InvalidPart', message);
  }

  static noSuchKey(key: string): S3Error {
    return new S3Error(404, 'NoSuchKey', `There is no object ${key}`);
  }

  static preconditionFailed(header: string): S3Error {
    return new S3Error(412, 'PreconditionFailed', `The condition of ${header} does not hold`);
  }
}
