/** `respondTo`: picks one of several answers by the path's extension or the Accept header, and renders what it gives. */
import { NotAcceptableError, preferredType, varyOn } from '../http'
import { isThenable } from '../kernel'
import type { AnyController } from './controller'
import type { Exchange } from './exchange'

/** One answer per format: `json`, `html`, any extension, a media type, or `any` for everything else. */
export type Formats = Readonly<Record<string, () => unknown>>

/** @throws NotAcceptableError */
export function answerByFormat(formats: Formats, controller: AnyController, exchange: Exchange): unknown {
  const offered = Object.keys(formats).filter((format) => format !== 'any')
  const { format } = exchange
  let chosen: string | null
  if (format === null) {
    varyOn(exchange.res, 'Accept')
    chosen = preferredType(exchange.req, offered)
  } else {
    chosen = offered.includes(format) ? format : null
  }
  if (chosen === null && formats.any === undefined)
    throw new NotAcceptableError({
      offered,
      wanted: format === null ? `"${exchange.req.headers.accept}"` : `.${format}`,
    })
  const value = formats[chosen ?? 'any']!()
  return isThenable(value)
    ? value.then((settled) => renderAs(chosen, settled, controller))
    : renderAs(chosen, value, controller)
}

/** A value that was returned instead of rendered is rendered in the format that was chosen. */
function renderAs(format: string | null, value: unknown, controller: AnyController): unknown {
  if (value === undefined || controller.performed) return undefined
  if (format === null) controller.render({ json: value })
  else if (!format.includes('/')) controller.render({ [format]: value })
  else if (typeof value === 'string' || Buffer.isBuffer(value))
    controller.render({ body: value, contentType: format })
  else controller.render({ json: value, contentType: format })
  return undefined
}
