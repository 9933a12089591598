/** Makes a span of every operation that the runtime tells of, and runs the operation inside of it. */
import { currentContext } from '../../src/context'
import type { Span as Operation, SpanListener, SpanResult } from '../../src/telemetry'
import type { Context, Link, Span, SpanContext } from './api'
import { fail, messageOf } from './failure'
import { createShapes, outcomeAttributes, type Shape, type ShapedName, type Shapes } from './operations'
import type { OpenTelemetryOptions } from './options'
import type { Sdk } from './sdk'
import { Unit, unitOf } from './unit'

/** A span that is under way, and the context in which its operation runs. */
interface Running {
  readonly span: Span
  readonly context: Context
  /** Of a handshake: ends the span of its request. */
  answered?(status: number): void
}

export class OperationSpans implements SpanListener {
  readonly name = 'OpenTelemetry'
  readonly spans = ['*']
  readonly except: readonly string[]
  readonly #sdk: Sdk
  readonly #jobs: OpenTelemetryOptions['jobs']
  readonly #shapes: Shapes

  constructor(sdk: Sdk, { jobs, except }: Required<Pick<OpenTelemetryOptions, 'jobs' | 'except'>>) {
    this.except = except
    this.#sdk = sdk
    this.#jobs = jobs
    this.#shapes = createShapes(sdk.api)
  }

  start(operation: Operation): Running | null {
    if (this.#sdk.tracer === null) return null
    if (operation.name === 'cable.websocket.handshake') return this.#handshakeUnit()
    if (operation.name === 'deferred.task.progress') {
      this.#noteProgress(operation.attributes.value)
      return null
    }
    // Which function goes with which attributes is known to the table, not to the compiler.
    const shapeOf = this.#shapes[operation.name as ShapedName] as (attributes: unknown) => Shape
    return this.#begin(shapeOf(operation.attributes))
  }

  within(_operation: Operation, running: Running | null, proceed: () => void): void {
    if (running === null) proceed()
    else this.#sdk.api.context.with(running.context, proceed)
  }

  end(operation: Operation, { error, outcome }: SpanResult, running: Running | null): void {
    if (running === null) return
    if (running.answered !== undefined)
      return running.answered((outcome as SpanResult<'cable.websocket.handshake'>['outcome']).status)
    const { span } = running
    const attributes = outcomeAttributes(operation.name, outcome)
    if (attributes !== null) span.setAttributes(attributes)
    if (error !== null && attributes?.['rage.job.end'] !== 'released') fail(this.#sdk.api, span, error)
    span.end()
  }

  #begin(shape: Shape): Running | null {
    if (shape.place !== 'inner') return this.#beginUnit(shape)
    const { context, trace } = this.#sdk.api
    const around = context.active()
    const span = this.#sdk.tracer!.startSpan(shape.name, shape, around)
    return this.#sdk.idsOf(span) === null ? null : { span, context: trace.setSpan(around, span) }
  }

  /** Not in what is active: the loop of the queue and the sockets of clients run in the context of whoever woke them. */
  #beginUnit(shape: Shape): Running | null {
    const sdk = this.#sdk
    const { ROOT_CONTEXT, trace } = sdk.api
    const unit = currentContext()
    const cause = shape.place === 'job' ? this.#enqueuer() : this.#handshake()
    const isChild = cause !== null && shape.place === 'job' && this.#jobs === 'child'
    const links: Link[] = cause === null || isChild ? [] : [{ context: cause }]
    const parent = isChild ? trace.setSpanContext(ROOT_CONTEXT, cause) : ROOT_CONTEXT
    const { name, kind, attributes } = shape
    const span = sdk.tracer!.startSpan(name, { kind, attributes, links }, parent)
    if (sdk.idsOf(span) === null) return null
    const running = new Unit(sdk, span, parent)
    if (unit !== null) unit.span = running
    return running
  }

  /** The span that enqueued the job which is about to run. */
  #enqueuer(): SpanContext | null {
    const unit = currentContext()
    if (unit === null) return null
    const { traceId, parentSpanId, sampled, state } = unit.trace
    return parentSpanId === null
      ? null
      : this.#sdk.spanContextOf({ traceId, spanId: parentSpanId, sampled, state }, true)
  }

  /** The span of the request that opened the connection. */
  #handshake(): SpanContext | null {
    const ids = currentContext()?.span?.ids ?? null
    return ids === null ? null : this.#sdk.spanContextOf(ids, false)
  }

  /** A handshake is a request: its socket is the cable's from now on, and no response will say that it is over. */
  #handshakeUnit(): Running | null {
    const unit: Running | null = unitOf(this.#sdk.api.context.active())
    return unit?.answered === undefined ? null : unit
  }

  #noteProgress(value: unknown): void {
    const { context, trace } = this.#sdk.api
    trace.getSpan(context.active())?.addEvent('progress', { 'rage.job.progress': progressText(value) })
  }
}

/** Attributes are texts and numbers. */
function progressText(value: unknown): string | number {
  if (typeof value === 'number' || typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? ''
  } catch (error) {
    return messageOf(error)
  }
}
