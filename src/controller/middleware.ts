/**
 * A Connect or Express middleware as a step of the chain. What follows runs inside its `next()`, so that an
 * AsyncLocalStorage it enters there covers the action; our own context is entered again where it was lost.
 */
import { currentContext, innermost, runInContext } from '../context'
import { isThenable } from '../kernel'
import { type Controller, exchangeOf } from './controller'
import { ErrorMiddlewareError, NotAMiddlewareError } from './errors'

/** Given an error, it goes to rescue; `'route'` and `'router'` pass the request on to the host. */
export type Next = (error?: unknown) => void
export type ConnectMiddleware<Req, Res> = (req: Req, res: Res, next: Next) => unknown
/** A middleware with types of its own, such as Express's. */
export type ForeignMiddleware = (req: never, res: never, next: never) => unknown

/**
 * Leaves the chain without answering: the host goes on as if the route were not ours. Not an error: nothing
 * rescues it. The dispatcher's caller hands `to` to the host's `next`.
 */
export class PassOn {
  readonly to: 'route' | 'router'

  constructor(to: 'route' | 'router') {
    this.to = to
  }
}

type Step = (controller: Controller) => unknown

/** @throws ErrorMiddlewareError, NotAMiddlewareError */
export function refuseNoMiddleware(middleware: unknown, controller: string): void {
  if (typeof middleware !== 'function')
    throw new NotAMiddlewareError({ controller, given: typeof middleware })
  if (middleware.length > 3)
    throw new ErrorMiddlewareError({ controller, name: middleware.name || '(anonymous)' })
}

/** @param halted the answer of a chain that ended early. */
export function through(middleware: ForeignMiddleware, inner: Step, halted: unknown): Step {
  const call = middleware as unknown as ConnectMiddleware<unknown, unknown>
  return (controller) => new Passage(controller, inner, halted).run(call)
}

/** One request on its way through one middleware. */
class Passage {
  readonly #controller: Controller
  readonly #inner: Step
  readonly #halted: unknown
  readonly #context = currentContext()
  #outcome: { readonly value: unknown } | { readonly error: unknown } | null = null
  #settle: (() => void) | null = null

  constructor(controller: Controller, inner: Step, halted: unknown) {
    this.#controller = controller
    this.#inner = inner
    this.#halted = halted
  }

  /** What the rest of the chain answers; a promise only if `next` is not called at once. */
  run(middleware: ConnectMiddleware<unknown, unknown>): unknown {
    const { req, res } = this.#controller
    const next: Next = (error) => this.#next(error)
    // `res.format`, `res.sendFile` and `res.render` hand it their errors.
    req.next = next
    try {
      const answer = middleware(req, res, next)
      if (isThenable(answer)) answer.then(undefined, (error) => this.#fail(error))
    } catch (error) {
      this.#fail(error)
    }
    if (this.#outcome === null && res.writableEnded) this.#end({ value: this.#halted })
    return this.#outcome === null ? this.#later() : this.#result()
  }

  #next(error: unknown): void {
    if (this.#outcome !== null) return
    if (error === 'route' || error === 'router') return this.#end({ error: new PassOn(error) })
    if (error) return this.#end({ error })
    // What follows may call back before it returns; a second next() is ignored from here on.
    this.#outcome = { value: undefined }
    try {
      this.#outcome = { value: this.#continue() }
    } catch (failure) {
      this.#outcome = { error: failure }
    }
    this.#settle?.()
  }

  #continue(): unknown {
    const context = this.#context === null ? null : innermost(this.#context)
    if (context === null || context === currentContext()) return this.#inner(this.#controller)
    return runInContext(context, () => this.#inner(this.#controller))
  }

  /** After `next()` the rest of the chain answers: a failure of the middleware itself can only be told. */
  #fail(error: unknown): void {
    if (this.#outcome === null) this.#end({ error })
    else exchangeOf(this.#controller).failed(error, 'A middleware failed after it had called next().')
  }

  #end(outcome: { readonly value: unknown } | { readonly error: unknown }): void {
    if (this.#outcome !== null) return
    this.#outcome = outcome
    this.#settle?.()
  }

  #result(): unknown {
    const outcome = this.#outcome!
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  /** Ends with `next`, or with the response: whoever answers need not call it. */
  #later(): Promise<unknown> {
    const { res } = this.#controller
    return new Promise<void>((resolve) => {
      const onClose = (): void => this.#end({ value: this.#halted })
      this.#settle = () => {
        res.off('close', onClose)
        resolve()
      }
      if (res.closed) onClose()
      else res.once('close', onClose)
    }).then(() => this.#result())
  }
}
