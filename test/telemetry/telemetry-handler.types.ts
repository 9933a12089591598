/** What handlers may write: checked by the compiler. */
import { TelemetryHandler } from '../../src'
import type { Span, SpanName, SpanResult } from '../../src/telemetry'

type Next<Name extends SpanName> = () => Promise<SpanResult<Name>>

// Of one span: attributes and outcome are those of its name.
export class Attempts extends TelemetryHandler<'deferred.task.process'> {
  static {
    this.handle('deferred.task.process')
  }
  override async call(span: Span<'deferred.task.process'>, next: Next<'deferred.task.process'>) {
    const waited: number = span.attributes.waitedMs
    const { outcome } = await next()
    const end: 'done' | 'retry' | 'dead' | 'released' = outcome.end
    // @ts-expect-error no such attribute
    span.attributes.channel
    // @ts-expect-error attributes are not for changing
    span.attributes.task = 'other'
    // @ts-expect-error no such fact at the end
    outcome.status
    return [waited, end]
  }
}

// Of several: narrowed by the name.
export class Several extends TelemetryHandler<'cable.stream.broadcast' | 'core.task.await'> {
  override call(span: Span<'cable.stream.broadcast' | 'core.task.await'>) {
    if (span.name === 'core.task.await') return span.attributes.tasks.toFixed()
    // @ts-expect-error that of the other
    span.attributes.tasks
    return span.attributes.stream.toUpperCase()
  }
}

// Of all, which is the default.
export class All extends TelemetryHandler {
  static {
    this.handle('deferred.*', '*.process', '*', { except: ['deferred.task.progress', 'cable.*'] })
    // @ts-expect-error misspelt
    this.handle('deferred.task.enqeue')
    // @ts-expect-error no such option
    this.handle('*', { only: 'cable.*' })
  }
  override async call(span: Span, next: Next<SpanName>) {
    if (span.name === 'controller.action.process') return span.attributes.controller?.length
    // @ts-expect-error not every span has it
    span.attributes.task
    const { error, durationMs } = await next()
    return [error, durationMs.toFixed()]
  }
}
