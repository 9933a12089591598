/**
 * What is known of a request when its span begins, by the semantic conventions for HTTP servers (stable since 1.23).
 * Without the query, which may hold secrets, as in the log.
 */
import type { IncomingMessage } from 'node:http'
import type { Attributes } from './api'

/** Of RFC 9110 and 5789, and QUERY; others are `_OTHER`, else a client could make up any number of names. */
const knownMethods = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'QUERY',
])

/** What Express, or our own surface, puts on requests: it minds whether a proxy is trusted. */
interface ExpressRequest extends IncomingMessage {
  readonly ip?: string | undefined
  readonly protocol?: string | undefined
  readonly originalUrl?: string | undefined
}

/** `GET`, or `HTTP` for a method nobody knows: the name of a span until its route is known. */
export function methodName(req: IncomingMessage): string {
  const { method = 'GET' } = req
  return knownMethods.has(method) ? method : 'HTTP'
}

export function requestAttributes(req: ExpressRequest, requestId: string): Attributes {
  const { method = 'GET', headers, socket } = req
  const peer = socket?.remoteAddress
  const attributes: Attributes = {
    'http.request.method': method,
    'url.path': pathOf(req),
    'url.scheme': schemeOf(req),
    'network.protocol.version': req.httpVersion === '2.0' ? '2' : req.httpVersion,
    'rage.request_id': requestId,
  }
  if (!knownMethods.has(method)) {
    attributes['http.request.method'] = '_OTHER'
    attributes['http.request.method_original'] = method
  }
  if (peer !== undefined) {
    attributes['network.peer.address'] = peer
    attributes['client.address'] = req.ip ?? peer
    if (socket.remotePort !== undefined) attributes['network.peer.port'] = socket.remotePort
  }
  const agent = headers['user-agent']
  if (agent !== undefined) attributes['user_agent.original'] = agent
  const host = headers.host ?? headers[':authority']
  if (typeof host === 'string') addServer(attributes, host)
  return attributes
}

function pathOf({ originalUrl, url = '/' }: ExpressRequest): string {
  const whole = originalUrl ?? url
  const end = whole.indexOf('?')
  return end === -1 ? whole : whole.slice(0, end)
}

function schemeOf(req: ExpressRequest): string {
  if ((req.socket as { encrypted?: boolean } | undefined)?.encrypted === true) return 'https'
  return req.protocol ?? 'http'
}

/** `example.com:8080`, `[::1]:8080`; the port only where it is named. */
function addServer(attributes: Attributes, host: string): void {
  const colon = host.lastIndexOf(':')
  const hasPort = colon !== -1 && colon > host.lastIndexOf(']')
  attributes['server.address'] = hasPort ? host.slice(0, colon) : host
  const port = hasPort ? Number(host.slice(colon + 1)) : Number.NaN
  if (Number.isInteger(port)) attributes['server.port'] = port
}
