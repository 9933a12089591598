/**
 * How each operation of the runtime appears in a trace: name, kind and attributes of its span. Jobs follow the semantic
 * conventions for messaging, messages of clients of the cable those for RPC: for WebSockets there are none.
 */
import type { SpanAttributes, SpanName, SpanOutcome } from '../../src/telemetry'
import type { Api, Attributes, SpanOptions } from './api'

/** How a span begins. */
export interface Shape {
  readonly name: string
  readonly kind: NonNullable<SpanOptions['kind']>
  readonly attributes: Attributes
  /**
   * `inner`: a child of the span that is active. `job`: of its own, caused by the span that enqueued it. `message`: of its
   * own, of a connection that was opened by a handshake.
   */
  readonly place: 'inner' | 'job' | 'message'
}

type ShapeOf<Name extends SpanName> = (attributes: Readonly<SpanAttributes[Name]>) => Shape

/** Without `cable.websocket.handshake`, which is the request's own span, and `deferred.task.progress`, an event of one. */
export type ShapedName = Exclude<SpanName, 'cable.websocket.handshake' | 'deferred.task.progress'>

export type Shapes = { readonly [Name in ShapedName]: ShapeOf<Name> }

export function createShapes({ SpanKind }: Api): Shapes {
  const inner = (name: string, attributes: Attributes): Shape => ({
    name,
    kind: SpanKind.INTERNAL,
    attributes,
    place: 'inner',
  })
  const reserved = (name: string) => (): Shape => inner(name, {})
  return {
    'controller.action.process': ({ route, controller, action }) =>
      controller === null
        ? inner(`handler ${route}`, {})
        : inner(`${controller}#${action}`, { 'code.function.name': `${controller}.${action}` }),
    'deferred.task.enqueue': ({ task, queue, jobs, job }) => ({
      name: `enqueue ${task}`,
      kind: SpanKind.PRODUCER,
      attributes: {
        ...messaging('send', 'enqueue', queue),
        ...(jobs === 1 ? { 'messaging.message.id': job } : { 'messaging.batch.message_count': jobs }),
        'rage.task': task,
      },
      place: 'inner',
    }),
    'deferred.task.process': ({ task, queue, job, attempt, waitedMs }) => ({
      name: `process ${task}`,
      kind: SpanKind.CONSUMER,
      attributes: {
        ...messaging('process', 'process', queue),
        'messaging.message.id': job,
        'rage.task': task,
        'rage.job.attempt': attempt,
        'rage.job.waited_ms': waitedMs,
      },
      place: 'job',
    }),
    'events.event.publish': ({ event, subscribers, deferred }) =>
      inner(`publish ${event}`, {
        'rage.event': event,
        'rage.event.subscribers': subscribers,
        'rage.event.deferred': deferred,
      }),
    'events.subscriber.process': ({ event, subscriber, deferred }) =>
      inner(`${subscriber}#call`, {
        'code.function.name': `${subscriber}.call`,
        'rage.event': event,
        'rage.subscriber.deferred': deferred,
      }),
    'cable.connection.process': ({ connection, hook }) => ({
      ...inner(`${connection}#${hook}`, { 'code.function.name': `${connection}.${hook}` }),
      // The handshake is over when a client goes.
      place: hook === 'connect' ? 'inner' : 'message',
    }),
    'cable.action.process': ({ channel, action }) => ({
      name: `${channel}/${action}`,
      kind: SpanKind.SERVER,
      attributes: {
        'rpc.system.name': 'actioncable',
        'rpc.method': `${channel}/${action}`,
        'network.protocol.name': 'websocket',
        'code.function.name': `${channel}.${action}`,
      },
      place: 'message',
    }),
    'cable.stream.broadcast': ({ stream }) => ({
      name: 'broadcast',
      kind: SpanKind.PRODUCER,
      // There may be a stream for every user: an attribute, never a part of the name.
      attributes: messaging('send', 'broadcast', stream),
      place: 'inner',
    }),
    'core.task.spawn': ({ index }) => inner('rage.all piece', { 'rage.piece': index }),
    'core.task.await': ({ tasks }) => inner('rage.all', { 'rage.pieces': tasks }),
    'sse.stream.process': reserved('sse.stream.process'),
    'sse.stream.broadcast': reserved('sse.stream.broadcast'),
    'cutover.route.decide': reserved('cutover.route.decide'),
    'cutover.shadow.compare': reserved('cutover.shadow.compare'),
  }
}

/** `messaging.system` is the name that backends know; since 1.43 the registry has `messaging.system.name` in its place. */
function messaging(type: 'send' | 'process', operation: string, destination: string): Attributes {
  return {
    'messaging.system': 'rage',
    'messaging.system.name': 'rage',
    'messaging.operation.type': type,
    'messaging.operation.name': operation,
    'messaging.destination.name': destination,
  }
}

/** What is known only at the end; `null` = nothing that spans have a place for. */
export function outcomeAttributes(name: SpanName, outcome: SpanOutcome<SpanName>): Attributes | null {
  if (name === 'deferred.task.process')
    return { 'rage.job.end': (outcome as SpanOutcome<'deferred.task.process'>).end }
  if (name === 'cable.stream.broadcast')
    return { 'rage.receivers': (outcome as SpanOutcome<'cable.stream.broadcast'>).receivers }
  return null
}
