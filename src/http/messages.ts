/**
 * The request and response as rooms see them: Node's own objects, on which a host such as Express may have
 * put more. No host's types are named here, so that both majors of Express fit.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Node's request with whatever earlier middleware set: `body`, `query`, `user`, `session`, ... */
export interface Request extends IncomingMessage {
  [member: string]: unknown
}

/** Node's response with the host's additions (`locals`, `json`, ...) as unknown members. */
export type Response = ServerResponse & { [member: string]: unknown }

/** How responses are written; a host adapter takes these from the app's own settings. */
export interface ResponseSettings {
  /** Makes the ETag of a body, or `null` for none. */
  readonly etag: ((body: string | Buffer, encoding?: BufferEncoding) => string | undefined) | null
  readonly stringify: (value: unknown) => string | undefined
}
