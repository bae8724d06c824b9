import { createHash } from 'node:crypto';

/**
 * A digest over the numbers and ETags of all committed parts, in their order. It stands in the row in
 * place of them, which would grow with the file: at the end they are asked for, and must make the
 * same chain. `proof`: an ETag, or what stands for one.
 */
export function chained(chain: string, number: number, proof: string): string {
  return createHash('sha256').update(`${chain} ${number} ${proof}`).digest('base64url');
}

/**
 * What stands for an ETag that is no sum of the bytes (SSE-KMS): the same part has another one when it
 * is sent again, and its first request may land after the second. Its number is one writer's alone, who
 * sends the same bytes each time: so there is nothing else that it could be.
 */
export function proofOfSize(bytes: number): string {
  return `size ${bytes}`;
}
