import { type Transport } from './transport.js';

/**
 * For Node. It sees neither how much of a body has been sent nor whether the connection is silent,
 * so that `onSent` is not called and the time-outs are those of `fetch` itself.
 */
export const fetchTransport: Transport = async ({
  method,
  url,
  headers,
  credentials,
  body,
  signal,
}) => {
  const response = await fetch(url, {
    method,
    headers,
    credentials,
    signal,
    cache: 'no-store',
    ...(body === undefined ? {} : { body }),
  });
  const { status, headers: said, redirected } = response;
  return { status, headers: said, text: await response.text(), redirected };
};
