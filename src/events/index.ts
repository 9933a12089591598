/**
 * events: typed domain events and who reacts to them, in this process or as jobs. Every subscriber is called
 * and none can fail the publisher. It stores nothing: deferred subscribers wait in the queue handed in.
 */

export type { Deferral } from './deferral'
export {
  BadReviveError,
  DeferredSubscriberError,
  InvalidSubscriberError,
  NoDeferralError,
  NotAnEventError,
  NotRevivableError,
  PublishCircleError,
  UnknownEventError,
  UnknownSubscriberError,
} from './errors'
export { Events, type EventsWorld, type PublishOptions } from './events'
export { formatEvents } from './format-events'
export type { EventContext, PublishContext } from './publish-context'
export { type EventClass, type EventMeta, type Fitting, Subscriber, type SubscriberClass } from './subscriber'
export { type Trait, type TraitBase, trait } from './trait'
export type { EventData } from './travel'
export type { EventNode, SubscriberNode } from './tree'
