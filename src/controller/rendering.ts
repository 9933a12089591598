/** What the keys of `render` mean: turns them into a body that `send` writes. */
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import {
  discardSource,
  FileBody,
  type FileOptions,
  type Outgoing,
  type Rendered,
  type Status,
  StreamBody,
  type StreamSource,
  statusCode,
} from '../http'
import { didYouMean } from '../kernel'
import type { AnyController, Controller } from './controller'
import { NothingToRenderError, UnserializableError } from './errors'
import type { Exchange } from './exchange'
import { builtinRenderers, type RenderResult, renderModifiers } from './renderers'

/** Exactly one of `json`, `text`, `html`, `body`, `file`, `stream` or the name of a renderer. */
export interface RenderOptions extends FileOptions {
  /** Anything with a JSON form. Content-Type `application/json; charset=utf-8`. */
  readonly json?: unknown
  /** Content-Type `text/plain; charset=utf-8`. */
  readonly text?: string
  /** Content-Type `text/html; charset=utf-8`; sent as it is. */
  readonly html?: string
  /** Bytes or text of the type set on `this.res`, or `application/octet-stream`. */
  readonly body?: Buffer | string
  /** Path of a file: absolute, or below `root`. Type by its extension, with validators and ranges. */
  readonly file?: string
  /** A Readable, a web stream or an async iterable, sent as fast as the client takes it. Type as for `body`. */
  readonly stream?: StreamSource
  /** Default 200. */
  readonly status?: Status
  /** Replaces the Content-Type. */
  readonly contentType?: string
}

/** Keys of renderers registered with `rage.renderer`, with one value of the application's own type each. */
export type CustomRender<Name extends string> = Name extends keyof RenderOptions
  ? never
  : { readonly [name in Name]: unknown } & Pick<RenderOptions, 'status' | 'contentType'>

/** @throws NothingToRenderError, UnserializableError, UnknownStatusError, FileRootMissingError, NotStreamableError */
export function renderedFrom(
  options: RenderOptions,
  controller: AnyController,
  exchange: Exchange,
): Rendered {
  const kind = kindOf(options, controller, exchange)
  const { status = 200, contentType } = options
  const code = status === 200 ? 200 : statusCode(status)
  switch (kind) {
    case 'json':
      return {
        status: code,
        contentType: contentType ?? 'application/json; charset=utf-8',
        body: toJson(options.json, controller, exchange),
      }
    case 'text':
      return {
        status: code,
        contentType: contentType ?? 'text/plain; charset=utf-8',
        body: String(options.text),
      }
    case 'html':
      return {
        status: code,
        contentType: contentType ?? 'text/html; charset=utf-8',
        body: String(options.html),
      }
    case 'body':
      return { status: code, contentType: contentType ?? ownType(exchange), body: options.body! }
    case 'file':
      return { status: code, contentType: contentType ?? null, body: new FileBody(options.file!, options) }
    case 'stream':
      return {
        status: code,
        contentType: contentType ?? ownType(exchange),
        body: new StreamBody(options.stream!),
      }
    default:
      return custom(kind, options as Record<string, unknown>, controller, exchange)
  }
}

/** Lets go of the streams among the options of a `render` that failed: nobody else will. */
export function discardSources(options: RenderOptions): void {
  for (const key in options) {
    const value: unknown = options[key as keyof RenderOptions]
    // Of what custom renderers are given only streams are known; a cursor of the application's own is its own.
    if (key === 'stream' || value instanceof Readable || value instanceof ReadableStream) discardSource(value)
  }
}

/** The one key that says what to render. A misspelt one must not pass for a modifier. */
function kindOf(options: RenderOptions, controller: AnyController, exchange: Exchange): string {
  let kind: string | null = null
  for (const key in options) {
    if (renderModifiers.has(key) || options[key as keyof RenderOptions] === undefined) continue
    if (kind !== null) throw refusal(controller, `both ${kind} and ${key}`, '')
    kind = key
  }
  if (kind === null) throw refusal(controller, `the keys ${Object.keys(options).join(', ') || '(none)'}`, '')
  if ((builtinRenderers as readonly string[]).includes(kind) && kind !== 'sse') return kind
  if (exchange.renderers?.get(kind) !== undefined) return kind
  const known = [...builtinRenderers, ...renderModifiers, ...(exchange.renderers?.names() ?? [])]
  throw refusal(controller, `the unknown key ${kind}`, didYouMean(kind, known))
}

function refusal(controller: AnyController, given: string, hint: string): NothingToRenderError {
  return new NothingToRenderError({ controller: controller.constructor.name, given, hint })
}

function custom(
  kind: string,
  options: Record<string, unknown>,
  controller: AnyController,
  exchange: Exchange,
): Rendered {
  const { [kind]: value, ...rest } = options
  // Applications type their renderers for the plain controller: the objects are the same.
  const made = exchange.renderers!.get(kind)!(value, rest, controller as Controller)
  const { body, contentType, status } = Object(made) as Partial<RenderResult>
  if (body === undefined || body === null)
    throw refusal(controller, `${kind}, whose renderer answered no { body }`, '')
  return {
    status: statusCode((options.status ?? status ?? 200) as Status),
    contentType: (options.contentType as string | undefined) ?? contentType ?? ownType(exchange),
    body: isComplete(body) ? body : new StreamBody(body),
  }
}

function isComplete(body: RenderResult['body']): body is string | Buffer | Outgoing {
  return (
    typeof body === 'string' ||
    Buffer.isBuffer(body) ||
    typeof (body as { discard?: unknown }).discard === 'function'
  )
}

function toJson(value: unknown, controller: AnyController, exchange: Exchange): string {
  let json: string | undefined
  let cause: unknown
  try {
    json = exchange.settings.stringify(value)
  } catch (error) {
    cause = error
  }
  if (json !== undefined) return json
  throw new UnserializableError(
    { controller: controller.constructor.name, action: controller.actionName },
    { cause },
  )
}

function ownType({ res }: Exchange): string | null {
  return res.hasHeader('Content-Type') ? null : 'application/octet-stream'
}
