/**
 * http: requests and responses without any framework: bodies, parameters, statuses, the last write.
 * Knows neither routes nor controllers, and takes what a host has already parsed.
 */
export { attachmentHeader } from './attachment'
export { type BodySettings, hasUnreadBody, readBody } from './body'
export { clientGone } from './client-gone'
export { Cookies, type SealedCookies } from './cookies'
export { plainCookieLine } from './cookies-line'
export type { CookieDeleteOptions, CookieOptions } from './cookies-options'
export {
  AbortedBodyError,
  BodyTakenError,
  BodyTooLargeError,
  ClientGoneError,
  CookieTooLargeError,
  CookieTooLateError,
  FieldsTooLargeError,
  FileNotFoundError,
  FileRootMissingError,
  FileTooLargeError,
  InvalidCookieError,
  InvalidSecretsError,
  MalformedBodyError,
  MalformedParamsError,
  NotAcceptableError,
  NotStreamableError,
  ParamsTooDeepError,
  PollutingParamsError,
  PreconditionFailedError,
  RangeNotSatisfiableError,
  SecretsMissingError,
  SessionNotSavedError,
  SlowBodyError,
  TooManyFilesError,
  TooManyParamsError,
  UnknownStatusError,
  UnsupportedBodyError,
  UploadFailedError,
} from './errors'
export { strongBodyEtag, weakBodyEtag } from './etag'
export { FileBody, type FileOptions, fileStream } from './files'
export { type Form, type FormLimits, parseExtendedQuery, parseForm } from './form'
export { matchesValidators } from './freshness'
export type { Request, Response, ResponseSettings } from './messages'
export { acceptsOf, preferredType, varyOn } from './negotiation'
export { type HttpOptions, httpOptions, type UploadOptions } from './options'
export { buildParams, type Params } from './params'
export {
  type ProblemDocument,
  type ProblemOptions,
  problemDocument,
  problemOf,
  problemType,
} from './problem'
export { pathnameOf } from './request-path'
export { Secrets } from './secrets'
export { type Outgoing, type Rendered, send } from './send'
export { CookieSession, type Session } from './session'
export { hostSession, resetHostSession } from './session-host'
export { type SessionOptions, type SessionSettings, sessionOptions } from './session-options'
export { type Status, type StatusName, statusCode } from './status'
export { discardSource, StreamBody, type StreamSource } from './streaming'
export { challenge, type HttpToken, parseBasic, parseToken, secureCompare } from './token-auth'
export { removeAbandonedUploads } from './upload-folder'
export { UploadedFile } from './uploaded-file'
