/** An events room with everything around it real but the queue, which a test can look into. */
import { Codecs } from '../../src/codec'
import { type Deferral, type EventData, Events, type SubscriberClass } from '../../src/events'
import { Scope } from '../../src/kernel'
import { type ErrorFacts, ErrorReports, Telemetry, type TelemetryHandlerClass } from '../../src/telemetry'
import { FakeClock } from '../../src/testing'

export interface Job {
  readonly subscriber: string
  readonly event: string
  readonly data: EventData
}

export interface Room {
  readonly events: Events
  readonly scope: Scope
  readonly jobs: Job[]
  /** What was logged as a warning: fields and message. */
  readonly warnings: unknown[][]
  readonly reports: { readonly error: unknown; readonly facts: ErrorFacts }[]
}

interface RoomOptions {
  readonly scope?: Scope
  /** `null`: the runtime has no queue. Default: jobs are kept in `room.jobs`. */
  readonly deferral?: Pick<Deferral, 'enqueue'> | null
  readonly handlers?: readonly TelemetryHandlerClass[]
}

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} }

/** Not booted; `subscribers` are registered. */
export function makeRoom(subscribers: readonly SubscriberClass[], options: RoomOptions = {}): Room {
  const jobs: Job[] = []
  const codecs = new Codecs()
  const queue: RoomOptions['deferral'] = {
    enqueue: async (subscriber, event, data) => {
      // As a log does.
      jobs.push({ subscriber, event, data: codecs.decode(codecs.encode(data)) as EventData })
    },
  }
  const errors = new ErrorReports(silent)
  const reports: Room['reports'] = []
  errors.register((error, facts) => void reports.push({ error, facts }))
  const telemetry = new Telemetry()
  for (const handler of options.handlers ?? []) telemetry.register(handler)
  const warnings: unknown[][] = []
  const logger = { ...silent, warn: (...line: unknown[]) => void warnings.push(line) }
  const scope = options.scope ?? new Scope('test')
  const deferral = options.deferral === undefined ? queue : options.deferral
  const events = new Events({
    scope,
    clock: new FakeClock(),
    logger,
    telemetry,
    errors,
    deferral: deferral === null ? null : { register: () => undefined, ...deferral },
    codecs,
  })
  for (const subscriber of subscribers) events.register(subscriber)
  telemetry.compile()
  return { events, scope, jobs, reports, warnings }
}

export async function bootRoom(
  subscribers: readonly SubscriberClass[],
  options: RoomOptions = {},
): Promise<Room> {
  const room = makeRoom(subscribers, options)
  await room.events.service.boot()
  room.events.service.serve()
  return room
}
