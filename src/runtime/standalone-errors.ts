/**
 * The exception app: the answer to an error that nothing rescued, where no Express is there to give one.
 * Clients that ask for HTML or text get that, everybody else a problem document (RFC 9457). The status comes from
 * the error (`status` or `statusCode`, as http-errors and RageError have it), its message is told only for
 * client errors or with `expose`, its stack only in development. Server errors are reported once.
 */
import { STATUS_CODES } from 'node:http'
import { type Context, runInContext } from '../context'
import type { Request, Response } from '../http'
import { RageError, showable } from '../kernel'
import type { ErrorFacts, ErrorReports } from '../telemetry'
import type { Fail } from './host'

interface Parts {
  readonly errors: ErrorReports
  /** Details, stack included, are told to the client. */
  readonly showsDetails: boolean
  readonly contextOf: (req: Request) => Context
  /** What is known of the request, for the report. */
  readonly factsOf: (req: Request) => ErrorFacts
  /** Asked for each answer: a drained process wants its connections closed. */
  readonly isDraining: () => boolean
}

/** What a client is told. */
interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly code?: string
  readonly requestId: string
  readonly stack?: string
}

/** Headers that describe a body or a copy that will not be sent. */
const ofAnotherBody = [
  'Content-Encoding',
  'Content-Language',
  'Content-Range',
  'Content-Disposition',
  'Transfer-Encoding',
  'ETag',
  'Last-Modified',
  'Cache-Control',
  'Expires',
]

export function createExceptionApp({ errors, showsDetails, contextOf, factsOf, isDraining }: Parts): Fail {
  return (req, res, error) => {
    const status = statusOf(error)
    const context = contextOf(req)
    const { requestId } = context
    // 503 while draining or not booted is said once in the log, not for each request.
    if (status >= 500 && !isExpected(error)) {
      runInContext(context, () => {
        // It stands in the log now: the line of the request only says that it failed.
        if (errors.reportOnce(error, { ...factsOf(req), status }, true)) res.err = undefined
      })
    }
    if (res.writableEnded) return
    if (res.headersSent) {
      // Half an answer must not look like a whole one.
      res.destroy()
      return
    }
    for (const name of ofAnotherBody) res.removeHeader(name)
    setHeadersOf(error, res)
    if (isDraining()) res.setHeader('Connection', 'close')
    const problem = problemOf(error, { status, requestId, showsDetails })
    const [type, body] = written(problem, req.headers.accept)
    res.statusCode = status
    // HTTP/2 has none, and warns.
    if (req.httpVersionMajor < 2) res.statusMessage = ''
    res.setHeader('Content-Type', type)
    res.setHeader('Content-Security-Policy', "default-src 'none'")
    res.setHeader('X-Content-Type-Options', 'nosniff')
    res.setHeader('Content-Length', Buffer.byteLength(body))
    if (!varies(res)) res.appendHeader('Vary', 'Accept')
    if (req.method === 'HEAD') res.end()
    else res.end(body)
  }
}

/** As Express's last layer decides it: what is no error status is 500. */
function statusOf(error: unknown): number {
  return ownStatusOf(error) ?? 500
}

function ownStatusOf(error: unknown): number | null {
  for (const name of ['status', 'statusCode'] as const) {
    const status = memberOf(error, name)
    if (typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599)
      return status
  }
  return null
}

function isExpected(error: unknown): boolean {
  return error instanceof RageError && error.status === 503
}

function problemOf(
  error: unknown,
  { status, requestId, showsDetails }: { status: number; requestId: string; showsDetails: boolean },
): Problem {
  const expose = memberOf(error, 'expose')
  const isTold = showsDetails || (typeof expose === 'boolean' ? expose : status < 500)
  const message = memberOf(error, 'message')
  const stack = memberOf(error, 'stack')
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? (status < 500 ? 'Client Error' : 'Server Error'),
    status,
    ...(isTold && { detail: typeof message === 'string' ? message : String(showable(error)) }),
    // Codes of rage-js are public; those of others (ECONNREFUSED) tell of the inside.
    ...(error instanceof RageError && { code: error.code }),
    requestId,
    ...(showsDetails && status >= 500 && typeof stack === 'string' && { stack }),
  }
}

/** The body in the form the client likes best. @returns its type and text */
function written(problem: Problem, accept: string | undefined): readonly [string, string] {
  const form = preferred(accept)
  if (form === 'json') return ['application/problem+json; charset=utf-8', JSON.stringify(problem)]
  const lines = [`${problem.status} ${problem.title}`]
  if (problem.detail !== undefined) lines.push(problem.detail)
  if (problem.stack !== undefined) lines.push(problem.stack)
  lines.push(`Request ${problem.requestId}`)
  if (form === 'text') return ['text/plain; charset=utf-8', `${lines.join('\n\n')}\n`]
  const [title, ...rest] = lines.map(escapeHtml)
  return [
    'text/html; charset=utf-8',
    `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>${title}</title>\n</head>\n<body>\n<h1>${title}</h1>\n${rest.map((line) => `<pre>${line}</pre>`).join('\n')}\n</body>\n</html>\n`,
  ]
}

const forms = {
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'text/*': 'html',
  'text/plain': 'text',
  'application/json': 'json',
  'application/problem+json': 'json',
  'application/*': 'json',
  '*/*': 'json',
} as const

/**
 * The known type with the highest quality, the first named of equals. Not the full negotiation: an error is
 * answered in some form even where none is acceptable.
 */
function preferred(accept: string | undefined): 'html' | 'text' | 'json' {
  let best: 'html' | 'text' | 'json' = 'json'
  let quality = 0
  for (const range of accept?.toLowerCase().split(',', 32) ?? []) {
    const [type = '', ...parameters] = range.split(';')
    const name = type.trim()
    if (!Object.hasOwn(forms, name)) continue
    const given = parameters.find((parameter) => parameter.trim().startsWith('q='))
    const q = given === undefined ? 1 : Number(given.trim().slice(2))
    if (!(q > quality)) continue
    quality = q
    best = forms[name as keyof typeof forms]
  }
  return best
}

/** Headers an error carries, as those of http-errors do. */
function setHeadersOf(error: unknown, res: Response): void {
  // As Express: an error without a status was not made to be answered, nor were its headers.
  const headers = ownStatusOf(error) === null ? null : memberOf(error, 'headers')
  if (typeof headers !== 'object' || headers === null) return
  for (const [name, value] of Object.entries(headers)) {
    try {
      res.setHeader(name, value)
    } catch {
      // Not a header; the error stays what it is.
    }
  }
}

function varies(res: Response): boolean {
  return /(?:^|,)\s*(?:\*|accept)\s*(?:,|$)/i.test(String(res.getHeader('Vary') ?? ''))
}

/** Anything may have been thrown, objects whose getters throw included. */
function memberOf(error: unknown, name: string): unknown {
  if (typeof error !== 'object' || error === null) return undefined
  try {
    return (error as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
