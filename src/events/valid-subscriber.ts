/** What a subscriber class must be like to be registered, beyond what the types say. */
import { InvalidSubscriberError } from './errors'
import { rescuesOf } from './rescue'
import { Subscriber, type SubscriberClass } from './subscriber'
import { isTrait } from './trait'

/** @throws InvalidSubscriberError */
export function refuseInvalid(type: SubscriberClass): void {
  const refuse = (reason: string): never => {
    throw new InvalidSubscriberError({ subscriber: type?.name || 'anonymous class', reason })
  }
  if (typeof type !== 'function' || !(type.prototype instanceof Subscriber))
    refuse('does not extend Subscriber')
  if (type.name === '') refuse('needs a name')
  if (!Array.isArray(type.on) || type.on.length === 0) refuse('has no events in "static on"')
  const odd = type.on.findIndex((wanted) => !isClass(wanted))
  if (odd !== -1)
    refuse(`has ${nameOf(type.on[odd])} at on[${odd}], not a class (do two files import each other?)`)
  if (typeof type.prototype.call !== 'function') refuse('has no method call(event, meta)')
  for (const { types, handler } of rescuesOf(type)) {
    const isMissing =
      typeof handler === 'string' && typeof Reflect.get(type.prototype, handler) !== 'function'
    if (isMissing) refuse(`has no method "${handler}" for its rescueFrom`)
    if (typeof handler !== 'string' && typeof handler !== 'function')
      refuse(
        `has a rescueFrom whose handler is ${String(handler)}, neither a function nor the name of a method`,
      )
    const strange = types.findIndex((one) => !isClass(one))
    if (types.length === 0 || strange !== -1)
      refuse(`has a rescueFrom of ${nameOf(types[strange])}, not a class (do two files import each other?)`)
  }
}

/** Whether `instanceof` may have it to its right: an arrow function, for one, throws there. */
function isClass(value: unknown): boolean {
  return typeof value === 'function' && (isTrait(value) || typeof value.prototype === 'object')
}

function nameOf(value: unknown): string {
  return typeof value === 'function' ? `the function "${value.name}"` : String(value)
}
