/**
 * What a job throws that no further attempt can help: it is dead at once, whatever `retries` and `retryIn` say.
 *
 *     throw new Unrecoverable('the account was deleted', { cause })
 */

const brand = Symbol.for('rage-js.Unrecoverable')

export class Unrecoverable extends Error {
  override readonly name = 'Unrecoverable'

  /** Two copies of the package in one process agree. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true
  }
}
Object.defineProperty(Unrecoverable.prototype, brand, { value: true })
