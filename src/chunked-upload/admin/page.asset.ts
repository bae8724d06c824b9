/**
 * The files of the page: the folder where the build has left them. In the published package their
 * texts by name are in here instead, so that they are there in a host that has been bundled, too.
 */
export const PAGE: URL | Readonly<Record<string, string>> = new URL('./page/', import.meta.url);
