import { LONGEST_WAIT } from './retry.js';
import { type Transport } from './transport.js';

/** For browsers. `credentials: 'omit'` is not known to XMLHttpRequest and means `same-origin`. */
export const xhrTransport: Transport = (request) =>
  new Promise((resolve, reject) => {
    const { body = null, signal, stallTimeout, onSent } = request;
    let isOver = false;
    const xhr = new XMLHttpRequest();
    let watchdog: ReturnType<typeof setTimeout> | undefined;

    const settle = (action: () => void): void => {
      isOver = true;
      clearTimeout(watchdog);
      signal.removeEventListener('abort', interrupt);
      action();
    };
    const fail = (reason: unknown): void => settle(() => reject(asError(reason)));
    const interrupt = (): void => {
      fail(signal.reason);
      xhr.abort();
    };
    const moved = (): void => {
      clearTimeout(watchdog);
      if (stallTimeout === 0 || stallTimeout > LONGEST_WAIT) return;
      watchdog = setTimeout(() => {
        fail(new Error(`Nothing moved for ${stallTimeout} ms.`));
        xhr.abort();
      }, stallTimeout);
    };

    if (signal.aborted) return fail(signal.reason);
    signal.addEventListener('abort', interrupt);

    xhr.open(request.method, request.url);
    for (const [name, value] of Object.entries(request.headers)) xhr.setRequestHeader(name, value);
    xhr.withCredentials = request.credentials === 'include';
    xhr.addEventListener('load', () =>
      settle(() =>
        resolve({
          status: xhr.status,
          headers: { get: (name) => xhr.getResponseHeader(name) },
          text: xhr.responseText,
          redirected: xhr.responseURL !== new URL(request.url, location.href).href,
        }),
      ),
    );
    xhr.addEventListener('error', () => fail(new Error('The request failed without an answer.')));
    // By the browser: `window.stop()`, or a page that is left and comes back.
    xhr.addEventListener('abort', () => fail(new Error('The browser gave the request up.')));
    xhr.addEventListener('progress', moved);
    // A listener on `upload` makes every cross-origin request a preflighted one: only where needed.
    if (onSent) {
      xhr.upload.addEventListener('progress', ({ loaded }) => {
        moved();
        onSent(loaded);
      });
    }
    const give = (bytes: ArrayBuffer | Blob | string | null): void => {
      if (!isOver) xhr.send(bytes);
    };
    moved();
    if (body instanceof Blob && isSafari()) body.arrayBuffer().then(give, fail);
    else give(body);
  });

/**
 * Safari 26 sends the bytes of a file, gets the answer and never says so (FilePond's issue 1059). What has
 * been read before it sends as ever. All browsers of iOS have the same engine.
 */
function isSafari(): boolean {
  const userAgent = typeof navigator === 'undefined' ? '' : navigator.userAgent;
  return userAgent.includes('AppleWebKit') && !/Chrom(?:e|ium)\//.test(userAgent);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
