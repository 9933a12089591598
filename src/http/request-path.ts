/**
 * The raw path of a request as Express reads it: everything before the query. A request in absolute form
 * (`GET http://host/path`, RFC 9112, 3.2.2) has its path taken out where Express's parser would leave it unchanged;
 * in every other case it stays what it is, begins with no slash, and so matches no route.
 */

/** Only characters that `url.parse` neither escapes nor takes for something else; no user, no fragment. */
const absoluteForm = /^https?:\/\/[\w.-]+(?::\d+)?(\/[\w\-.~!$&()*+,;=:@%/]*)?$/i

/** @param url as the server got it, or as a prefix was cut from it. */
export function pathnameOf(url: string): string {
  const queryAt = url.indexOf('?')
  const path = queryAt === -1 ? url : url.slice(0, queryAt)
  if (path.charCodeAt(0) === 47 /* "/" */) return path
  const absolute = absoluteForm.exec(path)
  return absolute === null ? path : (absolute[1] ?? '/')
}
