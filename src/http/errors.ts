/** Errors of requests: what a client did wrong, with the status that tells it so. */
import { defineError } from '../kernel'

/** The body says it is JSON and is not. */
export class MalformedBodyError extends defineError('RAGE_HTTP_MALFORMED_BODY', {
  status: 400,
  what: (f: { type: string }) => `The request body is not valid ${f.type}.`,
  fix: 'Send a well-formed body, or none.',
}) {
  /** The name body-parser gives this fault, which error middleware of Express apps looks for. */
  readonly type = 'entity.parse.failed'
}

/** The body is larger than `http.bodyLimitBytes` or, for uploads, `http.uploads.limitBytes`. */
export class BodyTooLargeError extends defineError('RAGE_HTTP_BODY_TOO_LARGE', {
  status: 413,
  what: (f: { limitBytes: number; option: string }) =>
    `The request body is larger than ${f.limitBytes} bytes, the limit of ${f.option}.`,
  fix: 'Send less, or raise that option.',
}) {
  /** The name body-parser gives this fault. */
  readonly type = 'entity.too.large'
}

/** The body has a charset or content encoding that is not read here. */
export class UnsupportedBodyError extends defineError('RAGE_HTTP_UNSUPPORTED_BODY', {
  status: 415,
  what: (f: { what: string; given: string }) =>
    `The ${f.what} "${f.given}" of the request body is not supported.`,
  fix: 'Send UTF-8, as it is or as gzip, deflate or br, or parse the body in a middleware before the mount.',
}) {}

/** The client went away before the body was complete. */
export class AbortedBodyError extends defineError('RAGE_HTTP_ABORTED_BODY', {
  status: 400,
  what: (_: object) => 'The request ended before its body was complete.',
  fix: 'Nothing was done; the client may send it again.',
}) {}

/** The client sent nothing for `http.bodyTimeoutMs` in the middle of a body. */
export class SlowBodyError extends defineError('RAGE_HTTP_SLOW_BODY', {
  status: 408,
  what: (f: { timeoutMs: number }) => `Nothing more of the request body came for ${f.timeoutMs} ms.`,
  fix: 'Nothing was done; the client may send it again. For slower clients raise http.bodyTimeoutMs.',
}) {}

/** An earlier middleware began to read the body and has not finished: waiting for the rest could last for ever. */
export class BodyTakenError extends defineError('RAGE_HTTP_BODY_TAKEN', {
  what: (f: { url: string }) => `Another middleware is reading the body of ${f.url}.`,
  fix: 'Let it call next() only when it has set req.body, or mount Rage before it.',
}) {}

/** Parameters are nested deeper than `http.maxDepth`. */
export class ParamsTooDeepError extends defineError('RAGE_HTTP_PARAMS_TOO_DEEP', {
  status: 400,
  what: (f: { maxDepth: number }) => `The parameters are nested deeper than ${f.maxDepth} levels.`,
  fix: 'Send flatter data, or raise http.maxDepth.',
}) {}

/** A form or query has more parameters than `http.maxParams`, or a multipart body more than `http.uploads.fields`. */
export class TooManyParamsError extends defineError('RAGE_HTTP_TOO_MANY_PARAMS', {
  status: 400,
  what: (f: { maxParams: number }) => `There are more than ${f.maxParams} parameters.`,
  fix: 'Send fewer, or raise http.maxParams (http.uploads.fields for multipart forms).',
}) {
  /** The name body-parser gives this fault. */
  readonly type = 'parameters.too.many'
}

/** A name among the parameters that reaches the prototypes of objects: nobody sends one without intent. */
export class PollutingParamsError extends defineError('RAGE_HTTP_POLLUTING_PARAMS', {
  status: 400,
  what: (f: { name: string }) =>
    `A parameter is named "${f.name}", which reaches the prototype of an object.`,
  fix: 'Send it under another name.',
}) {}

/** A parameter of the path or the query holds a NUL character, which no client types and few stores take. */
export class MalformedParamsError extends defineError('RAGE_HTTP_MALFORMED_PARAMS', {
  status: 400,
  what: (f: { where: string }) => `A parameter in the ${f.where} holds a NUL character.`,
  fix: 'Send text without it.',
}) {}

/** A file is larger than `http.uploads.fileLimitBytes`. */
export class FileTooLargeError extends defineError('RAGE_HTTP_FILE_TOO_LARGE', {
  status: 413,
  what: (f: { field: string; limitBytes: number }) =>
    `The file of ${JSON.stringify(f.field)} is larger than ${f.limitBytes} bytes.`,
  fix: 'Send a smaller file, or raise http.uploads.fileLimitBytes.',
}) {}

/** A multipart body has more files than `http.uploads.files`. */
export class TooManyFilesError extends defineError('RAGE_HTTP_TOO_MANY_FILES', {
  status: 400,
  what: (f: { files: number }) => `There are more than ${f.files} files in the request.`,
  fix: 'Send fewer at once, or raise http.uploads.files.',
}) {}

/** The fields of a multipart body that are no files are larger than `http.uploads.fieldLimitBytes` together. */
export class FieldsTooLargeError extends defineError('RAGE_HTTP_FIELDS_TOO_LARGE', {
  status: 413,
  what: (f: { limitBytes: number }) =>
    `The fields of the form are larger than ${f.limitBytes} bytes together.`,
  fix: 'Send long text as a file, or raise http.uploads.fieldLimitBytes.',
}) {}

/** A file could not be written to disk; `cause` says why. Nothing of the request is kept. */
export class UploadFailedError extends defineError('RAGE_HTTP_UPLOAD_FAILED', {
  what: (f: { folder: string; reason: string }) => `A file could not be kept in ${f.folder}: ${f.reason}.`,
  fix: 'See that http.uploads.folder can be written and has space.',
}) {}

/** A status was given that does not exist. */
export class UnknownStatusError extends defineError('RAGE_HTTP_UNKNOWN_STATUS', {
  what: (f: { given: unknown; hint: string }) => `${JSON.stringify(f.given)} is not an HTTP status.${f.hint}`,
  fix: 'Use a number from 100 to 999 or a name such as "not_found".',
}) {}

/** The client went away before its answer was complete: the reason of `this.signal`. */
export class ClientGoneError extends defineError('RAGE_HTTP_CLIENT_GONE', {
  // Not a fault of the server, so not logged as one. Source: nginx.
  status: 499,
  what: (_: object) => 'The client closed the connection before the answer was complete.',
  fix: 'Nothing: let the work end that this signal was given to.',
}) {}

/** None of the formats an action can answer with is acceptable to the client. */
export class NotAcceptableError extends defineError('RAGE_HTTP_NOT_ACCEPTABLE', {
  status: 406,
  what: (f: { offered: readonly string[]; wanted: string }) =>
    `The client wants ${f.wanted}; there is ${f.offered.join(', ') || 'nothing'}.`,
  fix: 'Ask for one of these formats, or declare another in respondTo.',
}) {}

/** A file to be sent does not exist, is no file, or lies outside of its root. */
export class FileNotFoundError extends defineError('RAGE_HTTP_FILE_NOT_FOUND', {
  status: 404,
  what: (f: { file: string }) => `There is no file ${JSON.stringify(f.file)}.`,
  fix: 'Check the path; files that begin with a dot and paths that leave the root are not sent.',
}) {}

/** A relative path was to be sent without saying where it starts. */
export class FileRootMissingError extends defineError('RAGE_HTTP_FILE_ROOT_MISSING', {
  what: (f: { file: string }) => `render({ file }) was given the relative path ${JSON.stringify(f.file)}.`,
  fix: 'Give an absolute path, or { root } beside it: a path below the root cannot leave it.',
}) {}

/** The client asked for a part of a file that does not exist. */
export class RangeNotSatisfiableError extends defineError('RAGE_HTTP_RANGE_NOT_SATISFIABLE', {
  status: 416,
  what: (f: { range: string }) => `The file has no bytes ${f.range}.`,
  fix: 'Ask for a range within the size that Content-Range gives.',
}) {}

/** The client's copy of a file is not the one it made its request depend on. */
export class PreconditionFailedError extends defineError('RAGE_HTTP_PRECONDITION_FAILED', {
  status: 412,
  what: (_: object) => 'The file is not the one that If-Match or If-Unmodified-Since names.',
  fix: 'Fetch it again without the condition.',
}) {}

/** Something that is no source of bytes was to be streamed. */
export class NotStreamableError extends defineError('RAGE_HTTP_NOT_STREAMABLE', {
  what: (f: { given: string }) => `${f.given} cannot be streamed.`,
  fix: 'Give a Readable, a web ReadableStream or an async iterable of strings or bytes; encode objects first.',
}) {}

/** A cookie was set that no browser would take as it is meant. */
export class InvalidCookieError extends defineError('RAGE_HTTP_INVALID_COOKIE', {
  what: (f: { name: string; problem: string }) => `The cookie "${f.name}" cannot be set: ${f.problem}.`,
  fix: 'Correct it; signed and encrypted cookies take any JSON value, plain ones text.',
}) {}

/** A cookie with its name and attributes is larger than browsers store. */
export class CookieTooLargeError extends defineError('RAGE_HTTP_COOKIE_TOO_LARGE', {
  what: (f: { name: string; bytes: number; limitBytes: number }) =>
    `The cookie "${f.name}" takes ${f.bytes} bytes; browsers drop those above ${f.limitBytes}.`,
  fix: 'Store an id in the cookie and the data on the server.',
}) {}

/** A cookie was set when the headers had gone already, or where there is no response, as in a WebSocket handshake. */
export class CookieTooLateError extends defineError('RAGE_HTTP_COOKIE_TOO_LATE', {
  what: (f: { name: string }) => `The cookie "${f.name}" was set when no header could be sent any more.`,
  fix: 'Set cookies before the response begins.',
}) {}

/** Signed or encrypted cookies, or the session, are used without `secrets`. */
export class SecretsMissingError extends defineError('RAGE_HTTP_SECRETS_MISSING', {
  what: (f: { use: string }) => `There are no secrets for ${f.use}.`,
  fix: `Make one with node -e "console.log(require('crypto').randomBytes(48).toString('base64url'))", keep it in the environment and pass createRage({ secrets: [process.env.RAGE_SECRET] }).`,
}) {}

/** `secrets` are not what they must be. The message holds none of them. */
export class InvalidSecretsError extends defineError('RAGE_HTTP_INVALID_SECRETS', {
  what: (f: { problem: string }) => `The option secrets cannot be used: ${f.problem}.`,
  fix: 'Pass an array of texts of at least 32 random characters each, the newest first. Is the environment variable set?',
}) {}

/** The session is larger than a cookie can be, or holds something without a JSON form. */
export class SessionNotSavedError extends defineError('RAGE_HTTP_SESSION_NOT_SAVED', {
  what: (f: { problem: string }) => `The session could not be saved: ${f.problem}.`,
  fix: 'Keep ids in the session and the rest in a database, or put express-session with a store before the mount.',
}) {}
