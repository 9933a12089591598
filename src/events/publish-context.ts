/** The type of what travels beside an event from its publisher to its subscribers. */

/**
 * What publishers pass as `context`, filled in by the application:
 *
 *     declare module 'rage-js' {
 *       interface EventContext {
 *         source: 'web' | 'import'
 *         by?: string
 *       }
 *     }
 *
 * With a field that is not optional, `publish(event)` without a context does not compile. While it is empty, a context
 * is an object with anything in it.
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications merge into it.
export interface EventContext {}

export type PublishContext = ContextOf<EventContext>

/** What `publish(event, ...)` takes behind the event. */
export type PublishArguments = ArgumentsOf<EventContext>

export type ContextOf<Declared extends object> = Readonly<
  keyof Declared extends never ? Record<string, unknown> : Declared
>

export type ArgumentsOf<Declared extends object> = keyof Declared extends never
  ? [options?: { readonly context?: ContextOf<Declared> }]
  : object extends Declared
    ? [options?: { readonly context?: ContextOf<Declared> }]
    : [options: { readonly context: ContextOf<Declared> }]
