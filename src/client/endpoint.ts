/** Query parameters; `undefined` ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The URLs of one upload type. Its own query string, if it has one, is sent with every request. */
export class Endpoint {
  private readonly base: URL;

  /**
   * @param url absolute, or in a page relative to it
   * @throws TypeError when it is neither
   */
  constructor(url: string | URL) {
    this.base = new URL(url, typeof location === 'undefined' ? undefined : location.href);
    this.base.hash = '';
    this.base.pathname = this.base.pathname.replace(/\/+$/, '');
  }

  /** Where uploads begin and are listed. */
  list(query: Query = {}): string {
    return withQuery(this.base, query);
  }

  /**
   * Where the upload of this id lives. Built here rather than taken from the representation's
   * `url`, which is wrong behind a proxy that the server has not been told about.
   */
  upload(id: string): string {
    const url = new URL(this.base);
    url.pathname += `/${encodeURIComponent(id)}`;
    return withQuery(url, {});
  }

  /** The absolute URL. */
  toString(): string {
    return this.base.href;
  }
}

function withQuery(base: URL, query: Query): string {
  const url = new URL(base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}
