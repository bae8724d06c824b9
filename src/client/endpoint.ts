/** Query parameters; `undefined` ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The URLs of one upload type. Its own query string, if it has one, is sent with every request. */
export class Endpoint {
  private readonly base: URL;

  /**
   * @param url absolute, or in a page relative to it
   * @throws TypeError when it is neither
   */
  constructor(url: string | URL | undefined) {
    this.base = absolute(url);
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

function absolute(url: string | URL | undefined): URL {
  const page = typeof location === 'undefined' ? undefined : location.href;
  // A page would take a name that is missing, such as that of a setting, for a path.
  const isUrl = typeof url === 'string' || url instanceof URL;
  if (isUrl && URL.canParse(url, page)) return new URL(url, page);
  const right = page === undefined ? 'an absolute URL here' : 'a URL';
  throw new TypeError(
    `The endpoint must be ${right}, such as "https://example.com/uploads", and not "${String(url)}"`,
  );
}

function withQuery(base: URL, query: Query): string {
  const url = new URL(base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}
