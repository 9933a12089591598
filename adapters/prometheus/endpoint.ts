/** The HTTP side: who may read, in which format, and what happens when it cannot be read. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { secureCompare } from '../../src/http'
import type { Rage } from '../../src/runtime'
import type { Exposition, Format, Written } from './exposition'
import { formatFor } from './negotiation'

/** A handler for `app.get`, for a route of rage, or for `http.createServer`. */
export type PrometheusHandler = (req: IncomingMessage, res: ServerResponse) => void

interface Parts {
  readonly rage: Pick<Rage, 'metrics' | 'errors'>
  readonly exposition: Exposition
  readonly token: string | null
}

export function createEndpoint({ rage, exposition, token }: Parts): PrometheusHandler {
  /** Scrapes at the same time share one reading. */
  const underWay = new Map<Format, Promise<Written>>()
  const write = (format: Format): Promise<Written> => {
    let writing = underWay.get(format)
    if (writing === undefined) {
      writing = rage.metrics
        .read()
        .then((snapshots) => exposition.write(snapshots, format))
        .finally(() => underWay.delete(format))
      underWay.set(format, writing)
    }
    return writing
  }

  return (req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD')
      return refuse(res, 405, 'Method Not Allowed')
    }
    if (token !== null && !isAllowed(req.headers.authorization, token)) {
      res.setHeader('WWW-Authenticate', 'Bearer')
      return refuse(res, 401, 'Unauthorized')
    }
    write(formatFor(req.headers.accept)).then(
      ({ contentType, body }) => {
        res.setHeader('Cache-Control', 'no-store')
        res.setHeader('Vary', 'Accept')
        send(res, 200, contentType, body, req.method === 'HEAD')
      },
      (error) => {
        rage.errors.report(error, { endpoint: 'prometheus' })
        refuse(res, 500, 'The metrics could not be read.')
      },
    )
  }
}

function isAllowed(header: string | undefined, token: string): boolean {
  const [, given] = /^bearer +(.+)$/i.exec(header ?? '') ?? []
  return given !== undefined && secureCompare(given.trim(), token)
}

function refuse(res: ServerResponse, status: number, text: string): void {
  send(res, status, 'text/plain; charset=utf-8', `${text}\n`, false)
}

function send(res: ServerResponse, status: number, type: string, body: string, isHead: boolean): void {
  if (res.headersSent || res.destroyed) return
  res.statusCode = status
  res.setHeader('Content-Type', type)
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.end(isHead ? undefined : body)
}
