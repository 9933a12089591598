/**
 * http: requests and responses without any framework: bodies, parameters, statuses, the last write.
 * Knows neither routes nor controllers, and takes what a host has already parsed.
 */
export { type BodyLimits, hasUnreadBody, readBody } from './body'
export {
  AbortedBodyError,
  BodyTakenError,
  BodyTooLargeError,
  MalformedBodyError,
  ParamsTooDeepError,
  UnknownStatusError,
  UnsupportedBodyError,
} from './errors'
export type { Request, Response, ResponseSettings } from './messages'
export { type HttpOptions, httpOptions } from './options'
export { buildParams, type Params } from './params'
export { type Rendered, send } from './send'
export { type Status, statusCode } from './status'
