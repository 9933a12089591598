/** The telemetry of one runtime: its span points and who listens to them. */
import { didYouMean, RegistrationClosedError } from '../kernel'
import { Complaints } from './complaints'
import { IdleHandlerError, IncompleteHandlerError, UnknownSpanError } from './errors'
import { HandlerListener } from './handler-listener'
import { matches } from './pattern'
import type { Listening } from './running-span'
import { type SpanName, spanNames } from './span-attributes'
import type { SpanListener } from './span-listener'
import { SpanPoint } from './span-point'
import type { Selection, TelemetryHandlerClass } from './telemetry-handler'

interface Registered {
  readonly selections: readonly Selection[]
  readonly listening: () => Listening
}

export class Telemetry {
  readonly #points = new Map<SpanName, SpanPoint>()
  readonly #registered: Registered[] = []
  #isCompiled = false

  /** The point of that name; rooms ask once, when they are made. */
  point<Name extends SpanName>(name: Name): SpanPoint<Name> {
    let point = this.#points.get(name)
    if (point === undefined) this.#points.set(name, (point = new SpanPoint<SpanName>(name)))
    return point as unknown as SpanPoint<Name>
  }

  /** @throws IdleHandlerError, IncompleteHandlerError, UnknownSpanError; RegistrationClosedError after boot. */
  register(handler: TelemetryHandlerClass): void {
    // A field, `call = async () => …`, is seen on instances only.
    const early = typeof handler.prototype.call === 'function' ? null : new handler()
    if (early !== null && typeof early.call !== 'function')
      throw new IncompleteHandlerError({ handler: handler.name })
    this.#add(handler.name, {
      selections: handler.selections,
      listening: () => {
        const listener = new HandlerListener(early ?? new handler())
        // Its `span` and state are those it made itself.
        return { listener: listener as unknown as SpanListener, complaints: listener.complaints }
      },
    })
  }

  /** For metrics and exporters; they hear in the order of registration, like handlers. @throws as `register` */
  listen<Name extends SpanName, State>(listener: SpanListener<Name, State>): void {
    const { name, spans, except = [] } = listener
    const complaints = new Complaints(`listener ${name}`)
    // It only ever gets spans it asked for, and its own states.
    const listening = { listener: listener as unknown as SpanListener, complaints }
    this.#add(name, { selections: [{ spans, except }], listening: () => listening })
  }

  /** Settles, per point, who listens. Called at boot. */
  compile(): void {
    this.#isCompiled = true
    const all = this.#registered.map(({ selections, listening }) => ({ selections, listening: listening() }))
    for (const point of this.#points.values()) {
      const heard = all.filter(({ selections }) => selections.some((one) => selects(one, point.name)))
      point.compile(heard.map(({ listening }) => listening))
    }
  }

  #add(name: string, registered: Registered): void {
    if (this.#isCompiled) throw new RegistrationClosedError({ kind: 'telemetry handler', name })
    if (registered.selections.every(({ spans }) => spans.length === 0))
      throw new IdleHandlerError({ handler: name })
    for (const { spans, except } of registered.selections)
      for (const pattern of [...spans, ...except]) refuseUnknown(name, pattern)
    this.#registered.push(registered)
  }
}

function selects({ spans, except }: Selection, name: SpanName): boolean {
  return spans.some((pattern) => matches(pattern, name)) && !except.some((pattern) => matches(pattern, name))
}

function refuseUnknown(handler: string, pattern: string): void {
  if (spanNames.some((name) => matches(String(pattern), name))) return
  throw new UnknownSpanError({ handler, pattern, hint: didYouMean(String(pattern), spanNames) })
}
