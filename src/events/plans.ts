/** The plans of event classes, made when one of the class is published for the first time and kept. */
import { LifecycleError, warnOnce } from '../kernel'
import { NotAnEventError } from './errors'
import type { EventPlan } from './plan'
import type { EventClass } from './subscriber'

/** No application has as many; one that makes a class per request would. */
const mostKept = 10_000

export class Plans {
  readonly #make: (type: EventClass) => EventPlan
  readonly #phase: () => string
  readonly #kept = new Map<EventClass, EventPlan>()
  #isOpen = false

  constructor(make: (type: EventClass) => EventPlan, phase: () => string) {
    this.#make = make
    this.#phase = phase
  }

  /** From here on there are plans. */
  open(): void {
    this.#isOpen = true
  }

  /** Plans are given out no more. */
  close(): void {
    this.#isOpen = false
  }

  /** @throws LifecycleError while closed; NotAnEventError */
  of(event: unknown): EventPlan {
    if (!this.#isOpen) throw new LifecycleError({ name: 'events', phase: this.#phase(), wanted: 'publish' })
    const type = classOf(event)
    return this.#kept.get(type) ?? this.#add(type)
  }

  #add(type: EventClass): EventPlan {
    if (this.#kept.size >= mostKept) this.#forgetIdle(type)
    const plan = this.#make(type)
    this.#kept.set(type, plan)
    return plan
  }

  /** Those with publishes under way stay: a drain counts them. */
  #forgetIdle({ name }: EventClass): void {
    for (const [type, { running }] of this.#kept) if (running === 0) this.#kept.delete(type)
    warnOnce(
      'RAGE_W021',
      `Events of ${mostKept} classes were published, the last one "${name}": is a class made at each publish? ` +
        'Declare event classes once, at the top of a file.',
    )
  }

  types(): IterableIterator<EventClass> {
    return this.#kept.keys()
  }

  values(): IterableIterator<EventPlan> {
    return this.#kept.values()
  }
}

/** The class an event is an instance of, whatever its own fields are called. */
function classOf(event: unknown): EventClass {
  const prototype = typeof event === 'object' && event !== null ? Object.getPrototypeOf(event) : null
  const type: unknown = prototype?.constructor
  if (typeof type !== 'function' || type === Object || Array.isArray(event))
    throw new NotAnEventError({ given: event })
  return type as EventClass
}
