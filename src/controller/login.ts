/**
 * An asynchronous login. Its promise may be forgotten by whoever began it; the answer of the request waits for it
 * all the same, and nothing rejects unhandled. A refusal always counts. A failure is left to those who look at the
 * promise, and is the request's where nobody does.
 */
import { isThenable } from '../kernel'
import type { AnyController } from './controller'
import { discardRendered } from './discard-rendered'
import type { Exchange } from './exchange'

/** The promise that is handed out: it knows whether somebody looks at how it ends. */
export class Login<T> extends Promise<T> {
  // What is derived from it is an ordinary promise.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  #isWatched = false
  #isRefused = false

  /** @param refuse answers the request, where a falsy login does that. */
  static begin<T>(answer: PromiseLike<T>, exchange: Exchange, refuse: (() => void) | null): Login<T> {
    const login = new Login<T>((resolve, reject) => {
      Promise.resolve(answer)
        .then((settled) => {
          if (!settled && refuse !== null) login.#refuse(exchange, refuse)
          return settled
        })
        .then(resolve, reject)
    })
    login.#unwatched().then(undefined, (error: unknown) => {
      // Else whoever is about to answer waits for it.
      if (exchange.res.headersSent && !login.#isWatched)
        exchange.failed(error, 'A login failed after the response had begun.')
    })
    exchange.logins ??= []
    exchange.logins.push(login)
    return login
  }

  // `await`, `catch` and `finally` come this way too: for a subclass `await` calls it.
  // biome-ignore lint/suspicious/noThenProperty: it is a promise.
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isWatched = true
    return super.then(onFulfilled, onRejected)
  }

  #unwatched(): Promise<T> {
    return super.then((value) => value)
  }

  #refuse(exchange: Exchange, refuse: () => void): void {
    this.#isRefused = true
    if (!exchange.res.headersSent) refuse()
    else exchange.logger.error('A login was refused after the response had begun.')
  }

  /**
   * @param forgives whether a failure belongs to those who look at the promise.
   * @returns whether the login was refused.
   */
  async settled(forgives: boolean): Promise<boolean> {
    try {
      await this.#unwatched()
    } catch (error) {
      if (!forgives || !this.#isWatched) throw error
    }
    return this.#isRefused
  }
}

/** Calls `refuse` for a falsy answer, when it is there, in the place of whatever was rendered meanwhile. */
export function orElse<T>(
  answer: T,
  controller: AnyController,
  { exchange, refuse }: { readonly exchange: Exchange; readonly refuse: () => void },
): T {
  if (!isThenable(answer)) {
    if (!answer) refuse()
    return answer
  }
  const replace = (): void => {
    discardRendered(controller)
    refuse()
  }
  return Login.begin(answer, exchange, replace) as T
}
