/** Points with handlers around them, and what is warned of meanwhile. */
import {
  type Span,
  type SpanPoint,
  type SpanResult,
  Telemetry,
  TelemetryHandler,
  type TelemetryHandlerClass,
} from '../../../src/telemetry'

export type Call = (span: Span, next: () => Promise<SpanResult>) => unknown

export const facts = { task: 'Mail', queue: 'default', job: '1', attempt: 1, waitedMs: 0 }

let names = 0

/** A handler class of `deferred.*`. Warnings are given once per process and name, so each has a name of its own. */
export function handlerOf(call: Call, name = `Handler${++names}`): TelemetryHandlerClass {
  class Handler extends TelemetryHandler {
    static {
      this.handle('deferred.*')
    }
    override call(span: Span, next: () => Promise<SpanResult>): unknown {
      return call(span, next)
    }
  }
  Object.defineProperty(Handler, 'name', { value: name })
  return Handler
}

export function pointWith(...calls: Call[]): SpanPoint<'deferred.task.process'> {
  return pointOf(...calls.map((call) => handlerOf(call)))
}

export function pointOf(...handlers: TelemetryHandlerClass[]): SpanPoint<'deferred.task.process'> {
  const telemetry = new Telemetry()
  const point = telemetry.point('deferred.task.process')
  for (const handler of handlers) telemetry.register(handler)
  telemetry.compile()
  return point
}

/** What `work` causes: warnings of handlers, and rejections that nobody handles. */
export async function troubleOf(work: () => unknown): Promise<{ warnings: string[]; unhandled: unknown[] }> {
  const warnings: string[] = []
  const unhandled: unknown[] = []
  const hear = (warning: Error & { code?: string }): void => {
    if (warning.code === 'RAGE_W002') warnings.push(warning.message)
  }
  const catchAll = (error: unknown): void => void unhandled.push(error)
  process.on('warning', hear)
  process.on('unhandledRejection', catchAll)
  try {
    await work()
    // Warnings come on the next tick, unhandled rejections after the microtasks.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    return { warnings, unhandled }
  } finally {
    process.off('warning', hear)
    process.off('unhandledRejection', catchAll)
  }
}
