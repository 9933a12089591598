/** The telemetry of one runtime: its span points and the handlers registered for them. */
import { RegistrationClosedError } from '../kernel'
import { type SpanName, SpanPoint, type TelemetryHandlerClass } from './span'

export class Telemetry {
  readonly #points = new Map<SpanName, SpanPoint>()
  readonly #handlers: TelemetryHandlerClass[] = []
  #compiled = false

  /** The point of that name; rooms ask once, when they are made. */
  point(name: SpanName): SpanPoint {
    let point = this.#points.get(name)
    if (point === undefined) this.#points.set(name, (point = new SpanPoint(name)))
    return point
  }

  /** @throws RegistrationClosedError after boot. */
  register(handler: TelemetryHandlerClass): void {
    if (this.#compiled) throw new RegistrationClosedError({ kind: 'telemetry handler', name: handler.name })
    this.#handlers.push(handler)
  }

  /** Settles, per point, who listens. Called at boot. */
  compile(): void {
    this.#compiled = true
    const handlers = this.#handlers.map((handler) => new handler())
    for (const point of this.#points.values()) point.compile(handlers)
  }
}
