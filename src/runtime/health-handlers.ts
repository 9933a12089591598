/**
 * `rage.live()` and `rage.ready()`: handlers for probes, in the form that Express, Connect and `http` share. They answer in every
 * phase, also where owned routes do not: that is what they are for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { anyValue, defineOptions, resolveOptions } from '../kernel'
import { silenceRequest } from '../logger'
import { type Health, jobsLeftCode } from './health'
import type { CheckProblem, HealthChecks } from './health-checks'

export interface ProbeOptions {
  /**
   * Whether messages are shown, which may hold hosts, paths and errors: to everybody, to nobody, or to requests for which the
   * function answers `true`. Without, only codes are. @defaultValue `false`; `true` in development
   */
  details?: boolean | 'auto' | ((req: IncomingMessage) => boolean)
}

export const probeOptions = defineOptions<ProbeOptions>({
  details: anyValue<boolean | 'auto' | ((req: IncomingMessage) => boolean)>(
    'auto',
    'true, false or a function',
    (value) => typeof value === 'boolean' || typeof value === 'function' || value === 'auto',
  ),
})

/** A handler for a probe; it never calls `next`. */
export type Probe = (req: IncomingMessage, res: ServerResponse) => void

interface Parts {
  readonly health: () => Health
  readonly checks: HealthChecks
  readonly isDevelopment: boolean
}

const probes = new WeakSet<object>()

/** Such a handler answers as an owned route too while nothing else is served. */
export function isProbe(handler: object | null): boolean {
  return handler !== null && probes.has(handler)
}

/** @throws UnknownOptionError, InvalidOptionError */
export function createProbe(kind: 'live' | 'ready', options: ProbeOptions | undefined, parts: Parts): Probe {
  const { details } = resolveOptions(probeOptions, options, kind)
  const shows = details === 'auto' ? parts.isDevelopment : details
  const isLive = kind === 'live'
  const probe: Probe = (req, res) => {
    const own = isLive ? [] : parts.health().problems.filter(({ code }) => code !== jobsLeftCode)
    const answer = (found: readonly CheckProblem[]): void =>
      answerProbe(req, res, { kind, problems: [...own, ...found], shows })
    if (parts.checks.isEmpty(isLive)) answer([])
    else void parts.checks.problems(isLive).then(answer)
  }
  probes.add(probe)
  return probe
}

/** Seconds a client is asked to wait before it asks again. */
const retryAfterSeconds = '5'

interface Answer {
  readonly kind: 'live' | 'ready'
  readonly problems: readonly CheckProblem[]
  readonly shows: boolean | ((req: IncomingMessage) => boolean)
}

function answerProbe(req: IncomingMessage, res: ServerResponse, { kind, problems, shows }: Answer): void {
  // A time limit of the app has answered, or the client is gone.
  if (res.headersSent || res.writableEnded || res.destroyed) return
  const isOk = problems.length === 0
  const body = Buffer.from(
    JSON.stringify(isOk ? { status: kind } : unavailable(problems, isShown(shows, req))),
  )
  res.statusCode = isOk ? 200 : 503
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Content-Length', body.length)
  if (isOk) silenceRequest(res)
  else res.setHeader('Retry-After', retryAfterSeconds)
  if (req.method === 'HEAD') res.end()
  else res.end(body)
}

function unavailable(problems: readonly CheckProblem[], withDetails: boolean): object {
  const reasons = problems.map(({ code }) => code)
  if (!withDetails) return { status: 'unavailable', reasons }
  const details = Object.fromEntries(problems.map(({ code, message }) => [code, message]))
  return { status: 'unavailable', reasons, details }
}

/** A function that fails shows nothing. */
function isShown(shows: Answer['shows'], req: IncomingMessage): boolean {
  if (typeof shows === 'boolean') return shows
  try {
    return shows(req) === true
  } catch {
    return false
  }
}
