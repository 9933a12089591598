/** Errors of events: registration, publishing to deferred subscribers, performing them later. */
import { inspect } from 'node:util'
import { defineError } from '../kernel'

/** Something other than an instance of a class was published. */
export class NotAnEventError extends defineError('RAGE_EVENTS_NOT_AN_EVENT', {
  what: (f: { given: unknown }) =>
    `${inspect(f.given, { depth: 0, breakLength: Infinity })} was published; an event is an instance of a class.`,
  fix: 'Publish an instance: await rage.events.publish(new OrderPlaced(order)).',
}) {}

/** A subscriber class that cannot work was registered. */
export class InvalidSubscriberError extends defineError('RAGE_EVENTS_INVALID_SUBSCRIBER', {
  what: (f: { subscriber: string; reason: string }) => `Subscriber "${f.subscriber}" ${f.reason}.`,
  fix: 'It needs "static on = [SomeEvent]" with classes or traits, a method call(event, { context }) and every method it names.',
}) {}

/** A deferred subscriber was registered in a runtime without a queue. */
export class NoDeferralError extends defineError('RAGE_EVENTS_NO_QUEUE', {
  what: (f: { subscriber: string }) =>
    `Subscriber "${f.subscriber}" is deferred, but this runtime has no queue of jobs.`,
  fix: 'Enable deferred in createRage, or remove "static deferred = true".',
}) {}

/** Deferred subscribers of a published event are not in the queue; every other subscriber has run. */
export class DeferredSubscriberError extends defineError('RAGE_EVENTS_NOT_ENQUEUED', {
  what: (f: { event: string; subscribers: readonly string[] }) =>
    `"${f.event}" was published, but no job was written for its deferred ${f.subscribers.map((name) => `"${name}"`).join(', ')}.`,
  fix: 'See the cause. The other subscribers have run: enqueue only the missing ones again.',
}) {}

/** Subscribers publish events whose subscribers publish them again. */
export class PublishCircleError extends defineError('RAGE_EVENTS_CIRCLE', {
  what: (f: { event: string; deep: number }) =>
    `"${f.event}" was published inside of ${f.deep} publishes, each by a subscriber of the one before.`,
  fix: 'Look with "rage events" for subscribers that publish what leads back to them, and let one of them not do so.',
}) {}

/** An event for a deferred subscriber has a value that would not come back as it was. */
export class NotRevivableError extends defineError('RAGE_EVENTS_NOT_REVIVABLE', {
  what: (f: { event: string; path: string; problem: string }) =>
    `"${f.event}" cannot travel into a job: ${f.path} ${f.problem}.`,
  fix: (f) =>
    `Give ${f.event} a toJSON() and a "static revive(json)" that returns the event, or declare the class of the value: rage.deferred.codec(name, { type, encode, decode }).`,
}) {}

/** A job's event came back as something that is no instance of its class. */
export class BadReviveError extends defineError('RAGE_EVENTS_BAD_REVIVE', {
  what: (f: { event: string; given: unknown }) =>
    `"static revive" of "${f.event}" gave ${inspect(f.given, { depth: 0, breakLength: Infinity })}, which is no ${f.event}.`,
  fix: 'Return an instance of the class: static revive(json) { return new this(json) }.',
}) {}

/** A job is for a subscriber class that is not registered. The job is kept. */
export class UnknownSubscriberError extends defineError('RAGE_EVENTS_UNKNOWN_SUBSCRIBER', {
  what: (f: { subscriber: string; event: string; hint: string }) =>
    `A job delivers "${f.event}" to the subscriber "${f.subscriber}", which is not registered.${f.hint}`,
  fix: 'Register the class before boot, or discard the job with "rage jobs". It is kept until then.',
}) {}

/** A job holds an event of a class that this process has not seen. The job is kept. */
export class UnknownEventError extends defineError('RAGE_EVENTS_UNKNOWN_EVENT', {
  what: (f: { subscriber: string; event: string; hint: string }) =>
    `A job of the subscriber "${f.subscriber}" holds an event "${f.event}", and no class of that name is known.${f.hint}`,
  fix: (f) => `Call rage.events.declare(${f.event}) before boot, or discard the job with "rage jobs".`,
}) {}
