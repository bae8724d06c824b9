import type { HostResponse } from './host-request.js';

/**
 * What a completing request is answered, as JSON. Nest would send a text as HTML, and it may hold a
 * client's words.
 */
export function answerJson(response: HostResponse, answer: unknown): unknown {
  if (typeof answer === 'object') return answer;
  response.header('Content-Type', 'application/json; charset=utf-8');
  return JSON.stringify(answer);
}
