/** What must compile, and what must not: the context that travels beside an event. */
import type { EventMeta, Events } from '../../src/events'
import type { ArgumentsOf, ContextOf } from '../../src/events/publish-context'

declare const events: Events
class OrderPlaced {}

// Nothing is declared: anything is a context, and it may be left out.
void events.publish(new OrderPlaced())
void events.publish(new OrderPlaced(), {})
void events.publish(new OrderPlaced(), { context: { source: 'web', by: 7 } })
declare const meta: EventMeta
meta.context.source satisfies unknown
// @ts-expect-error it is frozen
meta.context.source = 'web'
// @ts-expect-error a context is an object
void events.publish(new OrderPlaced(), { context: 'web' })
// @ts-expect-error there is one option
void events.publish(new OrderPlaced(), { contxt: {} })

// Only optional fields are declared: their types count, and it may be left out.
interface Loose {
  source?: 'web' | 'import'
}
declare function publishLoose(event: object, ...options: ArgumentsOf<Loose>): void
publishLoose(new OrderPlaced())
publishLoose(new OrderPlaced(), { context: { source: 'web' } })
// @ts-expect-error no such source
publishLoose(new OrderPlaced(), { context: { source: 'wbe' } })
// @ts-expect-error no such field
publishLoose(new OrderPlaced(), { context: { sorce: 'web' } })
declare const loose: ContextOf<Loose>
loose.source satisfies 'web' | 'import' | undefined

// A field is declared that is not optional: there is no publish without it.
interface Strict {
  source: 'web' | 'import'
  by?: string
}
declare function publishStrict(event: object, ...options: ArgumentsOf<Strict>): void
publishStrict(new OrderPlaced(), { context: { source: 'web' } })
// @ts-expect-error a context is needed
publishStrict(new OrderPlaced())
// @ts-expect-error source is needed
publishStrict(new OrderPlaced(), { context: { by: 'ada' } })
declare const strict: ContextOf<Strict>
strict.source satisfies 'web' | 'import'
// @ts-expect-error it is frozen
strict.by = 'ada'
