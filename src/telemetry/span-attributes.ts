/**
 * The contract of spans: which operations have one, what is known when it starts (`SpanAttributes`) and what is known
 * only when it has ended (`SpanOutcomes`). Names and keys are public and never change; migration-guide/telemetry.md
 * has the same table, and a test that provokes every span keeps the two equal.
 */

export interface SpanAttributes {
  /** An owned route is served: callbacks, action and response, or a handler in Express's form until its response is over. */
  'controller.action.process': {
    readonly method: string
    /** The pattern: `/orders/:id`. */
    readonly route: string
    /** `null` = the target is a handler in Express's form, or a mount. */
    readonly controller: string | null
    readonly action: string | null
    readonly arm: 'rage'
  }
  /** Jobs of one call of `enqueue` are written to the log, or to the engine. Jobs held back have none until they are released. */
  'deferred.task.enqueue': {
    readonly task: string
    readonly queue: string
    readonly jobs: number
    /** The id of the first, or only, job. */
    readonly job: string
  }
  /** One attempt of a job. */
  'deferred.task.process': {
    readonly task: string
    readonly queue: string
    readonly job: string
    /** From 1. */
    readonly attempt: number
    /** Milliseconds the job waited since it was due. */
    readonly waitedMs: number
  }
  /** `perform` reported how far it got; of no duration, a few times a second at most. */
  'deferred.task.progress': {
    readonly task: string
    readonly job: string
    readonly attempt: number
    /** What `perform` gave, as JSON carries it. */
    readonly value: unknown
  }
  /** An event goes to its subscribers; ends when those of this process have ended and the jobs of the others are durable. */
  'events.event.publish': {
    readonly event: string
    /** Called in this process. */
    readonly subscribers: number
    /** Run as jobs. */
    readonly deferred: number
  }
  /** One subscriber is called. An error that its `rescueFrom` takes is an error of the span all the same. */
  'events.subscriber.process': {
    readonly event: string
    readonly subscriber: string
    /** Runs as a job. */
    readonly deferred: boolean
  }
  /** A client asks for a WebSocket, until it is accepted or refused. */
  'cable.websocket.handshake': {
    readonly path: string
  }
  /** A hook of a connection runs. */
  'cable.connection.process': {
    readonly connection: string
    readonly hook: 'connect' | 'disconnect'
  }
  /** An action or hook of a channel runs. */
  'cable.action.process': {
    readonly channel: string
    readonly action: string
  }
  /** A message goes to a stream. */
  'cable.stream.broadcast': {
    readonly stream: string
  }
  /** One piece of `rage.all` runs. */
  'core.task.spawn': {
    /** From 0. */
    readonly index: number
  }
  /** `rage.all` waits for its pieces. */
  'core.task.await': {
    readonly tasks: number
  }
  /** Reserved: nothing gives this span yet. */
  'sse.stream.process': Readonly<Record<string, unknown>>
  /** Reserved: nothing gives this span yet. */
  'sse.stream.broadcast': Readonly<Record<string, unknown>>
  /** Reserved: nothing gives this span yet. */
  'cutover.route.decide': Readonly<Record<string, unknown>>
  /** Reserved: nothing gives this span yet. */
  'cutover.shadow.compare': Readonly<Record<string, unknown>>
}

/** The operations that exist. */
export type SpanName = keyof SpanAttributes

/** What became of an attempt. `released`: given back unharmed, by a drain or a rate limit, or because it could not be read here. */
export type AttemptEnd = 'done' | 'retry' | 'dead' | 'released'

/** What is known at the end besides error and duration; spans that are not listed have nothing. */
export interface SpanOutcomes {
  'controller.action.process': {
    /** `null` = not answered yet: the error goes to the host, which answers it, or the request was passed on. */
    readonly status: number | null
    /** A middleware or handler left the request to the rest of the app, with `next()` or `next('route')`. */
    readonly isPassedOn: boolean
  }
  'deferred.task.process': {
    readonly end: AttemptEnd
  }
  'cable.websocket.handshake': {
    /** 101 = accepted. */
    readonly status: number
    /** Why it was refused: the code of an error, or `null`. */
    readonly code: string | null
  }
  'cable.stream.broadcast': {
    /** Subscriptions of this process that receive the stream. */
    readonly receivers: number
  }
}

/** Typed by the name of the span; `{}` where nothing is known. */
export type SpanOutcome<Name extends SpanName> = Name extends keyof SpanOutcomes
  ? SpanOutcomes[Name]
  : Readonly<Record<string, never>>

/** Every name, for patterns to be checked against. */
export const spanNames: readonly SpanName[] = Object.keys({
  'controller.action.process': true,
  'deferred.task.enqueue': true,
  'deferred.task.process': true,
  'deferred.task.progress': true,
  'events.event.publish': true,
  'events.subscriber.process': true,
  'cable.websocket.handshake': true,
  'cable.connection.process': true,
  'cable.action.process': true,
  'cable.stream.broadcast': true,
  'core.task.spawn': true,
  'core.task.await': true,
  'sse.stream.process': true,
  'sse.stream.broadcast': true,
  'cutover.route.decide': true,
  'cutover.shadow.compare': true,
} satisfies Record<SpanName, true>) as SpanName[]
