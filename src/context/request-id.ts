/** Request ids: taken from the caller, cleaned exactly as Rails does it, or made. */
import { randomUUID } from 'node:crypto'

const foreign = /[^\w\-@]/g
const maxLength = 255

/**
 * Source: ActionDispatch::RequestId, which keeps word characters, `-` and `@`, at most 255 of them; both
 * logs of a migration then agree on the id.
 *
 * @param given the header's value, if the request had one.
 */
export function requestIdFrom(given: string | readonly string[] | undefined): string {
  if (typeof given !== 'string' || given === '') return randomUUID()
  const clean = given.replace(foreign, '').slice(0, maxLength)
  return clean === '' ? randomUUID() : clean
}
