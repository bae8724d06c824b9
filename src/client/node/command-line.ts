import { parseArgs } from 'node:util';
import { type ChecksumAlgorithm } from '../file-checksum.js';

export const HELP = `Usage: nestjs-chunked-upload-client FILE... --to URL [options]

Uploads files in chunks. After Ctrl-C, run the same command again to continue where it stopped.

  --to URL              where the uploads are, such as https://example.com/uploads
  -H, --header 'A: b'   sent with every request; can be repeated
  -u, --user NAME:PW    HTTP Basic
  -f, --field NAME=VAL  form field of the first request, such as owner_id=5; can be repeated
      --checksum NAME   md5 (default), sha1, sha256, sha512, blake3, crc32, none
      --chunk-size N    bytes in one request; default 8 MiB
      --at-once N       files at once; default 3
  -q, --quiet           no progress bar
      --help, --version
`;

export class UsageError extends Error {}

export interface CommandLine {
  readonly paths: readonly string[];
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
  readonly checksum: ChecksumAlgorithm | false;
  readonly chunkSize: number | undefined;
  readonly atOnce: number | undefined;
  readonly quiet: boolean;
}

/**
 * @returns `help`, `version`, or what to do
 * @throws UsageError
 */
export function parseCommandLine(args: readonly string[]): CommandLine | 'help' | 'version' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  if (values.version) return 'version';
  if (positionals.length === 0) throw new UsageError('No files given.');
  if (values.to === undefined) throw new UsageError('--to URL is missing.');
  if (!/^https?:/.test(values.to) || !URL.canParse(values.to)) {
    throw new UsageError(
      `--to must be a URL, such as https://example.com/uploads, not ${values.to}`,
    );
  }
  const headers = pairs(values.header, ':', '--header', 'Authorization: Bearer …');
  if (values.user !== undefined) {
    headers['Authorization'] = `Basic ${Buffer.from(values.user).toString('base64')}`;
  }
  const { checksum = 'md5' } = values;
  return {
    paths: positionals,
    endpoint: values.to,
    headers,
    fields: pairs(values.field, '=', '--field', 'owner_id=5'),
    // The client itself says which ones it knows.
    checksum: checksum === 'none' ? false : (checksum as ChecksumAlgorithm),
    chunkSize: count(values['chunk-size'], '--chunk-size'),
    atOnce: count(values['at-once'], '--at-once'),
    quiet: values.quiet ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        to: { type: 'string' },
        header: { type: 'string', short: 'H', multiple: true },
        user: { type: 'string', short: 'u' },
        field: { type: 'string', short: 'f', multiple: true },
        checksum: { type: 'string' },
        'chunk-size': { type: 'string' },
        'at-once': { type: 'string' },
        quiet: { type: 'boolean', short: 'q' },
        help: { type: 'boolean' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function pairs(
  given: readonly string[] = [],
  separator: string,
  option: string,
  example: string,
): Record<string, string> {
  return Object.fromEntries(
    given.map((each) => {
      const place = each.indexOf(separator);
      if (place < 1) throw new UsageError(`${option} must be like '${example}', not '${each}'`);
      return [each.slice(0, place).trim(), each.slice(place + 1).trim()];
    }),
  );
}

function count(given: string | undefined, option: string): number | undefined {
  if (given === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(given)) return Number(given);
  throw new UsageError(`${option} must be a positive whole number, not ${given}`);
}
